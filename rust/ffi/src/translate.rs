//! What people read in Anki on their other devices, for an app that says it in their language.

use std::panic::{AssertUnwindSafe, catch_unwind};

use deckport_endpoint::{self as engine, KeptCopy, MediaTrouble, Trouble, UploadError};

use crate::backups::Counts;
use crate::convert::signed;
use crate::errors::ListenerError;

/// Something that a person has to read in Anki on another device. Sizes are in bytes; a `detail` is
/// technical and in English.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum DeviceText {
    /// The device's upload replaced a much larger collection, and a copy of that was kept.
    SmallerCopyKept {
        /// The backup's name.
        backup: String,
        /// When it was made, Unix milliseconds.
        made_ms: i64,
        /// What the replaced collection holds.
        before: Counts,
        /// What the uploaded one holds.
        after: Counts,
    },
    /// The device's upload replaced changes that it had not seen, and a copy was kept.
    UnseenCopyKept {
        /// The backup's name.
        backup: String,
        /// When it was made, Unix milliseconds.
        made_ms: i64,
    },
    /// The device has to choose a direction: a notetype has other fields or card types here and
    /// there.
    NotetypesDiffer,
    /// The device has to choose a direction: after a sync both would hold different numbers of
    /// things.
    CountsDiffer,
    /// The device has to choose a direction: it holds something that cannot be stored.
    ContentsRefused,
    /// The device's Anki lacks something that the collection uses.
    AnkiTooOld,
    /// The disk of this endpoint is full.
    DiskFull,
    /// The disk of this endpoint cannot be written.
    DiskNotWritable {
        /// Why.
        detail: String,
    },
    /// The account's collection cannot be used.
    CollectionUnusable {
        /// Why.
        detail: String,
    },
    /// The uploaded collection is larger than accepted.
    UploadTooLarge {
        /// The largest that is.
        max_bytes: i64,
    },
    /// The uploaded collection does not fit into what the account may hold.
    UploadOverQuota {
        /// What it may hold.
        max_bytes: i64,
    },
    /// The uploaded collection changed on its way.
    UploadArrivedDamaged,
    /// The device's upload is here but not yet in its place: it has to sync again a little later.
    UploadBeingChecked,
    /// The uploaded collection could not be stored or put in its place.
    UploadNotStored {
        /// Why.
        detail: String,
    },
    /// The uploaded file is empty, or not an Anki collection.
    UploadNoCollection,
    /// The uploaded collection was made by a newer Anki than this endpoint knows.
    UploadTooNew,
    /// The uploaded collection was made by an Anki that is too old.
    UploadTooOld,
    /// The uploaded collection is damaged or has contents that no Anki could load. Check Database
    /// on the device may mend it.
    UploadDamaged {
        /// What is wrong.
        detail: String,
    },
    /// The disk is full, so media could not be synced.
    MediaDiskFull,
    /// The account holds as much as it may, so media could not be synced.
    MediaOverQuota {
        /// What it may hold.
        max_bytes: i64,
    },
    /// Media could not be synced.
    MediaFailed {
        /// Why.
        detail: String,
    },
}

/// Says texts in the people's language.
#[uniffi::export(foreign)]
pub trait Translator: Send + Sync {
    /// The text as plain text without `<` and `>`, or `None` to leave it as it is in English.
    /// Called on a thread of the endpoint that a device waits for: must return fast.
    ///
    /// # Errors
    /// Whatever is thrown is logged, and the text stays English.
    fn translate(&self, text: DeviceText, english: String)
    -> Result<Option<String>, ListenerError>;
}

/// The translator's text, or the English one.
pub(crate) fn translated(
    translator: Option<&dyn Translator>,
    text: DeviceText,
    english: String,
) -> String {
    let Some(translator) = translator else { return english };
    let told = catch_unwind(AssertUnwindSafe(|| translator.translate(text, english.clone())));
    match told {
        Ok(Ok(Some(translation))) if !translation.trim().is_empty() => return translation,
        Ok(Ok(_)) => {}
        Ok(Err(error)) => ::log::warn!("{error}"),
        Err(_) => ::log::warn!("a translator could not be called"),
    }
    english
}

/// About a copy that was kept.
pub(crate) fn of_copy(copy: &KeptCopy) -> DeviceText {
    let (backup, made_ms) = (copy.backup.clone(), copy.made_ms);
    match &copy.why {
        engine::WhyKept::MuchSmaller { before, after } => {
            let (before, after) = ((*before).into(), (*after).into());
            DeviceText::SmallerCopyKept { backup, made_ms, before, after }
        }
        _ => DeviceText::UnseenCopyKept { backup, made_ms },
    }
}

/// About a device that cannot be merged.
pub(crate) fn of_conflict(why: engine::WhyNotMerged) -> DeviceText {
    match why {
        engine::WhyNotMerged::Notetype => DeviceText::NotetypesDiffer,
        engine::WhyNotMerged::Mismatch => DeviceText::CountsDiffer,
        _ => DeviceText::ContentsRefused,
    }
}

/// About anything else that went wrong; `None` for what this version does not know.
pub(crate) fn of_trouble(trouble: &Trouble) -> Option<DeviceText> {
    Some(match trouble {
        Trouble::AnkiTooOld(_) => DeviceText::AnkiTooOld,
        Trouble::DiskFull => DeviceText::DiskFull,
        Trouble::DiskNotWritable(why) => DeviceText::DiskNotWritable { detail: why.clone() },
        Trouble::CollectionUnusable(why) => DeviceText::CollectionUnusable { detail: why.clone() },
        Trouble::UploadTooLarge(max) => DeviceText::UploadTooLarge { max_bytes: signed(*max) },
        Trouble::UploadOverQuota(max) => DeviceText::UploadOverQuota { max_bytes: signed(*max) },
        Trouble::UploadArrivedDamaged => DeviceText::UploadArrivedDamaged,
        Trouble::UploadBeingChecked => DeviceText::UploadBeingChecked,
        Trouble::UploadNotStored(why) | Trouble::UploadNotReplaced(why) => {
            DeviceText::UploadNotStored { detail: why.clone() }
        }
        Trouble::UploadRefused(error) => of_upload(error),
        Trouble::Media(MediaTrouble::DiskFull) => DeviceText::MediaDiskFull,
        Trouble::Media(MediaTrouble::OverQuota(max)) => {
            DeviceText::MediaOverQuota { max_bytes: signed(*max) }
        }
        Trouble::Media(other) => DeviceText::MediaFailed { detail: other.to_string() },
        _ => return None,
    })
}

fn of_upload(error: &UploadError) -> DeviceText {
    let detail = error.detail();
    match error {
        UploadError::Empty | UploadError::NotACollection => DeviceText::UploadNoCollection,
        UploadError::TooNew(_) => DeviceText::UploadTooNew,
        UploadError::TooOld(_) => DeviceText::UploadTooOld,
        UploadError::Structure(_)
        | UploadError::Damaged(_)
        | UploadError::Content(_)
        | UploadError::Upgrade { .. } => DeviceText::UploadDamaged { detail },
        UploadError::Endpoint(_) => DeviceText::UploadNotStored { detail },
    }
}
