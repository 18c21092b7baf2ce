//! The texts of a collection in which media files may be named.

use rusqlite::types::ValueRef;

use crate::collection::Collection;
use crate::error::Result;
use crate::objects::notetypes;

/// Shows every text that may name a media file to `visit`: the fields of all notes, joined by
/// U+001F, and the templates and style of all notetypes. Memory does not grow with the notes.
///
/// # Errors
/// When the database fails or a notetype cannot be decoded.
pub fn visit_media_texts(collection: &Collection, mut visit: impl FnMut(&str)) -> Result<()> {
    let conn = collection.conn();
    let mut statement = conn.prepare("SELECT flds FROM notes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // Anki wants UTF-8; a field that is not is read as well as possible.
        if let ValueRef::Text(fields) | ValueRef::Blob(fields) = row.get_ref(0)? {
            visit(&String::from_utf8_lossy(fields));
        }
    }
    for notetype in notetypes::changed_since(conn, i32::MIN)? {
        visit(&notetype.css);
        for template in &notetype.templates {
            visit(&template.front);
            visit(&template.back);
            visit(&template.browser_front);
            visit(&template.browser_back);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_templates_and_styles_are_visited() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collection.anki2");
        let collection = Collection::create(&path, 1_795_177_000_000).unwrap();
        collection
            .conn()
            .execute_batch(
                "INSERT INTO notes VALUES
                    (1, 'g', 1, 0, 0, '', 'front' || char(31) || '[sound:a.mp3]', 'x', 0, 0, ''),
                    (2, 'h', 1, 0, 0, '', x'ff61', 'x', 0, 0, '')",
            )
            .unwrap();
        let mut texts = Vec::new();
        visit_media_texts(&collection, |text| texts.push(text.to_owned())).unwrap();
        assert!(texts.contains(&"front\u{1f}[sound:a.mp3]".to_owned()), "{texts:?}");
        assert!(texts.contains(&"\u{fffd}a".to_owned()), "a broken text is no reason to stop");
        assert!(texts.iter().any(|text| text.contains("{{FrontSide}}")));
        assert!(texts.iter().any(|text| text.contains(".card")));
    }
}
