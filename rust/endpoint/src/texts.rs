//! What people read on their devices, in one place, so that an embedder can say it in another
//! language.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::backup::{Counts, readable_time};

/// Texts for people. The default methods speak English; an embedder replaces those it wants to.
///
/// Clients show them as plain text after a sync. Called on the endpoint's own threads.
pub trait Texts: Debug + Send + Sync + 'static {
    /// A device's upload replaced a collection that somebody may miss, and a copy was kept.
    fn copy_kept(&self, copy: &KeptCopy) -> String {
        in_english(copy)
    }

    /// A device's collection cannot be merged, and Anki asks for a one-way sync now.
    fn cannot_merge(&self) -> String {
        "This device could not sync: a notetype here has other fields or card types than on the \
         sync server, although neither was changed in a way that both can follow. So one of the two \
         collections must replace the other. Download to keep what the sync server has; upload to \
         keep what is on this device. The sync server keeps a copy of what an upload replaces."
            .to_owned()
    }
}

/// The texts in English.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnglishTexts;

impl Texts for EnglishTexts {}

/// A backup of which the device that caused it should hear.
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

fn in_english(copy: &KeptCopy) -> String {
    let what = match &copy.why {
        WhyKept::MuchSmaller { before, after } => format!(
            "Your last upload from this device replaced a much larger collection: it had {} cards \
             and {} reviews, now there are {} and {}.",
            before.cards, before.reviews, after.cards, after.reviews
        ),
        WhyKept::NotSeen => "Your last upload from this device replaced changes of another device \
                             that this one had not seen."
            .to_owned(),
    };
    format!(
        "{what}\n\nNothing is lost: a copy of the replaced collection was kept on {}. If you want \
         it back, restore the backup {} where your sync server runs: stop the server and run\n\
         deckport backup restore {}\nIf you meant to replace it, there is nothing to do.",
        readable_time(copy.made_ms, 0),
        copy.backup,
        copy.backup
    )
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
        let text = EnglishTexts.copy_kept(&copy);
        for part in
            ["12000 cards", "90000 reviews", "2026-11-20 12:31 UTC", "restore 2026-11-20-123127"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let unseen = EnglishTexts.copy_kept(&KeptCopy { why: WhyKept::NotSeen, ..copy });
        assert!(unseen.contains("had not seen"));
        // Clients may take it for HTML.
        assert!(!unseen.contains(['<', '>', '&']));
        assert!(!EnglishTexts.cannot_merge().contains(['<', '>', '&']));
    }

    #[test]
    fn it_can_be_stored() {
        let copy = KeptCopy { backup: "b".to_owned(), made_ms: 1, why: WhyKept::NotSeen };
        let json = serde_json::to_string(&copy).unwrap();
        assert_eq!(serde_json::from_str::<KeptCopy>(&json).unwrap(), copy);
    }
}
