//! What moved in the media syncs that are running, for events.

use std::collections::VecDeque;

use super::MediaAsker;
use crate::events::MediaCounts;

/// Syncs that are remembered; one dropped from here is counted afresh.
const CAPACITY: usize = 16;

/// The counts of each media sync, oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchanged {
    syncs: VecDeque<(String, MediaCounts)>,
}

impl Exchanged {
    /// Adds to the counts of a sync; returns them.
    pub(super) fn add(&mut self, asker: &MediaAsker, received: u64, sent: u64) -> MediaCounts {
        let mut counts = self.take(asker);
        counts.received += received;
        counts.sent += sent;
        if self.syncs.len() >= CAPACITY {
            self.syncs.pop_front();
        }
        self.syncs.push_back((asker.session(), counts));
        counts
    }

    /// The counts of a sync that has ended.
    pub(super) fn take(&mut self, asker: &MediaAsker) -> MediaCounts {
        let session = asker.session();
        let place = self.syncs.iter().position(|(known, _)| *known == session);
        let found = place.and_then(|place| self.syncs.remove(place));
        found.map(|(_, counts)| counts).unwrap_or_default()
    }
}
