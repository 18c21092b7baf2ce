//! The list of all tags. It only serves the sidebar: a note's tags are in the note.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::names;

/// Tags with a usn of at least `usn`, with `::` between components.
///
/// # Errors
/// When the database fails.
pub fn changed_since(conn: &Connection, usn: i32) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT tag FROM tags WHERE usn >= ?1")?;
    let tags = statement.query_map([usn], |row| row.get(0))?;
    Ok(tags.collect::<rusqlite::Result<_>>()?)
}

/// Adds a tag, cleaned, and spelled like its parents. One that exists stays as it is, its usn
/// included (`storage-json` 4).
///
/// # Errors
/// When the database fails.
pub fn add(conn: &Connection, tag: &str, usn: i32) -> Result<()> {
    let tag = names::clean_tag(tag);
    if spelling(conn, &tag)?.is_some() {
        return Ok(());
    }
    let tag = spelled_as_parents(conn, tag)?;
    conn.prepare_cached("INSERT INTO tags (tag, usn, collapsed, config) VALUES (?1, ?2, 1, NULL)")?
        .execute((tag, usn))?;
    Ok(())
}

/// Tells every device again of a tag that a note brings along. A device whose own notes had lost the
/// tag may have dropped it from its list, and the device that used it again assumes that it is known.
///
/// # Errors
/// When the database fails.
pub fn tell_again(conn: &Connection, tag: &str, usn: i32) -> Result<()> {
    conn.prepare_cached("UPDATE tags SET usn = ?2 WHERE tag = ?1 AND usn < ?2")?
        .execute((tag, usn))?;
    Ok(())
}

fn spelled_as_parents(conn: &Connection, tag: String) -> Result<String> {
    for parent in names::parents_of_tag(&tag) {
        if let Some(spelled) = spelling(conn, parent)? {
            let below = tag.strip_prefix(parent).unwrap_or_default();
            return Ok(spelled + below);
        }
    }
    Ok(tag)
}

/// How an existing tag is spelled; the search ignores case.
fn spelling(conn: &Connection, tag: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT tag FROM tags WHERE tag = ?1")?;
    Ok(statement.query_row([tag], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::testing::database;

    fn all(conn: &Connection) -> Vec<(String, i32, bool)> {
        let mut statement = conn.prepare("SELECT tag, usn, collapsed FROM tags").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn an_existing_tag_keeps_spelling_and_usn() {
        let conn = database();
        add(&conn, "Noun", 3).unwrap();
        add(&conn, "nOUN", 7).unwrap();
        assert_eq!(all(&conn), [("Noun".to_owned(), 3, true)]);
        assert_eq!(changed_since(&conn, 3).unwrap(), ["Noun"]);
        assert!(changed_since(&conn, 4).unwrap().is_empty());
    }

    #[test]
    fn a_tag_that_a_note_brings_is_told_again_and_none_is_made() {
        let conn = database();
        add(&conn, "Noun", 3).unwrap();
        tell_again(&conn, "noun", 7).unwrap();
        tell_again(&conn, "noun", 5).unwrap();
        tell_again(&conn, "verb", 7).unwrap();
        assert_eq!(all(&conn), [("Noun".to_owned(), 7, true)]);
    }

    #[test]
    fn a_child_takes_the_spelling_of_its_nearest_parent() {
        let conn = database();
        add(&conn, "Languages", 1).unwrap();
        add(&conn, "LANGUAGES::German", 1).unwrap();
        add(&conn, "languages::german::Verbs", 1).unwrap();
        let tags: Vec<_> = all(&conn).into_iter().map(|(tag, ..)| tag).collect();
        assert_eq!(tags, ["Languages", "Languages::German", "Languages::German::Verbs"]);
    }

    #[test]
    fn a_new_tag_is_cleaned() {
        let conn = database();
        add(&conn, "a b", 1).unwrap();
        add(&conn, "c::", 1).unwrap();
        let tags: Vec<_> = all(&conn).into_iter().map(|(tag, ..)| tag).collect();
        assert_eq!(tags, ["ab", "c::blank"]);
    }
}
