//! The log record of one request, sent as an event when the answer has been handed over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Identity;
use deckport_ground::clock::Clock;
use deckport_household::{Event, EventSink, RequestRecord};

use super::Shared;
use super::guests::Guest;

/// A record that is being filled. Dropping it sends the event: in whatever way a request ends,
/// it is recorded once.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) fields: RequestRecord,
    clock: Arc<dyn Clock>,
    events: Arc<dyn EventSink>,
    started: Duration,
    /// Holds the client's place until the answer has been handed over.
    pub(super) guest: Option<Guest>,
}

impl Record {
    /// A record for a request that has just begun. Until it is answered its outcome is that the
    /// client went away.
    pub(super) fn new(shared: &Shared, peer: SocketAddr, method: String) -> Record {
        let clock = Arc::clone(&shared.options.clock);
        Record {
            fields: RequestRecord {
                account: None,
                device: None,
                peer,
                method,
                status: 0,
                bytes_in: 0,
                bytes_out: 0,
                duration: Duration::ZERO,
                outcome: "the client went away".to_owned(),
            },
            started: clock.monotonic(),
            guest: None,
            clock,
            events: Arc::clone(&shared.options.events),
        }
    }

    /// Notes whose request it is.
    pub(super) fn identify(&mut self, identity: &Identity) {
        self.fields.account = Some(identity.account.name.clone());
        self.fields.device = Some(identity.device.name.clone());
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.fields.duration = self.clock.monotonic().saturating_sub(self.started);
        self.events.event(&Event::Request(self.fields.clone()));
    }
}
