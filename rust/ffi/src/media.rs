//! Looking after an account's media files.

use std::sync::Arc;

use deckport_endpoint as engine;

use crate::convert::signed;
use crate::endpoint::Endpoint;
use crate::errors::MediaError;
use crate::listener::ProgressListener;
use crate::runtime;

/// What a check of all media files found.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct MediaReport {
    /// Files whose content is right.
    pub right: i64,
    /// Bytes of these.
    pub bytes: i64,
    /// Names of files that are missing or damaged.
    pub lost: Vec<String>,
    /// Files that were known to be lost already and wait to be sent again by a device.
    pub waiting: i64,
    /// Names of entries in the folder that belong to nothing.
    pub foreign_files: Vec<String>,
    /// Whether it was repaired: lost files wait to be sent again, foreign ones are in the trash.
    pub repaired: bool,
}

impl From<engine::CheckReport> for MediaReport {
    fn from(report: engine::CheckReport) -> MediaReport {
        let engine::CheckReport { right, bytes, lost, waiting, foreign, repaired } = report;
        MediaReport {
            right: signed(right),
            bytes: signed(bytes),
            lost,
            waiting: signed(waiting),
            foreign_files: foreign,
            repaired,
        }
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

impl From<engine::UnusedFile> for UnusedMedia {
    fn from(file: engine::UnusedFile) -> UnusedMedia {
        UnusedMedia { name: file.name, bytes: signed(file.bytes) }
    }
}

#[uniffi::export]
impl Endpoint {
    /// Reads every media file of an account and compares it with what is known of it. With
    /// `repair`, lost files are sent again by a device that has them, and foreign ones move to the
    /// trash. Media syncs of the account wait meanwhile. Cancelling ends it between two files.
    ///
    /// # Errors
    /// `MediaError`, notably `Cancelled` when the listener answered so.
    #[uniffi::method(default(repair = false, progress = None))]
    pub async fn check_media(
        &self,
        account: String,
        repair: bool,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<MediaReport, MediaError> {
        let handle = self.control.handle::<MediaError>()?;
        let goes_on = move |done, total| match &progress {
            None => true,
            Some(listener) => listener.on_progress(signed(done), signed(total)).unwrap_or(false),
        };
        let check = async move { Ok(handle.check_media(&account, repair, goes_on).await?.into()) };
        runtime::run(self.threads(), check).await
    }

    /// The media files of an account that no note, template or style refers to, by name.
    ///
    /// # Errors
    /// `MediaError`.
    pub async fn unused_media(&self, account: String) -> Result<Vec<UnusedMedia>, MediaError> {
        let handle = self.control.handle::<MediaError>()?;
        let look = async move {
            let unused = handle.unused_media(&account).await?;
            Ok(unused.into_iter().map(UnusedMedia::from).collect())
        };
        runtime::run(self.threads(), look).await
    }

    /// Deletes media files on all devices at their next sync; here they move to the account's
    /// `media.trash`. Answers how many there were.
    ///
    /// # Errors
    /// `MediaError`; nothing was deleted then.
    pub async fn delete_media(
        &self,
        account: String,
        names: Vec<String>,
    ) -> Result<i64, MediaError> {
        let handle = self.control.handle::<MediaError>()?;
        let delete = async move {
            let deleted = handle.delete_media(&account, names).await?;
            Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
        };
        runtime::finish(self.threads(), delete).await
    }
}
