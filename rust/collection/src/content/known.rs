//! The digest that is known of a state, in a small file beside the collection.
//!
//! The file is an aid: it is written before the sync is committed and holds the state before and
//! the one after, so that it is right whichever the collection is in when the endpoint was killed.
//! It is not waited for until it is on the disk. After a power cut, or when another program has
//! written to the collection, it may know neither; then the digest is made anew when there is time.

use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{Digest, tally};
use crate::error::Result;
use deckport_ground::files::beside;

/// After the name of the collection file.
const SUFFIX: &str = ".digest";

/// So many rows of one sync are watched. With more it is cheaper to read everything when there is
/// time.
const MOST_WATCHED: usize = 2_000;

/// What identifies a state of a collection: `scm` and `mod`, Unix milliseconds. Neither repeats.
pub(super) type State = (i64, i64);

pub(super) fn state_of(conn: &Connection) -> Result<State> {
    let mut statement = conn.prepare_cached("SELECT scm, mod FROM col")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    states: Vec<(State, Digest)>,
    /// A power cut can leave parts of two writes, which may well look like a file.
    seal: u64,
}

impl Known {
    pub(super) fn of(state: State, digest: Digest) -> Known {
        Known::sealed(vec![(state, digest)])
    }

    fn sealed(states: Vec<(State, Digest)>) -> Known {
        let seal = seal_of(&states);
        Known { states, seal }
    }

    /// Of the collection file `path`; nothing when there is no file or it is damaged.
    pub(super) fn read(path: &Path) -> Known {
        let stored = fs::read(beside(path, SUFFIX)).ok();
        let known = stored.and_then(|json| serde_json::from_slice::<Known>(&json).ok());
        known.filter(|known| known.seal == seal_of(&known.states)).unwrap_or_default()
    }

    pub(super) fn get(&self, state: State) -> Option<Digest> {
        self.states.iter().find(|known| known.0 == state).map(|known| known.1)
    }

    /// Nothing depends on the file, so a failure is not worth one.
    pub(super) fn write(&self, path: &Path) {
        let file = beside(path, SUFFIX);
        let written = serde_json::to_vec(self).map(|json| fs::write(&file, json));
        if !matches!(written, Ok(Ok(()))) {
            let _ = fs::remove_file(file);
        }
    }
}

fn seal_of(states: &[(State, Digest)]) -> u64 {
    let mut hasher = SipHasher13::new();
    for ((schema_modified, modified), digest) in states {
        hasher.write_i64(*schema_modified);
        hasher.write_i64(*modified);
        hasher.write(&digest.to_bytes());
    }
    hasher.finish()
}

/// The digest of a collection while a sync changes it.
#[derive(Debug)]
pub(crate) struct Running {
    path: Option<PathBuf>,
    rows: usize,
    watched: bool,
    begin: Option<(State, Digest)>,
}

impl Running {
    /// To be called in the sync's transaction, before anything is changed.
    pub(crate) fn begin(conn: &Connection) -> Result<Running> {
        let path = path_of(conn);
        let state = state_of(conn)?;
        let known = path.as_deref().and_then(|path| Known::read(path).get(state));
        // What a transaction changed that was rolled back counts for nothing.
        let mut watched = tally::take(conn)?.is_some();
        if known.is_some() && !watched {
            tally::watch(conn)?;
            watched = true;
        }
        Ok(Running { path, rows: 0, watched, begin: known.map(|digest| (state, digest)) })
    }

    /// To be called before so many rows are changed.
    pub(crate) fn prepare_for(&mut self, conn: &Connection, rows: usize) -> Result<()> {
        self.rows = self.rows.saturating_add(rows);
        if self.watched && self.rows > MOST_WATCHED {
            tally::unwatch(conn)?;
            (self.watched, self.begin) = (false, None);
        }
        Ok(())
    }

    /// To be called before the sync is committed, after everything else was changed.
    pub(crate) fn keep(self, conn: &Connection) -> Result<()> {
        let change = tally::take(conn)?;
        if let (Some(path), Some(begin), Some(change)) = (self.path, self.begin, change) {
            let end = (state_of(conn)?, begin.1.plus(change));
            Known::sealed(vec![begin, end]).write(&path);
        }
        Ok(())
    }
}

/// Makes the digest of the present state if it is not known. Reads everything then.
pub(crate) fn settle(conn: &Connection) -> Result<()> {
    let state = state_of(conn)?;
    if let Some(path) = path_of(conn)
        && Known::read(&path).get(state).is_none()
    {
        Known::of(state, Digest::of(conn)?).write(&path);
    }
    Ok(())
}

/// None for a collection in memory.
fn path_of(conn: &Connection) -> Option<PathBuf> {
    conn.path().filter(|path| !path.is_empty()).map(PathBuf::from)
}
