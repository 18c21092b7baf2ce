//! Replacing an account's collection, and copying it.

use deckport_ground::interrupt::Interrupt;

use super::core::Core;
use super::message::{Caller, NewCollection, Replacement};
use super::notices;
use super::store::{Displaced, FileForm, Snapshot};
use crate::backup::{BackupInfo, BackupReason};
use crate::events::Event;
use crate::lease::Ticket;
use crate::texts::KeptCopy;
use crate::work_error::WorkError;
use deckport_ground::faults;

impl Core {
    pub(super) fn replace(
        &mut self,
        replacement: Replacement,
    ) -> Result<Option<BackupInfo>, WorkError> {
        let Replacement { caller, ticket, new } = replacement;
        if !self.lease.is_held_with(ticket) {
            return Err(WorkError::Busy("the device has begun something else in the meantime"));
        }
        let NewCollection { file, bytes, counts, reason, one_way, permit } = new;
        if let Some(permit) = permit {
            permit.check()?;
        }
        self.lease.release();
        let now_ms = self.clock.now_ms();
        if reason == BackupReason::Upload {
            let kept = self.store.bytes_to_keep(now_ms);
            let allowed = self.quota.allows(bytes, kept, self.media.bytes());
            allowed.map_err(|_| WorkError::OverQuota)?;
        }
        faults::point("upload.before_replace");
        let displaced = self
            .store
            .replace(file, reason, one_way, caller.device_name(), now_ms)
            .map_err(|error| WorkError::Failed(error.to_string()))?;
        faults::point("upload.replaced");
        self.astray.forget_all();
        self.trim_to_quota();
        if let Some(backup) = &displaced.backup {
            self.tell_of_backup(&caller, backup);
            // A notice is for a device; a person who restores or imports knows what is replaced.
            let has_seen = self.has_seen(&caller, &displaced);
            if reason == BackupReason::Upload
                && let Some(why) = notices::why_tell(backup.counts, counts, has_seen)
            {
                let copy = KeptCopy { backup: backup.name.clone(), made_ms: now_ms, why };
                self.notices.add(&caller.key, copy, now_ms);
            }
        }
        if reason == BackupReason::Upload {
            self.mend(now_ms);
        }
        if reason == BackupReason::Upload
            && let Ok(facts) = self.store.facts(now_ms)
        {
            self.seen.remember(&caller.key, facts.state.modified_ms);
        }
        let Caller { account, device, .. } = caller;
        self.events.event(&Event::CollectionReplaced { account, device, bytes });
        Ok(displaced.backup)
    }

    /// Mends what the uploading device had not received yet. What cannot be mended is no worse than
    /// it was.
    fn mend(&mut self, now_ms: i64) {
        let secs = now_ms.div_euclid(1000);
        if let Ok(collection) = self.store.open(now_ms)
            && deckport_collection::sync::mend_all(collection.conn(), secs).unwrap_or_default()
        {
            self.store.forget_facts();
        }
    }

    /// A copy for a caller that is going to replace what it copies.
    pub(super) fn copy_held(&mut self, ticket: Ticket) -> Result<Snapshot, WorkError> {
        if !self.lease.is_held_with(ticket) {
            return Err(WorkError::another_device());
        }
        Ok(self.store.snapshot(FileForm::Stored, self.clock.now_ms())?)
    }

    /// Keeps a copy of the last committed state, if there is anything to keep.
    pub(super) fn keep(
        &mut self,
        caller: &Caller,
        reason: BackupReason,
        interrupt: &Interrupt,
    ) -> Result<Option<BackupInfo>, WorkError> {
        let (device, now_ms) = (caller.device_name(), self.clock.now_ms());
        let kept = self.store.keep(reason, device, now_ms, interrupt)?;
        if let Some(backup) = &kept {
            self.tell_of_backup(caller, backup);
        }
        self.trim_to_quota();
        Ok(kept)
    }

    /// Whether the device knew what its upload replaced. A collection that cannot be read
    /// has no state that a device could have missed.
    fn has_seen(&self, caller: &Caller, displaced: &Displaced) -> bool {
        let state = displaced.state.as_ref();
        state.is_none_or(|state| self.seen.has_seen(&caller.key, state.modified_ms))
    }

    fn tell_of_backup(&self, caller: &Caller, backup: &BackupInfo) {
        let (account, name) = (caller.account.clone(), backup.name.clone());
        let bytes = backup.stored_bytes;
        self.events.event(&Event::BackupMade { account, name, bytes });
    }
}
