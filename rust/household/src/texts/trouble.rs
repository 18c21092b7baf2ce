//! What went wrong, where a device can show a person why. `Display` is the English text.

use std::io;

use deckport_collection::UploadError;

use deckport_ground::space::is_full;

/// Why a device could not do what its person wanted. The English texts are whole sentences; reasons
/// inside are always in English, since they come from the layers below.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The device's Anki lacks something that the collection uses.
    #[error("Your Anki is too old for this collection, which uses {0}. Please update it.")]
    AnkiTooOld(Feature),
    /// The disk of the endpoint is full.
    #[error("The disk of the sync endpoint is full. Free some space there and try again.")]
    DiskFull,
    /// The disk of the endpoint cannot be written.
    #[error("The sync endpoint cannot write to its disk ({0}).")]
    DiskNotWritable(String),
    /// The account's collection cannot be used at all.
    #[error("The sync endpoint cannot use your collection: {0}.")]
    CollectionUnusable(String),
    /// The uploaded collection has more bytes than are accepted.
    #[error("The collection is larger than the {} MB that this sync endpoint accepts.", .0 / 1_000_000)]
    UploadTooLarge(u64),
    /// With the uploaded collection the account would hold more bytes than it may.
    #[error(
        "Your account may hold {} MB on this sync endpoint, and the collection does not fit beside \
         your media and the copy of the collection that it would replace.",
        .0 / 1_000_000
    )]
    UploadOverQuota(u64),
    /// The uploaded collection changed on its way.
    #[error("The collection arrived damaged. Please try again.")]
    UploadArrivedDamaged,
    /// An upload is here, and not in its place yet.
    #[error("Your upload has arrived and is being checked. Sync again in a minute.")]
    UploadBeingChecked,
    /// The uploaded collection could not be written.
    #[error("The sync endpoint could not store the collection ({0}).")]
    UploadNotStored(String),
    /// The uploaded collection could not be put in its place.
    #[error("The sync endpoint could not replace the collection: {0}.")]
    UploadNotReplaced(String),
    /// The uploaded file cannot replace a collection.
    #[error("{0}")]
    UploadRefused(UploadError),
    /// Media could not be synced.
    #[error("The sync endpoint could not sync your media: {0}.")]
    Media(MediaTrouble),
}

/// What an old Anki may lack (`collection-sync` 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The second scheduler; Anki 2.1 and later have it.
    SchedulerV2,
    /// Days that begin at the same time in every time zone; Anki 2.1.28 and later have that.
    TimeZones,
}

impl std::fmt::Display for Feature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Feature::SchedulerV2 => "the V2 scheduler",
            Feature::TimeZones => "the new timezone handling",
        })
    }
}

/// Why media could not be synced. `Display` is the part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaTrouble {
    /// The disk of the endpoint is full.
    #[error("there is no free space left for media; free some and try again")]
    DiskFull,
    /// The account may hold this many bytes.
    #[error(
        "your account may hold {} MB here, which are used up; remove media that you do not need",
        .0 / 1_000_000
    )]
    OverQuota(u64),
    /// The folder of the files is missing.
    #[error(
        "the folder media is missing; bring it back, or create an empty one to start over with the \
         files that devices still have"
    )]
    FolderGone,
    /// The folder cannot be written.
    #[error("the media folder cannot be written; check its permissions")]
    NotWritable,
    /// Another program has the media open.
    #[error("another program has the media open; stop it and try again")]
    InUse,
    /// One batch has more bytes than are accepted.
    #[error("a batch of files is larger than the {} MB that are accepted", .0 / 1_000_000)]
    BatchTooLarge(u64),
    /// A batch changed on its way.
    #[error("a batch of files arrived damaged")]
    ArrivedDamaged,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match is_full(&error) {
            true => Trouble::DiskFull,
            false => Trouble::UploadNotStored(error.to_string()),
        }
    }
}

impl From<io::Error> for MediaTrouble {
    fn from(error: io::Error) -> MediaTrouble {
        match is_full(&error) {
            true => MediaTrouble::DiskFull,
            false => MediaTrouble::Other(format!("the files could not be stored ({error})")),
        }
    }
}

impl From<&deckport_media::Error> for MediaTrouble {
    fn from(error: &deckport_media::Error) -> MediaTrouble {
        use deckport_media::Error;
        match error {
            Error::NoSpace => MediaTrouble::DiskFull,
            Error::FolderGone => MediaTrouble::FolderGone,
            Error::ReadOnly => MediaTrouble::NotWritable,
            Error::InUse => MediaTrouble::InUse,
            other => MediaTrouble::Other(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_reported_as_such_and_anything_else_with_its_reason() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Trouble::from(full()), Trouble::DiskFull));
        assert_eq!(MediaTrouble::from(full()), MediaTrouble::DiskFull);
        let other = Trouble::from(io::Error::other("the cable is out")).to_string();
        assert_eq!(other, "The sync endpoint could not store the collection (the cable is out).");
    }

    #[test]
    fn media_errors_that_people_can_act_on_say_what_the_log_says() {
        use deckport_media::Error;
        for error in [Error::NoSpace, Error::FolderGone, Error::ReadOnly, Error::InUse] {
            let trouble = MediaTrouble::from(&error);
            assert!(!matches!(trouble, MediaTrouble::Other(_)));
            assert_eq!(trouble.to_string(), error.to_string());
        }
    }

    #[test]
    fn limits_are_given_in_megabytes() {
        let told = |trouble: Trouble| trouble.to_string();
        assert!(told(Trouble::UploadTooLarge(5_000_000)).contains("5 MB"));
        assert!(told(Trouble::UploadOverQuota(5_000_000)).contains("5 MB"));
        assert!(told(Trouble::Media(MediaTrouble::OverQuota(5_000_000))).contains("5 MB"));
        assert!(told(Trouble::Media(MediaTrouble::BatchTooLarge(5_000_000))).contains("5 MB"));
    }
}
