//! Writing: the parts around the content, for entries whose size and checksum are known.

use super::ZipError;
use super::format::{DIRECTORY_SIGNATURE, END_BYTES, END_SIGNATURE, LOCAL_SIGNATURE};

/// 1980-01-01 00:00, the earliest time of the format. Nobody looks at it.
const DOS_DATE: u16 = 0x0021;
/// Version 1.0, all that stored entries need.
const VERSION_NEEDED: u16 = 10;
/// Made by version 1.0 on Unix, as by clients.
const MADE_BY: u16 = 0x030a;
/// A regular file, `rw-r--r--`.
const ATTRIBUTES: u32 = 0x81a4_0000;

/// Makes a zip of stored entries. It gives the bytes that go around the content, so that the
/// content can come from anywhere and the zip's length is known before the first byte.
///
/// For each entry in turn: [`ZipBuilder::entry`], then exactly `size` bytes of content; at the
/// end [`ZipBuilder::finish`].
#[derive(Debug, Default)]
pub struct ZipBuilder {
    written: u32,
    entries: u16,
    directory: Vec<u8>,
}

impl ZipBuilder {
    /// An empty zip.
    #[must_use]
    pub fn new() -> ZipBuilder {
        ZipBuilder::default()
    }

    /// Begins an entry of `size` bytes with CRC-32 `crc`; returns what goes before its content.
    ///
    /// # Errors
    /// [`ZipError::TooLarge`] beyond 4 GiB, 65,535 entries or 65,535 bytes of name.
    pub fn entry(&mut self, name: &str, size: u32, crc: u32) -> Result<Vec<u8>, ZipError> {
        let name_len = u16::try_from(name.len()).map_err(|_| ZipError::TooLarge)?;
        let mut common = Vec::with_capacity(26);
        push16(&mut common, &[VERSION_NEEDED, 0, 0, 0, DOS_DATE]);
        push32(&mut common, &[crc, size, size]);
        push16(&mut common, &[name_len, 0]);

        let mut header = LOCAL_SIGNATURE.to_le_bytes().to_vec();
        header.extend_from_slice(&common);
        header.extend_from_slice(name.as_bytes());

        push32(&mut self.directory, &[DIRECTORY_SIGNATURE]);
        push16(&mut self.directory, &[MADE_BY]);
        self.directory.extend_from_slice(&common);
        push16(&mut self.directory, &[0, 0, 0]);
        push32(&mut self.directory, &[ATTRIBUTES, self.written]);
        self.directory.extend_from_slice(name.as_bytes());

        self.entries = self.entries.checked_add(1).ok_or(ZipError::TooLarge)?;
        self.written = u32::try_from(header.len())
            .ok()
            .and_then(|header| self.written.checked_add(header)?.checked_add(size))
            .ok_or(ZipError::TooLarge)?;
        Ok(header)
    }

    /// What goes after the last content.
    ///
    /// # Errors
    /// [`ZipError::TooLarge`] beyond 4 GiB.
    pub fn finish(self) -> Result<Vec<u8>, ZipError> {
        let directory_len = u32::try_from(self.directory.len()).map_err(|_| ZipError::TooLarge)?;
        let mut end = self.directory;
        end.reserve_exact(END_BYTES);
        push32(&mut end, &[END_SIGNATURE]);
        push16(&mut end, &[0, 0, self.entries, self.entries]);
        push32(&mut end, &[directory_len, self.written]);
        push16(&mut end, &[0]);
        Ok(end)
    }
}

fn push16(bytes: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
}

fn push32(bytes: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
}
