//! What tests share: batches, disks that misbehave, and views of a whole store.

use deckport_wire::media::zip::{ZipBuilder, ZipLimits, ZipReader};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

use crate::disk::{Disk, RealDisk, Stat};
use crate::name::fold;
use crate::{Error, MediaStore, UploadResult};

/// 2023-11-14 22:13:20 UTC.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// An account folder with its store.
pub(crate) struct Account {
    pub(crate) folder: TempDir,
    disk: Arc<dyn Disk>,
    store: Option<MediaStore>,
}

impl Account {
    pub(crate) fn new() -> Account {
        Account::on(Arc::new(RealDisk))
    }

    pub(crate) fn on(disk: Arc<dyn Disk>) -> Account {
        Account { folder: TempDir::new().unwrap(), disk, store: None }
    }

    pub(crate) fn open(&mut self) -> Result<&mut MediaStore, Error> {
        self.store = None;
        let store = MediaStore::open_on(Arc::clone(&self.disk), self.folder.path(), NOW_MS)?;
        Ok(self.store.insert(store))
    }

    /// The store, opened if it is not open.
    pub(crate) fn store(&mut self) -> &mut MediaStore {
        if self.store.is_none() {
            self.open().unwrap();
        }
        self.store.as_mut().unwrap()
    }

    /// As a power loss or a kill leaves it: without closing.
    pub(crate) fn drop_store(&mut self) {
        self.store = None;
    }

    /// Closes properly.
    pub(crate) fn close(&mut self) {
        self.store.take().unwrap().close().unwrap();
    }

    pub(crate) fn upload(&mut self, entries: &[(&str, Option<&[u8]>)]) -> UploadResult {
        self.store().apply_upload(Cursor::new(batch(entries)), NOW_MS).unwrap()
    }

    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> UploadResult {
        self.upload(&[(name, Some(content))])
    }

    pub(crate) fn delete(&mut self, name: &str) -> UploadResult {
        self.upload(&[(name, None)])
    }

    pub(crate) fn media(&self, name: &str) -> PathBuf {
        self.folder.path().join("media").join(name)
    }

    /// What `mediaChanges` lists from the start: name → (usn, present).
    pub(crate) fn listed(&mut self) -> BTreeMap<String, (i32, bool)> {
        let changes = self.store().changes_since(-1).unwrap();
        changes.into_iter().map(|c| (c.name, (c.usn, c.sha1.is_some()))).collect()
    }

    /// Names of listed files.
    pub(crate) fn live(&mut self) -> Vec<String> {
        self.listed().into_iter().filter(|(_, (_, live))| *live).map(|(name, _)| name).collect()
    }

    /// Content as a client gets it.
    pub(crate) fn content(&mut self, name: &str) -> Result<Vec<u8>, Error> {
        let files = download(self.store(), &[name])?;
        Ok(files.into_iter().next().unwrap().1)
    }

    /// Names in the trash.
    pub(crate) fn trash(&self) -> Vec<String> {
        file_names(&self.folder.path().join("media.trash"))
    }

    /// Names in the media folder, without our own.
    pub(crate) fn on_disk(&self) -> Vec<String> {
        let mut names = file_names(&self.folder.path().join("media"));
        names.retain(|name| !name.starts_with(".deckport"));
        names
    }

    /// Names of incoming files.
    pub(crate) fn incoming(&self) -> Vec<String> {
        file_names(&self.media(".deckport-incoming"))
    }
}

fn file_names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A zip of stored entries.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut zip, mut bytes) = (ZipBuilder::new(), Vec::new());
    for (name, content) in files {
        let size = u32::try_from(content.len()).unwrap();
        bytes.extend(zip.entry(name, size, crc32fast::hash(content)).unwrap());
        bytes.extend_from_slice(content);
    }
    bytes.extend(zip.finish().unwrap());
    bytes
}

/// An upload as clients make it: `None` deletes.
pub(crate) fn batch(entries: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let numbers: Vec<String> = (0..entries.len()).map(|number| number.to_string()).collect();
    let mut files = Vec::new();
    let mut list = Vec::new();
    for ((name, content), number) in entries.iter().zip(&numbers) {
        let entry = content.is_some().then_some(number);
        list.push((name, entry));
        files.extend(content.map(|content| (&**number, content)));
    }
    let list = serde_json::to_vec(&list).unwrap();
    files.push(("_meta", &list));
    zip_of(&files)
}

/// Asks for files and unpacks the answer: names and contents in the order of the zip.
pub(crate) fn download(
    store: &mut MediaStore,
    names: &[&str],
) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut answer = store.download(&names, NOW_MS)?;
    let mut bytes = Vec::new();
    answer.read_to_end(&mut bytes)?;
    assert_eq!(bytes.len() as u64, answer.zip_bytes(), "the length is known beforehand");
    Ok(unpack(bytes))
}

/// The files of a download's zip.
pub(crate) fn unpack(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let limits = ZipLimits { entries: 1000, directory_bytes: 1 << 20 };
    let mut zip = ZipReader::open(Cursor::new(bytes), limits).unwrap();
    let list = entry(&mut zip, "_meta");
    let list: BTreeMap<String, String> = serde_json::from_slice(&list).unwrap();
    let numbered = (0..list.len()).map(|number| number.to_string());
    numbered.map(|number| (list[&number].clone(), entry(&mut zip, &number))).collect()
}

fn entry(zip: &mut ZipReader<Cursor<Vec<u8>>>, name: &str) -> Vec<u8> {
    let entry = zip.find(name).unwrap().clone();
    let mut content = vec![0; usize::try_from(entry.size()).unwrap() + 1];
    let mut reader = zip.read(&entry).unwrap();
    let filled = reader.fill(&mut content).unwrap();
    assert_eq!(reader.fill(&mut [0; 1]).unwrap(), 0);
    content.truncate(filled);
    content
}

/// A disk whose n-th changing operation fails: once, or from then on (as after a power loss).
pub(crate) struct FailingDisk {
    left: AtomicU64,
    for_good: bool,
    kind: io::ErrorKind,
    /// Files that a power loss does not touch.
    #[cfg(unix)]
    synced: Mutex<HashSet<u64>>,
}

impl FailingDisk {
    /// Works until told otherwise.
    pub(crate) fn new(for_good: bool, kind: io::ErrorKind) -> FailingDisk {
        FailingDisk {
            left: AtomicU64::new(u64::MAX),
            for_good,
            kind,
            #[cfg(unix)]
            synced: Mutex::default(),
        }
    }

    /// Lets `operations` more succeed.
    pub(crate) fn fail_after(&self, operations: u64) {
        self.left.store(operations, Ordering::SeqCst);
    }

    /// What a power loss may do: files that were not synced are empty.
    #[cfg(unix)]
    pub(crate) fn lose_unsynced(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                self.lose_unsynced(&entry.path());
            } else if !self.synced.lock().unwrap().contains(&metadata.ino()) {
                File::options().write(true).truncate(true).open(entry.path()).unwrap();
            }
        }
    }

    #[cfg(unix)]
    fn note_synced(&self, metadata: &fs::Metadata) {
        self.synced.lock().unwrap().insert(metadata.ino());
    }

    #[cfg(not(unix))]
    fn note_synced(&self, _: &fs::Metadata) {}

    /// Never fails again.
    pub(crate) fn work(&self) {
        self.fail_after(u64::MAX);
    }

    /// Whether the failure has not happened yet.
    pub(crate) fn waits(&self) -> bool {
        (1..u64::MAX / 2).contains(&self.left.load(Ordering::SeqCst))
    }

    fn step(&self) -> io::Result<()> {
        let before = self.left.load(Ordering::SeqCst);
        if before == 0 {
            if !self.for_good {
                self.work();
            }
            return Err(self.kind.into());
        }
        self.left.store(before - 1, Ordering::SeqCst);
        Ok(())
    }
}

impl Disk for FailingDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.step()?;
        RealDisk.create(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.step() {
            // A disk that fills up takes a part.
            RealDisk.write(file, bytes.get(..bytes.len() / 2).unwrap())?;
            return Err(error);
        }
        RealDisk.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step()?;
        self.note_synced(&file.metadata()?);
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.step()
    }

    fn sync_files(&self, _: &Path, files: &[PathBuf]) -> io::Result<()> {
        self.step()?;
        files.iter().try_for_each(|file| fs::metadata(file).map(|file| self.note_synced(&file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.create_dir(path)
    }
}

/// A disk that keeps the spelling of names but ignores case and composition, like
/// exFAT, NTFS, APFS and the shared storage of a phone.
pub(crate) struct FoldingDisk;

impl FoldingDisk {
    /// The entry that the disk takes for this path.
    fn actual(path: &Path) -> PathBuf {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_owned();
        };
        let key = fold(name.to_str().unwrap()).into_owned();
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut names = entries.map(|entry| entry.unwrap().file_name());
        let found = names.find(|found| found.to_str().is_some_and(|found| fold(found) == key));
        folder.join(found.as_deref().unwrap_or(name))
    }
}

impl Disk for FoldingDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        RealDisk.create(&Self::actual(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(&Self::actual(from), &Self::actual(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(&Self::actual(path))
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        RealDisk.stat(&Self::actual(path))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        RealDisk.open(&Self::actual(path))
    }
}
