//! What is known about a backup.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use deckport_collection::Summary;
use deckport_ground::files::{beside, write_whole};
use serde::{Deserialize, Serialize};

use super::name;

/// Longest file with facts that is read; ours have some 200 bytes.
const MAX_FACTS_BYTES: u64 = 64 * 1024;

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BackupReason {
    /// A device uploaded another collection.
    Upload,
    /// Another backup was put in place.
    Restore,
    /// A file was put in place.
    Import,
    /// The collection was repaired.
    Repair,
    /// The collection was upgraded to the present format.
    Upgrade,
    /// Somebody asked for it.
    Manual,
    /// Not known: an unknown word, or a file that was copied here.
    #[serde(other)]
    Other,
}

impl BackupReason {
    const ALL: [BackupReason; 6] = [
        BackupReason::Upload,
        BackupReason::Restore,
        BackupReason::Import,
        BackupReason::Repair,
        BackupReason::Upgrade,
        BackupReason::Manual,
    ];

    /// One word, as in file names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BackupReason::Upload => "upload",
            BackupReason::Restore => "restore",
            BackupReason::Import => "import",
            BackupReason::Repair => "repair",
            BackupReason::Upgrade => "upgrade",
            BackupReason::Manual => "manual",
            BackupReason::Other => "other",
        }
    }

    pub(super) fn of_word(word: &str) -> BackupReason {
        let known = BackupReason::ALL.into_iter().find(|reason| reason.word() == word);
        known.unwrap_or(BackupReason::Other)
    }
}

impl fmt::Display for BackupReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a collection holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Number of notes.
    pub notes: u64,
    /// Number of cards.
    pub cards: u64,
    /// Number of reviews in the history.
    pub reviews: u64,
    /// Time of the newest review, Unix milliseconds.
    pub last_review_ms: Option<i64>,
}

impl From<Summary> for Counts {
    fn from(summary: Summary) -> Counts {
        let Summary { notes, cards, reviews, last_review_ms } = summary;
        Counts { notes, cards, reviews, last_review_ms }
    }
}

/// One backup of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupInfo {
    /// Names it among the account's backups; stays the same when it is compressed.
    pub name: String,
    /// Its file name in the account's backup folder.
    pub file: String,
    /// When it was made, Unix milliseconds. For a file that was copied here: its own time.
    pub made_ms: i64,
    /// Why it was made.
    pub reason: BackupReason,
    /// Name of the device that caused it; `None` when no device did, or it is not known.
    pub device: Option<String>,
    /// What it holds; `None` when that is not known, e.g. of a damaged file.
    pub counts: Option<Counts>,
    /// Size of the collection in bytes; `None` when that is not known.
    pub collection_bytes: Option<u64>,
    /// Bytes that it takes on the disk.
    pub stored_bytes: u64,
    /// Whether it is compressed.
    pub compressed: bool,
}

/// The file beside a backup. Everything may be missing: the file is only for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    /// Unix milliseconds.
    pub(crate) made_ms: Option<i64>,
    pub(crate) reason: Option<BackupReason>,
    pub(crate) device: Option<String>,
    pub(crate) counts: Option<Counts>,
    /// Size of the collection.
    pub(crate) bytes: Option<u64>,
}

impl Facts {
    /// Writes the facts of the backup `name` in `folder`, on disk.
    pub(super) fn write(&self, folder: &Path, name: &str) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        write_whole(&beside(&folder.join(name), name::FACTS), |file| file.write_all(&json))
    }

    /// What is known; nothing, when the file is missing or cannot be read.
    pub(super) fn read(folder: &Path, name: &str) -> Facts {
        let path = beside(&folder.join(name), name::FACTS);
        if !std::fs::metadata(&path).is_ok_and(|found| found.len() <= MAX_FACTS_BYTES) {
            return Facts::default();
        }
        let json = std::fs::read(&path).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_and_broken_ones_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let facts = Facts {
            made_ms: Some(5),
            reason: Some(BackupReason::Upload),
            device: Some("Anki 26.09.3 on linux".to_owned()),
            counts: Some(Counts { notes: 1, cards: 2, reviews: 3, last_review_ms: Some(4) }),
            bytes: Some(6),
        };
        facts.write(folder.path(), "a").unwrap();
        assert_eq!(Facts::read(folder.path(), "a"), facts);
        assert_eq!(Facts::read(folder.path(), "b"), Facts::default());
        let path = folder.path().join("a.json");
        for broken in ["", "{", "[]", r#"{"reason":7}"#, &"x".repeat(100_000)] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(Facts::read(folder.path(), "a"), Facts::default(), "{broken:.20}");
        }
        std::fs::write(&path, r#"{"reason":"later invention","device":"d"}"#).unwrap();
        let read = Facts::read(folder.path(), "a");
        assert_eq!((read.reason, read.device), (Some(BackupReason::Other), Some("d".to_owned())));
    }
}
