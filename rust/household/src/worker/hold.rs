//! What keeps a sync alive while one of its requests or answers is on a slow link.

use super::message::Message;
use super::{Caller, Worker};
use crate::lease::DeviceKey;

/// A request or an answer of a device's sync. The sync does not count as idle from
/// [`SyncHold::begin`] until this is dropped.
#[derive(Debug)]
pub struct SyncHold {
    worker: Worker,
    device: DeviceKey,
    session_key: String,
    is_begun: bool,
}

impl SyncHold {
    /// Nothing happens before it begins: most requests are here at once.
    pub(super) fn new(worker: Worker, caller: &Caller, session_key: &str) -> SyncHold {
        let (device, session_key) = (caller.key.clone(), session_key.to_owned());
        SyncHold { worker, device, session_key, is_begun: false }
    }

    /// Whether it has begun.
    pub fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// It takes longer.
    pub fn begin(&mut self) {
        if !self.is_begun {
            self.is_begun = true;
            self.worker.send(Message::UnderWay(self.device.clone(), self.session_key.clone()));
        }
    }
}

impl Drop for SyncHold {
    fn drop(&mut self) {
        if self.is_begun {
            let session_key = std::mem::take(&mut self.session_key);
            self.worker.send(Message::Over(self.device.clone(), session_key));
        }
    }
}
