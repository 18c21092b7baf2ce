//! How much room there is on a disk.

use std::io;
use std::path::Path;

/// Whether something failed because the disk, or the part of it that this user may use, is full.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What transfers leave free on a disk: a full one harms everything else on the device. A small
/// disk keeps a small part free.
const MOST_RESERVED_BYTES: u64 = 64 << 20;

/// How much a transfer may still write on the disk of a folder; `None` where the system does not
/// say.
#[cfg(unix)]
#[must_use]
pub fn spare_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let size = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    let reserved = MOST_RESERVED_BYTES.min(size(disk.f_blocks) / 50);
    Some(size(disk.f_bavail).saturating_sub(reserved))
}

/// How much a transfer may still write on the disk of a folder; `None` where the system does not
/// say.
#[cfg(not(unix))]
#[must_use]
pub fn spare_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// Free space for this user on the disk of a folder, in bytes; `None` where the system does not
/// say.
#[cfg(unix)]
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Free space for this user on the disk of a folder, in bytes; `None` where the system does not
/// say.
#[cfg(not(unix))]
#[must_use]
pub fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
