//! The threads of each account in use: accounts never wait for one another.
//!
//! One owns the collection's database and the sync state and works on one message after the other.
//! A second one owns the media ([`media`]): old clients sync both at the same time, and a large
//! batch of files must not hold up a collection.
//!
//! A panic ends the request that caused it (its reply is dropped, the client gets a 500), rolls
//! back the account's sync and nothing else.

mod arrived;
mod astray;
mod core;
mod disk;
mod hold;
mod look;
mod media;
mod message;
mod notices;
mod replace;
mod requests;
mod session;
mod store;
#[cfg(test)]
mod tests;
mod thread;
mod told;

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use deckport_accounts::Account;
use deckport_collection::Overview;
use deckport_ground::interrupt::Interrupt;
use tokio::sync::oneshot;

use self::core::Core;
pub use self::hold::SyncHold;
pub use self::media::{Media, MediaAsker, MediaZip};
use self::message::{Answer, Message, Replacement, Reply};
pub use self::message::{Caller, NewCollection, StepRequest};
pub use self::store::{FileForm, Snapshot};
use self::thread::Ended;
use crate::backup::{Archivist, BackupInfo, BackupReason};
use crate::errands::Errands;
use crate::lease::Ticket;
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::texts::Trouble;
use crate::work_error::WorkError;

/// The workers of all accounts in use.
#[derive(Debug)]
pub struct Workers {
    options: HouseholdOptions,
    archivist: Arc<Archivist>,
    errands: Errands,
    /// Locked only to look a worker up.
    running: Mutex<Running>,
    /// Locked while everything is being closed: others who want that wait until it is.
    closing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Running {
    closed: bool,
    /// Closed for good.
    ended: bool,
    /// By folder: whatever happens to names and numbers of accounts, no folder has two workers.
    by_folder: HashMap<String, (Worker, Threads)>,
}

/// Of the collection and of the media.
type Threads = [JoinHandle<()>; 2];

/// The way to one account's worker.
#[derive(Debug, Clone)]
pub struct Worker {
    place: Place,
    messages: Sender<Message>,
    ended: Ended,
    media: Media,
    errands: Errands,
}

/// The account's lease for the length of an upload; given back when dropped.
#[derive(Debug)]
pub struct UploadLease {
    worker: Worker,
    caller: Caller,
    ticket: Ticket,
}

impl Workers {
    /// No worker runs yet.
    pub fn new(options: &HouseholdOptions) -> Workers {
        let archivist = Archivist::new(options);
        let (running, closing) = (Mutex::default(), Mutex::default());
        Workers {
            options: options.clone(),
            archivist,
            errands: Errands::default(),
            running,
            closing,
        }
    }

    /// Work beside the workers.
    pub fn errands(&self) -> &Errands {
        &self.errands
    }

    /// The worker of an account, started on first use.
    pub fn of(&self, account: &Account) -> Result<Worker, WorkError> {
        let mut running = self.lock();
        if running.closed {
            return Err(WorkError::Stopping);
        }
        if let Some((worker, _)) = running.by_folder.get(&account.folder) {
            return Ok(worker.clone());
        }
        let (worker, threads) = start(account, &self.options, &self.archivist, &self.errands)
            .map_err(|error| WorkError::Failed(format!("no thread could be started: {error}")))?;
        running.by_folder.insert(account.folder.clone(), (worker.clone(), threads));
        Ok(worker)
    }

    /// From now on nobody waits for a lease.
    pub fn stop_waiting(&self) {
        for (worker, _) in self.lock().by_folder.values() {
            worker.send(Message::StopWaiting);
        }
    }

    /// Closes everything as [`Workers::close`] does, and then what is given. May be used again
    /// afterwards, unless the end came meanwhile.
    pub fn rest(&self, close_more: impl FnOnce()) {
        let _closing = self.closing();
        self.close();
        close_more();
        let mut running = self.lock();
        if !running.ended {
            self.archivist.resume();
            self.errands.open();
            running.closed = false;
        }
    }

    /// As [`Workers::close`], for good. Nothing runs any more when this returns, even if another
    /// thread began to close it.
    pub fn end(&self) {
        self.lock().ended = true;
        let _closing = self.closing();
        self.close();
    }

    fn closing(&self) -> MutexGuard<'_, ()> {
        self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rolls back all syncs, ends everything else, closes all databases and waits for the threads.
    /// Blocks. Meanwhile, and afterwards, no worker starts: a file must not have two owners.
    fn close(&self) {
        let mut running = self.lock();
        running.closed = true;
        let workers: Vec<_> = running.by_folder.drain().map(|(_, worker)| worker).collect();
        drop(running);
        self.errands.close();
        for (worker, _) in &workers {
            worker.send(Message::Close);
            worker.media.close();
        }
        for thread in workers.into_iter().flat_map(|(_, threads)| threads) {
            // A worker that died has no database open any more.
            let _ = thread.join();
        }
        // Those that waited for a worker have been refused by now.
        self.errands.wait();
        self.archivist.stop();
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Where the account lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The account's media.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// Keeps a device's sync alive while one of its requests is under way.
    pub fn hold(&self, caller: &Caller, session_key: &str) -> SyncHold {
        SyncHold::new(self.clone(), caller, session_key)
    }

    /// Work beside the workers, of all accounts.
    pub fn errands(&self) -> &Errands {
        &self.errands
    }

    /// Asks for the answer to a request of a normal sync, in JSON.
    pub async fn step(&self, request: StepRequest) -> Result<Vec<u8>, WorkError> {
        self.ask(|reply| Message::Step(request, reply)).await
    }

    /// Takes the lease for an upload, waiting a short while for it.
    pub async fn take_for_upload(&self, caller: Caller) -> Result<UploadLease, WorkError> {
        let asker = caller.clone();
        let ticket = self.ask(|reply| Message::TakeForUpload(asker, reply)).await?;
        Ok(UploadLease { worker: self.clone(), caller, ticket })
    }

    /// A copy of the collection; waits a short while for another device's sync.
    pub async fn snapshot(&self, caller: Caller, form: FileForm) -> Result<Snapshot, WorkError> {
        self.ask(|reply| Message::Snapshot(caller, form, reply)).await
    }

    /// Keeps a copy of the collection in the backups, if it holds anything; waits a short while for
    /// a running sync. For a thread that may block.
    pub(crate) fn keep_blocking(
        &self,
        caller: Caller,
        reason: BackupReason,
        interrupt: Interrupt,
    ) -> Result<Option<BackupInfo>, WorkError> {
        self.ask_blocking(|reply| Message::Keep(caller, reason, interrupt, reply))
    }

    /// What the last committed state holds and what is due today, `None` when there is no
    /// collection yet; and the name of the device whose sync is under way. Waits for no sync.
    pub(crate) async fn overview(&self) -> Result<(Option<Overview>, Option<String>), WorkError> {
        self.ask(Message::Overview).await
    }

    /// [`Worker::snapshot`] for a thread that may block.
    pub(crate) fn snapshot_blocking(
        &self,
        caller: Caller,
        form: FileForm,
    ) -> Result<Snapshot, WorkError> {
        self.ask_blocking(|reply| Message::Snapshot(caller, form, reply))
    }

    /// [`Worker::take_for_upload`] for a thread that may block.
    pub fn take_blocking(&self, caller: Caller) -> Result<UploadLease, WorkError> {
        let asker = caller.clone();
        let ticket = self.ask_blocking(|reply| Message::TakeForUpload(asker, reply))?;
        Ok(UploadLease { worker: self.clone(), caller, ticket })
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, WorkError> {
        self.post(message)?.await.map_err(|_| self.ended.why_silent())?
    }

    fn ask_blocking<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, WorkError> {
        self.post(message)?.blocking_recv().map_err(|_| self.ended.why_silent())?
    }

    fn post<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<Answer<T>, WorkError> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(message(reply)).map_err(|_| WorkError::Stopping)?;
        Ok(answer)
    }

    fn send(&self, message: Message) {
        // Only a worker that has ended does not listen, and it has nothing open.
        let _ = self.messages.send(message);
    }
}

/// For threads that may block.
impl UploadLease {
    /// All of an upload is here. From now on the lease is given back, or the collection replaced,
    /// before the same device gets it again.
    pub fn arrived(&self) {
        self.worker.send(Message::Arrived(self.ticket));
    }

    /// The device left before it could be told what is wrong with its upload; its next sync tells
    /// it.
    pub fn tell_later(&self, trouble: Trouble) {
        self.worker.send(Message::Unheard(self.caller.clone(), trouble));
    }

    /// A copy of what the lease is held on.
    pub(crate) fn copy_blocking(&self) -> Result<Snapshot, WorkError> {
        self.worker.ask_blocking(|reply| Message::CopyHeld(self.ticket, reply))
    }

    /// Replaces the account's collection, which is kept if it holds anything, with a checked one.
    pub fn replace_blocking(&self, new: NewCollection) -> Result<Option<BackupInfo>, WorkError> {
        let replacement = Replacement { caller: self.caller.clone(), ticket: self.ticket, new };
        self.worker.ask_blocking(|reply| Message::Replace(replacement, reply))
    }
}

impl Drop for UploadLease {
    fn drop(&mut self) {
        self.worker.send(Message::Release(self.ticket));
    }
}

fn start(
    account: &Account,
    options: &HouseholdOptions,
    archivist: &Arc<Archivist>,
    errands: &Errands,
) -> io::Result<(Worker, Threads)> {
    let (messages, inbox) = mpsc::channel();
    let place = Place::of(&options.data_dir, account);
    let (media, media_owner, media_inbox) = media::owner(account, &place, options);
    let core = Core::new(account, &place, options, media.clone(), Arc::clone(archivist));
    let (name, media_name) = (format!("account-{}", account.id), format!("media-{}", account.id));
    let media_thread =
        thread::spawn(media_owner, media_inbox, media.ended(), &media_name, &options.clock)?;
    let ended = Ended::default();
    let thread = thread::spawn(core, inbox, ended.clone(), &name, &options.clock)?;
    let errands = errands.clone();
    Ok((Worker { place, messages, ended, media, errands }, [thread, media_thread]))
}
