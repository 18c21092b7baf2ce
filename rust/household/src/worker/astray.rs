//! Devices whose collection cannot be merged with ours, and which would fail at every sync: their
//! `meta` names a schema time that they do not have, so they ask for a one-way sync
//! (`collection-sync` 4, 13.19).
//!
//! They are remembered in a file: an app may host for minutes at a time, and a device that fails
//! once after each start would never get as far as being asked. A device that is dropped from here
//! fails once more and is back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use deckport_ground::files::{remove_if_present, write_whole};
use deckport_wire::{MetaRequest, PROTOCOL_NEWEST};
use serde::{Deserialize, Serialize};

use crate::lease::DeviceKey;
use crate::texts::WhyNotMerged;

/// Beside the collection that they cannot be merged with.
const FILE: &str = "collection.anki2.astray";
/// Devices that are remembered; the oldest goes.
const CAPACITY: usize = 64;
/// A larger file is not one of ours.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// The devices of one account.
#[derive(Debug)]
pub(super) struct Astray {
    path: PathBuf,
    /// `None`: not read yet. Oldest first.
    devices: Option<Vec<Lost>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lost {
    device: String,
    why: WhyNotMerged,
    /// Syncs that failed since the last one that succeeded.
    failures: u32,
}

impl Astray {
    /// Those of the account in `folder`.
    pub(super) fn new(folder: &Path) -> Astray {
        Astray { path: folder.join(FILE), devices: None }
    }

    /// The device's sync failed because of what it holds. Problems with the file are ignored.
    pub(super) fn remember(&mut self, device: &DeviceKey, why: WhyNotMerged) {
        let label = device.label();
        let devices = self.devices();
        let before = devices.iter().position(|lost| lost.device == label);
        let failures = before.map_or(0, |place| devices.remove(place).failures);
        if devices.len() >= CAPACITY {
            devices.remove(0);
        }
        devices.push(Lost { device: label, why, failures: failures.saturating_add(1) });
        self.store();
    }

    /// The device got our collection, or its changes were merged.
    pub(super) fn forget(&mut self, device: &DeviceKey) {
        let label = device.label();
        let devices = self.devices();
        let count = devices.len();
        devices.retain(|lost| lost.device != label);
        if devices.len() != count {
            self.store();
        }
    }

    /// Our collection was replaced: that decides now, whatever devices hold.
    pub(super) fn forget_all(&mut self) {
        self.devices = Some(Vec::new());
        self.store();
    }

    /// Why a one-way sync is what helps the device, if it is.
    ///
    /// Where only the numbers differ, Anki 2.1.28 to 2.1.56 asks for Check Database and
    /// another sync (`collection-sync` 9). That may help, so it gets its chance; all others ask for
    /// a one-way sync by themselves.
    pub(super) fn why(&mut self, device: &DeviceKey, meta: &MetaRequest) -> Option<WhyNotMerged> {
        let label = device.label();
        let lost = self.devices().iter().find(|lost| lost.device == label)?;
        let checks_first =
            meta.version < PROTOCOL_NEWEST && meta.client_version.starts_with("anki,");
        let is_early = lost.why == WhyNotMerged::Mismatch && lost.failures < 2 && checks_first;
        (!is_early).then_some(lost.why)
    }

    fn devices(&mut self) -> &mut Vec<Lost> {
        self.devices.get_or_insert_with(|| {
            let is_ours = fs::metadata(&self.path).is_ok_and(|file| file.len() <= MAX_FILE_BYTES);
            let json = if is_ours { fs::read(&self.path).unwrap_or_default() } else { Vec::new() };
            let mut devices: Vec<Lost> = serde_json::from_slice(&json).unwrap_or_default();
            devices.truncate(CAPACITY);
            devices
        })
    }

    fn store(&self) {
        let devices = self.devices.as_deref().unwrap_or_default();
        let _ = if devices.is_empty() {
            remove_if_present(&self.path)
        } else {
            serde_json::to_vec(devices)
                .map_err(Into::into)
                .and_then(|json| write_whole(&self.path, |file| file.write_all(&json)))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use WhyNotMerged::{Contents, Mismatch, Notetype};

    fn device(device_id: i64) -> DeviceKey {
        DeviceKey { device_id, origin: None }
    }

    fn meta(version: u8, client: &str) -> MetaRequest {
        MetaRequest { version, client_version: client.to_owned() }
    }

    fn today() -> MetaRequest {
        meta(11, "anki,26.09.3 (29bb700b),linux")
    }

    #[test]
    fn a_device_is_astray_until_it_gets_our_collection_or_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut astray = Astray::new(folder.path());
        astray.remember(&device(1), Notetype);
        astray.remember(&device(1), Contents);
        assert_eq!(astray.why(&device(1), &today()), Some(Contents));
        assert_eq!(astray.why(&device(2), &today()), None);
        astray.forget(&device(1));
        assert_eq!(astray.why(&device(1), &today()), None);
        for id in 0..1000 {
            astray.remember(&device(id), Mismatch);
        }
        assert_eq!(astray.devices().len(), CAPACITY);
        astray.forget_all();
        assert_eq!(astray.why(&device(999), &today()), None);
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn it_is_remembered_over_a_restart_and_a_broken_file_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        Astray::new(folder.path()).remember(&device(1), Notetype);
        assert_eq!(Astray::new(folder.path()).why(&device(1), &today()), Some(Notetype));
        Astray::new(folder.path()).forget(&device(1));
        assert_eq!(Astray::new(folder.path()).why(&device(1), &today()), None);
        for broken in ["", "{}", "[1]", "[{\"device\":\"1\"}]"] {
            fs::write(folder.path().join(FILE), broken).unwrap();
            assert_eq!(Astray::new(folder.path()).why(&device(1), &today()), None);
        }
    }

    #[test]
    fn a_client_that_wants_to_check_its_database_first_may() {
        let folder = tempfile::tempdir().unwrap();
        let mut astray = Astray::new(folder.path());
        let checks = meta(10, "anki,2.1.54 (b6a7760c),linux");
        astray.remember(&device(1), Mismatch);
        assert_eq!(astray.why(&device(1), &checks), None);
        for asks in
            [today(), meta(10, "ankidesktop,2.1.26 (70784794),lin:x"), meta(8, "ankidroid,2")]
        {
            assert_eq!(astray.why(&device(1), &asks), Some(Mismatch));
        }
        astray.remember(&device(1), Mismatch);
        assert_eq!(astray.why(&device(1), &checks), Some(Mismatch));
        astray.remember(&device(2), Notetype);
        assert_eq!(astray.why(&device(2), &checks), Some(Notetype));
    }
}
