//! Sending files (`media-sync` 4.3, 5.2).

use deckport_wire::media::zip::ZipBuilder;
use deckport_wire::media::{BATCH_TARGET_BYTES, LIST_ENTRY, download_list};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::records::{self, FileRow, State};
use crate::store::{MediaStore, Suspects};
use crate::verify::{self, Glance, Loss};

/// Files in one answer. Clients ask for 25.
const MOST_FILES: usize = 100;
/// Files up to this size are read and checked before the answer starts. With the target of a
/// batch this bounds an answer's memory to 3 MiB.
const IN_MEMORY_BYTES: u64 = 256 * 1024;

/// The zip of an answer, to be read once. It needs the store no longer: files that are replaced or
/// deleted meanwhile are still sent as they were.
pub struct Download {
    parts: VecDeque<Part>,
    zip_bytes: u64,
    files: usize,
}

enum Part {
    Bytes { bytes: Arc<Vec<u8>>, at: usize },
    File(Streamed),
}

/// A large file. The zip has already named its checksum, so a change on the disk meanwhile
/// becomes an error instead of wrong content.
struct Streamed {
    name: String,
    path: PathBuf,
    file: File,
    left: u64,
    crc: crc32fast::Hasher,
    expected: u32,
    suspects: Suspects,
}

/// A file of the answer.
struct Entry {
    name: String,
    size: u32,
    crc: u32,
    body: Part,
}

/// What became of a requested name.
enum Fetched {
    Entry(Entry),
    /// Deleted, or lost before.
    Gone,
    /// Found to be lost now.
    Lost(Loss),
}

impl MediaStore {
    /// A zip of a non-empty part of the requested files, at the front of the request: as many as
    /// fit into a batch. Content is checked; what turns out to be lost is taken out of the
    /// listing, and its place is filled with a second copy of another file, because clients
    /// count entries instead of looking at names (`media-sync` 4.3, 18.4).
    ///
    /// # Errors
    /// [`Error::NothingToSend`] when there is none of them; an empty answer would make clients ask
    /// again forever.
    pub fn download(&mut self, names: &[String], now_ms: i64) -> Result<Download> {
        let mut entries = Vec::new();
        let mut losses = Vec::new();
        let mut seen = Vec::new();
        let (mut asked, mut bytes) = (0, 0);
        for name in names.iter().take(MOST_FILES) {
            if bytes > BATCH_TARGET_BYTES {
                break;
            }
            asked += 1;
            match self.fetch(name, &mut seen)? {
                Fetched::Entry(entry) => {
                    bytes += u64::from(entry.size);
                    entries.push(entry);
                }
                Fetched::Gone => {}
                Fetched::Lost(loss) => losses.push(loss),
            }
        }
        self.note(&seen, &losses, now_ms)?;
        if entries.is_empty() && !names.is_empty() {
            return Err(Error::NothingToSend);
        }
        self.fill_up(&mut entries, asked)?;
        Download::of(entries)
    }

    /// Adds copies of the smallest file until there are as many entries as names were looked at.
    fn fill_up(&self, entries: &mut Vec<Entry>, asked: usize) -> Result<()> {
        let smallest = entries.iter().enumerate().min_by_key(|(_, entry)| entry.size);
        let Some((smallest, _)) = smallest else {
            return Ok(());
        };
        while entries.len() < asked
            && let Some(entry) = entries.get(smallest)
        {
            entries.push(entry.again(&*self.folder.disk)?);
        }
        Ok(())
    }

    /// Writes down what fetching found out.
    fn note(&mut self, seen: &[FileRow], losses: &[Loss], now_ms: i64) -> Result<()> {
        if seen.is_empty() && losses.is_empty() {
            return Ok(());
        }
        let tx = self.transaction()?;
        for file in seen {
            records::put_file(&tx, file)?;
        }
        verify::take_out(&tx, losses, now_ms / 1000)?;
        Ok(tx.commit()?)
    }

    fn fetch(&self, name: &str, seen: &mut Vec<FileRow>) -> Result<Fetched> {
        let row = records::file(&self.conn, name)?;
        let Some(mut file) = row.filter(|file| file.state == State::Listed) else {
            return Ok(Fetched::Gone);
        };
        let waits = self.is_unplaced(&file);
        let lost = |modified_ns| match waits {
            // Its content is safe in the database and only waits for the file system.
            true => Ok(Fetched::Gone),
            false => Ok(Fetched::Lost(Loss { name: name.to_owned(), modified_ns })),
        };
        let Some(path) = self.content_path(&file) else {
            return lost(None);
        };
        let stat = verify::of_the_file(self.folder.disk.stat(&path))?.flatten();
        let modified_ns = stat.map(|stat| stat.modified_ns);
        match verify::glance(stat, &file) {
            Glance::Wrong => return lost(modified_ns),
            Glance::Right if !self.has_suspects() => {}
            // Not known to be right: it has to be read and hashed.
            _ => (file.crc, file.modified_ns) = (None, modified_ns),
        }
        let body = if file.size <= IN_MEMORY_BYTES {
            read_checked(&*self.folder.disk, &path, &mut file, seen)?
        } else {
            self.open_checked(&path, &mut file, seen)?
        };
        let Some((body, crc)) = body else {
            return lost(modified_ns);
        };
        let Ok(size) = u32::try_from(file.size) else {
            return lost(modified_ns);
        };
        self.clear_suspect(name);
        Ok(Fetched::Entry(Entry { name: file.name, size, crc, body }))
    }

    /// Opens a large file, after reading it through if its content is not known to be right.
    fn open_checked(
        &self,
        path: &Path,
        file: &mut FileRow,
        seen: &mut Vec<FileRow>,
    ) -> Result<Option<(Part, u32)>> {
        let disk = &*self.folder.disk;
        let crc = match file.crc {
            Some(crc) => crc,
            None => {
                let Some(sums) = verify::of_the_file(verify::sums_of_file(disk, path))? else {
                    return Ok(None);
                };
                if !sums.fit(file) {
                    return Ok(None);
                }
                file.crc = Some(sums.crc);
                seen.push(file.clone());
                sums.crc
            }
        };
        let Some(opened) = verify::of_the_file(disk.open(path))? else {
            return Ok(None);
        };
        let body = Part::File(Streamed {
            name: file.name.clone(),
            path: path.to_owned(),
            file: opened,
            left: file.size,
            crc: crc32fast::Hasher::new(),
            expected: crc,
            suspects: Arc::clone(&self.suspects),
        });
        Ok(Some((body, crc)))
    }

    /// Whether a file's content was found wrong while it was being sent.
    pub(crate) fn is_suspect(&self, name: &str) -> bool {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Where one file has rotted others may have too: all are read before they are sent, or each of
    /// them would break a transfer of its own.
    fn has_suspects(&self) -> bool {
        !self.suspects.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn clear_suspect(&self, name: &str) {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Reads a small file; `None` when it is not the recorded content.
fn read_checked(
    disk: &dyn Disk,
    path: &Path,
    file: &mut FileRow,
    seen: &mut Vec<FileRow>,
) -> Result<Option<(Part, u32)>> {
    let read = || {
        let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0) + 1);
        disk.open(path)?.take(file.size + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let Some(bytes) = verify::of_the_file(read())? else {
        return Ok(None);
    };
    let crc = match file.crc {
        Some(crc) if bytes.len() as u64 == file.size && crc32fast::hash(&bytes) == crc => crc,
        Some(_) => return Ok(None),
        None => {
            let sums = verify::sums_of(&bytes);
            if !sums.fit(file) {
                return Ok(None);
            }
            file.crc = Some(sums.crc);
            seen.push(file.clone());
            sums.crc
        }
    };
    Ok(Some((Part::Bytes { bytes: Arc::new(bytes), at: 0 }, crc)))
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Download { files, zip_bytes, .. } = self;
        write!(f, "Download({files} files, {zip_bytes} bytes)")
    }
}

impl Download {
    fn of(entries: Vec<Entry>) -> Result<Download> {
        let list = download_list(entries.iter().map(|entry| &*entry.name))
            .map_err(|error| Error::Io(error.into()))?;
        let files = entries.len();
        let mut download = Download { parts: VecDeque::new(), zip_bytes: 0, files };
        let mut zip = ZipBuilder::new();
        for (number, entry) in entries.into_iter().enumerate() {
            download.push_bytes(zip.entry(&number.to_string(), entry.size, entry.crc)?);
            download.zip_bytes += u64::from(entry.size);
            download.parts.push_back(entry.body);
        }
        let list_size = u32::try_from(list.len()).map_err(|_| Error::TooLarge("the list"))?;
        download.push_bytes(zip.entry(LIST_ENTRY, list_size, crc32fast::hash(&list))?);
        download.push_bytes(list);
        download.push_bytes(zip.finish()?);
        Ok(download)
    }

    fn push_bytes(&mut self, bytes: Vec<u8>) {
        self.zip_bytes += bytes.len() as u64;
        self.parts.push_back(Part::Bytes { bytes: Arc::new(bytes), at: 0 });
    }

    /// Bytes of the whole zip, for `anki-original-size` and `content-length`.
    #[must_use]
    pub fn zip_bytes(&self) -> u64 {
        self.zip_bytes
    }

    /// Files in the zip.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }
}

impl Read for Download {
    /// Fails in the middle when a large file was changed on the disk after it was checked. The
    /// client then reports a broken transfer, and the next request finds the file lost.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..)
            && !rest.is_empty()
            && let Some(part) = self.parts.front_mut()
        {
            match part.read(rest)? {
                0 => drop(self.parts.pop_front()),
                read => filled += read,
            }
        }
        Ok(filled)
    }
}

impl Entry {
    /// A second copy.
    fn again(&self, disk: &dyn Disk) -> Result<Entry> {
        let body = match &self.body {
            Part::Bytes { bytes, .. } => Part::Bytes { bytes: Arc::clone(bytes), at: 0 },
            Part::File(streamed) => Part::File(streamed.again(disk)?),
        };
        Ok(Entry { name: self.name.clone(), size: self.size, crc: self.crc, body })
    }
}

impl Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Part::Bytes { bytes, at } => {
                let read = bytes.get(*at..).unwrap_or_default().read(buffer)?;
                *at += read;
                Ok(read)
            }
            Part::File(streamed) => streamed.read(buffer).inspect_err(|_| streamed.suspect()),
        }
    }
}

impl Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let read = (&mut self.file).take(self.left).read(buffer)?;
        self.crc.update(buffer.get(..read).unwrap_or_default());
        self.left -= read as u64;
        let complete = self.left == 0 && self.crc.clone().finalize() == self.expected;
        if read == 0 || (self.left == 0 && !complete) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a media file was changed"));
        }
        Ok(read)
    }

    /// The same from its beginning; nothing of this one was read yet.
    fn again(&self, disk: &dyn Disk) -> io::Result<Streamed> {
        Ok(Streamed {
            name: self.name.clone(),
            path: self.path.clone(),
            file: disk.open(&self.path)?,
            left: self.left,
            crc: crc32fast::Hasher::new(),
            expected: self.expected,
            suspects: Arc::clone(&self.suspects),
        })
    }

    fn suspect(&self) {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.insert(self.name.clone());
    }
}
