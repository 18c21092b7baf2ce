//! The backups of an account: complete collections in its folder `backups`.
//!
//! A backup is one file, `2026-11-20-123127-upload.anki2` (UTC time and reason), or
//! `….anki2.zst` after it has been compressed. Beside it lies `….json` with what is known about
//! it. That file is only for people: a backup without it, or a collection that somebody copied
//! into the folder, is still a backup.
//!
//! Rule: a collection is kept before it is replaced or rolled back. Files that were not named here
//! are listed and can be restored, but are never changed or removed.

mod archivist;
mod compress;
mod displace;
mod error;
mod facts;
mod folder;
mod keep;
mod name;
mod retention;

pub(crate) use archivist::Archivist;
pub use error::BackupError;
pub use facts::{BackupInfo, BackupReason, Counts};
pub use folder::BackupFolder;
pub(crate) use keep::{Kept, Occasion, keep, keep_copy, remove_unfinished, settle};
pub use retention::BackupPolicy;
