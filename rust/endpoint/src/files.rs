//! How much room there is on a disk.
//!
//! What files need to be durable is in `deckport-ground`; its small operations are at hand here.

use std::io;
use std::path::Path;

pub(crate) use deckport_ground::durable::{sync_file, sync_file_at, sync_folder};
pub(crate) use deckport_ground::files::{
    PART, beside, copy, copy_file, folder_of, make_folder, remove_if_present, write_whole,
};

/// Whether something failed because the disk, or the part of it that this user may use, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What transfers leave free on a disk: a full one harms everything else on the device. A small
/// disk keeps a small part free.
const MOST_RESERVED_BYTES: u64 = 64 << 20;

/// How much a transfer may still write on the disk of a folder; `None` where the system does not
/// tell.
#[cfg(unix)]
pub(crate) fn spare_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let size = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    let reserved = MOST_RESERVED_BYTES.min(size(disk.f_blocks) / 50);
    Some(size(disk.f_bavail).saturating_sub(reserved))
}

/// How much a transfer may still write on the disk of a folder; `None` where the system does not
/// tell.
#[cfg(not(unix))]
pub(crate) fn spare_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// Free space for this user on the disk of a folder, in bytes; `None` where the system does not
/// tell.
#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Free space for this user on the disk of a folder, in bytes; `None` where the system does not
/// tell.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
