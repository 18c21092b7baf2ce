//! Receiving: the list and the contents of an uploaded zip, within limits.

use deckport_wire::media::zip::{ZipLimits, ZipReader};
use deckport_wire::media::{LARGEST_FILE_BYTES, LIST_ENTRY, UploadEntry, parse_upload_list};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::thread;

use crate::disk::{Disk, Stat};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::name::LONGEST_NAME_BYTES;
use crate::verify::{BLOCK_BYTES, Summing, Sums};

/// Entries of a batch. Clients send 25; more are welcome as long as they cost little.
const MOST_ENTRIES: usize = 1000;
/// Bytes of a batch's list, 50 KiB with the reference server.
const LONGEST_LIST_BYTES: u64 = 256 * 1024;
/// Bytes of all contents together after unpacking. Clients send at most 2.5 + 100 MiB.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes of small contents that are committed together with the records. A client's batch of
/// small files fits.
const MOST_HELD_BYTES: usize = 3 * 1024 * 1024;
/// Threads that wait for the disk at the same time: their waits become one.
const SYNC_THREADS: usize = 32;
/// These threads only wait.
const SYNC_STACK_BYTES: usize = 128 * 1024;

/// An opened batch.
pub(super) struct Batch<R> {
    zip: ZipReader<R>,
    pub(super) entries: Vec<UploadEntry>,
    block: Vec<u8>,
    /// Bytes of small contents in memory.
    held: usize,
}

/// Content in the incoming folder.
pub(crate) struct Received {
    /// Name in the incoming folder.
    pub(crate) incoming: String,
    pub(crate) sums: Sums,
    /// File time, nanoseconds; known once [`sync`] is done.
    pub(crate) modified_ns: i64,
    /// The content itself if it is small: it is then committed together with the records, and
    /// nobody has to wait for the file.
    pub(crate) small: Option<Vec<u8>>,
    /// Open until its time is known.
    file: Option<File>,
}

impl<R: Read + Seek> Batch<R> {
    /// Reads the list and checks every limit that can be checked beforehand.
    pub(super) fn open(zip: R) -> Result<Batch<R>> {
        let limits = ZipLimits { entries: MOST_ENTRIES + 1, directory_bytes: 256 * 1024 };
        let mut zip = ZipReader::open(zip, limits)?;
        let mut block = vec![0; BLOCK_BYTES];
        let list = read_list(&mut zip, &mut block)?;
        let entries = parse_upload_list(&list).map_err(|_| Error::BadUpload("its list"))?;
        check(&zip, &entries)?;
        Ok(Batch { zip, entries, block, held: 0 })
    }

    /// Writes the content of a zip entry into a new incoming file, hashing it on the way.
    pub(super) fn receive(
        &mut self,
        disk: &dyn Disk,
        zip_entry: &str,
        incoming: String,
        path: &Path,
    ) -> Result<Received> {
        let entry = self.zip.find(zip_entry).ok_or(MISSING_ENTRY)?.clone();
        let mut content = self.zip.read(&entry)?;
        let mut file = disk.create(path)?;
        let mut summing = Summing::default();
        loop {
            let filled = content.fill(&mut self.block)?;
            let block = self.block.get(..filled).unwrap_or_default();
            if block.is_empty() {
                break;
            }
            summing.add(block);
            disk.write(&mut file, block)?;
        }
        let sums = summing.finish();
        // For small content this one block is everything.
        let received = Received::new(incoming, sums, &self.block, self.held, file);
        self.held += received.small.as_ref().map_or(0, Vec::len);
        Ok(received)
    }
}

const MISSING_ENTRY: Error = Error::BadUpload("an entry of the list is missing");

fn read_list<R: Read + Seek>(zip: &mut ZipReader<R>, block: &mut [u8]) -> Result<Vec<u8>> {
    let entry = zip.find(LIST_ENTRY).ok_or(Error::BadUpload("it has no list"))?.clone();
    if entry.size() > LONGEST_LIST_BYTES {
        return Err(Error::TooLarge("its list"));
    }
    let mut content = zip.read(&entry)?;
    let mut list = Vec::new();
    loop {
        let filled = content.fill(block)?;
        if filled == 0 {
            return Ok(list);
        }
        list.extend_from_slice(block.get(..filled).unwrap_or_default());
    }
}

/// Sizes are those that the zip claims; reading fails when they are wrong.
fn check<R: Read + Seek>(zip: &ZipReader<R>, entries: &[UploadEntry]) -> Result<()> {
    if entries.len() > MOST_ENTRIES {
        return Err(Error::TooLarge("too many files"));
    }
    let mut bytes = 0;
    for entry in entries {
        if entry.name.len() > LONGEST_NAME_BYTES {
            return Err(Error::TooLarge("the name of a file"));
        }
        let Some(zip_entry) = &entry.content else { continue };
        let size = zip.find(zip_entry).ok_or(MISSING_ENTRY)?.size();
        if size > LARGEST_FILE_BYTES {
            return Err(Error::TooLarge("a file of more than 100 MiB"));
        }
        bytes += size;
    }
    if bytes > MOST_BYTES { Err(Error::TooLarge("all files together")) } else { Ok(()) }
}

/// Waits until all contents that are not small, and their names, are on the disk. Notes the file
/// times of all.
pub(crate) fn sync(folder: &Folder, contents: &mut [Option<Received>]) -> Result<()> {
    let (small, mut large): (Vec<&mut Received>, Vec<&mut Received>) =
        contents.iter_mut().flatten().partition(|content| content.small.is_some());
    for content in small {
        content.note_time()?;
    }
    if large.is_empty() {
        return Ok(());
    }
    sync_together(&*folder.disk, &mut large)?;
    folder.disk.sync_dir(folder.incoming())?;
    Ok(())
}

/// Syncs several files at the same time. One after the other each would cost a commit of the file
/// system; together they share one or two (measured on ext4: 4 ms instead of 150 ms for 25 files).
fn sync_together(disk: &dyn Disk, contents: &mut [&mut Received]) -> Result<()> {
    if contents.len() > 1 {
        let per_thread = contents.len().div_ceil(SYNC_THREADS);
        thread::scope(|scope| {
            let start = |part| {
                let builder = thread::Builder::new().stack_size(SYNC_STACK_BYTES);
                builder.spawn_scoped(scope, move || sync_part(disk, part)).ok()
            };
            let running: Vec<_> = contents.chunks_mut(per_thread).filter_map(start).collect();
            running.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended").into()))
            })
        })?;
    }
    // Those for which no thread could be started.
    sync_part(disk, contents)
}

/// Syncs some files, one after the other.
fn sync_part(disk: &dyn Disk, part: &mut [&mut Received]) -> Result<()> {
    for content in part {
        if let Some(file) = &content.file {
            disk.sync(file)?;
        }
        content.note_time()?;
    }
    Ok(())
}

impl Received {
    /// Content that is in an incoming file. `first` begins with all of it if it is small; `held`
    /// are the bytes of small contents that are in memory already.
    pub(crate) fn new(
        incoming: String,
        sums: Sums,
        first: &[u8],
        held: usize,
        file: File,
    ) -> Received {
        let small = usize::try_from(sums.size)
            .ok()
            .filter(|size| *size <= BLOCK_BYTES && held + size <= MOST_HELD_BYTES)
            .and_then(|size| first.get(..size))
            .map(<[u8]>::to_vec);
        Received { incoming, sums, modified_ns: 0, small, file: Some(file) }
    }

    /// Notes the file's time and closes it.
    fn note_time(&mut self) -> Result<()> {
        if let Some(file) = self.file.take() {
            self.modified_ns = Stat::of(&file.metadata()?).modified_ns;
        }
        Ok(())
    }
}
