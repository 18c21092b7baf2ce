//! What both threads of an account know of its media.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deckport_media::{Result, SanityViews, Totals};
use deckport_wire::Usn;

use crate::lease::DeviceKey;
use crate::place::Place;

/// Devices that have all files never open the store. After this long it is opened all the same, to
/// see whether something happened to the files.
const LOOK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The totals, and what the running media syncs have seen.
#[derive(Debug)]
pub(super) struct MediaState {
    place: Place,
    /// Locked only for moments, never while a store works.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// While the store is open, or about to be.
    totals: Option<Totals>,
    views: SanityViews,
    looked: Option<Duration>,
}

/// For an answer to `meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) usn: Usn,
    /// Nobody has looked at the files for long.
    pub(super) should_look: bool,
}

impl MediaState {
    /// For an account's media. Nothing is open yet.
    pub(super) fn new(place: Place) -> MediaState {
        MediaState { place, known: Mutex::default() }
    }

    /// The usn as `begin` would tell it, remembered for the sanity check of a sync that begins
    /// without `begin` (`media-sync` 17.3).
    pub(super) fn tell(&self, device: &DeviceKey, now: Duration) -> Told {
        let mut known = self.lock();
        // A usn that differs makes the device ask, and then it is told what is wrong.
        let usn = self.totals_of(&known).usn;
        known.views.told_in_meta(&device.label(), usn, now.as_secs());
        let looked_long_ago = known.looked.is_none_or(|at| now.saturating_sub(at) >= LOOK_EVERY);
        let should_look = known.totals.is_none() && looked_long_ago && usn > 0;
        Told { usn, should_look }
    }

    /// The store is about to be opened, which takes a while and keeps everybody else out.
    pub(super) fn opening(&self) -> Result<()> {
        let mut known = self.lock();
        known.totals = Some(self.place.media_totals()?);
        Ok(())
    }

    /// The store is open and its files were looked at.
    pub(super) fn opened(&self, totals: Totals, now: Duration) {
        let mut known = self.lock();
        known.totals = Some(totals);
        known.looked = Some(now);
    }

    /// The open store's totals may have changed.
    pub(super) fn now_at(&self, totals: Totals) {
        self.lock().totals = Some(totals);
    }

    /// What there is.
    pub(super) fn totals(&self) -> Totals {
        self.totals_of(&self.lock())
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.totals_of(&self.lock()).bytes
    }

    fn totals_of(&self, known: &Known) -> Totals {
        known.totals.unwrap_or_else(|| self.place.media_totals().unwrap_or_default())
    }

    /// Nothing is open any more.
    pub(super) fn closed(&self) {
        self.lock().totals = None;
    }

    /// Looks at, or changes, what the running media syncs have seen.
    pub(super) fn views<T>(&self, work: impl FnOnce(&mut SanityViews) -> T) -> T {
        work(&mut self.lock().views)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
