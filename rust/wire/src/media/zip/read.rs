//! Reading: the directory within limits, then entries one after the other, checked.

use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Take};

use super::ZipError;
use super::format::{
    DIRECTORY_BYTES, DIRECTORY_SIGNATURE, ELSEWHERE, END_BYTES, END_SIGNATURE, END64_BYTES,
    END64_SIGNATURE, EXTRA64, FLAG_ENCRYPTED, LOCAL_BYTES, LOCAL_SIGNATURE, LOCATOR64_BYTES,
    LOCATOR64_SIGNATURE, METHOD_DEFLATED, METHOD_STORED, u16_at, u32_at, u64_at,
};

/// A comment after the end record can be this long.
const COMMENT_BYTES: u64 = 65_535;

/// What a zip may cost before any entry is read.
#[derive(Debug, Clone, Copy)]
pub struct ZipLimits {
    /// Entries.
    pub entries: usize,
    /// Bytes of the directory, which is held in memory.
    pub directory_bytes: u64,
}

/// A line of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    name: Box<[u8]>,
    method: u16,
    encrypted: bool,
    crc: u32,
    packed_size: u64,
    size: u64,
    header_offset: u64,
}

impl ZipEntry {
    /// Bytes of the content after unpacking, as the zip claims. [`EntryReader`] fails when the
    /// claim is wrong.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// An opened zip.
#[derive(Debug)]
pub struct ZipReader<R> {
    source: R,
    /// Ordered by name; those of one name in the order of the directory.
    entries: Vec<ZipEntry>,
    directory_offset: u64,
}

impl<R: Read + Seek> ZipReader<R> {
    /// Reads the directory.
    ///
    /// # Errors
    /// [`ZipError`] when there is no directory within the limits.
    pub fn open(mut source: R, limits: ZipLimits) -> Result<ZipReader<R>, ZipError> {
        let end = find_end(&mut source)?;
        if end.entries > limits.entries || end.directory_bytes > limits.directory_bytes {
            return Err(ZipError::TooLarge);
        }
        let directory_offset = end.directory_offset;
        if directory_offset.checked_add(end.directory_bytes).is_none_or(|to| to > end.offset) {
            return Err(ZipError::Broken("the directory lies outside"));
        }
        source.seek(SeekFrom::Start(directory_offset))?;
        let mut directory = Vec::new();
        (&mut source).take(end.directory_bytes).read_to_end(&mut directory)?;
        let mut entries = parse_directory(&directory, end.entries)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(ZipReader { source, entries, directory_offset })
    }

    /// The entry of that name. Of several with the same name, which no client sends, the last.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ZipEntry> {
        let behind = self.entries.partition_point(|entry| *entry.name <= *name.as_bytes());
        let entry = self.entries.get(behind.checked_sub(1)?)?;
        (*entry.name == *name.as_bytes()).then_some(entry)
    }

    /// Whether entries share bytes: then a small file could hold the same content any number of
    /// times.
    #[must_use]
    pub fn overlaps(&self) -> bool {
        let mut sizes = self.entries.iter().map(|entry| entry.packed_size);
        let packed = sizes.try_fold(0u64, u64::checked_add);
        packed.is_none_or(|packed| packed > self.directory_offset)
    }

    /// Opens an entry that [`ZipReader::find`] found.
    ///
    /// # Errors
    /// [`ZipError`] when its header is broken or it is packed in another way.
    pub fn read(&mut self, entry: &ZipEntry) -> Result<EntryReader<'_, R>, ZipError> {
        if entry.encrypted {
            return Err(ZipError::Unsupported("encryption"));
        }
        if entry.method == METHOD_STORED && entry.packed_size != entry.size {
            return Err(ZipError::Broken("two sizes for stored content"));
        }
        self.source.seek(SeekFrom::Start(entry.header_offset))?;
        let mut header = [0; LOCAL_BYTES];
        self.source.read_exact(&mut header).map_err(short_read)?;
        if u32_at(&header, 0) != Some(LOCAL_SIGNATURE) {
            return Err(ZipError::Broken("an entry is not where the directory says"));
        }
        let name = u64::from(u16_at(&header, 26).unwrap_or_default());
        let extra = u64::from(u16_at(&header, 28).unwrap_or_default());
        let start = entry.header_offset.saturating_add(LOCAL_BYTES as u64 + name + extra);
        if start.saturating_add(entry.packed_size) > self.directory_offset {
            return Err(ZipError::Broken("an entry reaches into the directory"));
        }
        self.source.seek(SeekFrom::Start(start))?;
        let packed = (&mut self.source).take(entry.packed_size);
        let content = match entry.method {
            METHOD_STORED => Content::Stored(packed),
            METHOD_DEFLATED => Content::Deflated(DeflateDecoder::new(BufReader::new(packed))),
            _ => return Err(ZipError::Unsupported("a compression method of its own")),
        };
        Ok(EntryReader {
            content,
            left: entry.size,
            crc: entry.crc,
            seen: crc32fast::Hasher::new(),
        })
    }
}

/// The content of one entry. Never gives more bytes than the directory promised.
#[derive(Debug)]
pub struct EntryReader<'a, R: Read> {
    content: Content<'a, R>,
    left: u64,
    crc: u32,
    seen: crc32fast::Hasher,
}

#[derive(Debug)]
enum Content<'a, R: Read> {
    Stored(Take<&'a mut R>),
    Deflated(DeflateDecoder<BufReader<Take<&'a mut R>>>),
}

impl<R: Read> Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Content::Stored(packed) => packed.read(buffer),
            Content::Deflated(unpacked) => unpacked.read(buffer),
        }
    }
}

impl<R: Read> EntryReader<'_, R> {
    /// Fills the buffer from its start as far as content is there; 0 is the end, with the size
    /// and the checksum found right.
    ///
    /// # Errors
    /// [`ZipError::Broken`] when the content is shorter, longer or other than the directory says.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ZipError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..)
            && !rest.is_empty()
        {
            let read = match self.content.read(rest) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(short_read(error)),
            };
            if read == 0 {
                break;
            }
            self.left = self
                .left
                .checked_sub(read as u64)
                .ok_or(ZipError::Broken("an entry is longer than the directory says"))?;
            self.seen.update(rest.get(..read).unwrap_or_default());
            filled += read;
        }
        if filled == 0 && !buffer.is_empty() {
            self.check_end()?;
        }
        Ok(filled)
    }

    fn check_end(&self) -> Result<(), ZipError> {
        if self.left != 0 {
            return Err(ZipError::Broken("an entry is shorter than the directory says"));
        }
        if self.seen.clone().finalize() != self.crc {
            return Err(ZipError::Broken("an entry has another checksum"));
        }
        Ok(())
    }
}

/// As [`EntryReader::fill`]; a [`ZipError`] is inside the error.
impl<R: Read> Read for EntryReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer).map_err(|error| match error {
            ZipError::Io(error) => error,
            error => io::Error::new(ErrorKind::InvalidData, error),
        })
    }
}

/// The end record.
struct End {
    offset: u64,
    entries: usize,
    directory_bytes: u64,
    directory_offset: u64,
}

/// Searches backwards for the end record: the last one whose comment ends where the zip ends.
fn find_end(source: &mut (impl Read + Seek)) -> Result<End, ZipError> {
    let len = source.seek(SeekFrom::End(0))?;
    let tail_start = len.saturating_sub(END_BYTES as u64 + COMMENT_BYTES);
    source.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    source.take(END_BYTES as u64 + COMMENT_BYTES).read_to_end(&mut tail)?;
    let last = tail.len().checked_sub(END_BYTES).ok_or(ZipError::Broken("it is too short"))?;
    let at = (0..=last)
        .rev()
        .find(|at| {
            let comment = u16_at(&tail, at + 20).map(usize::from);
            u32_at(&tail, *at) == Some(END_SIGNATURE)
                && comment.is_some_and(|comment| at + END_BYTES + comment == tail.len())
        })
        .ok_or(ZipError::Broken("it has no end"))?;
    let number = |offset| u16_at(&tail, at + offset).unwrap_or_default();
    if number(4) != 0 || number(6) != 0 || number(8) != number(10) {
        return Err(ZipError::Unsupported("several parts"));
    }
    let end = End {
        offset: tail_start + at as u64,
        entries: usize::from(number(10)),
        directory_bytes: u64::from(u32_at(&tail, at + 12).unwrap_or_default()),
        directory_offset: u64::from(u32_at(&tail, at + 16).unwrap_or_default()),
    };
    let elsewhere = number(10) == u16::MAX
        || [end.directory_bytes, end.directory_offset].contains(&u64::from(ELSEWHERE));
    match at.checked_sub(LOCATOR64_BYTES) {
        Some(locator) if elsewhere && u32_at(&tail, locator) == Some(LOCATOR64_SIGNATURE) => {
            read_end64(source, u64_at(&tail, locator + 8).unwrap_or_default())
        }
        _ => Ok(end),
    }
}

/// Reads the end record of a zip with 64-bit numbers.
fn read_end64(source: &mut (impl Read + Seek), offset: u64) -> Result<End, ZipError> {
    source.seek(SeekFrom::Start(offset))?;
    let mut record = [0; END64_BYTES];
    source.read_exact(&mut record).map_err(short_read)?;
    if u32_at(&record, 0) != Some(END64_SIGNATURE) {
        return Err(ZipError::Broken("the end is not where it should be"));
    }
    let number = |at| u64_at(&record, at).unwrap_or_default();
    if u64_at(&record, 16) != Some(0) || number(24) != number(32) {
        return Err(ZipError::Unsupported("several parts"));
    }
    Ok(End {
        offset,
        entries: usize::try_from(number(32)).map_err(|_| ZipError::TooLarge)?,
        directory_bytes: number(40),
        directory_offset: number(48),
    })
}

fn parse_directory(directory: &[u8], count: usize) -> Result<Vec<ZipEntry>, ZipError> {
    let mut rest = directory;
    // As many as can be there, whatever the number says.
    let mut entries = Vec::with_capacity(count.min(directory.len() / DIRECTORY_BYTES));
    for _ in 0..count {
        let (entry, after) =
            parse_line(rest).ok_or(ZipError::Broken("the directory is damaged"))?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

fn parse_line(line: &[u8]) -> Option<(ZipEntry, &[u8])> {
    if u32_at(line, 0)? != DIRECTORY_SIGNATURE {
        return None;
    }
    let name_end = DIRECTORY_BYTES + usize::from(u16_at(line, 28)?);
    let extra_end = name_end + usize::from(u16_at(line, 30)?);
    let end = extra_end + usize::from(u16_at(line, 32)?);
    let mut extra = numbers64(line.get(name_end..extra_end)?);
    let mut number = |at| match u32_at(line, at)? {
        ELSEWHERE => take64(&mut extra),
        number => Some(u64::from(number)),
    };
    // In the order in which the extra field has those that are there.
    let (size, packed_size, header_offset) = (number(24)?, number(20)?, number(42)?);
    let entry = ZipEntry {
        name: line.get(DIRECTORY_BYTES..name_end)?.into(),
        method: u16_at(line, 10)?,
        encrypted: u16_at(line, 8)? & FLAG_ENCRYPTED != 0,
        crc: u32_at(line, 16)?,
        packed_size,
        size,
        header_offset,
    };
    Some((entry, line.get(end..)?))
}

/// The extra field with 64-bit numbers; `None` where there is none and the 32-bit ones are meant.
fn numbers64(mut extra: &[u8]) -> Option<&[u8]> {
    loop {
        let (tag, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let content = extra.get(4..4 + length)?;
        if tag == EXTRA64 {
            return Some(content);
        }
        extra = extra.get(4 + length..)?;
    }
}

fn take64(numbers: &mut Option<&[u8]>) -> Option<u64> {
    match numbers {
        None => Some(u64::from(ELSEWHERE)),
        Some(bytes) => {
            let number = u64_at(bytes, 0)?;
            *bytes = bytes.get(8..)?;
            Some(number)
        }
    }
}

/// Damage shows up as an early end or as an inflate error; anything else is the source's own.
fn short_read(error: io::Error) -> ZipError {
    match error.kind() {
        ErrorKind::UnexpectedEof => ZipError::Broken("it ends too early"),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            ZipError::Broken("an entry cannot be unpacked")
        }
        _ => ZipError::Io(error),
    }
}
