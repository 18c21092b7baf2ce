//! What an account holds.

use deckport_endpoint as engine;

use crate::convert::signed;
use crate::endpoint::Endpoint;
use crate::errors::OverviewError;
use crate::runtime;

/// What an account holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct AccountOverview {
    /// Notes.
    pub notes: i64,
    /// Cards.
    pub cards: i64,
    /// Reviews in the history.
    pub reviews: i64,
    /// Cards in learning or review that are due until the collection's day ends. New cards are left
    /// out, since their number depends on the limits of each deck.
    pub due_today: i64,
    /// When the newest review was done, Unix milliseconds.
    pub last_review_ms: Option<i64>,
    /// When anything was last changed, Unix milliseconds; `None`: never.
    pub last_change_ms: Option<i64>,
    /// Size of the collection in bytes.
    pub bytes: i64,
    /// Images, sounds and other files.
    pub media_files: i64,
    /// Bytes of these.
    pub media_bytes: i64,
}

impl From<engine::AccountOverview> for AccountOverview {
    fn from(overview: engine::AccountOverview) -> AccountOverview {
        let engine::AccountOverview { collection, media_files, media_bytes, .. } = overview;
        AccountOverview {
            notes: signed(collection.summary.notes),
            cards: signed(collection.summary.cards),
            reviews: signed(collection.summary.reviews),
            due_today: signed(collection.due_today),
            last_review_ms: collection.summary.last_review_ms,
            last_change_ms: Some(collection.modified_ms).filter(|&modified| modified > 0),
            bytes: signed(collection.bytes),
            media_files: signed(media_files),
            media_bytes: signed(media_bytes),
        }
    }
}

#[uniffi::export]
impl Endpoint {
    /// What an account holds, as of the last complete sync; zeros before the first one. It does not
    /// wait for a sync, and no sync waits for it.
    ///
    /// # Errors
    /// `OverviewError`.
    pub async fn overview(&self, account: String) -> Result<AccountOverview, OverviewError> {
        let handle = self.control.handle::<OverviewError>()?;
        let look = async move { Ok(handle.overview(&account).await?.into()) };
        runtime::run(self.threads(), look).await
    }
}
