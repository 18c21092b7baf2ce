//! The log record of one request, sent as an event when the answer has been handed over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Identity;
use deckport_household::{Event, RecentRefusal, RefusalKind, RequestRecord};

use super::Shared;
use super::guests::Guest;

/// Who somebody says to be that did not get in.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) account: Option<String>,
    pub(super) device: Option<String>,
}

/// A record that is being filled. Dropping it sends the event: in whatever way a request ends,
/// it is recorded once.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) fields: RequestRecord,
    /// What was refused and why, for the owner.
    pub(super) refused: Option<(RefusalKind, String)>,
    /// The name that a login was tried with, or whose token it was: of no account that got in.
    pub(super) tried: Tried,
    shared: Arc<Shared>,
    started: Duration,
    /// Holds the client's place until the answer has been handed over.
    pub(super) guest: Option<Guest>,
}

impl Record {
    /// A record for a request that has just begun. Until it is answered its outcome is that the
    /// client went away.
    pub(super) fn new(shared: &Arc<Shared>, peer: SocketAddr, method: String) -> Record {
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
            started: shared.options.clock.monotonic(),
            guest: None,
            refused: None,
            tried: Tried::default(),
            shared: Arc::clone(shared),
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
        let options = &self.shared.options;
        self.fields.duration = options.clock.monotonic().saturating_sub(self.started);
        if let Some((kind, reason)) = self.refused.take() {
            let Tried { account, device } = std::mem::take(&mut self.tried);
            self.shared.note(RecentRefusal {
                at_ms: options.clock.now_ms(),
                address: self.fields.peer.ip(),
                kind,
                account: self.fields.account.clone().or(account),
                device: self.fields.device.clone().or(device),
                request: self.fields.method.clone(),
                reason,
            });
        }
        options.events.event(&Event::Request(self.fields.clone()));
    }
}
