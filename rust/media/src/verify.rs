//! Whether a stored file still is what its record says: by size and time at once, by its hash
//! when these differ.

use rusqlite::Connection;
use sha1::{Digest, Sha1};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::disk::{Disk, Stat};
use crate::error::Result;
use crate::records::{self, FileRow, Sha1Bytes, State};
use crate::usn;

/// Content is read and written in blocks of this many bytes.
pub(crate) const BLOCK_BYTES: usize = 64 * 1024;

/// What a glance at a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glance {
    /// Size and time are those at which the content was found right.
    Right,
    /// The size matches, the time does not (or the content was never read).
    Unsure(Stat),
    /// Missing, not a file, or of another size.
    Wrong,
}

/// Judges by size and time.
pub(crate) fn glance(stat: Option<Stat>, file: &FileRow) -> Glance {
    match stat {
        Some(stat) if stat.is_file && stat.size == file.size => {
            if file.modified_ns == Some(stat.modified_ns) && file.crc.is_some() {
                Glance::Right
            } else {
                Glance::Unsure(stat)
            }
        }
        _ => Glance::Wrong,
    }
}

/// Whether an error says that just this file is unavailable. Others (too many open files, no
/// memory) say nothing about the file.
pub(crate) fn concerns_the_file(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidFilename
    ) || (cfg!(unix) && error.raw_os_error() == Some(EIO))
}

/// `None` instead of an error that concerns one file.
pub(crate) fn of_the_file<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if concerns_the_file(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Checksums and size of some content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) sha1: Sha1Bytes,
    pub(crate) crc: u32,
    /// Bytes.
    pub(crate) size: u64,
}

impl Sums {
    /// Whether this is the content that a record describes.
    pub(crate) fn fit(&self, file: &FileRow) -> bool {
        self.sha1 == file.sha1 && self.size == file.size
    }
}

/// Adds up [`Sums`] block by block.
#[derive(Default)]
pub(crate) struct Summing {
    sha1: Sha1,
    crc: crc32fast::Hasher,
    size: u64,
}

impl Summing {
    pub(crate) fn add(&mut self, block: &[u8]) {
        self.sha1.update(block);
        self.crc.update(block);
        self.size += block.len() as u64;
    }

    pub(crate) fn finish(self) -> Sums {
        Sums { sha1: self.sha1.finalize().into(), crc: self.crc.finalize(), size: self.size }
    }
}

/// The sums of some bytes.
pub(crate) fn sums_of(content: &[u8]) -> Sums {
    let mut summing = Summing::default();
    summing.add(content);
    summing.finish()
}

/// The sums of a file.
pub(crate) fn sums_of_file(disk: &dyn Disk, path: &Path) -> io::Result<Sums> {
    let mut file = disk.open(path)?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut summing = Summing::default();
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(summing.finish()),
            Ok(read) => summing.add(block.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads a file and compares it with its record. If it is right, the row says so afterwards.
pub(crate) fn reads_right(
    disk: &dyn Disk,
    path: &Path,
    stat: Stat,
    file: &mut FileRow,
) -> io::Result<bool> {
    match of_the_file(sums_of_file(disk, path))? {
        Some(sums) if sums.fit(file) => {
            file.crc = Some(sums.crc);
            file.modified_ns = Some(stat.modified_ns);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A listed file that turned out to be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) name: String,
    /// The time of what is in its place, so that it is not judged again and again.
    pub(crate) modified_ns: Option<i64>,
}

/// Takes lost files out of the listing and raises the usn by one, so that devices look again
/// (`media-sync` 18.4). To be called in a transaction.
pub(crate) fn take_out(conn: &Connection, losses: &[Loss], now_secs: i64) -> Result<()> {
    if losses.is_empty() {
        return Ok(());
    }
    for loss in losses {
        let Some(mut file) = records::file(conn, &loss.name)? else {
            continue;
        };
        records::unlist(conn, &loss.name)?;
        file.state = State::Lost;
        file.modified_ns = loss.modified_ns;
        records::put_file(conn, &file)?;
    }
    usn::set(conn, usn::after(usn::current(conn)?)?, now_secs)
}

/// Lists a lost file again whose content is back and whose row says so already. To be called in a
/// transaction.
pub(crate) fn bring_back(conn: &Connection, mut file: FileRow, now_secs: i64) -> Result<()> {
    let usn = usn::after(usn::current(conn)?)?;
    records::list_live(conn, &file.name, &file.sha1, file.size, usn, now_secs)?;
    file.state = State::Listed;
    records::put_file(conn, &file)?;
    usn::set(conn, usn, now_secs)
}
