//! Deciding whether an uploaded file may replace a collection (`storage-migrate` 4).
//!
//! The file comes from the network and is suspect until the last step: nothing in its schema is
//! run, its limits are narrow, and every row is looked at. What clients would repair silently is
//! repaired; everything else is refused with a sentence for the person. Receiving the file and
//! putting it in place is the caller's business.
//!
//! The steps use SQLite's page cache only: memory does not grow with the file.

mod error;
mod header;
mod objects;
mod repair;
mod rows;
mod structure;

pub use error::UploadError;

use rusqlite::Connection;
use std::path::Path;

use crate::connection::{check_version, open_private};
use crate::error::Error;
use crate::files::sync_file;
use crate::interrupt::Interrupt;
use crate::migrate;
use crate::summary::{Summary, summarise};
use error::Checked;

/// Checks the uploaded file at `path`, which must be a private copy, and repairs it in place. One
/// of schema 11 or 14 - 17 becomes one of schema 18.
///
/// Afterwards it is a complete collection in one file, synced to disk (its folder is not), and
/// tells its counts. `mod`, `scm`, `usn`, `ls` and `crt` are as uploaded, because the uploader
/// compares them at its next sync (`storage-migrate` 3). `now_ms` is the current time in Unix
/// milliseconds. After an error the file is of no use and should be deleted.
///
/// # Errors
/// Why the file is refused, or what the endpoint could not do.
pub fn accept_upload(path: &Path, now_ms: i64) -> Result<Summary, UploadError> {
    accept_interruptibly(path, now_ms, &Interrupt::default())
}

/// [`accept_upload`] that ends soon after `interrupt` is set.
///
/// # Errors
/// As [`accept_upload`]; [`Error::Interrupted`] inside [`UploadError::Endpoint`].
pub fn accept_interruptibly(
    path: &Path,
    now_ms: i64,
    interrupt: &Interrupt,
) -> Result<Summary, UploadError> {
    let accepted = accept(path, now_ms, interrupt);
    // Whatever an interrupted step made of it.
    if interrupt.is_set() { Err(Error::Interrupted.into()) } else { accepted }
}

fn accept(path: &Path, now_ms: i64, interrupt: &Interrupt) -> Result<Summary, UploadError> {
    header::check(path)?;
    header::remove_leftovers(path)?;
    let mut conn = open_private(path)?;
    interrupt.watch(&mut conn)?;
    structure::check_kinds(&conn)?;
    match check_version(&conn) {
        Err(Error::NeedsUpgrade(version)) => migrate::upgrade(&conn, version, now_ms)
            .map_err(|reason| UploadError::of_upgrade(version, reason))?,
        other => other?,
    }
    structure::check_tables(&conn)?;
    structure::restore_indexes(&conn)?;
    check_integrity(&conn)?;
    objects::check_collection_row(&conn)?;
    repair::missing_defaults(&conn, now_ms)?;
    repair::unknown_graves(&conn)?;
    repair::unreadable_config(&conn)?;
    repair::pending_usns(&conn)?;
    objects::check(&conn)?;
    migrate::promote_stuck_keys(&conn)?;
    rows::check(&conn)?;
    let summary = summarise(&conn)?;
    conn.close().map_err(|(_, error)| error)?;
    // The connection wrote without syncing.
    sync_file(path)?;
    Ok(summary)
}

/// The full check: the quick one does not compare indexes with their tables, but clients do when
/// they download the file.
fn check_integrity(conn: &Connection) -> Checked<()> {
    let finding: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(UploadError::Damaged(finding)) }
}

#[cfg(test)]
mod tests;
