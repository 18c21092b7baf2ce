//! The look at all files: what the disk holds against what the records say.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use crate::disk::Stat;
use crate::error::Result;
use crate::folder::Folder;
use crate::name::fold;
use crate::records::{self, FileRow, State};
use crate::store::MediaStore;
use crate::verify::{self, Glance, Loss};

/// How many bytes of changed files are read at once; the rest waits for [`MediaStore::verify_some`]
/// or until it is asked for. Opening must not take long.
const READ_AT_ONCE_BYTES: u64 = 64 * 1024 * 1024;
/// Rows read in one go.
const PAGE_ROWS: u32 = 500;

/// What a look at all files found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookReport {
    /// Files that are listed and there.
    pub present: u64,
    /// Names of files that turned out to be missing, cut short or changed. They are no longer
    /// listed; the usn was raised, so that devices that have them send them again.
    pub lost: Vec<String>,
    /// Names of lost files whose content was back; they are listed again.
    pub returned: Vec<String>,
    /// Entries of the folder that no record knows. They are left alone; see
    /// [`MediaStore::check`].
    pub foreign: u64,
}

/// What one pass over the folder collects.
#[derive(Default)]
struct Pass {
    /// Ids of listed rows whose file was met.
    met: HashSet<i64>,
    losses: Vec<Loss>,
    changed: Vec<(FileRow, Stat)>,
    returned: Vec<(FileRow, Stat)>,
    foreign: Vec<OsString>,
}

impl MediaStore {
    /// Compares every file with its record by size and time, reads changed ones, and notes the
    /// result (`media-sync` 18.3, 18.4). Called by [`MediaStore::open`].
    pub(crate) fn look(&mut self, now_ms: i64) -> Result<LookReport> {
        let mut pass = self.pass_over_folder()?;
        self.find_missing(&mut pass)?;
        let foreign = pass.foreign.len() as u64;
        let now_secs = now_ms / 1000;
        let mut report = LookReport { foreign, ..LookReport::default() };
        let tx = self.transaction()?;
        let mut budget = READ_AT_ONCE_BYTES;
        for (mut file, stat) in pass.changed {
            if file.size > budget {
                file.modified_ns = None;
                records::put_file(&tx, &file)?;
                continue;
            }
            budget -= file.size;
            if self.reads_right(&mut file, stat)? {
                records::put_file(&tx, &file)?;
            } else {
                pass.losses.push(Loss { name: file.name, modified_ns: Some(stat.modified_ns) });
            }
        }
        for (mut file, stat) in pass.returned {
            if file.size > budget {
                continue;
            }
            budget -= file.size;
            if self.reads_right(&mut file, stat)? {
                report.returned.push(file.name.clone());
                verify::bring_back(&tx, file, now_secs)?;
            } else {
                file.modified_ns = Some(stat.modified_ns);
                records::put_file(&tx, &file)?;
            }
        }
        verify::take_out(&tx, &pass.losses, now_secs)?;
        tx.commit()?;
        report.lost = pass.losses.into_iter().map(|loss| loss.name).collect();
        report.present = self.summary()?.files;
        Ok(report)
    }

    /// Names of entries that no record knows.
    pub(crate) fn foreign_entries(&self) -> Result<Vec<OsString>> {
        Ok(self.pass_over_folder()?.foreign)
    }

    fn pass_over_folder(&self) -> Result<Pass> {
        let mut pass = Pass::default();
        for entry in self.folder.disk.entries(self.folder.media())? {
            let name = entry?.file_name();
            if Folder::is_own(&name) {
                continue;
            }
            match self.row_of_entry(&name)? {
                Some((id, file)) => self.judge(&mut pass, id, file)?,
                None => pass.foreign.push(name),
            }
        }
        Ok(pass)
    }

    /// The row whose file this entry is.
    fn row_of_entry(&self, entry: &OsStr) -> Result<Option<(i64, FileRow)>> {
        let Some(name) = entry.to_str() else {
            return Ok(None);
        };
        if let Some(found) = records::file_stored_as(&self.conn, name)? {
            return Ok(Some(found));
        }
        if !self.folding {
            return Ok(None);
        }
        // Some disks return names in a different spelling from the one written.
        records::file_folding_to(&self.conn, &fold(name))
    }

    fn judge(&self, pass: &mut Pass, id: i64, file: FileRow) -> Result<()> {
        let Some(path) = self.content_path(&file) else {
            return Ok(());
        };
        let stat = verify::of_the_file(self.folder.disk.stat(&path))?.flatten();
        match (file.state, verify::glance(stat, &file)) {
            (State::Hidden, _) | (State::Lost, Glance::Wrong) => {}
            (State::Lost, Glance::Right) => {}
            (State::Lost, Glance::Unsure(stat)) => {
                if file.modified_ns != Some(stat.modified_ns) {
                    pass.returned.push((file, stat));
                }
            }
            // Its content waits for its place.
            (State::Listed, _) if self.is_unplaced(&file) => {}
            (State::Listed, glance) => {
                pass.met.insert(id);
                match glance {
                    Glance::Right => {}
                    // Never read since it was taken over: not urgent.
                    Glance::Unsure(_) if file.modified_ns.is_none() => {}
                    Glance::Unsure(stat) => pass.changed.push((file, stat)),
                    Glance::Wrong => pass.losses.push(Loss {
                        name: file.name,
                        modified_ns: stat.map(|stat| stat.modified_ns),
                    }),
                }
            }
        }
        Ok(())
    }

    /// Adds the listed files that the pass did not meet.
    fn find_missing(&self, pass: &mut Pass) -> Result<()> {
        let mut after = 0;
        loop {
            let rows = records::listed_after(&self.conn, after, PAGE_ROWS)?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            after = *last;
            for (id, file) in rows {
                if !pass.met.contains(&id) && !self.is_unplaced(&file) {
                    pass.losses.push(Loss { name: file.name, modified_ns: None });
                }
            }
        }
    }

    fn reads_right(&self, file: &mut FileRow, stat: Stat) -> Result<bool> {
        match self.content_path(file) {
            Some(path) => Ok(verify::reads_right(&*self.folder.disk, &path, stat, file)?),
            None => Ok(false),
        }
    }
}
