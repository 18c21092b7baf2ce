//! Uploads that have arrived and are being checked, which may take longer than their device waits.
//!
//! A client that has sent everything may be gone when the check is done: old ones wait for 30 s, and a
//! cheap phone may need longer for a large collection. So the upload is completed without it. Until
//! then the device's next `meta`, the one place where it shows a text, says that it has to wait;
//! afterwards it finds itself in step, or is told what was wrong with what it sent.

use super::core::Core;
use super::message::Caller;
use crate::lease::{DeviceKey, Ticket};
use crate::texts::Trouble;

/// What is known of uploads beyond the lease that they hold.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    arrived: Option<Ticket>,
    /// What a device has not been told yet.
    unheard: Option<(DeviceKey, Trouble)>,
}

impl Core {
    /// All of the upload with this ticket is here.
    pub(super) fn upload_arrived(&mut self, ticket: Ticket) {
        self.uploads.arrived = Some(ticket);
    }

    /// Whether an upload has arrived and is not in its place yet. Until then nobody gets the lease,
    /// not even the same device, and it does not expire.
    pub(super) fn is_checking(&self) -> bool {
        self.uploads.arrived.is_some_and(|ticket| self.lease.is_held_with(ticket))
    }

    /// The upload's device has left without hearing what was wrong.
    pub(super) fn upload_unheard(&mut self, caller: Caller, trouble: Trouble) {
        self.uploads.unheard = Some((caller.key, trouble));
    }

    /// Why the device has to wait before it may sync.
    pub(super) fn why_wait(&self, device: &DeviceKey) -> Option<Trouble> {
        let is_own = self.is_checking() && self.lease.is_held_by(device);
        is_own.then_some(Trouble::UploadBeingChecked)
    }

    /// What was wrong with the device's last upload, if it does not know. Returned once.
    pub(super) fn unheard(&mut self, device: &DeviceKey) -> Option<Trouble> {
        self.uploads.unheard.take_if(|(key, _)| key == device).map(|(_, trouble)| trouble)
    }
}
