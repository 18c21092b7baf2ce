//! Reading: what a file is, then its parts as streams, all within limits.

use deckport_wire::media::zip::{ZipEntry, ZipLimits, ZipReader};
use prost::Message;
use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use crate::error::{Error, Result, while_reading};
use crate::media_map::{self, MediaFile};
use crate::{MEDIA, META, Meta, Version};

/// First bytes of every SQLite database.
const DATABASE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// First bytes of a zip: an entry, or the end of one without entries.
const ZIP_MAGICS: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// Bytes of `meta`; clients write two.
const LONGEST_META_BYTES: u64 = 64;
/// The largest window that a frame may ask for, as a power of two in bytes. Clients use 21 to 23.
const LARGEST_WINDOW_LOG: u32 = 25;
/// Contents move in blocks of this many bytes.
const BLOCK_BYTES: usize = 64 * 1024;

/// What a package may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the database after unpacking.
    pub collection_bytes: u64,
    /// Media files; the memory for their names grows with them.
    pub media_files: usize,
    /// Bytes of one media file after unpacking.
    pub media_file_bytes: u64,
    /// Bytes of all media files together after unpacking.
    pub media_bytes: u64,
}

impl Default for Limits {
    /// Generous for people, bounded for strangers: 4 GiB of collection, 300,000 media files of up
    /// to 4 GiB, 256 GiB together.
    fn default() -> Limits {
        const GIB: u64 = 1 << 30;
        Limits {
            collection_bytes: 4 * GIB,
            media_files: 300_000,
            media_file_bytes: 4 * GIB,
            media_bytes: 256 * GIB,
        }
    }
}

/// What a file is by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A zip, hence perhaps a package.
    Package,
    /// A database, hence perhaps a collection.
    Database,
}

/// Looks at the first bytes of a file; afterwards it is at its start again.
///
/// # Errors
/// [`Error::NotAPackage`] for anything else, [`Error::Io`].
pub fn file_kind(file: &mut (impl Read + Seek)) -> Result<FileKind> {
    let mut start = Vec::with_capacity(DATABASE_MAGIC.len());
    file.take(DATABASE_MAGIC.len() as u64).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    if start == DATABASE_MAGIC {
        Ok(FileKind::Database)
    } else if ZIP_MAGICS.iter().any(|magic| start.starts_with(*magic)) {
        Ok(FileKind::Package)
    } else {
        Err(Error::NotAPackage)
    }
}

/// An opened package.
#[derive(Debug)]
pub struct PackageReader<R> {
    zip: ZipReader<R>,
    version: Version,
    media: Vec<MediaFile>,
    limits: Limits,
    /// Bytes of media that may still be unpacked.
    media_left: u64,
}

impl<R: Read + Seek> PackageReader<R> {
    /// Reads the version and the list of media files, and checks everything that can be checked
    /// before contents are unpacked.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Broken`], [`Error::TooLarge`], [`Error::BadName`],
    /// [`Error::Io`].
    pub fn open(source: R, limits: Limits) -> Result<PackageReader<R>> {
        let entries = limits.media_files.saturating_add(16);
        // A line has 46 bytes, a short name, and sometimes times and 64-bit numbers.
        let zip_limits = ZipLimits { entries, directory_bytes: entries as u64 * 128 };
        let mut zip = ZipReader::open(source, zip_limits)?;
        if zip.overlaps() {
            return Err(Error::Broken("entries share bytes"));
        }
        let version = version(&mut zip)?;
        let database = zip.find(version.database_entry()).ok_or(NO_COLLECTION)?;
        if version != Version::Latest && database.size() > limits.collection_bytes {
            return Err(COLLECTION_TOO_LARGE);
        }
        let media = media(&mut zip, version, limits.media_files)?;
        check_media(&zip, version, &media, limits)?;
        Ok(PackageReader { zip, version, media, limits, media_left: limits.media_bytes })
    }

    /// The version of the format.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its media files, in the order of its list. No two have the same name.
    #[must_use]
    pub fn media(&self) -> &[MediaFile] {
        &self.media
    }

    /// The name of the media file at this position, and its bytes as the package claims them.
    #[must_use]
    pub fn described(&self, position: usize) -> Option<(&str, u64)> {
        let file = self.media.get(position)?;
        let bytes = match file.size {
            Some(size) => u64::from(size),
            None => self.zip.find(&file.entry.to_string())?.size(),
        };
        Some((&file.name, bytes))
    }

    /// Unpacks the database into `target` and returns its bytes. What the target says when it is
    /// written to (no room, cancelled) comes back as [`Error::Io`].
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::TooLarge`], [`Error::Io`].
    pub fn copy_collection(&mut self, target: &mut dyn Write) -> Result<u64> {
        let entry = self.zip.find(self.version.database_entry()).ok_or(NO_COLLECTION)?.clone();
        let limit = self.limits.collection_bytes;
        copy(&mut self.zip, &entry, self.version, limit, target)?.ok_or(COLLECTION_TOO_LARGE)
    }

    /// Unpacks the media file at this position of [`PackageReader::media`] into `target` and
    /// returns its bytes, which are as many as the list says.
    ///
    /// # Errors
    /// As for [`PackageReader::copy_collection`].
    pub fn copy_media(&mut self, position: usize, target: &mut dyn Write) -> Result<u64> {
        let file = self.media.get(position).ok_or(NO_ENTRY)?;
        let entry = self.zip.find(&file.entry.to_string()).ok_or(NO_ENTRY)?.clone();
        let expected = file.size.map(u64::from);
        let limit = expected.unwrap_or(self.limits.media_file_bytes).min(self.media_left);
        let copied = copy(&mut self.zip, &entry, self.version, limit, target)?;
        let bytes = copied.ok_or(match expected {
            Some(size) if size <= self.media_left => WRONG_SIZE,
            _ => Error::TooLarge("its media files"),
        })?;
        if expected.is_some_and(|size| size != bytes) {
            return Err(WRONG_SIZE);
        }
        self.media_left -= bytes;
        Ok(bytes)
    }
}

const NO_COLLECTION: Error = Error::Broken("there is no collection inside");
const COLLECTION_TOO_LARGE: Error = Error::TooLarge("its collection");
const NO_ENTRY: Error = Error::Broken("a media file of its list is missing");
const WRONG_SIZE: Error = Error::Broken("a media file has another size than its list says");

/// Reads `meta`. Without it the entries show the version; contradictions are refused, so that
/// the note to people with an old Anki is never taken for the collection.
fn version<R: Read + Seek>(zip: &mut ZipReader<R>) -> Result<Version> {
    let has = |version: Version| zip.find(version.database_entry()).is_some();
    let (has2, has3) = (has(Version::Legacy2), has(Version::Latest));
    let Some(entry) = zip.find(META).cloned() else {
        return match (has2, has3) {
            (_, true) => Err(Error::Broken("it does not state its version")),
            (true, false) => Ok(Version::Legacy2),
            (false, false) => Ok(Version::Legacy1),
        };
    };
    let bytes = read_small(zip, &entry, LONGEST_META_BYTES, Error::Broken("its version"))?;
    let meta = Meta::decode(&*bytes).map_err(|_| Error::Broken("its version cannot be read"))?;
    match meta.version {
        1 if !has2 && !has3 => Ok(Version::Legacy1),
        2 if !has3 => Ok(Version::Legacy2),
        3 => Ok(Version::Latest),
        1 | 2 => Err(Error::Broken("it holds a later version than it says")),
        other => Err(Error::TooNew(other)),
    }
}

/// Reads an entry that clients keep short.
fn read_small<R: Read + Seek>(
    zip: &mut ZipReader<R>,
    entry: &ZipEntry,
    limit: u64,
    too_large: Error,
) -> Result<Vec<u8>> {
    if entry.size() > limit {
        return Err(too_large);
    }
    let mut bytes = Vec::new();
    zip.read(entry)?.read_to_end(&mut bytes).map_err(while_reading)?;
    Ok(bytes)
}

/// Reads the list of media files. Only the oldest packages have none.
fn media<R: Read + Seek>(
    zip: &mut ZipReader<R>,
    version: Version,
    most_files: usize,
) -> Result<Vec<MediaFile>> {
    let too_large = Error::TooLarge("too many media files");
    let Some(entry) = zip.find(MEDIA).cloned() else {
        return match version {
            Version::Latest => Err(Error::Broken("its list of media files is missing")),
            _ => Ok(Vec::new()),
        };
    };
    // A name of 120 bytes, the most that clients make, a checksum and the numbers.
    let limit = 4096 + most_files as u64 * 160;
    let mut list = Vec::new();
    if copy(zip, &entry, version, limit, &mut list)?.is_none() {
        return Err(too_large);
    }
    let files = match version {
        Version::Latest => media_map::parse_latest(&list)?,
        _ => media_map::parse_legacy(&list)?,
    };
    if files.len() > most_files { Err(too_large) } else { Ok(files) }
}

/// Every file must be there, match, and have a name of its own.
fn check_media<R: Read + Seek>(
    zip: &ZipReader<R>,
    version: Version,
    media: &[MediaFile],
    limits: Limits,
) -> Result<()> {
    let (mut names, mut bytes) = (BTreeSet::new(), 0u64);
    for file in media {
        let entry = zip.find(&file.entry.to_string()).ok_or(NO_ENTRY)?;
        if !names.insert(&*file.name) {
            return Err(Error::Broken("two media files have the same name"));
        }
        let size = match version {
            Version::Latest => u64::from(file.size.unwrap_or_default()),
            _ => entry.size(),
        };
        bytes = bytes.saturating_add(size);
        if size > limits.media_file_bytes || bytes > limits.media_bytes {
            return Err(Error::TooLarge("its media files"));
        }
    }
    Ok(())
}

/// Unpacks an entry; `None` when it has more than `limit` bytes.
fn copy<R: Read + Seek>(
    zip: &mut ZipReader<R>,
    entry: &ZipEntry,
    version: Version,
    limit: u64,
    target: &mut dyn Write,
) -> Result<Option<u64>> {
    let stored = zip.read(entry)?;
    if version != Version::Latest {
        return pump(stored, limit, target);
    }
    let mut unpacked = zstd::stream::read::Decoder::with_buffer(BufReader::new(stored))?;
    unpacked.window_log_max(LARGEST_WINDOW_LOG)?;
    pump(unpacked, limit, target)
}

fn pump(mut source: impl Read, limit: u64, target: &mut dyn Write) -> Result<Option<u64>> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut copied = 0;
    loop {
        let read = match source.read(&mut block) {
            Ok(0) => return Ok(Some(copied)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(while_reading(error)),
        };
        copied += read as u64;
        if copied > limit {
            return Ok(None);
        }
        target.write_all(block.get(..read).unwrap_or_default())?;
    }
}
