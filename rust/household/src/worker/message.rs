//! What an account's worker is asked.

use std::any::Any;

use deckport_accounts::Permit;
use deckport_collection::Overview;
use deckport_ground::interrupt::Interrupt;
use deckport_ground::temp_file::TempFile;
use deckport_wire::Step;
use tokio::sync::oneshot;

use crate::backup::{BackupInfo, BackupReason, Counts};
use crate::lease::{DeviceKey, Ticket};
use crate::texts::Trouble;
use crate::work_error::WorkError;

use super::store::{FileForm, Snapshot};

/// Where an answer goes. Dropped without one when the work panics.
pub(super) type Reply<T> = oneshot::Sender<Result<T, WorkError>>;

/// Where the asker gets it.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, WorkError>>;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Tells devices apart.
    pub key: DeviceKey,
    /// Account name, for events.
    pub account: String,
    /// Device name, for events.
    pub device: String,
}

impl Caller {
    /// The endpoint itself, at somebody's request.
    pub(crate) fn local(account: &str) -> Caller {
        let (account, device) = (account.to_owned(), "the endpoint itself".to_owned());
        Caller { key: DeviceKey::local(), account, device }
    }

    /// The device's name; `None` when it is the endpoint itself.
    pub(super) fn device_name(&self) -> Option<&str> {
        (!self.key.is_local()).then_some(&*self.device)
    }
}

/// A request of a normal sync, from `meta` to `finish` or `abort`.
#[derive(Debug)]
pub struct StepRequest {
    /// Who asks.
    pub caller: Caller,
    /// Which sync run of the device.
    pub session_key: String,
    /// What is asked. A large chunk is in a file, as JSON.
    pub step: Step<TempFile>,
    /// Length of the JSON that it was read from.
    pub bytes: usize,
    /// What reading it took up; dropped when the worker is done with the request, even if the
    /// client has left by then.
    pub held: Option<Box<dyn Any + Send>>,
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum Message {
    /// Answer a request with JSON.
    Step(StepRequest, Reply<Vec<u8>>),
    /// Take the lease for an upload or another replacement.
    TakeForUpload(Caller, Reply<Ticket>),
    /// All of an upload has arrived: it is completed, even if its device leaves.
    Arrived(Ticket),
    /// The device that uploaded with this ticket left before it could be told what was wrong.
    Unheard(Caller, Trouble),
    /// Put a checked collection in place and give the lease back; returns the copy that was kept of
    /// the previous one, if that held anything.
    Replace(Replacement, Reply<Option<BackupInfo>>),
    /// Keep a copy of the collection, if it holds anything and nobody interrupts it.
    Keep(Caller, BackupReason, Interrupt, Reply<Option<BackupInfo>>),
    /// Give an upload's lease back.
    Release(Ticket),
    /// Copy the collection for a download.
    Snapshot(Caller, FileForm, Reply<Snapshot>),
    /// Copy the collection for the holder of the lease with this ticket.
    CopyHeld(Ticket, Reply<Snapshot>),
    /// Tell what the last committed state holds, if there is a collection, and which device syncs.
    Overview(Reply<(Option<Overview>, Option<String>)>),
    /// A request or an answer of this device's sync, with this session key, is under way.
    UnderWay(DeviceKey, String),
    /// It has arrived, or never will.
    Over(DeviceKey, String),
    /// Nobody waits for the lease any more: the endpoint is shutting down.
    StopWaiting,
    /// Close everything and end the thread.
    Close,
    /// Fail as a bug would.
    #[cfg(test)]
    Panic(Reply<()>),
}

/// A checked, complete collection on its way to its place.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) caller: Caller,
    pub(super) ticket: Ticket,
    pub(super) new: NewCollection,
}

/// A checked, complete collection.
#[derive(Debug)]
pub struct NewCollection {
    /// Beside the account's collection.
    pub file: TempFile,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it holds.
    pub counts: Counts,
    /// Where it comes from.
    pub reason: BackupReason,
    /// Make all devices ask for a one-way sync. An uploaded collection keeps its own times,
    /// because its device compares them.
    pub one_way: bool,
    /// Asked for once more before anything is replaced; none where a person does it here.
    pub permit: Option<Permit>,
}
