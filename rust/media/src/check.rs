//! The thorough check: every file read and hashed, on request or piece by piece in spare time.

use std::ffi::OsString;

use crate::error::{Error, Result};
use crate::records::{self, FileRow, State};
use crate::store::MediaStore;
use crate::trash;
use crate::verify::{self, Glance, Loss};

/// Rows read in one go.
const PAGE_ROWS: u32 = 200;

/// What [`MediaStore::check`] found, and what it did with `repair`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Listed files whose content is right.
    pub right: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Names of listed files that are missing, cut short or changed. Repaired by taking them out
    /// of the listing, so that devices that have them send them again.
    pub lost: Vec<String>,
    /// Files that were known to be lost already and wait to be sent again.
    pub waiting: u64,
    /// Entries of the folder that no record knows. Repaired by moving files into the trash;
    /// folders and links stay.
    pub foreign: Vec<String>,
    /// What was found was repaired.
    pub repaired: bool,
}

/// A check under way: see [`MediaStore::check_some`].
#[derive(Debug, Clone, Default)]
pub struct Checking {
    /// The last row that was looked at; 0 before the first one.
    after: i64,
    report: CheckReport,
    losses: Vec<Loss>,
}

impl Checking {
    /// Files read so far.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.report.right.saturating_add(self.losses.len() as u64)
    }
}

/// What [`MediaStore::verify_some`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that were read and found right.
    pub right: u64,
    /// Names of files that turned out to be lost and were taken out of the listing.
    pub lost: Vec<String>,
    /// Files still to be read.
    pub remaining: u64,
}

impl MediaStore {
    /// Reads every file and compares it with its record, and looks for foreign entries. Without
    /// `repair` nothing is changed. What a look at sizes and times finds was dealt with when the
    /// store was opened: see [`MediaStore::found_at_open`].
    ///
    /// # Errors
    /// When the database or the folder as a whole cannot be read.
    pub fn check(&mut self, repair: bool, now_ms: i64) -> Result<CheckReport> {
        let mut checking = Checking::default();
        while self.check_some(&mut checking, repair, u64::MAX, || true)? {}
        self.finish_check(checking, repair, now_ms)
    }

    /// A piece of a [`check`](MediaStore::check): reads files until `most_bytes` are read, none is
    /// left or `goes_on` says no; returns whether some are left. Nothing is repaired before
    /// [`MediaStore::finish_check`], and what has changed between two pieces does no harm.
    ///
    /// # Errors
    /// When the database or the folder as a whole cannot be read.
    pub fn check_some(
        &mut self,
        checking: &mut Checking,
        repair: bool,
        most_bytes: u64,
        goes_on: impl Fn() -> bool,
    ) -> Result<bool> {
        if checking.after == 0 {
            self.check_database()?;
        }
        let mut bytes = 0;
        while goes_on() && bytes < most_bytes {
            let rows = records::listed_after(&self.conn, checking.after, PAGE_ROWS)?;
            if rows.is_empty() {
                return Ok(false);
            }
            let tx = self.transaction()?;
            for (id, mut file) in rows {
                if !goes_on() || bytes >= most_bytes {
                    break;
                }
                checking.after = id;
                if self.is_unplaced(&file) {
                    continue;
                }
                bytes = bytes.saturating_add(file.size);
                match self.read(&mut file)? {
                    Ok(()) => {
                        checking.report.right += 1;
                        checking.report.bytes += file.size;
                        if repair {
                            records::put_file(&tx, &file)?;
                        }
                    }
                    Err(loss) => checking.losses.push(loss),
                }
            }
            tx.commit()?;
        }
        Ok(true)
    }

    /// The end of a check whose files are all read: looks for foreign entries, and repairs.
    ///
    /// # Errors
    /// When the database or the folder as a whole cannot be read or written.
    pub fn finish_check(
        &mut self,
        checking: Checking,
        repair: bool,
        now_ms: i64,
    ) -> Result<CheckReport> {
        let Checking { mut report, mut losses, .. } = checking;
        self.forget_mended(&mut losses)?;
        let foreign = self.foreign_entries()?;
        report.repaired = repair;
        report.waiting = self.summary()?.lost;
        if repair {
            let tx = self.transaction()?;
            verify::take_out(&tx, &losses, now_ms / 1000)?;
            tx.commit()?;
            self.move_foreign(&foreign, now_ms)?;
        }
        report.lost = losses.into_iter().map(|loss| loss.name).collect();
        report.foreign =
            foreign.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
        Ok(report)
    }

    fn check_database(&self) -> Result<()> {
        let verdict: String = self.conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" {
            Ok(())
        } else {
            Err(Error::Damaged("its own check failed".to_owned()))
        }
    }

    /// A device may have deleted a lost file, or sent it again, since it was read.
    fn forget_mended(&self, losses: &mut Vec<Loss>) -> Result<()> {
        let mut still = Vec::new();
        for loss in losses.drain(..) {
            let Some(mut file) = records::file(&self.conn, &loss.name)? else { continue };
            if file.state == State::Listed
                && !self.is_unplaced(&file)
                && let Err(loss) = self.read(&mut file)?
            {
                still.push(loss);
            }
        }
        *losses = still;
        Ok(())
    }

    /// Reads files whose content has not been checked since they were taken over or changed,
    /// until `most_bytes` are read or none is left; at least one. For spare time.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn verify_some(&mut self, most_bytes: u64, now_ms: i64) -> Result<Progress> {
        let mut progress = Progress::default();
        let mut losses = Vec::new();
        let (mut bytes, mut after) = (0, 0);
        let tx = self.transaction()?;
        while bytes < most_bytes {
            let Some((id, mut file)) = records::unseen_after(&tx, after, 1)?.pop() else {
                break;
            };
            after = id;
            if self.is_unplaced(&file) {
                continue;
            }
            bytes += file.size;
            match self.read(&mut file)? {
                Ok(()) => {
                    progress.right += 1;
                    records::put_file(&tx, &file)?;
                }
                Err(loss) => losses.push(loss),
            }
        }
        verify::take_out(&tx, &losses, now_ms / 1000)?;
        tx.commit()?;
        progress.lost = losses.into_iter().map(|loss| loss.name).collect();
        progress.remaining = self.summary()?.unverified;
        Ok(progress)
    }

    /// Reads one file. On success the row says what was seen.
    fn read(&self, file: &mut FileRow) -> Result<std::result::Result<(), Loss>> {
        let disk = &*self.folder.disk;
        let mut loss = Loss { name: file.name.clone(), modified_ns: None };
        let Some(path) = self.content_path(file) else {
            return Ok(Err(loss));
        };
        let stat = verify::of_the_file(disk.stat(&path))?.flatten();
        loss.modified_ns = stat.map(|stat| stat.modified_ns);
        let Some(stat) = stat.filter(|_| verify::glance(stat, file) != Glance::Wrong) else {
            return Ok(Err(loss));
        };
        let right = verify::reads_right(disk, &path, stat, file)?;
        Ok(if right { Ok(()) } else { Err(loss) })
    }

    /// Moves foreign files out of the way.
    fn move_foreign(&self, foreign: &[OsString], now_ms: i64) -> Result<()> {
        for name in foreign {
            let path = self.folder.media().join(name);
            let is_file = verify::of_the_file(self.folder.disk.stat(&path))?
                .flatten()
                .is_some_and(|s| s.is_file);
            if is_file {
                trash::move_file(&self.folder, &path, &name.to_string_lossy(), now_ms)?;
            }
        }
        Ok(())
    }
}
