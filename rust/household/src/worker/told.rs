//! What `meta` told each sync run, to notice at `start` that it is no longer true.

use std::collections::VecDeque;

use deckport_wire::TimestampMillis;

use crate::lease::DeviceKey;

/// Runs that are remembered. A run dropped from here is only checked less strictly.
const CAPACITY: usize = 64;

/// The last told states of one account, oldest first.
#[derive(Debug, Default)]
pub(super) struct ToldStates {
    told: VecDeque<Told>,
}

#[derive(Debug)]
struct Told {
    device: DeviceKey,
    session_key: String,
    schema_modified: TimestampMillis,
}

impl ToldStates {
    /// Remembers what a run was told; a later `meta` of the same run replaces it.
    pub(super) fn remember(
        &mut self,
        device: &DeviceKey,
        session_key: &str,
        schema_modified: TimestampMillis,
    ) {
        self.told.retain(|told| !told.is(device, session_key));
        if self.told.len() >= CAPACITY {
            self.told.pop_front();
        }
        let (device, session_key) = (device.clone(), session_key.to_owned());
        self.told.push_back(Told { device, session_key, schema_modified });
    }

    /// The schema time that a run was told, once: a run starts only once.
    pub(super) fn take(&mut self, device: &DeviceKey, session_key: &str) -> Option<i64> {
        let index = self.told.iter().position(|told| told.is(device, session_key))?;
        self.told.remove(index).map(|told| told.schema_modified)
    }
}

impl Told {
    fn is(&self, device: &DeviceKey, session_key: &str) -> bool {
        self.device == *device && self.session_key == session_key
    }
}

/// The last state that each device knows, oldest first: to notice that an upload replaces changes
/// that its device cannot know. A device dropped from here counts as knowing nothing.
#[derive(Debug, Default)]
pub(super) struct SeenStates {
    seen: VecDeque<(DeviceKey, TimestampMillis)>,
}

impl SeenStates {
    /// The device knows the collection as it was last modified at `modified`.
    pub(super) fn remember(&mut self, device: &DeviceKey, modified: TimestampMillis) {
        self.seen.retain(|(known, _)| known != device);
        if self.seen.len() >= CAPACITY {
            self.seen.pop_front();
        }
        self.seen.push_back((device.clone(), modified));
    }

    /// Whether the device knows this state.
    pub(super) fn has_seen(&self, device: &DeviceKey, modified: TimestampMillis) -> bool {
        self.seen.iter().any(|(known, seen)| known == device && *seen == modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceKey = DeviceKey { device_id: 1, origin: None };

    #[test]
    fn a_run_is_told_apart_by_device_and_session_key() {
        let other = DeviceKey { device_id: 2, origin: None };
        let mut told = ToldStates::default();
        told.remember(&DEVICE, "a", 1);
        told.remember(&DEVICE, "b", 2);
        told.remember(&other, "a", 3);
        told.remember(&DEVICE, "a", 4);
        assert_eq!(told.take(&DEVICE, "a"), Some(4));
        assert_eq!(told.take(&DEVICE, "a"), None);
        assert_eq!(told.take(&other, "a"), Some(3));
        assert_eq!(told.take(&DEVICE, "b"), Some(2));
    }

    #[test]
    fn a_device_has_seen_what_it_was_told_last_and_nothing_later() {
        let other = DeviceKey { device_id: 2, origin: None };
        let mut seen = SeenStates::default();
        seen.remember(&DEVICE, 1);
        seen.remember(&DEVICE, 2);
        assert!(seen.has_seen(&DEVICE, 2) && !seen.has_seen(&DEVICE, 1));
        assert!(!seen.has_seen(&other, 2));
        for device_id in 10..1000 {
            seen.remember(&DeviceKey { device_id, origin: None }, 2);
        }
        assert_eq!(seen.seen.len(), CAPACITY);
        assert!(!seen.has_seen(&DEVICE, 2));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut told = ToldStates::default();
        for run in 0..1000 {
            told.remember(&DEVICE, &run.to_string(), run);
        }
        assert_eq!(told.told.len(), CAPACITY);
        assert_eq!(told.take(&DEVICE, "0"), None);
        assert_eq!(told.take(&DEVICE, "999"), Some(999));
    }
}
