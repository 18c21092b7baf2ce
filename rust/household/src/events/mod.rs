//! What the endpoint tells its owner while it runs. Nothing is printed in this crate.
//!
//! Rule: no passwords, tokens, session keys or collection contents in any event.

mod announcement;
mod refusal;

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use deckport_collection::sync::SyncCounts;

pub use self::announcement::{AnnounceState, Announcement, WhyNotAnnounced};
pub use self::refusal::{RecentRefusal, RefusalKind};

/// Receives events.
///
/// Called on the endpoint's own threads, possibly from several at once; must return fast and
/// must not call back into the endpoint.
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Takes note of one event.
    fn event(&self, event: &Event);
}

/// Drops every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullEvents;

impl EventSink for NullEvents {
    fn event(&self, _event: &Event) {}
}

/// Keeps what it is told.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Recorder(pub(crate) std::sync::Mutex<Vec<Event>>);

#[cfg(test)]
impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// Something that happened in the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Connections are accepted from now on.
    Listening {
        /// The bound addresses, with the real ports.
        addresses: Vec<SocketAddr>,
    },
    /// The endpoint's name is announced now, or is not, or is another one.
    Announcement(Announcement),
    /// A request was answered (or its connection broke).
    Request(RequestRecord),
    /// A device logged in and has a token of its own now.
    LoggedIn {
        /// Account name.
        account: String,
        /// Name of the new device.
        device: String,
        /// Where it connected from.
        peer: IpAddr,
        /// It used the password of a pairing window, see
        /// [`PairingWindow`](deckport_accounts::PairingWindow).
        paired: bool,
    },
    /// A login was refused. The typed name is left out: people type passwords there.
    LoginRefused {
        /// Where it came from.
        peer: IpAddr,
    },
    /// Connections from an address are closed without an answer. Sent at most once a minute for
    /// each address.
    ConnectionRefused {
        /// Who tries to connect.
        peer: IpAddr,
        /// Why, in a few words.
        reason: String,
    },
    /// Something was refused, as [`EndpointHandle::recent_refusals`](crate::EndpointHandle::recent_refusals)
    /// keeps it from now on; here without a name that was tried and may be none.
    Refused(RecentRefusal),
    /// A device took the account's lease for a normal sync.
    SyncStarted {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
    },
    /// A part of a normal sync was exchanged; nothing of it is committed yet.
    SyncProgress {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged since the sync started.
        counts: SyncCounts,
    },
    /// A normal sync was committed.
    SyncFinished {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged.
        counts: SyncCounts,
        /// From `start` to the commit.
        duration: Duration,
    },
    /// A normal sync ended without effect on the endpoint.
    SyncRolledBack {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Why, in a few words.
        reason: String,
    },
    /// A device began to upload or download a whole collection.
    TransferStarted {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Whether the device sends it, or gets it.
        upload: bool,
    },
    /// Media files were exchanged; they are stored.
    MediaProgress {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged in this media sync.
        counts: MediaCounts,
    },
    /// A media sync ended: the device compared the number of files.
    MediaFinished {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// What was exchanged in it.
        counts: MediaCounts,
    },
    /// Little space is left on the data folder's disk. Sent once, until there is more again.
    StorageLow {
        /// What is left.
        free_bytes: u64,
    },
    /// An uploaded collection replaced the account's collection.
    CollectionReplaced {
        /// Account name.
        account: String,
        /// Device name.
        device: String,
        /// Size of the new collection in bytes.
        bytes: u64,
    },
    /// Another program had changed an account's collection file. Every device gets that with its next
    /// sync.
    ForeignChanges {
        /// Account name.
        account: String,
        /// What it was, by kinds of objects: `notes (2), cards (3)`.
        changes: String,
    },
    /// A copy of an account's collection was kept.
    BackupMade {
        /// Account name.
        account: String,
        /// Its name in the list of backups, see [`BackupInfo::name`](crate::BackupInfo::name).
        name: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// Something that a person should look at; the endpoint goes on.
    Problem {
        /// Account name, where it concerns one.
        account: Option<String>,
        /// One sentence.
        message: String,
    },
    /// The endpoint has stopped; all databases are closed.
    Stopped,
}

/// Media files that moved in one media sync.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MediaCounts {
    /// Files taken from the device, its deletions included.
    pub received: u64,
    /// Files sent to the device.
    pub sent: u64,
}

/// One line of the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Account name, once the token is known to be good.
    pub account: Option<String>,
    /// Device name, once the token is known to be good.
    pub device: Option<String>,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// Protocol method (`meta`), or the HTTP method and path of other requests.
    pub method: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Body bytes received, as they came over the network.
    pub bytes_in: u64,
    /// Body bytes sent, as they went over the network.
    pub bytes_out: u64,
    /// From the request's head to the end of the answer.
    pub duration: Duration,
    /// `ok`, or the reason in a few words.
    pub outcome: String,
}
