//! Notetypes with their fields and templates.

use deckport_wire::objects::{Notetype, NotetypeField, NotetypeTemplate};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{check_id, free_name};
use crate::blobs::{self, Core};
use crate::collation;
use crate::error::{Error, Result};

const SELECT: &str = "SELECT id, name, mtime_secs, usn, config FROM notetypes";

const SELECT_FIELDS: &str = "SELECT name, config FROM fields WHERE ntid = ?1 ORDER BY ord";
const SELECT_TEMPLATES: &str = "SELECT name, config FROM templates WHERE ntid = ?1 ORDER BY ord";

/// What a note needs to know of its notetype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotetypeShape {
    /// Number of fields.
    pub fields: usize,
    /// Position of the field that notes are sorted by; may lie beyond the last field.
    pub sort_field: usize,
}

/// Notetypes with a usn of at least `usn`, in the order of their ids.
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn changed_since(conn: &Connection, usn: i32) -> Result<Vec<Notetype>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE usn >= ?1 ORDER BY id"))?;
    let mut rows = statement.query([usn])?;
    let mut notetypes = Vec::new();
    while let Some(row) = rows.next()? {
        notetypes.push(read(conn, row)?);
    }
    Ok(notetypes)
}

/// The notetype with this id.
///
/// # Errors
/// When the database fails or a stored blob cannot be decoded.
pub fn get(conn: &Connection, id: i64) -> Result<Option<Notetype>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| read(conn, row)).transpose()
}

/// The notetype's shape, or `None` when it does not exist.
///
/// # Errors
/// When the database fails or the notetype's blob cannot be decoded.
pub fn shape(conn: &Connection, id: i64) -> Result<Option<NotetypeShape>> {
    let sql = "SELECT config, (SELECT count(*) FROM fields WHERE ntid = ?1)
               FROM notetypes WHERE id = ?1";
    let found: Option<(Vec<u8>, u16)> = conn
        .prepare_cached(sql)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let shape = |(config, fields): (Vec<u8>, u16)| {
        let sort_field = blobs::notetype::sort_field(&config)?;
        Ok(NotetypeShape { fields: usize::from(fields), sort_field })
    };
    found.map(shape).transpose()
}

/// Inserts or replaces a notetype completely, with `usn` as its usn. If another one has its name,
/// `+` is appended and it counts as modified at `now_secs` (Unix seconds).
///
/// # Errors
/// [`Error::Conflict`] when its id is 0, when it has no fields or no templates, or when two of
/// them have the same name. Otherwise when the database fails or a blob that is replaced cannot
/// be decoded.
pub fn store(conn: &Connection, notetype: &Notetype, usn: i32, now_secs: i64) -> Result<()> {
    check(notetype)?;
    let id = notetype.id;
    let replaced: Option<Vec<u8>> = conn
        .prepare_cached("SELECT config FROM notetypes WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let mut taken = conn.prepare_cached("SELECT 1 FROM notetypes WHERE name = ?1 AND id != ?2")?;
    let name = free_name(&mut taken, &notetype.name, id)?;
    let modified = if name == notetype.name { notetype.modified } else { now_secs };
    let config = blobs::notetype::encode(notetype, replaced.as_deref())?;
    conn.prepare_cached(
        "INSERT INTO notetypes (id, name, mtime_secs, usn, config) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, mtime_secs = excluded.mtime_secs,
             usn = excluded.usn, config = excluded.config",
    )?
    .execute((id, name, modified, usn, config))?;
    store_fields(conn, id, &notetype.fields)?;
    store_templates(conn, id, &notetype.templates)
}

fn read(conn: &Connection, row: &Row) -> Result<Notetype> {
    let core = Core { id: row.get(0)?, name: row.get(1)?, modified: row.get(2)?, usn: row.get(3)? };
    let config: Vec<u8> = row.get(4)?;
    let mut notetype = blobs::notetype::decode(core, &config)?;
    for part in parts(conn, SELECT_FIELDS, notetype.id)? {
        let ord = ord(notetype.fields.len());
        notetype.fields.push(blobs::notetype::decode_field(part.name, ord, &part.config)?);
    }
    for part in parts(conn, SELECT_TEMPLATES, notetype.id)? {
        let ord = ord(notetype.templates.len());
        notetype.templates.push(blobs::notetype::decode_template(part.name, ord, &part.config)?);
    }
    Ok(notetype)
}

fn ord(position: usize) -> u16 {
    u16::try_from(position).unwrap_or(u16::MAX)
}

/// A row of `fields` or `templates`.
struct Part {
    name: String,
    config: Vec<u8>,
}

/// The rows of one notetype in the order of their positions.
fn parts(conn: &Connection, sql: &str, notetype: i64) -> Result<Vec<Part>> {
    let mut statement = conn.prepare_cached(sql)?;
    let parts = statement
        .query_map([notetype], |row| Ok(Part { name: row.get(0)?, config: row.get(1)? }))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(parts)
}

fn check(notetype: &Notetype) -> Result<()> {
    check_id(notetype.id)?;
    check_names(notetype.fields.iter().map(|field| field.name.as_str()).collect())?;
    check_names(notetype.templates.iter().map(|template| template.name.as_str()).collect())
}

/// There must be names of fields (or templates), and they must be unique within their notetype.
fn check_names(mut names: Vec<&str>) -> Result<()> {
    if names.is_empty() {
        return Err(Error::conflict(
            "a notetype has no fields or no card templates; check the database",
        ));
    }
    if names.len() > usize::from(u16::MAX) {
        return Err(Error::conflict("a notetype has too many fields or card templates"));
    }
    names.sort_unstable_by(|a, b| collation::compare(a, b));
    if names.windows(2).any(|pair| matches!(pair, [a, b] if collation::compare(a, b).is_eq())) {
        return Err(Error::conflict(
            "a notetype has two fields or card templates of the same name; check the database",
        ));
    }
    Ok(())
}

fn store_fields(conn: &Connection, notetype: i64, fields: &[NotetypeField]) -> Result<()> {
    let kept = Kept::read(conn, SELECT_FIELDS, notetype, blobs::notetype::unknown_in_field)?;
    conn.prepare_cached("DELETE FROM fields WHERE ntid = ?1")?.execute([notetype])?;
    let mut insert = conn
        .prepare_cached("INSERT INTO fields (ntid, ord, name, config) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, field) in fields.iter().enumerate() {
        let config = blobs::notetype::encode_field(field, kept.of(field.id, position))?;
        insert.execute((notetype, ord(position), &field.name, config))?;
    }
    Ok(())
}

fn store_templates(conn: &Connection, notetype: i64, templates: &[NotetypeTemplate]) -> Result<()> {
    let kept = Kept::read(conn, SELECT_TEMPLATES, notetype, blobs::notetype::unknown_in_template)?;
    conn.prepare_cached("DELETE FROM templates WHERE ntid = ?1")?.execute([notetype])?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO templates (ntid, ord, name, mtime_secs, usn, config)
         VALUES (?1, ?2, ?3, 0, 0, ?4)",
    )?;
    for (position, template) in templates.iter().enumerate() {
        let config = blobs::notetype::encode_template(template, kept.of(template.id, position))?;
        insert.execute((notetype, ord(position), &template.name, config))?;
    }
    Ok(())
}

/// Protobuf fields of replaced rows that we do not know, with the identity of each row. They must
/// survive even when fields or templates change places.
struct Kept(Vec<(Option<i64>, Vec<u8>)>);

impl Kept {
    fn read(
        conn: &Connection,
        sql: &str,
        notetype: i64,
        unknown: impl Fn(&[u8]) -> (Option<i64>, Vec<u8>),
    ) -> Result<Kept> {
        Ok(Kept(parts(conn, sql, notetype)?.iter().map(|part| unknown(&part.config)).collect()))
    }

    /// What is kept for the row with this identity, or else for the one at this position.
    fn of(&self, id: Option<i64>, position: usize) -> &[u8] {
        let same = self.0.iter().find(|(kept, _)| id.is_some() && *kept == id);
        same.or_else(|| self.0.get(position)).map_or(&[], |(_, unknown)| unknown)
    }
}

#[cfg(test)]
mod tests;
