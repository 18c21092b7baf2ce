//! What each entry of a batch does to records and files (`media-sync` 8.2, 16, 18.4).

use deckport_wire::Usn;
use rusqlite::Connection;
use std::collections::BTreeMap;

use super::receive::Received;
use crate::disk::Stat;
use crate::error::Result;
use crate::name::{escaped, fold, is_portable, vanishes};
use crate::pending::{self, Operation};
use crate::records::{self, FileRow, Listing, State};
use crate::store::MediaStore;
use crate::trash;
use crate::usn;
use crate::verify::{self, Glance, Sums};

/// What a batch has done so far inside its transaction.
pub(crate) struct Effects {
    /// What is replaced goes into the trash. A device that replaces a file says that the old
    /// content is useless; a package does not.
    pub(crate) keep_replaced: bool,
    /// The last usn used.
    pub(crate) usn: Usn,
    /// What is to be done after the commit, by its spot.
    pub(crate) operations: BTreeMap<String, Operation>,
    /// Incoming files that nobody needs after the commit.
    pub(crate) unused: Vec<String>,
    /// Bytes of content noted with the operations.
    pub(crate) content_bytes: u64,
}

impl Effects {
    pub(crate) fn starting_at(usn: Usn) -> Effects {
        Effects {
            keep_replaced: false,
            usn,
            operations: BTreeMap::new(),
            unused: Vec::new(),
            content_bytes: 0,
        }
    }

    /// Every entry uses one usn, even one that changes nothing (`media-sync` 8.3).
    fn next_usn(&mut self) -> Result<Usn> {
        self.usn = usn::after(self.usn)?;
        Ok(self.usn)
    }

    fn note(
        &mut self,
        conn: &Connection,
        operation: Operation,
        content: Option<&[u8]>,
    ) -> Result<()> {
        self.unused.extend(pending::put(conn, &operation, content)?);
        self.content_bytes += content.map_or(0, |content| content.len() as u64);
        self.operations.insert(operation.spot.clone(), operation);
        Ok(())
    }
}

impl MediaStore {
    /// An addition or replacement.
    pub(crate) fn apply_content(
        &self,
        conn: &Connection,
        effects: &mut Effects,
        name: &str,
        content: Received,
        now_ms: i64,
    ) -> Result<()> {
        let usn = effects.next_usn()?;
        if content.sums.size == 0 {
            // No client can keep an empty file; no reference client sends one.
            effects.unused.push(content.incoming);
            return Ok(());
        }
        if vanishes(name) {
            records::put_file(conn, &hidden(name, content.sums))?;
            effects.unused.push(content.incoming);
            return Ok(());
        }
        let Sums { sha1, size, .. } = content.sums;
        match records::listing(conn, name)? {
            // The record stays as it is: a new usn would make others lose pending changes.
            Listing::Live { sha1: known, .. } if known == sha1 => {
                if self.is_right(conn, name)? {
                    effects.unused.push(content.incoming);
                    return Ok(());
                }
            }
            _ => records::list_live(conn, name, &sha1, size, usn, now_ms / 1000)?,
        }
        self.note_content(conn, effects, name, content, now_ms)
    }

    /// A deletion. What is not there is not deleted, or devices that still have it would lose it.
    pub(super) fn apply_deletion(
        &self,
        conn: &Connection,
        effects: &mut Effects,
        name: &str,
        now_ms: i64,
    ) -> Result<()> {
        let usn = effects.next_usn()?;
        let Some(file) = records::file(conn, name)? else {
            return Ok(());
        };
        records::list_deleted(conn, name, usn, now_ms / 1000)?;
        records::forget_file(conn, name)?;
        let Some(stored) = file.stored else {
            return Ok(());
        };
        // Whatever is in the place of a lost file is somebody else's.
        let is_foreign = file.state == State::Lost;
        if is_foreign && self.stat(&stored)?.is_none() {
            return Ok(());
        }
        let trash =
            is_foreign.then(|| trash::free_name(&self.folder, &stored, now_ms)).transpose()?;
        let spot = pending::spot(&stored, self.folding).into_owned();
        effects.note(conn, Operation { spot, stored, incoming: None, trash }, None)
    }

    /// Notes that content goes to its place, and what is known of it.
    fn note_content(
        &self,
        conn: &Connection,
        effects: &mut Effects,
        name: &str,
        content: Received,
        now_ms: i64,
    ) -> Result<()> {
        let Received { incoming, sums, modified_ns, small, .. } = content;
        let known = records::file(conn, name)?;
        let listed_at = known
            .filter(|file| file.state == State::Listed)
            .and_then(|file| file.stored)
            .filter(|stored| self.folder.stored(stored).is_some());
        let (stored, trash) = match listed_at {
            Some(stored) => {
                let keep = effects.keep_replaced;
                let trash =
                    keep.then(|| trash::free_name(&self.folder, &stored, now_ms)).transpose()?;
                (stored, trash)
            }
            None => self.choose_place(conn, name, sums, now_ms)?,
        };
        let file = FileRow {
            name: name.to_owned(),
            state: State::Listed,
            sha1: sums.sha1,
            size: sums.size,
            stored: Some(stored.clone()),
            crc: Some(sums.crc),
            modified_ns: Some(modified_ns),
        };
        records::put_file(conn, &file)?;
        let spot = pending::spot(&stored, self.folding).into_owned();
        let operation = Operation { spot, stored, incoming: Some(incoming), trash };
        effects.note(conn, operation, small.as_deref())
    }

    /// The name under which a new file is stored: its own if the place is free, else an escaped
    /// one. With it, a name in the trash for a foreign file that is in the way.
    fn choose_place(
        &self,
        conn: &Connection,
        name: &str,
        sums: Sums,
        now_ms: i64,
    ) -> Result<(String, Option<String>)> {
        if is_portable(name) && !self.is_taken(conn, name)? {
            let doomed = pending::get(conn, &pending::spot(name, self.folding))?
                .is_some_and(|operation| operation.incoming.is_none());
            match self.stat(name)? {
                _ if doomed => return Ok((name.to_owned(), None)),
                None => return Ok((name.to_owned(), None)),
                // Where names fold, it may be a file of another name.
                Some(stat)
                    if stat.is_file && (!self.folding || self.is_own_place(conn, name)?) =>
                {
                    let trash = self.trash_for(name, stat, sums, now_ms)?;
                    return Ok((name.to_owned(), trash));
                }
                Some(_) => {}
            }
        }
        Ok((escaped(name), None))
    }

    /// Whether another file has this place.
    fn is_taken(&self, conn: &Connection, name: &str) -> Result<bool> {
        let holder = if self.folding {
            records::file_folding_to(conn, &fold(name))?
        } else {
            records::file_stored_as(conn, name)?
        };
        Ok(holder.is_some_and(|(_, file)| file.name != name))
    }

    /// Whether this file was stored under its own name before.
    fn is_own_place(&self, conn: &Connection, name: &str) -> Result<bool> {
        Ok(records::file(conn, name)?.is_some_and(|file| file.stored.as_deref() == Some(name)))
    }

    /// A name in the trash for a file in the way, unless it holds nothing of its own.
    fn trash_for(
        &self,
        stored: &str,
        stat: Stat,
        sums: Sums,
        now_ms: i64,
    ) -> Result<Option<String>> {
        if stat.size == 0 {
            return Ok(None);
        }
        if stat.size == sums.size
            && let Some(path) = self.folder.stored(stored)
            && let Some(found) =
                verify::of_the_file(verify::sums_of_file(&*self.folder.disk, &path))?
            && found == sums
        {
            return Ok(None);
        }
        Ok(Some(trash::free_name(&self.folder, stored, now_ms)?))
    }

    /// Whether the stored content of a listed file is there and was found right.
    pub(crate) fn is_right(&self, conn: &Connection, name: &str) -> Result<bool> {
        let Some(file) = records::file(conn, name)? else {
            return Ok(false);
        };
        let Some(path) = self.content_path(&file) else {
            return Ok(false);
        };
        let stat = verify::of_the_file(self.folder.disk.stat(&path))?.flatten();
        Ok(verify::glance(stat, &file) == Glance::Right && !self.is_suspect(name))
    }

    fn stat(&self, stored: &str) -> Result<Option<Stat>> {
        match self.folder.stored(stored) {
            Some(path) => Ok(verify::of_the_file(self.folder.disk.stat(&path))?.flatten()),
            None => Ok(None),
        }
    }
}

fn hidden(name: &str, sums: Sums) -> FileRow {
    FileRow {
        name: name.to_owned(),
        state: State::Hidden,
        sha1: sums.sha1,
        size: sums.size,
        stored: None,
        crc: Some(sums.crc),
        modified_ns: None,
    }
}
