//! What an embedder asks about one account while the endpoint runs: what it holds, whether its
//! media are whole, and a pairing window for a new device.

use std::time::Duration;

use deckport_collection::Overview;
use deckport_media::{CheckReport, UnusedFile};

use crate::handle::EndpointHandle;
use crate::hex::hex;
use crate::media_care::MediaCareError;
use crate::pairing::PairingWindow;
use crate::refusal::Refusal;
use crate::registry::RegistryError;
use crate::worker::{Goer, Worker};

/// What an account holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountOverview {
    /// Its collection; zeros where there is none yet.
    pub collection: Overview,
    /// Media files.
    pub media_files: u64,
    /// Bytes of these.
    pub media_bytes: u64,
}

/// Why something about an account could not be found out or done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No account has that name.
    #[error("there is no account of that name")]
    NoSuchAccount,
    /// The endpoint has stopped or is about to.
    #[error("the endpoint is stopping")]
    Stopping,
    /// The accounts could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Anything else that went wrong while doing it.
    #[error("{0}")]
    Failed(String),
}

impl From<Refusal> for AccountError {
    fn from(refusal: Refusal) -> AccountError {
        if refusal == Refusal::shutting_down() {
            AccountError::Stopping
        } else {
            AccountError::Failed(refusal.reason)
        }
    }
}

impl EndpointHandle {
    /// What an account holds. Waits for no sync, and makes none wait for longer than counting
    /// takes.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn overview(&self, account: &str) -> Result<AccountOverview, AccountError> {
        let worker = self.worker(account)?;
        let collection = worker.overview().await?.unwrap_or_default();
        let size = worker.media().size().await?;
        let (media_files, media_bytes) =
            size.map_err(|error| AccountError::Failed(error.to_string()))?;
        Ok(AccountOverview { collection, media_files, media_bytes })
    }

    /// Reads every media file of an account and compares it with its record. With `repair`, lost
    /// files wait to be sent again by a device that has them, and foreign files move to the trash.
    /// Media syncs of the account wait until it is done.
    ///
    /// `goes_on` is told after every some files how many of how many were read; the check ends
    /// when it answers `false`, or when the future is dropped.
    ///
    /// # Errors
    /// [`MediaCareError`].
    pub async fn check_media(
        &self,
        account: &str,
        repair: bool,
        mut goes_on: impl FnMut(u64, u64) -> bool + Send + 'static,
    ) -> Result<CheckReport, MediaCareError> {
        let worker = self.worker(account)?;
        // Dropped together with this future.
        let (wanted, asked) = tokio::sync::oneshot::channel::<()>();
        let goer = Goer(Box::new(move |done, all| !wanted.is_closed() && goes_on(done, all)));
        let report = worker.media().check(repair, goer).await.map_err(AccountError::from)?;
        drop(asked);
        Ok(report?)
    }

    /// The media files of an account that no note, template or style refers to, by name.
    ///
    /// # Errors
    /// [`MediaCareError`]; without a collection nothing is called unused.
    pub async fn unused_media(&self, account: &str) -> Result<Vec<UnusedFile>, MediaCareError> {
        let worker = self.worker(account)?;
        let Some(used) = worker.references().await.map_err(AccountError::from)? else {
            return Ok(Vec::new());
        };
        let mut unused = worker.media().unused(used).await.map_err(AccountError::from)??;
        unused.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(unused)
    }

    /// Deletes media files on all devices at their next sync; here they move to the account's
    /// `media.trash`. Answers how many there were.
    ///
    /// # Errors
    /// [`MediaCareError`]; then nothing was deleted.
    pub async fn delete_media(
        &self,
        account: &str,
        names: Vec<String>,
    ) -> Result<usize, MediaCareError> {
        let worker = self.worker(account)?;
        Ok(worker.media().delete(names).await.map_err(AccountError::from)??)
    }

    /// Opens a pairing window for an account, which is made when there is none of that name: for
    /// this time a device can log in with the window's password, too, and is called `device_name`
    /// from then on. An earlier window of the account closes. Blocks shortly, for the length of a
    /// password hash where the account is made.
    ///
    /// # Errors
    /// [`RegistryError::BadName`], for the device's name too; [`RegistryError::Random`]; or a
    /// failure of the disk.
    pub fn open_pairing(
        &self,
        account: &str,
        device_name: Option<&str>,
        stays_open: Duration,
    ) -> Result<PairingWindow, RegistryError> {
        let device_name = device_name.map(crate::registry::person_name).transpose()?;
        let registry = self.registry();
        let account = match registry.account(account)? {
            Some(account) if account.dormant => return Err(RegistryError::Configured),
            Some(account) => account,
            None => registry.add_account(account, &unknown_password()?)?,
        };
        let clock = &self.inner.options.clock;
        let (password, closes_ms) =
            self.inner.pairings.open(account.id, device_name, stays_open, clock)?;
        Ok(PairingWindow { account: account.name, password, closes_ms })
    }

    /// Closes an account's pairing window, if there is one. Who logged in stays logged in.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn close_pairing(&self, account: &str) -> Result<(), RegistryError> {
        if let Some(account) = self.registry().account(account)? {
            self.inner.pairings.close(account.id);
        }
        Ok(())
    }

    fn worker(&self, account: &str) -> Result<Worker, AccountError> {
        let account = self.registry().account(account)?.ok_or(AccountError::NoSuchAccount)?;
        Ok(self.inner.workers.of(&account)?)
    }
}

/// For an account that is only ever used by pairing.
fn unknown_password() -> Result<String, RegistryError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}
