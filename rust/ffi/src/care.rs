//! Work on a whole account: importing and exporting, checking, looking after media.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use deckport_endpoint::{self as engine, AccountCare, Progress};

use crate::backups::{Backup, Counts};
use crate::convert::signed;
use crate::endpoint::Endpoint;
use crate::errors::{CareError, Common};
use crate::listener::ProgressListener;
use crate::runtime;

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CareStage {
    /// Moving the collection; counted in bytes.
    Collection,
    /// Checking it; not counted.
    Checking,
    /// Moving media; counted in files.
    Media,
}

impl From<engine::Stage> for CareStage {
    fn from(stage: engine::Stage) -> CareStage {
        match stage {
            engine::Stage::Collection => CareStage::Collection,
            engine::Stage::Checking => CareStage::Checking,
            engine::Stage::Media => CareStage::Media,
        }
    }
}

/// How to export.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportOptions {
    /// With the media; only for a package.
    #[uniffi(default = true)]
    pub media: bool,
    /// In a form that every Anki since 2.0 reads.
    #[uniffi(default = false)]
    pub legacy: bool,
    /// Replace a file of that name.
    #[uniffi(default = false)]
    pub overwrite: bool,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportReport {
    /// Bytes of the new file.
    pub bytes: i64,
    /// Media files in it.
    pub media_files: i64,
    /// Names of media files that are damaged and were left out.
    pub damaged: Vec<String>,
    /// Names of media files that Anki could not import and that were left out.
    pub unfit: Vec<String>,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportReport {
    /// What the collection holds now.
    pub counts: Counts,
    /// Media files that were not here, or had other content.
    pub media_added: i64,
    /// Names of media files of the package that are larger than devices sync, and were left out.
    pub too_large: Vec<String>,
    /// The backup of the collection before; `None` when that held nothing.
    pub kept: Option<Backup>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CheckReport {
    /// Whether nothing is wrong.
    pub is_clean: bool,
    /// A digest of what the collection holds, for comparing two collections: equal digests mean
    /// equal contents. `None` when the collection cannot be read.
    pub digest: Option<String>,
    /// What is wrong with the collection, each as a sentence in English.
    pub findings: Vec<String>,
    /// Whether a repair would mend something.
    pub mendable: bool,
    /// Whether it was repaired.
    pub repaired: bool,
    /// Whether every device will ask for a one-way sync because of that.
    pub one_way: bool,
    /// The backup that was kept before the repair.
    pub kept: Option<Backup>,
    /// What was found among the media; `None` when there are none.
    pub media: Option<MediaReport>,
}

impl From<engine::CheckReport> for CheckReport {
    fn from(report: engine::CheckReport) -> CheckReport {
        CheckReport {
            is_clean: report.is_clean(),
            digest: report.digest,
            findings: report.findings.iter().map(ToString::to_string).collect(),
            mendable: report.mendable,
            repaired: report.repaired,
            one_way: report.one_way,
            kept: report.backup.map(Backup::from),
            media: report.media.map(MediaReport::from),
        }
    }
}

/// What a look at all media files found.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct MediaReport {
    /// Files whose content is right.
    pub right: i64,
    /// Bytes of these.
    pub bytes: i64,
    /// Names of files that are missing or damaged. Devices that have them send them again.
    pub lost: Vec<String>,
    /// Names of lost files that wait for a device to send them again.
    pub waiting: Vec<String>,
    /// Names of entries in the folder that belong to nothing.
    pub unknown: Vec<String>,
}

impl From<engine::MediaFindings> for MediaReport {
    fn from(found: engine::MediaFindings) -> MediaReport {
        let engine::MediaFindings { right, bytes, lost, waiting, foreign } = found;
        MediaReport { right: signed(right), bytes: signed(bytes), lost, waiting, unknown: foreign }
    }
}

/// A media file that no note, template or style refers to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct UnusedMedia {
    /// File name.
    pub name: String,
    /// Bytes.
    pub bytes: i64,
}

/// What is in an account's media trash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Record)]
pub struct MediaTrash {
    /// Files.
    pub files: i64,
    /// Bytes of these.
    pub bytes: i64,
}

impl From<engine::Trash> for MediaTrash {
    fn from(trash: engine::Trash) -> MediaTrash {
        MediaTrash { files: signed(trash.files), bytes: signed(trash.bytes) }
    }
}

#[uniffi::export]
impl Endpoint {
    /// Replaces an account's collection with that of a package (`.colpkg`) or collection file
    /// (`.anki2`), keeps a backup, and adds the package's media. At its next
    /// sync every device asks which side to take.
    ///
    /// The collection is replaced last: what fails before, or is cancelled, leaves it as it was.
    ///
    /// # Errors
    /// `CareError`, notably `Unusable`, `NotClosed`, `Busy`, `Cancelled`.
    #[uniffi::method(default(progress = None))]
    pub async fn import_file(
        &self,
        account: String,
        path: String,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<ImportReport, CareError> {
        self.care(account, move |care| {
            let report = care.import(Path::new(&path), &mut watch(progress))?;
            Ok(ImportReport {
                counts: engine::Counts::from(report.summary).into(),
                media_added: signed(report.media.new + report.media.replaced),
                too_large: report.too_large,
                kept: report.backup.map(Backup::from),
            })
        })
        .await
    }

    /// Writes an account's collection to a new file: a package with its media (`.colpkg`), or only
    /// the collection (`.anki2`). The file appears when it is complete.
    ///
    /// # Errors
    /// `CareError`, notably `FileExists`, `UnknownForm`, `NoCollection`, `Cancelled`.
    #[uniffi::method(default(progress = None, options))]
    pub async fn export_file(
        &self,
        account: String,
        path: String,
        options: ExportOptions,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<ExportReport, CareError> {
        let ExportOptions { media, legacy, overwrite } = options;
        let options = engine::ExportOptions { media, legacy, overwrite };
        self.care(account, move |care| {
            let report = care.export(Path::new(&path), options, &mut watch(progress))?;
            let (bytes, media_files) = (signed(report.bytes), signed(report.media));
            let (damaged, unfit) = (report.damaged, report.unfit);
            Ok(ExportReport { bytes, media_files, damaged, unfit })
        })
        .await
    }

    /// Looks for what is wrong with an account's collection and media, in Anki's own terms. With
    /// `repair` a backup is kept and what can be mended safely is mended; no device can sync
    /// meanwhile. Cancelling leaves everything as it was, unless it comes too late: a mended
    /// collection stays mended when the look at its media is cancelled.
    ///
    /// # Errors
    /// `CareError`, notably `NoCollection`, `Busy`, `Cancelled`.
    #[uniffi::method(default(repair = false, progress = None))]
    pub async fn check(
        &self,
        account: String,
        repair: bool,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<CheckReport, CareError> {
        self.care(account, move |care| Ok(care.check(repair, &mut watch(progress))?.into())).await
    }

    /// Reads every media file of an account and compares it with what is known of it; `None` when
    /// there are none. With `repair`, lost files wait to be sent again, and unknown ones move to
    /// the account's `media.trash`. Cancelling leaves everything as it was, unless it comes too
    /// late.
    ///
    /// # Errors
    /// `CareError`, notably `Cancelled`.
    #[uniffi::method(default(repair = false, progress = None))]
    pub async fn check_media(
        &self,
        account: String,
        repair: bool,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Option<MediaReport>, CareError> {
        let check = move |care: &AccountCare| {
            Ok(care.check_media(repair, &mut watch(progress))?.map(MediaReport::from))
        };
        self.care(account, check).await
    }

    /// The media files of an account that no note, template or style refers to, by name.
    ///
    /// # Errors
    /// `CareError`, notably `NoCollection` for media without a collection: then nothing is called
    /// unused.
    pub async fn unused_media(&self, account: String) -> Result<Vec<UnusedMedia>, CareError> {
        let named =
            |file: engine::UnusedFile| UnusedMedia { name: file.name, bytes: signed(file.bytes) };
        let look =
            move |care: &AccountCare| Ok(care.unused_media()?.into_iter().map(named).collect());
        self.care(account, look).await
    }

    /// Deletes media files on all devices at their next sync; here they move to the account's
    /// `media.trash`. Returns how many there were. Once begun, it always completes.
    ///
    /// # Errors
    /// `CareError`; nothing was deleted then.
    pub async fn delete_media(
        &self,
        account: String,
        names: Vec<String>,
    ) -> Result<i64, CareError> {
        let files: Vec<engine::UnusedFile> =
            names.into_iter().map(|name| engine::UnusedFile { name, bytes: 0 }).collect();
        let delete = move |care: &AccountCare| {
            Ok(i64::try_from(care.delete_media(&files)?).unwrap_or(i64::MAX))
        };
        self.care(account, delete).await
    }

    /// Puts media files back that `delete_media` or an import moved to the account's
    /// `media.trash`; devices get them again at their next sync. Names that are not there or are in
    /// use again are skipped. Returns how many were put back. Once begun, it always completes.
    ///
    /// # Errors
    /// `CareError`, notably `NoSpace`; what was put back before that stays.
    pub async fn restore_media(
        &self,
        account: String,
        names: Vec<String>,
    ) -> Result<i64, CareError> {
        self.care(account, move |care| Ok(signed(care.restore_media(names)?))).await
    }

    /// What is in an account's `media.trash`. It takes space until it is emptied.
    ///
    /// # Errors
    /// `CareError`.
    pub async fn media_trash(&self, account: String) -> Result<MediaTrash, CareError> {
        self.care(account, |care| Ok(care.media_trash()?.into())).await
    }

    /// Deletes what is in an account's `media.trash` for good, and returns what that was. Once
    /// begun, it always completes.
    ///
    /// # Errors
    /// `CareError`.
    pub async fn empty_media_trash(&self, account: String) -> Result<MediaTrash, CareError> {
        self.care(account, |care| Ok(care.empty_media_trash()?.into())).await
    }
}

impl Endpoint {
    /// Works on an account on a thread of its own, until nobody waits any more.
    pub(crate) async fn care<T, E>(
        &self,
        account: String,
        work: impl FnOnce(&AccountCare) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Common + From<engine::CareError>,
    {
        let handle = self.control.handle::<E>()?;
        let cared = runtime::aside(&self.control.ending, move |interrupt| {
            let care = handle.care(&account)?.ended_by(interrupt.clone());
            // It may have been given up before it began.
            if interrupt.is_set() {
                return Err(engine::CareError::Cancelled.into());
            }
            work(&care)
        });
        // Whatever the shutdown made of it.
        let over = |error| if self.control.ending.is_set() { E::closed() } else { error };
        cared.await.map_err(over)
    }
}

/// Hands progress on; ends the work when the listener no longer wants it.
pub(crate) fn watch(
    listener: Option<Arc<dyn ProgressListener>>,
) -> impl FnMut(Progress) -> ControlFlow<()> {
    move |Progress { stage, done, total }| {
        let goes_on = listener.as_ref().is_none_or(|listener| {
            let told = listener.on_progress(stage.into(), signed(done), total.map(signed));
            told.unwrap_or_else(|error| {
                ::log::warn!("{error}");
                false
            })
        });
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl From<engine::CareError> for CareError {
    fn from(error: engine::CareError) -> CareError {
        use engine::CareError as Engine;
        match error {
            Engine::NoSuchAccount => CareError::NoSuchAccount,
            Engine::Busy => CareError::Busy,
            Engine::NoCollection => CareError::NoCollection,
            Engine::NotClosed => CareError::NotClosed,
            Engine::Exists(_) => CareError::FileExists,
            Engine::UnknownForm => CareError::UnknownForm,
            Engine::Cancelled => CareError::Cancelled,
            Engine::Stopping => CareError::Stopping,
            Engine::NoSpace => CareError::NoSpace,
            Engine::Refused(reason) => CareError::Unusable { reason },
            error @ Engine::Package(_) => CareError::Unusable { reason: error.to_string() },
            Engine::File { source, .. } => CareError::FileUnusable { reason: source.to_string() },
            other => CareError::failed(other.to_string()),
        }
    }
}
