//! Notes and their notetypes (`storage-check` 11, 12, 15, 16).

use deckport_wire::Notetype;
use deckport_wire::objects::{NotetypeField, NotetypeKind, NotetypeTemplate};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

use super::Context;
use super::finding::{Findings, Problem};
use crate::error::Result;
use crate::objects::notetypes::{self, NotetypeShape};
use crate::text::prepare_note;

const FIELD_SEPARATOR: char = '\u{1f}';
/// Between a field and those joined to it for lack of a place.
const JOINT: &str = "; ";
/// Lets a person find the notes whose fields were changed.
const TAG: &str = "db-check";
/// Fields and templates of a made notetype; clients can number no more cards.
const MOST_PARTS: usize = 500;

/// Makes notetypes for notes that have none, one for each number of fields. Lists the shape of
/// all in `temp.shapes`.
pub(super) fn recover_notetypes(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let conn = context.conn;
    let mut orphans: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    let sql =
        "SELECT id, CAST(flds AS BLOB) FROM notes WHERE mid NOT IN (SELECT id FROM notetypes)";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let fields: &[u8] = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let count = 1 + fields.iter().filter(|byte| **byte == 0x1f).count();
        orphans.entry(count.min(MOST_PARTS)).or_default().push(row.get(0)?);
    }
    for (count, notes) in orphans {
        let id = make_notetype(context, count, &notes)?;
        let mut update =
            conn.prepare("UPDATE notes SET mid = ?2, mod = ?3, usn = ?4 WHERE id = ?1")?;
        for note in &notes {
            update.execute((note, id, context.now(), context.usn))?;
        }
        findings.add(Problem::MissingNotetype, notes.len() as u64, true);
    }
    list_shapes(conn)
}

/// With as many templates as the notes have cards, so that no card is lost.
fn make_notetype(context: &Context<'_>, fields: usize, notes: &[i64]) -> Result<i64> {
    let conn = context.conn;
    let mut highest: u16 = 0;
    let mut statement = conn.prepare("SELECT coalesce(max(ord), 0) FROM cards WHERE nid = ?1")?;
    for note in notes {
        highest = highest.max(statement.query_row([note], |row| row.get(0))?);
    }
    let used: i64 =
        conn.query_row("SELECT coalesce(max(id), 0) FROM notetypes", [], |row| row.get(0))?;
    let id = context.now_ms.max(used.saturating_add(1));
    let field = |number: usize| NotetypeField {
        name: number.to_string(),
        font_name: "Arial".to_owned(),
        font_size: 20,
        ..NotetypeField::default()
    };
    let template = |number: usize| NotetypeTemplate {
        name: format!("Card {number}"),
        front: "{{1}}".to_owned(),
        back: (1..=fields).map(|field| format!("{{{{{field}}}}}\n")).collect(),
        ..NotetypeTemplate::default()
    };
    let notetype = Notetype {
        id,
        name: format!("db-check-{id}-{fields}"),
        fields: (1..=fields).map(field).collect(),
        templates: (1..=(usize::from(highest) + 1).min(MOST_PARTS)).map(template).collect(),
        modified: context.now(),
        ..Notetype::default()
    };
    notetypes::store(conn, &notetype, context.usn, context.now())?;
    Ok(id)
}

fn list_shapes(conn: &Connection) -> Result<()> {
    conn.execute_batch(
        "CREATE TEMP TABLE shapes
         (id INTEGER PRIMARY KEY, is_cloze INTEGER NOT NULL, templates INTEGER NOT NULL)",
    )?;
    let mut ids = conn.prepare("SELECT id FROM notetypes")?;
    let mut ids = ids.query([])?;
    while let Some(row) = ids.next()? {
        if let Some(notetype) = notetypes::get(conn, row.get(0)?)? {
            let is_cloze = notetype.kind == NotetypeKind::Cloze;
            conn.execute(
                "INSERT INTO temp.shapes VALUES (?1, ?2, ?3)",
                (
                    notetype.id,
                    is_cloze,
                    i64::try_from(notetype.templates.len()).unwrap_or(i64::MAX),
                ),
            )?;
        }
    }
    Ok(())
}

/// A note as it should be.
struct Mended {
    id: i64,
    tags: String,
    fields: String,
    shape: NotetypeShape,
}

/// Turns what is not text into text, and makes as many fields as the notetype has.
pub(super) fn mend_contents(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let conn = context.conn;
    let mut shapes = BTreeMap::new();
    let mut mended = Vec::new();
    let mut statement = conn.prepare("SELECT id, mid, flds, tags FROM notes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let notetype: i64 = row.get(1)?;
        let shape = match shapes.get(&notetype) {
            Some(shape) => *shape,
            None => {
                let shape = notetypes::shape(conn, notetype)?;
                shapes.insert(notetype, shape);
                shape
            }
        };
        if let Some(shape) = shape
            && let Some(note) = mend_note(row, shape, findings)?
        {
            mended.push(note);
        }
    }
    for note in mended {
        store(context, &note)?;
    }
    // Clients do the same silently.
    conn.execute("UPDATE notes SET mod = ?1 WHERE mod > ?1", [context.now()])?;
    Ok(())
}

/// `None` when nothing is wrong with it.
fn mend_note(
    row: &Row<'_>,
    shape: NotetypeShape,
    findings: &mut Findings,
) -> Result<Option<Mended>> {
    let (fields, fields_valid) = text(row, 2)?;
    let (tags, tags_valid) = text(row, 3)?;
    let valid = fields_valid && tags_valid;
    let expected = shape.fields.max(1);
    let fits = fields.split(FIELD_SEPARATOR).count() == expected;
    findings.add(Problem::InvalidText, u64::from(!valid), false);
    findings.add(Problem::FieldCount, u64::from(!fits), true);
    if valid && fits {
        return Ok(None);
    }
    let fields = if fits { fields } else { fitted(&fields, expected) };
    let is_tagged = tags.split_whitespace().any(|tag| tag == TAG);
    let tags = if fits || is_tagged { tags } else { format!(" {TAG} {}", tags.trim_start()) };
    Ok(Some(Mended { id: row.get(0)?, tags, fields, shape }))
}

/// A column as text, and whether it was one.
fn text(row: &Row<'_>, column: usize) -> Result<(String, bool)> {
    let value = row.get_ref(column)?;
    let bytes = value.as_bytes().unwrap_or_default();
    let is_text = matches!(value, rusqlite::types::ValueRef::Text(_));
    let valid = is_text && std::str::from_utf8(bytes).is_ok();
    Ok((String::from_utf8_lossy(bytes).into_owned(), valid))
}

/// Pads with empty fields, or joins surplus ones to the last.
fn fitted(fields: &str, expected: usize) -> String {
    let mut parts: Vec<String> = fields.split(FIELD_SEPARATOR).map(str::to_owned).collect();
    if parts.len() > expected {
        let surplus = parts.split_off(expected);
        if let Some(last) = parts.last_mut() {
            for part in surplus {
                last.push_str(JOINT);
                last.push_str(&part);
            }
        }
    }
    parts.resize(expected, String::new());
    parts.join(&FIELD_SEPARATOR.to_string())
}

fn store(context: &Context<'_>, note: &Mended) -> Result<()> {
    let prepared = prepare_note(&note.fields, note.shape)?;
    context
        .conn
        .prepare_cached(
            "UPDATE notes SET flds = ?2, sfld = ?3, csum = ?4, tags = ?5, mod = ?6, usn = ?7
             WHERE id = ?1",
        )?
        .execute((
            note.id,
            &prepared.fields,
            &prepared.sort_field,
            prepared.checksum,
            &note.tags,
            context.now(),
            context.usn,
        ))?;
    Ok(())
}
