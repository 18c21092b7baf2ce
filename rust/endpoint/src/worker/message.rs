//! What an account's worker is asked.

use deckport_wire::SyncMethod;
use tokio::sync::oneshot;

use crate::lease::{DeviceKey, Ticket};
use crate::refusal::Refusal;
use crate::temp_file::TempFile;

use super::store::{FileForm, Snapshot};

/// Where an answer goes. Dropped without one when the work panicked.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Tells devices apart.
    pub(crate) key: DeviceKey,
    /// Account name, for events.
    pub(crate) account: String,
    /// Device name, for events.
    pub(crate) device: String,
}

/// A JSON request of a normal sync, from `meta` to `finish` or `abort`.
#[derive(Debug)]
pub(crate) struct StepRequest {
    /// Who asks.
    pub(crate) caller: Caller,
    /// Which sync run of the device.
    pub(crate) session_key: String,
    /// What is asked.
    pub(crate) method: SyncMethod,
    /// The request's JSON.
    pub(crate) body: Vec<u8>,
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum Message {
    /// Answer a JSON request with JSON.
    Step(StepRequest, Reply<Vec<u8>>),
    /// Take the lease for an upload.
    TakeForUpload(Caller, Reply<Ticket>),
    /// Put an uploaded, checked collection in place and give the lease back.
    Replace(Upload, Reply<()>),
    /// Give an upload's lease back.
    Release(Ticket),
    /// Copy the collection for a download.
    Snapshot(Caller, FileForm, Reply<Snapshot>),
    /// Nobody waits for the lease any more: the endpoint is shutting down.
    StopWaiting,
    /// Close everything and end the thread.
    Close,
    /// Fail as a bug would.
    #[cfg(test)]
    Panic(Reply<()>),
}

/// An uploaded collection, checked and complete.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) caller: Caller,
    pub(super) ticket: Ticket,
    pub(super) file: TempFile,
    pub(super) bytes: u64,
}
