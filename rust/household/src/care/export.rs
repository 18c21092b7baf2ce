//! Exporting: the account's collection and media as one file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use deckport_ground::durable::{sync_file, sync_folder};
use deckport_ground::files;
use deckport_ground::progress::{Stage, Watched, Watcher, tell};
use deckport_ground::temp_file::TempFile;
use deckport_media::is_normalised;
use deckport_package::{PackageWriter, Version};

use super::AccountCare;
use super::error::CareError;
use crate::worker::{FileForm, Snapshot};

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
    care: &AccountCare,
    target: &Path,
    options: ExportOptions,
    watcher: &mut Watcher<'_>,
) -> Result<ExportReport, CareError> {
    let form = form_of(target)?;
    check_free(target, options)?;
    let unusable = |source| CareError::of_file(target, source);
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
            let mut copy = watched_copy(care, options, watcher)?;
            let mut file = File::create_new(part.path()).map_err(unusable)?;
            files::copy(&mut copy, &mut file)?;
            sync_file(&file).map_err(unusable)?;
            ExportReport::default()
        }
        Form::Package => write_package(care, &part, options, watcher)?,
    };
    let bytes = fs::metadata(part.path()).map_err(unusable)?.len();
    check_free(target, options)?;
    part.rename(target).and_then(|()| sync_folder(parent)).map_err(unusable)?;
    Ok(ExportReport { bytes, ..report })
}

fn form_of(target: &Path) -> Result<Form, CareError> {
    let extension = target.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("colpkg") => Ok(Form::Package),
        Some("anki2") => Ok(Form::Collection),
        _ => Err(CareError::UnknownForm),
    }
}

fn check_free(target: &Path, options: ExportOptions) -> Result<(), CareError> {
    if options.overwrite || fs::symlink_metadata(target).is_err() {
        Ok(())
    } else {
        Err(CareError::Exists(target.to_owned()))
    }
}

/// A copy of the account's collection, with progress for the watcher.
fn watched_copy<'a, 'b>(
    care: &AccountCare,
    options: ExportOptions,
    watcher: &'a mut Watcher<'b>,
) -> Result<Watched<'a, 'b, Snapshot>, CareError> {
    let form = if options.legacy { FileForm::Schema11 } else { FileForm::Stored };
    let inner = care.snapshot(form)?;
    let total = Some(inner.bytes);
    Ok(Watched { inner, watcher, done: 0, total })
}

fn write_package(
    care: &AccountCare,
    part: &TempFile,
    options: ExportOptions,
    watcher: &mut Watcher<'_>,
) -> Result<ExportReport, CareError> {
    let version = if options.legacy { Version::Legacy2 } else { Version::Latest };
    let target = BufWriter::new(File::create_new(part.path())?);
    let mut collection = watched_copy(care, options, watcher)?;
    let bytes = collection.inner.bytes;
    let mut package = PackageWriter::new(target, version, &mut collection, bytes)?;
    drop(collection);
    let mut report = ExportReport::default();
    if options.media && care.place().has_media() {
        add_media(care, &mut package, &mut report, watcher)?;
    }
    let mut target = package.finish()?;
    target.flush()?;
    sync_file(&target.into_inner().map_err(io::IntoInnerError::into_error)?)?;
    Ok(report)
}

fn add_media<W: Write + Seek>(
    care: &AccountCare,
    package: &mut PackageWriter<W>,
    report: &mut ExportReport,
    watcher: &mut Watcher<'_>,
) -> Result<(), CareError> {
    let media = care.worker.media();
    let total = media.work_blocking(|store, _| Ok::<_, CareError>(store.totals()?.files))?;
    let (mut position, mut done) = (0, 0);
    loop {
        let files = media.work_blocking(move |store, _| {
            Ok::<_, CareError>(store.files_after(position, PAGE_FILES)?)
        })?;
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
            let name = file.name.clone();
            let opened =
                media.work_blocking(move |store, _| Ok::<_, CareError>(store.open_file(&name)?))?;
            let Some((mut content, bytes)) = opened else {
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
