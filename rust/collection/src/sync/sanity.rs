//! The comparison at the end of a sync (`collection-sync` 9).

use deckport_wire::{SanityCheckResponse, SanityCounts, SanityReport, SanityStatus};
use rusqlite::Connection;

use crate::error::Result;
use crate::pending;

/// Compares the client's counts with ours.
pub(super) fn check(conn: &Connection, client: &SanityReport) -> Result<SanityCheckResponse> {
    let ours = count(conn)?;
    let SanityReport::Counts(theirs) = client else {
        // An old client's own check failed; it only wants to hear "bad".
        return Ok(answer(SanityStatus::Bad, None, ours));
    };
    // Pending rows would never reach another device.
    let equal = comparable(theirs) == comparable(&ours) && !pending::exist(conn)?;
    let status = if equal { SanityStatus::Ok } else { SanityStatus::Bad };
    Ok(answer(status, Some(*theirs), ours))
}

fn answer(
    status: SanityStatus,
    client: Option<SanityCounts>,
    server: SanityCounts,
) -> SanityCheckResponse {
    SanityCheckResponse { status, client, server: Some(server) }
}

/// Due counts and graves are left out: clients count them differently.
fn comparable(counts: &SanityCounts) -> [u32; 6] {
    let SanityCounts(_, cards, notes, reviews, _, notetypes, decks, presets) = *counts;
    [cards, notes, reviews, notetypes, decks, presets]
}

fn count(conn: &Connection) -> Result<SanityCounts> {
    let count = |table: &str| -> Result<u32> {
        let sql = format!("SELECT count(*) FROM {table}");
        Ok(conn.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(SanityCounts(
        [0, 0, 0],
        count("cards")?,
        count("notes")?,
        count("revlog")?,
        0,
        count("notetypes")?,
        count("decks")?,
        count("deck_config")?,
    ))
}
