//! The media of one account: its thread, and the way to it.
//!
//! `meta` tells the media usn, too, and must not wait for a batch that is being stored: what it
//! needs is in [`state`], which both threads of an account share.

mod exchanged;
mod owner;
mod state;
#[cfg(test)]
mod tests;
mod zip;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use deckport_media::{Download, MediaStore, Totals, UploadResult};
use deckport_wire::Usn;
use deckport_wire::media::{MediaChangesResponse, MediaSanityResponse};
use tokio::sync::oneshot;

pub(super) use self::owner::MediaOwner;
use deckport_accounts::Account;

use self::state::MediaState;
pub use self::zip::MediaZip;
use super::message::{Caller, Reply};
use super::thread::Ended;
use crate::lease::DeviceKey;
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::work_error::WorkError;

/// Who asks, and in which media sync.
#[derive(Debug, Clone)]
pub struct MediaAsker {
    /// Tells devices apart.
    pub device: DeviceKey,
    /// Device name, for events.
    pub name: String,
    /// Chosen by the client, or given to it by `begin`; empty where neither happened.
    pub session: String,
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum MediaMessage {
    /// Tell the usn with which a sync begins.
    Begin(MediaAsker, Reply<Usn>),
    /// List what changed after a usn.
    Changes(MediaAsker, Usn, Reply<MediaChangesResponse>),
    /// Send files.
    Download(MediaAsker, Vec<String>, Reply<Download>),
    /// Take in a batch.
    Upload(MediaAsker, MediaZip, Reply<UploadResult>),
    /// Compare the number of files.
    Sanity(MediaAsker, u32, Reply<MediaSanityResponse>),
    /// Do something else with the store.
    Work(Work),
    /// Look at the files once in a while, even if nobody asks for any.
    Look,
    /// Close everything and end the thread.
    Close,
    /// Fail as a bug would.
    #[cfg(test)]
    Panic(Reply<()>),
}

/// Something to be done with the store, if it can be opened, at a time in Unix milliseconds. Returns
/// what tells the waiting caller.
type Job = dyn FnOnce(deckport_media::Result<&mut MediaStore>, i64) -> Tell + Send;
type Tell = Box<dyn FnOnce()>;

/// A [`Job`] in a message.
pub(super) struct Work(Box<Job>);

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

/// The way to one account's media.
#[derive(Debug, Clone)]
pub struct Media {
    messages: Sender<MediaMessage>,
    state: Arc<MediaState>,
    ended: Ended,
}

/// The way to an account's media, their owner, and where it gets its messages.
pub(super) fn owner(
    account: &Account,
    place: &Place,
    options: &HouseholdOptions,
) -> (Media, MediaOwner, Receiver<MediaMessage>) {
    let (messages, inbox) = mpsc::channel();
    let state = Arc::new(MediaState::new(place.clone()));
    let owner = MediaOwner::new(account, place, options, Arc::clone(&state));
    (Media { messages, state, ended: Ended::default() }, owner, inbox)
}

impl Media {
    /// To be set when the thread ends.
    pub(super) fn ended(&self) -> Ended {
        self.ended.clone()
    }

    /// The usn for an answer to `meta`, which is remembered for the device. `now` is monotonic.
    pub(super) fn tell(&self, device: &DeviceKey, now: Duration) -> Usn {
        let told = self.state.tell(device, now);
        if told.should_look {
            self.send(MediaMessage::Look);
        }
        told.usn
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.state.bytes()
    }

    /// `begin`: the current usn.
    pub async fn begin(&self, asker: MediaAsker) -> Result<Usn, WorkError> {
        self.ask(|reply| MediaMessage::Begin(asker, reply)).await
    }

    /// `mediaChanges`: a page of what changed after `last_usn`.
    pub async fn changes(
        &self,
        asker: MediaAsker,
        last_usn: Usn,
    ) -> Result<MediaChangesResponse, WorkError> {
        self.ask(|reply| MediaMessage::Changes(asker, last_usn, reply)).await
    }

    /// `downloadFiles`: a zip of the first of these files.
    pub async fn download(
        &self,
        asker: MediaAsker,
        names: Vec<String>,
    ) -> Result<Download, WorkError> {
        self.ask(|reply| MediaMessage::Download(asker, names, reply)).await
    }

    /// `uploadChanges`: all or nothing; on disk when this returns.
    pub async fn upload(
        &self,
        asker: MediaAsker,
        zip: MediaZip,
    ) -> Result<UploadResult, WorkError> {
        self.ask(|reply| MediaMessage::Upload(asker, zip, reply)).await
    }

    /// `mediaSanity`: whether a device with `local` files has all of ours.
    pub async fn sanity(
        &self,
        asker: MediaAsker,
        local: u32,
    ) -> Result<MediaSanityResponse, WorkError> {
        self.ask(|reply| MediaMessage::Sanity(asker, local, reply)).await
    }

    /// Does something with the store on the media's thread, and waits for it. For threads that may
    /// block. Requests of devices wait meanwhile, so long work should come in pieces.
    pub(crate) fn work_blocking<T, E>(
        &self,
        work: impl FnOnce(&mut MediaStore, i64) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<deckport_media::Error> + From<WorkError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |store: deckport_media::Result<&mut MediaStore>, now_ms: i64| {
            let done = store.map_err(E::from).and_then(|store| work(store, now_ms));
            // Nobody listens any more if the request was given up.
            let tell: Tell = Box::new(move || drop(reply.send(done)));
            tell
        };
        let message = MediaMessage::Work(Work(Box::new(job)));
        self.messages.send(message).map_err(|_| WorkError::Stopping)?;
        answer.blocking_recv().map_err(|_| self.ended.why_silent())?
    }

    /// How many files there are, and their bytes.
    pub(crate) fn totals(&self) -> Totals {
        self.state.totals()
    }

    /// Closes the store and ends the thread, after everything asked before that.
    pub(super) fn close(&self) {
        self.send(MediaMessage::Close);
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> MediaMessage) -> Result<T, WorkError> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(message(reply)).map_err(|_| WorkError::Stopping)?;
        answer.await.map_err(|_| self.ended.why_silent())?
    }

    fn send(&self, message: MediaMessage) {
        // Only a thread that has ended does not listen, and it has nothing open.
        let _ = self.messages.send(message);
    }
}

impl MediaAsker {
    /// A device in one of its media syncs.
    pub fn of(caller: Caller, session: String) -> MediaAsker {
        MediaAsker { device: caller.key, name: caller.device, session }
    }

    /// Names the media sync, even among those of other devices.
    fn session(&self) -> String {
        format!("{} {}", self.device.label(), self.session)
    }
}
