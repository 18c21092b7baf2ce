//! What people read on their devices, in one place, so that an embedder can say it in another
//! language.

mod trouble;

use std::fmt::Debug;

use deckport_ground::calendar::readable_time;
use serde::{Deserialize, Serialize};

use crate::backup::Counts;
pub use trouble::{Feature, MediaTrouble, Trouble};

/// Texts for people. The default methods speak English; an embedder replaces those it wants to.
///
/// Clients show them after a sync, older ones as plain text, newer ones as HTML: neither `<` nor `&`
/// comes through, and line breaks may become blanks. Called on the endpoint's own threads.
pub trait Texts: Debug + Send + Sync + 'static {
    /// An upload of this account replaced a collection that somebody may miss, and a copy was kept.
    fn copy_kept(&self, _account: &str, copy: &KeptCopy) -> String {
        let how = format!("restore the backup {} where your sync server runs", copy.backup);
        copy.in_english(&readable_time(copy.made_ms, 0), &how)
    }

    /// A device's collection cannot be merged, and Anki asks for a one-way sync now.
    fn cannot_merge(&self, why: WhyNotMerged) -> String {
        let why = match why {
            WhyNotMerged::Notetype => {
                "a notetype here has other fields or card types than on the sync server, although \
                 neither was changed in a way that both can follow"
            }
            WhyNotMerged::Mismatch => {
                "when all changes had been exchanged, this device and the sync server still did not \
                 hold the same number of notes, cards, reviews or decks"
            }
            WhyNotMerged::Contents => {
                "there is something in its collection that the sync server cannot take in (Tools \u{2192} \
                 Check Database may mend it; choose upload afterwards)"
            }
        };
        format!(
            "This device could not sync: {why}. So one of the two collections must replace the \
             other. Download to keep what the sync server has; upload to keep what is on this \
             device. The sync server keeps a copy of what an upload replaces."
        )
    }

    /// A device came by plain http, which the endpoint's owner has switched off.
    fn https_only(&self) -> String {
        "This sync server answers https alone. Change its address on this device so that it begins \
         with https:// (Preferences > Syncing), and install the sync server's certificate here first."
            .to_owned()
    }

    /// A device could not do what its person wanted.
    fn trouble(&self, trouble: &Trouble) -> String {
        trouble.to_string()
    }
}

/// The texts in English.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnglishTexts;

impl Texts for EnglishTexts {}

/// A backup that the device that caused it should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCopy {
    /// The backup's name, see [`BackupInfo::name`](crate::BackupInfo::name).
    pub backup: String,
    /// When it was made, Unix milliseconds.
    pub made_ms: i64,
    /// Why the device should hear of it.
    pub why: WhyKept,
}

/// Why a device should hear of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyKept {
    /// The uploaded collection is much smaller than the one that it replaced.
    MuchSmaller {
        /// What the replaced one holds.
        before: Counts,
        /// What the uploaded one holds.
        after: Counts,
    },
    /// Another device had synced since the uploading device last asked.
    NotSeen,
}

/// Why a device's collection cannot be merged with the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyNotMerged {
    /// A notetype has other fields or card types here and there, or is missing.
    Notetype,
    /// After everything was exchanged, the two did not hold equal numbers of things.
    Mismatch,
    /// The device has something that cannot be stored.
    Contents,
}

impl KeptCopy {
    /// The text for the device, in English: when the copy was made, in words, and how one gets it back,
    /// as a part of a sentence. Some clients show line breaks as blanks, so it has none.
    #[must_use]
    pub fn in_english(&self, made: &str, how_to_restore: &str) -> String {
        let what = match &self.why {
            WhyKept::MuchSmaller { before, after } => format!(
                "replaced a much larger collection: it had {} cards and {} reviews, now there are \
                 {} and {}",
                before.cards, before.reviews, after.cards, after.reviews
            ),
            WhyKept::NotSeen => {
                "replaced changes of another device that this one had not seen".to_owned()
            }
        };
        format!(
            "Your last upload from this device {what}. Nothing is lost: a copy of the replaced \
             collection was kept on {made}. If you want it back, {how_to_restore}. If you meant to \
             replace it, there is nothing to do."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_english_text_says_what_happened_and_how_to_get_it_back() {
        let copy = KeptCopy {
            backup: "2026-11-20-123127-upload".to_owned(),
            made_ms: 1_795_177_887_205,
            why: WhyKept::MuchSmaller {
                before: Counts { cards: 12_000, reviews: 90_000, ..Counts::default() },
                after: Counts { cards: 3, ..Counts::default() },
            },
        };
        let text = EnglishTexts.copy_kept("anna", &copy);
        for part in
            ["12000 cards", "90000 reviews", "2026-11-20 12:31 UTC", "backup 2026-11-20-123127"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let unseen = EnglishTexts.copy_kept("anna", &KeptCopy { why: WhyKept::NotSeen, ..copy });
        assert!(unseen.contains("had not seen"));
        // Clients may take it for HTML.
        assert!(!unseen.contains(['<', '>', '&', '\n']));
    }

    #[test]
    fn why_a_device_cannot_merge_is_told_by_its_reason() {
        use WhyNotMerged::{Contents, Mismatch, Notetype};
        for (why, word) in
            [(Notetype, "notetype"), (Mismatch, "same number"), (Contents, "Check Database")]
        {
            let text = EnglishTexts.cannot_merge(why);
            assert!(text.contains(word), "{text}");
            assert_eq!(text.contains("notetype"), why == Notetype, "{text}");
            assert!(!text.contains(['<', '>', '&']), "{text}");
        }
    }

    #[test]
    fn it_can_be_stored() {
        let copy = KeptCopy { backup: "b".to_owned(), made_ms: 1, why: WhyKept::NotSeen };
        let json = serde_json::to_string(&copy).unwrap();
        assert_eq!(serde_json::from_str::<KeptCopy>(&json).unwrap(), copy);
    }
}
