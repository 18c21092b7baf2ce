//! The entry `media`: which numbered entry is which file.

use prost::Message;
use prost::bytes::Buf;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::names;

/// A media file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Its name: one path component, NFC.
    pub name: String,
    /// Bytes, where the package says.
    pub size: Option<u32>,
    /// SHA-1 of the content, where the package gives it. Nothing guarantees that it is right.
    pub sha1: Option<[u8; 20]>,
    /// The entry's name in the zip.
    pub(crate) entry: u32,
}

/// The message in `media` (`storage-package`).
#[derive(Clone, PartialEq, Message)]
pub(crate) struct MediaEntry {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(uint32, tag = "2")]
    pub(crate) size: u32,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) sha1: Vec<u8>,
    #[prost(uint32, optional, tag = "255")]
    pub(crate) entry: Option<u32>,
}

/// Field 1, length-delimited: begins each element of the list.
const ELEMENT: u8 = 0x0a;

/// Reads the map of the latest version, element by element: no second list of all is decoded
/// besides ours.
pub(crate) fn parse_latest(mut bytes: &[u8]) -> Result<Vec<MediaFile>> {
    let mut files = Vec::new();
    while bytes.has_remaining() {
        if bytes.get_u8() != ELEMENT {
            return Err(BAD_MAP);
        }
        let element = MediaEntry::decode_length_delimited(&mut bytes).map_err(|_| BAD_MAP)?;
        if !names::is_fit(&element.name) {
            return Err(Error::BadName);
        }
        let position = u32::try_from(files.len()).map_err(|_| BAD_MAP)?;
        let sha1 = element.sha1.try_into().map_err(|_| BAD_MAP)?;
        files.push(MediaFile {
            name: element.name,
            size: Some(element.size),
            sha1: Some(sha1),
            entry: element.entry.unwrap_or(position),
        });
    }
    Ok(files)
}

/// Reads the map of older versions: an object from entry names to file names.
pub(crate) fn parse_legacy(bytes: &[u8]) -> Result<Vec<MediaFile>> {
    let map: BTreeMap<u32, String> = serde_json::from_slice(bytes).map_err(|_| BAD_MAP)?;
    let file = |(entry, name): (u32, String)| {
        Ok(MediaFile { name: names::received(&name)?, size: None, sha1: None, entry })
    };
    map.into_iter().map(file).collect()
}

/// Appends an element to a map of the latest version.
pub(crate) fn push_latest(map: &mut Vec<u8>, element: &MediaEntry) -> Result<()> {
    map.push(ELEMENT);
    element.encode_length_delimited(map).map_err(|_| BAD_MAP)
}

const BAD_MAP: Error = Error::Broken("its list of media files cannot be read");
