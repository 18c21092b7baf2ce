//! Notes: arrays of 11 (`collection-sync` 5.3, `storage-json` 5).

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

use super::row::Columns;

const COLUMNS: usize = 11;

/// A row of `notes` (`storage-tables` 3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Note {
    /// Creation time, Unix milliseconds.
    pub id: i64,
    /// Globally unique id: any text.
    pub guid: String,
    /// Its notetype.
    pub notetype_id: i64,
    /// Last modification, Unix seconds.
    pub modified: i64,
    /// Update sequence number.
    pub usn: i32,
    /// Tags separated by spaces, with one in front and one behind; empty for none.
    pub tags: String,
    /// Field contents joined by U+001F.
    pub fields: String,
    /// Always empty: every receiver computes it from the fields.
    pub sort_field: String,
    /// Always empty: every receiver computes it from the fields.
    pub checksum: String,
    /// Unused by released clients.
    pub flags: u32,
    /// Unused by released clients.
    pub data: String,
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = (
            self.id,
            &self.guid,
            self.notetype_id,
            self.modified,
            self.usn,
            &self.tags,
            &self.fields,
            &self.sort_field,
            &self.checksum,
            self.flags,
            &self.data,
        );
        row.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Note, D::Error> {
        struct NoteVisitor;

        impl<'de> Visitor<'de> for NoteVisitor {
            type Value = Note;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a note: an array of 11")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Note, A::Error> {
                let mut row = Columns::new(seq);
                Ok(Note {
                    id: row.next()?,
                    guid: row.next()?,
                    notetype_id: row.next()?,
                    modified: row.next()?,
                    usn: row.next()?,
                    tags: row.next()?,
                    fields: row.next()?,
                    sort_field: ignored(row.next()?),
                    checksum: ignored(row.next()?),
                    flags: row.next()?,
                    data: row.next()?,
                })
            }
        }

        deserializer.deserialize_tuple(COLUMNS, NoteVisitor)
    }
}

fn ignored(_: IgnoredAny) -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str =
        r#"[1795177663479,"EIiibMgn|z",1795177663313,1795177663,0,"","007\u001fbond","","",0,""]"#;

    #[test]
    fn a_real_note_round_trips_verbatim() {
        let note: Note = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(note.fields, "007\u{1f}bond");
        assert_eq!(serde_json::to_string(&note).unwrap(), SAMPLE);
    }

    #[test]
    fn a_received_sort_field_and_checksum_are_ignored() {
        let note: Note = serde_json::from_str(r#"[1,"g",2,3,4," a ","f",5,"6",7,"x"]"#).unwrap();
        assert_eq!((note.sort_field.as_str(), note.checksum.as_str()), ("", ""));
        assert_eq!((note.flags, note.data.as_str()), (7, "x"));
    }

    #[test]
    fn rows_of_another_length_or_type_are_refused() {
        for wrong in [
            r#"[1,"g",2,3,4,"","f","","",0]"#,
            r#"[1,"g",2,3,4,"","f","","",0,"",0]"#,
            r#"[1,5,2,3,4,"","f","","",0,""]"#,
            r#"[1,"g",2,3.5,4,"","f","","",0,""]"#,
            r#"[1,"g",2,3,4,null,"f","","",0,""]"#,
        ] {
            assert!(serde_json::from_str::<Note>(wrong).is_err(), "{wrong}");
        }
    }
}
