//! Helpers for tests with bytes.

use super::Core;

/// Bytes from hexadecimal digits; everything else is skipped.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Hexadecimal digits, for readable failures.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A row's other columns.
pub(crate) fn core(id: i64, name: &str, modified: i64) -> Core {
    Core { id, name: name.to_owned(), modified, usn: 0 }
}
