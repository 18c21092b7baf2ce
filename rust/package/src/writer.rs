//! Writing a package, part by part, in the order in which clients do it.

use prost::Message;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::error::{Error, Result};
use crate::media_map::{self, MediaEntry};
use crate::{MEDIA, META, Meta, Version, names};

/// zstd's default level: clients use it too.
const ZSTD_LEVEL: i32 = 0;
/// An entry that may get this large is prepared for more than 4 GiB.
const LARGE_BYTES: u64 = 3 << 30;
/// Contents move in blocks of this many bytes.
const BLOCK_BYTES: usize = 64 * 1024;

/// A package being written. First the collection, then media files, then
/// [`PackageWriter::finish`].
#[derive(Debug)]
pub struct PackageWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    version: Version,
    map: MapBuilder,
    entries: u32,
}

/// The list of media files so far. It is what grows in memory: a few dozen bytes for each.
#[derive(Debug)]
enum MapBuilder {
    Legacy(BTreeMap<u32, String>),
    Latest(Vec<u8>),
}

impl<W: Write + Seek> PackageWriter<W> {
    /// Begins a package at the position of `target`, which must be empty. `collection` are the
    /// bytes of the database in the form that the version asks for, about `bytes` long.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(
        target: W,
        version: Version,
        collection: &mut dyn Read,
        bytes: u64,
    ) -> Result<PackageWriter<W>> {
        let mut zip = ZipWriter::new(target);
        let number = match version {
            Version::Legacy1 => 1,
            Version::Legacy2 => 2,
            Version::Latest => 3,
        };
        zip.start_file(META, options(0)).map_err(zip_error)?;
        zip.write_all(&Meta { version: number }.encode_to_vec())?;
        let mut database = options(bytes);
        if version != Version::Latest {
            database = database.compression_method(CompressionMethod::Deflated);
        }
        zip.start_file(version.database_entry(), database).map_err(zip_error)?;
        let map = match version {
            Version::Latest => MapBuilder::Latest(Vec::new()),
            _ => MapBuilder::Legacy(BTreeMap::new()),
        };
        let mut writer = PackageWriter { zip, version, map, entries: 0 };
        writer.copy(collection)?;
        Ok(writer)
    }

    /// Adds a media file of about `bytes` bytes. `false` when it cannot be part of a package: its
    /// name does not fit ([`crate::is_fit`]), or it has 4 GiB or more.
    ///
    /// # Errors
    /// [`Error::Io`]. The package is useless then.
    pub fn add_media(&mut self, name: &str, content: &mut dyn Read, bytes: u64) -> Result<bool> {
        if !names::is_fit(name) || u32::try_from(bytes).is_err() {
            return Ok(false);
        }
        self.zip.start_file(self.entries.to_string(), options(bytes)).map_err(zip_error)?;
        let (size, sha1) = self.copy(content)?;
        let Ok(size) = u32::try_from(size) else {
            self.zip.abort_file().map_err(zip_error)?;
            return Ok(false);
        };
        match &mut self.map {
            MapBuilder::Legacy(map) => drop(map.insert(self.entries, name.to_owned())),
            MapBuilder::Latest(map) => {
                let (name, sha1) = (name.to_owned(), sha1.to_vec());
                media_map::push_latest(map, &MediaEntry { name, size, sha1, entry: None })?;
            }
        }
        self.entries += 1;
        Ok(true)
    }

    /// Writes what is left and returns the target. Syncing it is up to the caller.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self) -> Result<W> {
        let list = match &mut self.map {
            MapBuilder::Legacy(map) => serde_json::to_vec(map).map_err(io::Error::from)?,
            MapBuilder::Latest(map) => std::mem::take(map),
        };
        self.zip.start_file(MEDIA, options(list.len() as u64)).map_err(zip_error)?;
        self.copy(&mut &*list)?;
        self.zip.finish().map_err(zip_error)
    }

    /// Writes the content of the entry that was begun; returns its bytes before packing and their
    /// SHA-1.
    fn copy(&mut self, content: &mut dyn Read) -> Result<(u64, [u8; 20])> {
        if self.version != Version::Latest {
            return pump(content, &mut self.zip);
        }
        let mut packed = zstd::stream::write::Encoder::new(&mut self.zip, ZSTD_LEVEL)?;
        let copied = pump(content, &mut packed)?;
        packed.finish()?;
        Ok(copied)
    }
}

/// Clients store everything; only old databases are deflated.
fn options(bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(bytes >= LARGE_BYTES)
}

fn pump(source: &mut dyn Read, target: &mut impl Write) -> Result<(u64, [u8; 20])> {
    let mut block = vec![0; BLOCK_BYTES];
    let (mut copied, mut sha1) = (0, Sha1::new());
    loop {
        let read = match source.read(&mut block) {
            Ok(0) => return Ok((copied, sha1.finalize().into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let content = block.get(..read).unwrap_or_default();
        sha1.update(content);
        target.write_all(content)?;
        copied += read as u64;
    }
}

fn zip_error(error: zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::Io(error) => Error::Io(error),
        other => Error::Io(io::Error::other(other)),
    }
}
