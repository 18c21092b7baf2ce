//! Numbers of the file format, and reading little-endian integers.

/// Begins an entry.
pub(super) const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
/// Begins a line of the directory.
pub(super) const DIRECTORY_SIGNATURE: u32 = 0x0201_4b50;
/// Begins the end record.
pub(super) const END_SIGNATURE: u32 = 0x0605_4b50;
/// Begins the end record of a zip with 64-bit numbers.
pub(super) const END64_SIGNATURE: u32 = 0x0606_4b50;
/// Begins the record that says where that one is.
pub(super) const LOCATOR64_SIGNATURE: u32 = 0x0706_4b50;
/// Fixed part of an entry's header.
pub(super) const LOCAL_BYTES: usize = 30;
/// Fixed part of a line of the directory.
pub(super) const DIRECTORY_BYTES: usize = 46;
/// Fixed part of the end record.
pub(super) const END_BYTES: usize = 22;
/// Fixed part of the end record with 64-bit numbers.
pub(super) const END64_BYTES: usize = 56;
/// The record that says where it is.
pub(super) const LOCATOR64_BYTES: usize = 20;
/// A 32-bit number that says that a 64-bit one is elsewhere.
pub(super) const ELSEWHERE: u32 = u32::MAX;
/// Tag of the extra field with an entry's 64-bit numbers.
pub(super) const EXTRA64: u16 = 1;
/// Content as it is.
pub(super) const METHOD_STORED: u16 = 0;
/// Content deflated.
pub(super) const METHOD_DEFLATED: u16 = 8;
/// Flag bit 0: encrypted.
pub(super) const FLAG_ENCRYPTED: u16 = 1;

/// The two bytes at `at`, if there are.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..at.checked_add(2)?)?;
    found.try_into().ok().map(u16::from_le_bytes)
}

/// The four bytes at `at`, if there are.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    found.try_into().ok().map(u32::from_le_bytes)
}

/// The eight bytes at `at`, if there are.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let found = bytes.get(at..at.checked_add(8)?)?;
    found.try_into().ok().map(u64::from_le_bytes)
}
