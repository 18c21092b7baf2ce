//! Importing: from a package or a collection file to the account's collection and media.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use deckport_collection::{Summary, accept_upload};
use deckport_ground::files::{beside, copy};
use deckport_ground::progress::{Stage, Watched, Watcher, tell};
use deckport_ground::temp_file::TempFile;
use deckport_media::{Added, MediaStore};
use deckport_package::{FileKind, Limits, PackageReader, file_kind};
use deckport_wire::media::LARGEST_FILE_BYTES;

use super::error::CareError;
use super::{AccountCare, replace};
use crate::backup::{BackupInfo, BackupReason};

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
    /// The backup of what was there before, if there was anything.
    pub backup: Option<BackupInfo>,
}

/// Most media files added in one go, and most bytes.
const PIECE_FILES: usize = 64;
const PIECE_BYTES: u64 = 32 << 20;

/// A file to import.
pub(super) enum Source {
    /// A collection file.
    Collection(File),
    /// A package.
    Package(PackageReader<File>),
}

pub(super) fn import(
    care: &AccountCare,
    file: &Path,
    watcher: &mut Watcher<'_>,
) -> Result<ImportReport, CareError> {
    let mut source = open(file)?;
    let (new, summary) = accepted_copy(care, &mut source, watcher)?;
    let (media, too_large) = match source {
        Source::Collection(_) => Default::default(),
        Source::Package(package) => add_media(care, package, watcher)?,
    };
    let lease = care.take()?;
    care.last_chance()?;
    let backup = replace(lease, new, summary.into(), BackupReason::Import, true)?;
    Ok(ImportReport { summary, media, too_large, backup })
}

/// Opens a file and finds out what it is.
pub(super) fn open(path: &Path) -> Result<Source, CareError> {
    let ends = |suffix: &str| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix))
    };
    // Inside, it looks like a package of a whole collection.
    if ends("apkg") {
        return Err(deckport_package::Error::DeckPackage.into());
    }
    let unusable = |source| CareError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unusable)?;
    if file.metadata().map_err(unusable)?.is_dir() {
        return Err(unusable(io::ErrorKind::IsADirectory.into()));
    }
    match file_kind(&mut file)? {
        FileKind::Package => Ok(Source::Package(PackageReader::open(file, Limits::default())?)),
        FileKind::Database => {
            let journal = |suffix| {
                let found = fs::metadata(beside(path, suffix));
                found.is_ok_and(|journal| journal.len() > 0)
            };
            if journal("-wal") || journal("-journal") {
                return Err(CareError::NotClosed);
            }
            Ok(Source::Collection(file))
        }
    }
}

/// Copies the collection into a temporary file of the account's folder and validates it.
pub(super) fn accepted_copy(
    care: &AccountCare,
    source: &mut Source,
    watcher: &mut Watcher<'_>,
) -> Result<(TempFile, Summary), CareError> {
    let temp = TempFile::for_upload(care.place().folder())?;
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
            copy(file, &mut target).map(drop)?;
        }
        Source::Package(package) => package.copy_collection(&mut target).map(drop)?,
    }
    drop(target);
    tell(watcher, Stage::Checking, 0, None)?;
    let summary = accept_upload(temp.path(), care.now_ms(), &care.interrupt)?;
    Ok((temp, summary))
}

/// Adds the package's media in pieces, so that devices need not wait for all of them.
fn add_media(
    care: &AccountCare,
    mut package: PackageReader<File>,
    watcher: &mut Watcher<'_>,
) -> Result<(Added, Vec<String>), CareError> {
    let total = package.media().len();
    let (mut added, mut too_large) = (Added::default(), Vec::new());
    let mut next = 0;
    while next < total {
        tell(watcher, Stage::Media, next as u64, Some(total as u64))?;
        let piece = piece_from(&package, next, total, &mut too_large);
        next = piece.end;
        let (returned, some) = care.worker.media().work_blocking(move |store, now_ms| {
            let some = add_piece(store, &mut package, &piece.fit, now_ms)?;
            Ok::<_, CareError>((package, some))
        })?;
        package = returned;
        added.new += some.new;
        added.replaced += some.replaced;
        added.same += some.same;
        added.unfit += some.unfit;
    }
    tell(watcher, Stage::Media, total as u64, Some(total as u64))?;
    Ok((added, too_large))
}

/// Some of a package's media.
struct Piece {
    /// Position and name of what can be added.
    fit: Vec<(usize, String)>,
    /// The position after the last one.
    end: usize,
}

fn piece_from(
    package: &PackageReader<File>,
    start: usize,
    total: usize,
    too_large: &mut Vec<String>,
) -> Piece {
    let mut piece = Piece { fit: Vec::new(), end: start };
    let mut held = 0;
    while piece.end < total && piece.fit.len() < PIECE_FILES && held < PIECE_BYTES {
        if let Some((name, bytes)) = package.described(piece.end) {
            if bytes > LARGEST_FILE_BYTES {
                too_large.push(name.to_owned());
            } else {
                piece.fit.push((piece.end, name.to_owned()));
                held += bytes;
            }
        }
        piece.end += 1;
    }
    piece
}

fn add_piece(
    store: &mut MediaStore,
    package: &mut PackageReader<File>,
    files: &[(usize, String)],
    now_ms: i64,
) -> Result<Added, CareError> {
    let mut addition = store.addition(now_ms);
    for (position, name) in files {
        addition.add(name, |target| -> Result<(), CareError> {
            package.copy_media(*position, target)?;
            Ok(())
        })?;
    }
    Ok(addition.finish()?)
}
