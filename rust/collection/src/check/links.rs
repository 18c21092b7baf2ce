//! What refers to what: cards, notes, decks, templates (`storage-check` 8 - 10, 13, 14, 24).

use deckport_wire::objects::DeckKind;

use super::finding::{Findings, Problem};
use super::{Context, count};
use crate::error::Result;
use crate::objects::decks;
use crate::pending;
use crate::sync::heal;

/// Cards of filtered decks; the decks are listed in `temp.filtered`.
const IS_IN_FILTERED: &str = "did IN (SELECT id FROM temp.filtered)";

/// Counts what checking an upload mends by itself.
pub(super) fn note_foreign_rows(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let conn = context.conn;
    // They are taken in when a collection is opened, unless it was too damaged for that.
    pending::mark(conn, context.usn.max(0))?;
    let unknown = count(conn, "SELECT count(*) FROM graves WHERE type NOT IN (0, 1, 2)")?;
    findings.add(Problem::UnknownDeletion, unknown, true);
    let missing = count(
        conn,
        "SELECT NOT (EXISTS (SELECT 1 FROM decks WHERE id = 1)
                     AND EXISTS (SELECT 1 FROM deck_config WHERE id = 1))",
    )?;
    findings.add(Problem::MissingDefault, missing, false);
    Ok(())
}

/// Cards without a note go, without a deletion being sent to devices.
pub(super) fn remove_cards_without_note(
    context: &Context<'_>,
    findings: &mut Findings,
) -> Result<()> {
    let sql = "DELETE FROM cards WHERE nid NOT IN (SELECT id FROM notes)";
    let removed = context.conn.execute(sql, [])?;
    findings.add(Problem::CardWithoutNote, removed as u64, true);
    Ok(())
}

/// Makes decks that cards are in, and the parents of decks.
pub(super) fn recover_decks(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let Context { conn, usn, .. } = context;
    // No deck can have the id 0.
    let moved = conn.execute(
        "UPDATE cards SET did = 1, mod = ?1, usn = ?2 WHERE did = 0",
        (context.now(), usn),
    )?;
    findings.add(Problem::MissingDeck, u64::from(moved > 0), false);
    let sql = "SELECT DISTINCT did FROM cards WHERE did NOT IN (SELECT id FROM decks)";
    let missing: Vec<i64> =
        conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for id in &missing {
        heal::add_deck(conn, *id, format!("recovered{id}"), *usn, context.now())?;
    }
    findings.add(Problem::MissingDeck, missing.len() as u64, false);
    let all = "SELECT count(*) FROM decks";
    let before = count(conn, all)?;
    heal::add_missing_parents(conn, *usn, context.now())?;
    findings.add(Problem::MissingDeck, count(conn, all)?.saturating_sub(before), false);
    Ok(())
}

/// A card outside filtered decks has no other home; one inside must have one.
pub(super) fn forget_stray_homes(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let conn = context.conn;
    conn.execute_batch("CREATE TEMP TABLE filtered (id INTEGER PRIMARY KEY)")?;
    for deck in decks::changed_since(conn, i32::MIN)? {
        if matches!(deck.kind, DeckKind::Filtered(_)) {
            conn.execute("INSERT INTO temp.filtered VALUES (?1)", [deck.id])?;
        }
    }
    let sql = format!(
        "UPDATE cards SET odid = 0, odue = 0, mod = ?1, usn = ?2
         WHERE odid != 0 AND NOT {IS_IN_FILTERED}"
    );
    let mended = conn.execute(&sql, (context.now(), context.usn))?;
    findings.add(Problem::CardProperty, mended as u64, true);
    let sql = format!("SELECT count(*) FROM cards WHERE odid = 0 AND {IS_IN_FILTERED}");
    findings.add(Problem::HomelessCard, count(conn, &sql)?, false);
    Ok(())
}

/// Of two cards for one template the older one stays; cards without a template go.
pub(super) fn remove_surplus_cards(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let conn = context.conn;
    let twice = conn.execute(
        "DELETE FROM cards WHERE EXISTS (
             SELECT 1 FROM cards AS older
             WHERE older.nid = cards.nid AND older.ord = cards.ord AND older.id < cards.id)",
        [],
    )?;
    findings.add(Problem::DuplicateCard, twice as u64, true);
    let without = conn.execute(
        "DELETE FROM cards WHERE id IN (
             SELECT cards.id FROM cards
             JOIN notes ON notes.id = cards.nid
             JOIN temp.shapes ON shapes.id = notes.mid
             WHERE NOT shapes.is_cloze AND cards.ord >= shapes.templates)",
        [],
    )?;
    findings.add(Problem::MissingTemplate, without as u64, true);
    Ok(())
}
