//! Notices that the disk of the data folder becomes full.
//!
//! It looks when something has been stored, so nothing ticks while nobody syncs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deckport_ground::space::free_bytes;

use crate::events::{Event, EventSink};

/// Hands events on, and adds [`Event::StorageLow`] where it is due.
#[derive(Debug)]
pub(crate) struct StorageWatch {
    next: Arc<dyn EventSink>,
    data_dir: PathBuf,
    min_free_bytes: u64,
    free: fn(&Path) -> Option<u64>,
    is_low: AtomicBool,
}

impl StorageWatch {
    /// Goes in front of the sink of an endpoint on `data_dir`.
    pub(crate) fn before(
        next: Arc<dyn EventSink>,
        data_dir: &Path,
        min_free_bytes: u64,
    ) -> Arc<dyn EventSink> {
        let (data_dir, is_low) = (data_dir.to_owned(), AtomicBool::new(false));
        Arc::new(StorageWatch { next, data_dir, min_free_bytes, free: free_bytes, is_low })
    }

    fn look(&self) {
        let Some(free_bytes) = (self.free)(&self.data_dir) else { return };
        let is_low = free_bytes < self.min_free_bytes;
        if is_low && !self.is_low.swap(is_low, Ordering::Relaxed) {
            self.next.event(&Event::StorageLow { free_bytes });
        }
        self.is_low.store(is_low, Ordering::Relaxed);
    }
}

impl EventSink for StorageWatch {
    fn event(&self, event: &Event) {
        self.next.event(event);
        if matches!(
            event,
            Event::Listening { .. }
                | Event::SyncFinished { .. }
                | Event::CollectionReplaced { .. }
                | Event::BackupMade { .. }
                | Event::MediaProgress { .. }
                | Event::Problem { .. }
        ) {
            self.look();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::events::Recorder;

    static FREE: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn little_space_is_reported_once_until_there_is_more_again() {
        let recorder = Arc::new(Recorder::default());
        let watch = StorageWatch {
            next: recorder.clone(),
            data_dir: PathBuf::new(),
            min_free_bytes: 64,
            free: |_| Some(FREE.load(Ordering::Relaxed)),
            is_low: AtomicBool::new(false),
        };
        let told = |free: u64| {
            FREE.store(free, Ordering::Relaxed);
            recorder.0.lock().unwrap().clear();
            watch.event(&Event::Listening { addresses: Vec::new() });
            recorder.0.lock().unwrap().contains(&Event::StorageLow { free_bytes: free })
        };
        let enough = 64;
        assert_eq!(
            [told(enough), told(1), told(2), told(enough), told(3)],
            [false, true, false, false, true]
        );
    }
}
