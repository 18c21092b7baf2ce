//! Turns the decks' column into rows (`storage-migrate` 1, step 7).

use deckport_wire::Deck;
use rusqlite::Connection;
use std::collections::HashSet;

use super::columns::{by_id, object, with_column};
use super::error::{UpgradeError, Upgraded};
use super::names::Names;
use super::upgrade::Stamp;
use crate::names::{deck_name, stored_deck_name};
use crate::objects::decks;

const WHAT: &str = "deck";

/// Stores every deck of the column.
pub(super) fn from_column(conn: &Connection, stamp: Stamp) -> Upgraded<()> {
    with_column(conn, "decks", |json| {
        let mut ids = HashSet::new();
        let mut names = Names::default();
        for (key, json) in by_id("decks", json)? {
            let mut deck: Deck = object(WHAT, key, json.get())?;
            // The id inside counts. Two decks with the same one are told apart by their keys.
            if !ids.insert(deck.id) {
                deck.id = key;
                if !ids.insert(key) {
                    return Err(UpgradeError::Object {
                        what: WHAT,
                        id: key,
                        reason: "two decks have the same id".to_owned(),
                    });
                }
            }
            store(conn, deck, &mut names, stamp)?;
        }
        Ok(())
    })
}

/// A deck that gets another name counts as modified: devices do not know the new one.
fn store(conn: &Connection, mut deck: Deck, names: &mut Names, stamp: Stamp) -> Upgraded<()> {
    let mut name = stored_deck_name(&deck.name);
    names.take(&mut name, '_', deck.id);
    let name = deck_name(&name);
    let mut usn = deck.usn.max(0);
    if name != deck.name {
        deck.name = name;
        (deck.modified, usn) = (stamp.now_secs(), stamp.usn);
    }
    decks::store(conn, &deck, usn, stamp.now_secs())
        .map_err(|error| UpgradeError::of_object(WHAT, deck.id, error))
}
