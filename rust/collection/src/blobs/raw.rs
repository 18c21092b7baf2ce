//! Walking over protobuf bytes without knowing the message.

/// The raw bytes, keys included, of every top-level field whose number is not known. Stops
/// at the first defect: what follows could not be told apart.
pub(super) fn unknown_fields(message: &[u8], is_known: impl Fn(u64) -> bool) -> Vec<u8> {
    let mut unknown = Vec::new();
    for field in fields(message) {
        if !is_known(field.number) {
            unknown.extend_from_slice(field.raw);
        }
    }
    unknown
}

/// The bytes of the last embedded message with this number.
pub(super) fn embedded(message: &[u8], number: u64) -> Option<&[u8]> {
    fields(message).filter(|field| field.number == number).last()?.content
}

/// A message whose only content is one embedded message.
pub(super) fn embed(number: u64, content: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(content.len() + 4);
    put_varint(number << 3 | 2, &mut message);
    put_varint(content.len() as u64, &mut message);
    message.extend_from_slice(content);
    message
}

struct Field<'a> {
    number: u64,
    /// Key, length and value.
    raw: &'a [u8],
    /// The value of a length-delimited field.
    content: Option<&'a [u8]>,
}

fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let (field, after) = field(rest)?;
        rest = after;
        Some(field)
    })
}

fn field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (key, rest) = varint(bytes)?;
    let (content, rest) = match key & 7 {
        0 => (None, varint(rest)?.1),
        1 => (None, rest.get(8..)?),
        2 => {
            let (length, rest) = varint(rest)?;
            let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Some(content), rest)
        }
        5 => (None, rest.get(4..)?),
        // 3 and 4 are groups, which proto3 no longer has.
        _ => return None,
    };
    let raw = bytes.get(..bytes.len() - rest.len())?;
    Some((Field { number: key >> 3, raw, content }, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are wanted")]
fn put_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_wire_type_is_copied_with_its_key() {
        let message = [
            &[0x08, 0x96, 0x01][..],         // 1: varint
            &[0x11, 1, 2, 3, 4, 5, 6, 7, 8], // 2: 64 bit
            &[0x1a, 0x02, 0xaa, 0xbb],       // 3: bytes
            &[0x25, 1, 2, 3, 4],             // 4: 32 bit
            &[0xfa, 0x0f, 0x02, b'{', b'}'], // 255: bytes
        ];
        let all = message.concat();
        assert_eq!(unknown_fields(&all, |_| false), all);
        assert_eq!(
            unknown_fields(&all, |number| matches!(number, 1 | 3 | 255)),
            [message[1], message[3]].concat()
        );
        assert_eq!(embedded(&all, 3), Some(&[0xaa, 0xbb][..]));
        assert_eq!(embedded(&all, 1), None);
    }

    #[test]
    fn a_cut_off_message_gives_what_is_complete() {
        assert_eq!(unknown_fields(&[0x08, 0x01, 0x1a, 0x05, 0xaa], |_| false), [0x08, 0x01]);
        assert_eq!(unknown_fields(&[0xff; 11], |_| false), [0u8; 0]);
        assert_eq!(unknown_fields(&[0x0b, 0x0c], |_| false), [0u8; 0]);
    }

    #[test]
    fn an_embedded_message_is_found_again() {
        let content = vec![7; 300];
        let message = embed(2, &content);
        assert_eq!(message[..3], [0x12, 0xac, 0x02]);
        assert_eq!(embedded(&message, 2), Some(&content[..]));
        assert_eq!(embed(1, &[]), [0x0a, 0x00]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, known: u64) {
            let unknown = unknown_fields(&bytes, |number| number < known);
            prop_assert!(unknown.len() <= bytes.len());
            prop_assert!(bytes.starts_with(&unknown_fields(&bytes, |_| false)));
        }
    }
}
