//! All files, one after the other, for copying them elsewhere.

use std::fs::File;

use crate::error::Result;
use crate::records;
use crate::store::MediaStore;
use crate::verify::{self, Glance};

/// A listed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its position among all; the next page begins after it.
    pub position: i64,
    /// File name.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
}

impl MediaStore {
    /// Up to `limit` listed files after a position; 0 is before the first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn files_after(&self, position: i64, limit: u32) -> Result<Vec<ListedFile>> {
        let rows = records::listed_after(&self.conn, position, limit)?;
        let listed = |(position, file): (i64, records::FileRow)| ListedFile {
            position,
            name: file.name,
            bytes: file.size,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    /// Names of lost files that wait to be sent again.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn waiting(&self) -> Result<Vec<String>> {
        let sql = "SELECT fname FROM deckport_files WHERE state <> 0 AND state = 2 ORDER BY fname";
        let mut statement = self.conn.prepare_cached(sql)?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// Opens a listed file for reading, with its size in bytes. Content that is not known to be
    /// right is read and compared first. `None` when it is missing or wrong; nothing is done
    /// about that here.
    ///
    /// # Errors
    /// When the database or the folder as a whole cannot be read.
    pub fn open_file(&self, name: &str) -> Result<Option<(File, u64)>> {
        let found = records::file(&self.conn, name)?;
        let Some(mut row) = found.filter(|row| row.state == records::State::Listed) else {
            return Ok(None);
        };
        let Some(path) = self.content_path(&row) else {
            return Ok(None);
        };
        let disk = &*self.folder.disk;
        let stat = verify::of_the_file(disk.stat(&path))?.flatten();
        let right = match verify::glance(stat, &row) {
            Glance::Right if !self.is_suspect(name) => true,
            Glance::Wrong => false,
            Glance::Right | Glance::Unsure(_) => match stat {
                Some(stat) => verify::reads_right(disk, &path, stat, &mut row)?,
                None => false,
            },
        };
        if !right {
            return Ok(None);
        }
        Ok(verify::of_the_file(disk.open(&path))?.map(|file| (file, row.size)))
    }
}
