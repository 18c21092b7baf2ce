//! A copy of a collection in use, for a full download.
//!
//! SQLite itself reads the pages. Reading the file beside SQLite would be a little faster, but
//! closing it again would drop this process's locks on the collection (POSIX locks belong to the
//! process, not to the descriptor), and another program could then remove the -wal file under us.

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::Path;

use crate::connection::open_plain;
use crate::error::{Error, Result};

/// Copies the committed state of the collection `from` into the new file `to`.
pub(crate) fn write(from: &Path, to: &Path) -> Result<u64> {
    // A second connection does not see the first one's open transaction.
    let source = open_plain(from)?;
    let mut target = Connection::open(to)?;
    // A copy that fails is thrown away, so it needs neither a journal nor syncing.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    copy_pages(&source, &mut target)?;
    target.close().map_err(|(_, error)| error)?;
    Ok(std::fs::metadata(to)?.len())
}

/// All pages in one step, which is one read transaction: the copy is of one state.
fn copy_pages(source: &Connection, target: &mut Connection) -> Result<()> {
    match Backup::new(source, target)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::Locked),
    }
}
