//! Deciding whether an uploaded file may replace a collection (`storage-migrate` 4).
//!
//! The file comes from the network and is suspect until the last step: nothing in its schema is
//! run, its limits are narrow, and every row is looked at. What clients would repair silently is
//! repaired; everything else is refused with a sentence for the person. Receiving the file and
//! putting it in place is up to the caller.
//!
//! What changes the file comes first, on one connection; then all that only reads it, on several at
//! once where there are several processors, while the disk writes it. The steps use SQLite's page caches
//! only: memory does not grow with the file.

mod error;
mod header;
mod inspect;
mod objects;
mod repair;
mod rows;
mod structure;

pub use error::UploadError;

use std::path::Path;
use std::thread;

use deckport_ground::interrupt::Interrupt;

use crate::connection::{check_version, open_private};
use crate::error::Error;
use crate::interrupt::watch;
use crate::migrate;
use crate::pending;
use crate::summary::Summary;
use error::Checked;

/// Checks the uploaded file at `path`, which must be a private copy, and repairs it in place. One
/// of schema 11 or 14 - 17 becomes one of schema 18.
///
/// Afterwards it is a complete collection in one file, synced to disk (its folder is not), and its
/// counts are returned. `mod`, `scm`, `usn`, `ls` and `crt` are as uploaded, because the uploader
/// compares them at its next sync (`storage-migrate` 3). `now_ms` is the current time in Unix
/// milliseconds. After an error the file is useless and should be deleted.
///
/// # Errors
/// Why the file is refused, or what the endpoint could not do; soon after `interrupt` is set
/// [`Error::Interrupted`] inside [`UploadError::Endpoint`].
pub fn accept_upload(
    path: &Path,
    now_ms: i64,
    interrupt: &Interrupt,
) -> Result<Summary, UploadError> {
    let accepted = accept(path, now_ms, interrupt, Pending::Settled);
    // Whatever an interrupted step made of it.
    if interrupt.is_set() { Err(Error::Interrupted.into()) } else { accepted }
}

/// [`accept_upload`] for the endpoint's own file in an older format: what another program left
/// pending in it stays pending, for [`Collection::take_in`](crate::Collection::take_in).
///
/// # Errors
/// As [`accept_upload`].
pub fn accept_upgrade(path: &Path, now_ms: i64) -> Result<Summary, UploadError> {
    accept(path, now_ms, &Interrupt::default(), Pending::Left)
}

/// What becomes of rows that the device has not sent in a sync.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// The device has just sent them: they are known.
    Settled,
    /// They stay as they are.
    Left,
}

fn accept(
    path: &Path,
    now_ms: i64,
    interrupt: &Interrupt,
    pending: Pending,
) -> Result<Summary, UploadError> {
    header::check(path)?;
    header::remove_leftovers(path)?;
    repair(path, now_ms, interrupt, pending)?;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    inspect::inspect(path, processors, interrupt)
}

/// Everything that changes the file, with no checks but those that this needs.
fn repair(path: &Path, now_ms: i64, interrupt: &Interrupt, pending: Pending) -> Checked<()> {
    let mut conn = open_private(path)?;
    watch(&mut conn, interrupt)?;
    structure::check_kinds(&conn)?;
    match check_version(&conn) {
        Err(Error::NeedsUpgrade(version)) => migrate::upgrade(&conn, version, now_ms)
            .map_err(|reason| UploadError::of_upgrade(version, reason))?,
        other => other?,
    }
    structure::check_tables(&conn)?;
    structure::restore_indexes(&conn)?;
    objects::check_collection_row(&conn)?;
    repair::missing_defaults(&conn, now_ms)?;
    repair::unknown_graves(&conn)?;
    repair::unreadable_config(&conn)?;
    if pending == Pending::Settled {
        pending::mark(&conn, 0)?;
    }
    objects::check(&conn)?;
    migrate::promote_stuck_keys(&conn)?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(())
}

#[cfg(test)]
pub(crate) fn accept_uninterrupted(path: &Path, now_ms: i64) -> Result<Summary, UploadError> {
    accept_upload(path, now_ms, &Interrupt::default())
}

#[cfg(test)]
mod tests;
