//! What is wrong with a collection, in the terms of Anki's "Check Database" (`storage-check`), and
//! mending it.
//!
//! Both happen on a private copy: a check is a repair whose result is thrown away, so the two can
//! never disagree. What clients mend silently is not a finding. Not done here: making
//! cards that templates call for, which needs their rendering; clients do that by themselves.

mod columns;
mod finding;
mod ids;
mod links;
mod notes;
mod reviews;
#[cfg(test)]
mod tests;

use std::path::Path;

use deckport_ground::interrupt::Interrupt;
use rusqlite::Connection;

pub use finding::{Finding, Problem};

use crate::connection::open_private;
use crate::error::{Error, Result};
use crate::interrupt::watch;
use crate::objects::config;
use crate::sync::day::DayClock;
use crate::upload::{UploadError, accept_upload};
use finding::Findings;

/// What [`check_copy`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// Everything that is wrong; empty for a healthy collection.
    pub findings: Vec<Finding>,
    /// Something was mended, and the copy can take the place of the collection.
    pub mended: bool,
    /// A merge cannot pass on what was mended: devices need a one-way sync.
    pub one_way: bool,
}

/// What all rules need to know.
struct Context<'a> {
    conn: &'a Connection,
    now_ms: i64,
    /// Mended rows get it, so that the next sync of every device brings them.
    usn: i32,
    /// The collection's day number.
    today: i64,
    /// Scheduler generation.
    scheduler: i64,
}

/// Checks the complete collection file at `path`, a private copy, and mends it in place as far as
/// that is safe. Synced to disk afterwards if it is [`Checkup::mended`]; `mod` and `scm` are as they
/// were. Otherwise the copy is useless.
///
/// # Errors
/// When the copy cannot be read or written at all; [`Error::Interrupted`] soon after `interrupt` is
/// set.
pub fn check_copy(path: &Path, now_ms: i64, interrupt: &Interrupt) -> Result<Checkup> {
    let checked = check(path, now_ms, interrupt);
    // An interrupted step looks like damage.
    if interrupt.is_set() { Err(Error::Interrupted) } else { checked }
}

fn check(path: &Path, now_ms: i64, interrupt: &Interrupt) -> Result<Checkup> {
    let mut findings = Findings::default();
    let mut conn = open_private(path)?;
    watch(&mut conn, interrupt)?;
    if !restore_indexes(&conn, &mut findings)? {
        return Ok(findings.into_checkup(false));
    }
    let applied = apply_rules(&conn, now_ms, &mut findings);
    conn.close().map_err(|(_, error)| error)?;
    // Rows that no client could load make a rule fail; the validation of uploads has the last word.
    let judged = accept_upload(path, now_ms, interrupt);
    match (applied, judged) {
        (Ok(()), Ok(_)) => Ok(findings.into_checkup(true)),
        (_, Err(UploadError::Endpoint(error))) => Err(error),
        (_, Err(error)) => {
            findings.add_unreadable(error.detail());
            Ok(findings.into_checkup(false))
        }
        (Err(error), Ok(_)) => Err(error),
    }
}

/// Whether the database itself is sound. Wrong indexes are rebuilt.
fn restore_indexes(conn: &Connection, findings: &mut Findings) -> Result<bool> {
    let is_sound = || -> Result<bool> {
        // A database too broken for the check itself is as bad as one in which it finds damage.
        let verdict = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        Ok(verdict.is_ok_and(|verdict: String| verdict == "ok"))
    };
    if is_sound()? {
        return Ok(true);
    }
    let mended = conn.execute_batch("REINDEX").is_ok() && is_sound()?;
    findings.add(if mended { Problem::Indexes } else { Problem::Malformed }, 1, false);
    Ok(mended)
}

/// The rules in the order of the page.
fn apply_rules(conn: &Connection, now_ms: i64, findings: &mut Findings) -> Result<()> {
    let context = Context {
        conn,
        now_ms,
        usn: conn.query_row("SELECT usn FROM col", [], |row| row.get(0))?,
        today: DayClock::of(conn)?.today(now_ms.div_euclid(1000)),
        scheduler: config::get(conn, "schedVer")?.unwrap_or(1),
    };
    let transaction = conn.unchecked_transaction()?;
    links::note_foreign_rows(&context, findings)?;
    columns::mend_cards(&context, findings)?;
    links::remove_cards_without_note(&context, findings)?;
    links::recover_decks(&context, findings)?;
    links::forget_stray_homes(&context, findings)?;
    notes::recover_notetypes(&context, findings)?;
    notes::mend_contents(&context, findings)?;
    links::remove_surplus_cards(&context, findings)?;
    columns::mend_reviews(&context, findings)?;
    reviews::mend_last_review_times(&context, findings)?;
    ids::renumber_future(&context, findings)?;
    transaction.commit()?;
    Ok(())
}

impl Context<'_> {
    /// Unix seconds.
    fn now(&self) -> i64 {
        self.now_ms.div_euclid(1000)
    }
}

/// The number that a query returns.
fn count(conn: &Connection, sql: &str) -> Result<u64> {
    let count: i64 = conn.query_row(sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
