//! Exporting: the account's collection and media as one file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use deckport_collection::{Collection, Error, accept_upload, export_schema11};
use deckport_media::{MediaStore, is_normalised};
use deckport_package::{PackageWriter, Version};

use super::collection_in;
use super::error::OfflineError;
use super::watch::{Stage, Watched, Watcher, tell};
use crate::backup;
use crate::temp_file::TempFile;

/// Media files looked up in one go.
const PAGE_FILES: u32 = 500;

/// What an export should be like. The default is what today's Anki makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Media go into a package.
    pub media: bool,
    /// In the form that every Anki can read; without it, Anki 2.1.50 or newer is needed.
    pub legacy: bool,
    /// A file of that name is replaced.
    pub overwrite: bool,
}

impl Default for ExportOptions {
    fn default() -> ExportOptions {
        ExportOptions { media: true, legacy: false, overwrite: false }
    }
}

/// What an export did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Size of the file.
    pub bytes: u64,
    /// Media files in it.
    pub media: u64,
    /// Names of media files that were left out because their content is missing or damaged.
    pub damaged: Vec<String>,
    /// Names of media files that were left out because Anki would refuse the whole package for
    /// their names.
    pub unfit: Vec<String>,
}

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Package,
    Collection,
}

pub(super) fn export(
    folder: &Path,
    target: &Path,
    options: ExportOptions,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
) -> Result<ExportReport, OfflineError> {
    let form = form_of(target)?;
    check_free(target, options)?;
    let unusable = |source| OfflineError::File { path: target.to_owned(), source };
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(unusable(io::ErrorKind::NotFound.into()));
    }
    let part = TempFile::for_download(parent).map_err(unusable)?;
    tell(watcher, Stage::Collection, 0, None)?;
    let report = match form {
        Form::Collection => {
            snapshot(folder, part.path(), options.legacy, now_ms)?;
            OpenOptions::new().write(true).open(part.path())?.sync_all().map_err(unusable)?;
            ExportReport::default()
        }
        Form::Package => write_package(folder, &part, options, now_ms, watcher)?,
    };
    let bytes = fs::metadata(part.path()).map_err(unusable)?.len();
    check_free(target, options)?;
    part.rename(target).and_then(|()| backup::sync_folder(parent)).map_err(unusable)?;
    Ok(ExportReport { bytes, ..report })
}

fn form_of(target: &Path) -> Result<Form, OfflineError> {
    let extension = target.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("colpkg") => Ok(Form::Package),
        Some("anki2") => Ok(Form::Collection),
        _ => Err(OfflineError::UnknownForm),
    }
}

fn check_free(target: &Path, options: ExportOptions) -> Result<(), OfflineError> {
    if options.overwrite || fs::symlink_metadata(target).is_err() {
        Ok(())
    } else {
        Err(OfflineError::Exists(target.to_owned()))
    }
}

/// Writes a copy of the account's collection. One of an older format, as the reference server may
/// leave behind, is brought up to date on the way.
pub(super) fn snapshot(
    folder: &Path,
    to: &Path,
    legacy: bool,
    now_ms: i64,
) -> Result<u64, OfflineError> {
    let path = collection_in(folder);
    if !path.exists() {
        return Err(OfflineError::NoCollection);
    }
    match Collection::open(&path) {
        Err(Error::NeedsUpgrade(_)) => {
            let upgraded = TempFile::for_upload(folder)?;
            fs::copy(&path, upgraded.path())?;
            accept_upload(upgraded.path(), now_ms)?;
            copy_of(Collection::open(upgraded.path())?, to, legacy)
        }
        opened => copy_of(opened?, to, legacy),
    }
}

fn copy_of(collection: Collection, to: &Path, legacy: bool) -> Result<u64, OfflineError> {
    let bytes = if legacy { export_schema11(&collection, to)? } else { collection.snapshot(to)? };
    collection.close()?;
    Ok(bytes)
}

fn write_package(
    folder: &Path,
    part: &TempFile,
    options: ExportOptions,
    now_ms: i64,
    watcher: &mut Watcher<'_>,
) -> Result<ExportReport, OfflineError> {
    let copy = TempFile::for_download(folder)?;
    let bytes = snapshot(folder, copy.path(), options.legacy, now_ms)?;
    let version = if options.legacy { Version::Legacy2 } else { Version::Latest };
    let target = BufWriter::new(part.create()?);
    let inner = File::open(copy.path())?;
    let mut collection = Watched { inner, watcher, done: 0, total: Some(bytes) };
    let mut package = PackageWriter::new(target, version, &mut collection, bytes)?;
    drop(copy);
    let mut report = ExportReport::default();
    if options.media {
        let store = MediaStore::open(folder, now_ms)?;
        add_media(&store, &mut package, &mut report, watcher)?;
        store.close()?;
    }
    let mut target = package.finish()?;
    target.flush()?;
    target.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(report)
}

fn add_media<W: Write + Seek>(
    store: &MediaStore,
    package: &mut PackageWriter<W>,
    report: &mut ExportReport,
    watcher: &mut Watcher<'_>,
) -> Result<(), OfflineError> {
    let total = store.summary()?.files;
    let (mut position, mut done) = (0, 0);
    loop {
        let files = store.files_after(position, PAGE_FILES)?;
        let Some(last) = files.last() else {
            return Ok(());
        };
        position = last.position;
        for file in files {
            tell(watcher, Stage::Media, done, Some(total))?;
            done += 1;
            if !is_normalised(&file.name) {
                report.unfit.push(file.name);
                continue;
            }
            let Some((mut content, bytes)) = store.open_file(&file.name)? else {
                report.damaged.push(file.name);
                continue;
            };
            if package.add_media(&file.name, &mut content, bytes)? {
                report.media += 1;
            } else {
                report.unfit.push(file.name);
            }
        }
    }
}
