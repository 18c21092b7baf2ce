//! Work on an account's files while no endpoint serves them: importing, exporting, checking.
//!
//! [`OfflineAccount`] holds the data folder's lock, so that no endpoint can begin meanwhile. The
//! steps themselves are functions on the account's folder. They print nothing; a [`Watcher`] hears
//! how far they are and can end them.

mod check;
mod error;
mod export;
mod import;
mod replace;
#[cfg(test)]
mod tests;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use check::{CheckReport, MediaFindings};
pub use deckport_collection::{Difference, Finding};
pub use error::OfflineError;
pub use export::{ExportOptions, ExportReport};
pub use import::ImportReport;
pub use watch::{Progress, Stage, Watcher};

use crate::clock::Clock;
use crate::folder::DataFolder;
use crate::registry::{Account, Registry};
use crate::temp_file;

/// An account of a data folder that no endpoint serves. Dropping it gives the folder free.
#[derive(Debug)]
pub struct OfflineAccount {
    account: Account,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// Keeps endpoints out.
    _folder: DataFolder,
}

impl OfflineAccount {
    /// Locks the data folder, which must have accounts, and finds one of them: by its name, or the
    /// only one there is. What an interrupted transfer left in the account's folder is removed.
    ///
    /// # Errors
    /// [`OfflineError::Running`], [`OfflineError::NoAccount`], [`OfflineError::SeveralAccounts`],
    /// or what the folder says.
    pub fn open(
        data_dir: &Path,
        name: Option<&str>,
        clock: Arc<dyn Clock>,
    ) -> Result<OfflineAccount, OfflineError> {
        let folder = DataFolder::open(data_dir)?;
        let registry = Registry::open(folder.path(), Arc::clone(&clock))?;
        let account = match name {
            Some(name) => registry.account(name)?.ok_or(OfflineError::NoAccount)?,
            None => the_only(registry.accounts()?)?,
        };
        let path = folder.path().join(&account.folder);
        temp_file::remove_leftovers(&path);
        Ok(OfflineAccount { account, path, clock, _folder: folder })
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Puts the collection of a package (`.colpkg`) or of a collection file (`.anki2`) in the place
    /// of the account's, of which a backup is kept, and adds the package's media. Every device then
    /// asks for a one-way sync. Files that the package does not have stay; where both have one of
    /// a name, the package's wins and ours goes to the media trash.
    ///
    /// The collection is replaced last. Whatever fails before, or when it is cancelled, leaves it
    /// as it was; media files that were added until then stay.
    ///
    /// # Errors
    /// See [`OfflineError`].
    pub fn import(
        &mut self,
        file: &Path,
        watcher: &mut Watcher<'_>,
    ) -> Result<ImportReport, OfflineError> {
        import::import(&self.path, file, self.clock.now_ms(), watcher)
    }

    /// Writes the account's collection to a new file: a package with its media (`.colpkg`), or the
    /// collection alone (`.anki2`). The file appears when it is complete and on disk.
    ///
    /// # Errors
    /// See [`OfflineError`]; notably [`OfflineError::Exists`].
    pub fn export(
        &mut self,
        target: &Path,
        options: ExportOptions,
        watcher: &mut Watcher<'_>,
    ) -> Result<ExportReport, OfflineError> {
        export::export(&self.path, target, options, self.clock.now_ms(), watcher)
    }

    /// Looks for what is wrong with the collection and its media, in Anki's own terms. With
    /// `repair`, a backup is kept and what can be mended safely is mended.
    ///
    /// # Errors
    /// See [`OfflineError`]: what could not be checked at all.
    pub fn check(&mut self, repair: bool) -> Result<CheckReport, OfflineError> {
        check::check(&self.path, repair, self.clock.now_ms())
    }

    /// Compares the account's collection with that of a collection file or package, object by
    /// object (`deckport_collection::compare`).
    ///
    /// # Errors
    /// See [`OfflineError`].
    pub fn compare(
        &mut self,
        file: &Path,
        watcher: &mut Watcher<'_>,
        found: &mut dyn FnMut(Difference),
    ) -> Result<(), OfflineError> {
        check::compare_with(&self.path, file, self.clock.now_ms(), watcher, found)
    }
}

fn the_only(accounts: Vec<Account>) -> Result<Account, OfflineError> {
    let mut accounts = accounts.into_iter();
    match (accounts.next(), accounts.next()) {
        (Some(account), None) => Ok(account),
        (None, _) => Err(OfflineError::NoAccount),
        _ => Err(OfflineError::SeveralAccounts),
    }
}

/// The collection in an account's folder.
fn collection_in(folder: &Path) -> PathBuf {
    folder.join("collection.anki2")
}
