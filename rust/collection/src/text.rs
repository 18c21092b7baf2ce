//! What a note's fields become when it is stored: cleaned text, sort field and checksum
//! (`storage-tables` 3.1).

mod markup;

use sha1::{Digest, Sha1};
use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::objects::notetypes::NotetypeShape;

/// Between the fields of a note.
const FIELD_SEPARATOR: char = '\u{1f}';

/// The columns of a note that are computed from its fields.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PreparedNote<'a> {
    /// The fields without control characters, joined by U+001F.
    pub(crate) fields: Cow<'a, str>,
    /// Plain text of the field that notes are sorted by; empty if there is no such field.
    pub(crate) sort_field: Cow<'a, str>,
    /// Of the plain text of the first field; clients find duplicates by it.
    pub(crate) checksum: u32,
}

/// Cleans the joined fields of a note and computes the rest.
///
/// # Errors
/// [`Error::Conflict`] when there are more or fewer fields than the notetype has.
pub(crate) fn prepare_note(fields: &str, shape: NotetypeShape) -> Result<PreparedNote<'_>> {
    let fields = clean(fields);
    // A notetype without fields is damaged, but its notes have one field.
    if fields.split(FIELD_SEPARATOR).count() != shape.fields.max(1) {
        return Err(Error::Notetype(
            "a note has another number of fields than its notetype; check the database",
        ));
    }
    let checksum = checksum(&plain_text(fields.split(FIELD_SEPARATOR).next().unwrap_or_default()));
    let sort_field = match &fields {
        Cow::Borrowed(fields) => plain_text(nth_field(fields, shape.sort_field)),
        Cow::Owned(fields) => {
            Cow::Owned(plain_text(nth_field(fields, shape.sort_field)).into_owned())
        }
    };
    Ok(PreparedNote { sort_field, checksum, fields })
}

fn nth_field(fields: &str, position: usize) -> &str {
    fields.split(FIELD_SEPARATOR).nth(position).unwrap_or_default()
}

/// Removes ASCII control characters, except newline, tab and the separator of fields.
fn clean(fields: &str) -> Cow<'_, str> {
    let unwanted = |byte: u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t' | 0x1f);
    if fields.bytes().any(unwanted) {
        let wanted = |c: &char| u8::try_from(*c).map_or(true, |byte| !unwanted(byte));
        Cow::Owned(fields.chars().filter(wanted).collect())
    } else {
        Cow::Borrowed(fields)
    }
}

/// The text of a field without markup: media tags become the name of their file.
fn plain_text(field: &str) -> Cow<'_, str> {
    let text = if field.contains('<') {
        let with_media_names = markup::media_tags_to_names(field);
        Cow::Owned(markup::without_tags(&with_media_names).into_owned())
    } else {
        Cow::Borrowed(field)
    };
    if text.contains('&') { decode_entities(text) } else { text }
}

/// One wrong entity leaves the whole text undecoded, as in clients.
fn decode_entities(text: Cow<'_, str>) -> Cow<'_, str> {
    match htmlescape::decode_html(&text) {
        Ok(decoded) => Cow::Owned(decoded.replace('\u{a0}', " ")),
        Err(_) => text,
    }
}

/// The first four bytes of the SHA-1, most significant first.
fn checksum(text: &str) -> u32 {
    let [a, b, c, d, ..] = <[u8; 20]>::from(Sha1::digest(text.as_bytes()));
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: NotetypeShape = NotetypeShape { fields: 2, sort_field: 0 };

    #[test]
    fn the_table_of_the_protocol_page_holds() {
        for (field, sort_field, sum) in [
            ("hello", "hello", 2868168221),
            ("", "", 3661210606),
            ("<b>bold</b>", "bold", 3384240871),
            ("a<br>b", "ab", 3659751758),
            ("<img src=\"a b.png\">", " a b.png ", 2600998851),
            ("x<img src=a.png>y", "x a.png y", 2067516837),
            ("<img alt='>' src='q.jpg'>", " q.jpg ", 49394781),
            ("<img src=\"\">", " \"\" ", 354910604),
            ("<img src=\"unclosed", "<img src=\"unclosed", 765607207),
            ("<img data-src=\"d.png\">", " d.png ", 1020358907),
            ("<my-img src=\"z.png\">", "", 3661210606),
            ("<img src=\"a&amp;b.png\">", " a&b.png ", 4282134437),
            ("[sound:foo.mp3]", "[sound:foo.mp3]", 3494642526),
            ("&amp; &lt;b&gt; &nbsp;x", "& <b>  x", 2241320917),
            ("&nbsp;", " ", 3092826920),
            ("a\u{a0}b", "a\u{a0}b", 2737138946),
            ("a & b &amp; c", "a & b &amp; c", 3625474752),
            ("&apos;", "&apos;", 2505186717),
            ("&#65;&#x42;", "AB", 114902420),
            ("<!-- c -->z", "z", 962459895),
            ("<style>p{}</style>z", "z", 962459895),
            ("<script>1</script>z", "z", 962459895),
            ("a < b > c", "a  c", 3664237147),
            ("a <b", "a <b", 1615115755),
            ("012", "012", 3299006875),
            ("{{c1::x}}", "{{c1::x}}", 25509827),
            ("犬", "犬", 36558717),
        ] {
            let shape = NotetypeShape { fields: 1, sort_field: 0 };
            let note = prepare_note(field, shape).unwrap();
            assert_eq!((&*note.sort_field, note.checksum), (sort_field, sum), "{field:?}");
            assert_eq!(note.fields, field);
        }
    }

    #[test]
    fn the_sort_field_may_be_any_or_missing() {
        let note = prepare_note("a\u{1f}<b>B</b>", NotetypeShape { sort_field: 1, ..TWO }).unwrap();
        assert_eq!(note.sort_field, "B");
        let note = prepare_note("a\u{1f}b", NotetypeShape { sort_field: 2, ..TWO }).unwrap();
        assert_eq!(note.sort_field, "");
    }

    #[test]
    fn control_characters_vanish_before_anything_is_computed() {
        let note = prepare_note("h\u{0}el\u{7f}lo\n\t\u{1f}x\r", TWO).unwrap();
        assert_eq!(note.fields, "hello\n\t\u{1f}x");
        assert_eq!(note.sort_field, "hello\n\t");
        assert_eq!(prepare_note("hel\u{7}lo\u{1f}", TWO).unwrap().checksum, 2868168221);
    }

    #[test]
    fn another_number_of_fields_is_refused() {
        assert!(prepare_note("a", TWO).is_err());
        assert!(prepare_note("a\u{1f}b\u{1f}c", TWO).is_err());
        let none = NotetypeShape { fields: 0, sort_field: 0 };
        assert!(prepare_note("a", none).is_ok());
    }

    proptest! {
        #[test]
        fn text_without_markup_stays_as_it_is(text in "[^<&\\x00-\\x1f\\x7f]*") {
            let shape = NotetypeShape { fields: 1, sort_field: 0 };
            let note = prepare_note(&text, shape).unwrap();
            prop_assert_eq!(&*note.fields, &*text);
            prop_assert_eq!(&*note.sort_field, &*text);
        }
    }
}
