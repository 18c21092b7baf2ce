//! Looking at the last committed state, even while a sync is running.

use deckport_collection::{Collection, Overview};

use super::core::Core;
use super::message::Caller;
use crate::events::Event;
use crate::work_error::WorkError;

impl Core {
    /// What there is and what is due today, `None` without a collection; and whose sync is under way.
    pub(super) fn overview(&mut self) -> Result<(Option<Overview>, Option<String>), WorkError> {
        let now_ms = self.clock.now_ms();
        let syncing = self.running.as_ref().map(|running| running.caller.device.clone());
        Ok((self.with_committed(|collection| collection.overview(now_ms))?, syncing))
    }

    fn with_committed<T>(
        &mut self,
        look: impl FnOnce(&Collection) -> deckport_collection::Result<T>,
    ) -> Result<Option<T>, WorkError> {
        if !self.store.exists() {
            return Ok(None);
        }
        let is_syncing = self.running.is_some();
        let open = self.store.open(self.clock.now_ms())?;
        // The open one shows what the running sync has done so far, and may roll back.
        let reader = if is_syncing { Some(open.reader()?) } else { None };
        Ok(Some(look(reader.as_ref().unwrap_or(open))?))
    }

    /// A whole collection begins to move.
    pub(super) fn tell_of_transfer(&self, caller: &Caller, upload: bool) {
        if let Some(device) = caller.device_name() {
            let (account, device) = (caller.account.clone(), device.to_owned());
            self.events.event(&Event::TransferStarted { account, device, upload });
        }
    }
}
