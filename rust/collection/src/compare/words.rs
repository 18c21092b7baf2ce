//! What people call the parts of a collection: the words of Anki's own windows.

use rusqlite::types::Value as Cell;
use serde_json::Value;

/// Columns of notes, cards and reviews, and paths of keys of the other objects. What is not here
/// is called by its key.
const WORDS: [(&str, &str); 58] = [
    ("guid", "guid"),
    ("mid", "notetype"),
    ("mod", "time of the last change"),
    ("flds", "fields"),
    ("nid", "note"),
    ("cid", "card"),
    ("did", "deck"),
    ("ord", "card type"),
    ("type", "kind"),
    ("due", "due date"),
    ("ivl", "interval"),
    ("lastIvl", "interval before"),
    ("factor", "ease"),
    ("ease", "answer"),
    ("time", "time taken"),
    ("reps", "number of reviews"),
    ("left", "steps left"),
    ("odue", "due date in its own deck"),
    ("odid", "own deck"),
    ("flags", "flag"),
    ("data", "scheduling data"),
    ("css", "styling"),
    ("sortf", "sort field"),
    ("tmpls", "number of card types"),
    ("latexPre", "LaTeX header"),
    ("latexPost", "LaTeX footer"),
    ("flds.name", "name"),
    ("flds.font", "font"),
    ("flds.size", "font size"),
    ("flds.description", "description"),
    ("flds.rtl", "direction of writing"),
    ("flds.sticky", "pin"),
    ("tmpls.name", "name"),
    ("tmpls.qfmt", "front template"),
    ("tmpls.afmt", "back template"),
    ("tmpls.did", "deck override"),
    ("conf", "option preset"),
    ("desc", "description"),
    ("dyn", "kind"),
    ("collapsed", "folding"),
    ("browserCollapsed", "folding in the browser"),
    ("newToday", "new cards of today"),
    ("revToday", "reviews of today"),
    ("lrnToday", "learning cards of today"),
    ("timeToday", "study time of today"),
    ("terms", "search"),
    ("maxTaken", "longest answer time"),
    ("desiredRetention", "desired retention"),
    ("new.perDay", "new cards a day"),
    ("new.delays", "learning steps"),
    ("new.ints", "first intervals"),
    ("new.order", "insertion order"),
    ("new.initialFactor", "starting ease"),
    ("rev.perDay", "reviews a day"),
    ("rev.maxIvl", "maximum interval"),
    ("lapse.delays", "relearning steps"),
    ("lapse.leechFails", "leech threshold"),
    ("lapse.minInt", "minimum interval"),
];

/// What Anki's browser finds a note or card by; a review by its card and its own number, which is
/// its time.
pub(super) fn known_by(kind: &str, id: i64, parent: Option<i64>) -> String {
    match (kind, parent) {
        ("note", _) => format!("nid:{id}"),
        ("card", _) => format!("cid:{id}"),
        (_, Some(card)) => format!("{id} of card cid:{card}"),
        (_, None) => id.to_string(),
    }
}

/// A name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\u{201c}{name}\u{201d}")
}

/// A column that differs.
pub(super) fn cell_part(column: &str, ours: &Cell, theirs: &Cell) -> String {
    let value = |cell: &Cell| match cell {
        Cell::Integer(number) => Value::from(*number),
        Cell::Real(number) => Value::from(*number),
        _ => Value::Null,
    };
    part(column, &value(ours), &value(theirs))
}

/// A part that differs, with its values where they are numbers or switches: texts may be long, and
/// are private.
pub(super) fn part(path: &str, ours: &Value, theirs: &Value) -> String {
    let word = WORDS.iter().find(|(known, _)| *known == path).map_or(path, |(_, word)| word);
    let is_plain = |value: &Value| value.is_number() || value.is_boolean();
    if is_plain(ours) && is_plain(theirs) {
        format!("{word} ({ours} in the account, {theirs} in the file)")
    } else {
        word.to_owned()
    }
}

/// A part of one field or card type of a notetype.
pub(super) fn counted(list: &str, name: &str, part: &str) -> String {
    let kind = if list == "flds" { "field" } else { "card type" };
    format!("{part} of {kind} {}", quoted(name))
}
