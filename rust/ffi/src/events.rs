//! What happened, for apps.

use deckport_endpoint::{Event, RequestRecord};

use crate::address::Address;
use crate::convert::{millis, signed};
use crate::refusals::RecentRefusal;

/// What was exchanged in a sync of notes, cards and reviews.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Record)]
pub struct SyncCounts {
    /// Notes, cards and reviews sent to the device.
    pub sent: i64,
    /// Notes, cards and reviews taken from the device.
    pub received: i64,
    /// Deletions in both directions.
    pub deleted: i64,
}

impl From<deckport_endpoint::SyncCounts> for SyncCounts {
    fn from(counts: deckport_endpoint::SyncCounts) -> SyncCounts {
        SyncCounts {
            sent: signed(counts.sent),
            received: signed(counts.received),
            deleted: signed(counts.deleted),
        }
    }
}

/// Something that happened in an endpoint. No event holds a password, a token or contents of a
/// collection.
///
/// A device syncs in this order: `DeviceLoggedIn` once; `SyncStarted`, `SyncProgress`,
/// `SyncFinished` (or `SyncFailed`), or `TransferStarted` and `TransferFinished` when it moves the
/// whole collection; then `MediaProgress` and `MediaFinished` when files are exchanged.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum EndpointEvent {
    /// A device logged in and can sync from now on.
    DeviceLoggedIn {
        /// Account name.
        account: String,
        /// Name of the device.
        device: String,
        /// IP address from which it connected.
        address: String,
        /// Whether it used the password of a pairing window.
        paired: bool,
    },
    /// A device wanted to log in with a wrong name or password.
    LoginRefused {
        /// IP address from which it connected.
        address: String,
    },
    /// A device began to sync.
    SyncStarted {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
    },
    /// A sync made progress; nothing of it counts before `SyncFinished`.
    SyncProgress {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged so far.
        counts: SyncCounts,
    },
    /// A sync is complete and on the disk.
    SyncFinished {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged.
        counts: SyncCounts,
        /// How long it took, in milliseconds.
        duration_ms: i64,
    },
    /// A sync ended without effect. The device will try again.
    SyncFailed {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Why, in a few words.
        reason: String,
    },
    /// A device began to send or get a whole collection.
    TransferStarted {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Whether the device sends it, or gets it.
        upload: bool,
    },
    /// A whole collection was sent, or has replaced the one here. A restored backup and an imported
    /// file come from the device `the endpoint itself`.
    TransferFinished {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Whether the device sent it, or got it.
        upload: bool,
        /// Bytes: of the collection when it was sent here, otherwise as they went over the network.
        bytes: i64,
    },
    /// Media files were exchanged; they are on the disk.
    MediaProgress {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Files sent to the device in this media sync.
        sent: i64,
        /// Files taken from the device in this media sync, its deletions included.
        received: i64,
    },
    /// The media of a device are up to date.
    MediaFinished {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Files sent to the device.
        sent: i64,
        /// Files taken from the device, its deletions included.
        received: i64,
    },
    /// A request was answered with a refusal.
    RequestRefused {
        /// Account name; `None` when it is not known who asked.
        account: Option<String>,
        /// Device name; `None` when it is not known who asked.
        device: Option<String>,
        /// IP address from which it came.
        address: String,
        /// What was asked: `start`, `upload`, `GET /favicon.ico`.
        request: String,
        /// HTTP status of the answer; 0 when the device went away before it.
        status: i32,
        /// Why, in words.
        reason: String,
    },
    /// Something was refused, with what to do about it: what `recent_refusals` lists from now on, also
    /// connections that were not taken. `RequestRefused` and `LoginRefused` tell of the same requests in
    /// fewer words. A name that was tried and may be none is left out here.
    Refused {
        /// What was refused.
        refusal: RecentRefusal,
    },
    /// A copy of an account's collection was kept.
    BackupMade {
        /// Account name.
        account: String,
        /// Its name, as in the list of backups.
        name: String,
        /// Bytes.
        bytes: i64,
    },
    /// Little space is left for the data. Sent once, until there is more again.
    StorageLow {
        /// What is left, in bytes.
        free_bytes: i64,
    },
    /// The addresses under which devices reach the endpoint have changed.
    AddressesChanged {
        /// All of them, the best one first.
        addresses: Vec<Address>,
    },
    /// Something that a person should look at; the endpoint goes on.
    Problem {
        /// Account name, where it concerns one.
        account: Option<String>,
        /// One sentence.
        message: String,
    },
    /// The listener was too slow: events were dropped.
    EventsLost {
        /// How many.
        count: i64,
    },
}

impl EndpointEvent {
    /// What apps are told of an event of the engine; `None` for what a state already tells, and for
    /// requests that succeeded.
    pub(crate) fn of(event: &Event) -> Option<EndpointEvent> {
        Some(match event.clone() {
            Event::LoggedIn { account, device, peer, paired } => {
                EndpointEvent::DeviceLoggedIn { account, device, address: text(peer), paired }
            }
            Event::LoginRefused { peer } => EndpointEvent::LoginRefused { address: text(peer) },
            Event::Refused(refusal) => EndpointEvent::Refused { refusal: refusal.into() },
            Event::SyncStarted { account, device } => {
                EndpointEvent::SyncStarted { account, device }
            }
            Event::SyncProgress { account, device, counts } => {
                EndpointEvent::SyncProgress { account, device, counts: counts.into() }
            }
            Event::SyncFinished { account, device, counts, duration } => {
                let (counts, duration_ms) = (counts.into(), millis(duration));
                EndpointEvent::SyncFinished { account, device, counts, duration_ms }
            }
            Event::SyncRolledBack { account, device, reason } => {
                EndpointEvent::SyncFailed { account, device, reason }
            }
            Event::TransferStarted { account, device, upload } => {
                EndpointEvent::TransferStarted { account, device, upload }
            }
            Event::CollectionReplaced { account, device, bytes } => {
                let bytes = signed(bytes);
                EndpointEvent::TransferFinished { account, device, upload: true, bytes }
            }
            Event::MediaProgress { account, device, counts } => {
                let (sent, received) = (signed(counts.sent), signed(counts.received));
                EndpointEvent::MediaProgress { account, device, sent, received }
            }
            Event::MediaFinished { account, device, counts } => {
                let (sent, received) = (signed(counts.sent), signed(counts.received));
                EndpointEvent::MediaFinished { account, device, sent, received }
            }
            Event::BackupMade { account, name, bytes } => {
                EndpointEvent::BackupMade { account, name, bytes: signed(bytes) }
            }
            Event::StorageLow { free_bytes } => {
                EndpointEvent::StorageLow { free_bytes: signed(free_bytes) }
            }
            Event::Problem { account, message } => EndpointEvent::Problem { account, message },
            Event::Request(record) => return of_request(record),
            _ => return None,
        })
    }
}

/// A refusal, or the end of a download.
fn of_request(record: RequestRecord) -> Option<EndpointEvent> {
    let RequestRecord { account, device, peer, method, status, bytes_out, outcome, .. } = record;
    if outcome != "ok" {
        let (address, status) = (text(peer.ip()), status.into());
        let (request, reason) = (method, outcome);
        return Some(EndpointEvent::RequestRefused {
            account,
            device,
            address,
            request,
            status,
            reason,
        });
    }
    let (account, device) = (account?, device?);
    let bytes = signed(bytes_out);
    let finished = EndpointEvent::TransferFinished { account, device, upload: false, bytes };
    (method == "download").then_some(finished)
}

fn text(address: std::net::IpAddr) -> String {
    address.to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(method: &str, outcome: &str) -> Event {
        Event::Request(RequestRecord {
            account: Some("anna".to_owned()),
            device: Some("phone".to_owned()),
            peer: "[::ffff:192.0.2.7]:5".parse().unwrap(),
            method: method.to_owned(),
            status: if outcome == "ok" { 200 } else { 409 },
            bytes_in: 1,
            bytes_out: 2,
            duration: Duration::ZERO,
            outcome: outcome.to_owned(),
        })
    }

    #[test]
    fn a_request_is_reported_when_it_was_refused_or_ends_a_download() {
        assert_eq!(EndpointEvent::of(&request("meta", "ok")), None);
        let refused = EndpointEvent::of(&request("start", "another device is syncing"));
        let Some(EndpointEvent::RequestRefused { address, status, reason, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((&*address, status, &*reason), ("192.0.2.7", 409, "another device is syncing"));
        let done = EndpointEvent::of(&request("download", "ok"));
        assert!(matches!(
            done,
            Some(EndpointEvent::TransferFinished { upload: false, bytes: 2, .. })
        ));
    }
}
