//! Importing: from a package or a collection file to the account's collection and media.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use deckport_collection::{Summary, accept_upload, force_one_way};
use deckport_media::{Added, MediaStore};
use deckport_package::{FileKind, Limits, PackageReader, file_kind};
use deckport_wire::media::LARGEST_FILE_BYTES;

use super::error::OfflineError;
use super::replace::{Present, replace};
use super::watch::{Stage, Watched, Watcher, tell};
use crate::backup;
use crate::temp_file::TempFile;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// What the collection holds now.
    pub summary: Summary,
    /// What became of the package's media files.
    pub media: Added,
    /// Names of media files that were left out because no device could sync them: larger than
    /// 100 MiB.
    pub too_large: Vec<String>,
    /// File name of the backup of what was there before, if there was anything.
    pub backup: Option<String>,
}

/// A file to be imported.
pub(super) enum Source {
    /// A collection file.
    Collection(File),
    /// A package.
    Package(PackageReader<File>),
}

pub(super) fn import(
    folder: &Path,
    file: &Path,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
) -> Result<ImportReport, OfflineError> {
    let mut source = open(file)?;
    let (new, summary) = accepted_copy(folder, &mut source, now_ms, watcher)?;
    let (media, too_large) = match &mut source {
        Source::Collection(_) => Default::default(),
        Source::Package(package) => add_media(folder, package, now_ms, watcher)?,
    };
    let present = Present::of(folder);
    force_one_way(new.path(), present.state.as_ref(), now_ms)?;
    let backup = replace(folder, &present, new, "import", now_ms)?;
    Ok(ImportReport { summary, media, too_large, backup })
}

/// Opens a file and finds out what it is.
pub(super) fn open(path: &Path) -> Result<Source, OfflineError> {
    let ends = |suffix: &str| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix))
    };
    // Inside, it looks like a package of a whole collection.
    if ends("apkg") {
        return Err(deckport_package::Error::DeckPackage.into());
    }
    let unusable = |source| OfflineError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unusable)?;
    if file.metadata().map_err(unusable)?.is_dir() {
        return Err(unusable(io::ErrorKind::IsADirectory.into()));
    }
    match file_kind(&mut file)? {
        FileKind::Package => Ok(Source::Package(PackageReader::open(file, Limits::default())?)),
        FileKind::Database => {
            let journal = |suffix| {
                let found = fs::metadata(backup::beside(path, suffix));
                found.is_ok_and(|journal| journal.len() > 0)
            };
            if journal("-wal") || journal("-journal") {
                return Err(OfflineError::NotClosed);
            }
            Ok(Source::Collection(file))
        }
    }
}

/// Copies the collection into a temporary file of the account's folder and validates it.
pub(super) fn accepted_copy(
    folder: &Path,
    source: &mut Source,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
) -> Result<(TempFile, Summary), OfflineError> {
    let temp = TempFile::for_upload(folder)?;
    let total = match source {
        Source::Collection(file) => Some(file.metadata()?.len()),
        Source::Package(_) => None,
    };
    let mut target = Watched { inner: temp.create()?, watcher, done: 0, total };
    match source {
        Source::Collection(file) => {
            if total > Some(Limits::default().collection_bytes) {
                return Err(deckport_package::Error::TooLarge("its collection").into());
            }
            io::copy(file, &mut target).map(drop)?;
        }
        Source::Package(package) => package.copy_collection(&mut target).map(drop)?,
    }
    drop(target);
    tell(watcher, Stage::Checking, 0, None)?;
    let summary = accept_upload(temp.path(), now_ms)?;
    Ok((temp, summary))
}

fn add_media(
    folder: &Path,
    package: &mut PackageReader<File>,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
) -> Result<(Added, Vec<String>), OfflineError> {
    let total = package.media().len();
    if total == 0 {
        return Ok(Default::default());
    }
    let mut store = MediaStore::open(folder, now_ms)?;
    let mut too_large = Vec::new();
    let mut addition = store.addition(now_ms);
    for position in 0..total {
        tell(watcher, Stage::Media, position as u64, Some(total as u64))?;
        let Some((name, bytes)) = package.described(position) else { continue };
        if bytes > LARGEST_FILE_BYTES {
            too_large.push(name.to_owned());
            continue;
        }
        let name = name.to_owned();
        addition.add(&name, |target| -> Result<(), OfflineError> {
            package.copy_media(position, target)?;
            Ok(())
        })?;
    }
    let added = addition.finish()?;
    tell(watcher, Stage::Media, total as u64, Some(total as u64))?;
    store.close()?;
    Ok((added, too_large))
}
