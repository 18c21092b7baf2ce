//! One thread for each account in use. It owns the account's database and sync state, and works
//! on one message after the other; accounts never wait for one another.
//!
//! A panic ends the request that caused it (its reply is dropped, the client gets a 500), rolls
//! back the account's sync and nothing else.

mod core;
mod message;
mod notices;
mod replace;
mod requests;
mod session;
mod store;
#[cfg(test)]
mod tests;
mod told;

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use self::core::Core;
pub(crate) use self::message::{Caller, NewCollection, StepRequest};
use self::message::{Message, Replacement, Reply};
pub(crate) use self::store::{FileForm, Snapshot};
use crate::backup::{Archivist, BackupInfo, BackupReason};
use crate::clock::Clock;
use crate::lease::Ticket;
use crate::options::EndpointOptions;
use crate::refusal::Refusal;
use crate::registry::Account;

/// The workers of all accounts in use.
#[derive(Debug)]
pub(crate) struct Workers {
    options: EndpointOptions,
    archivist: Arc<Archivist>,
    /// Locked only to look a worker up.
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    closed: bool,
    /// By folder: whatever happens to names and numbers of accounts, no folder has two workers.
    by_folder: HashMap<String, (Worker, JoinHandle<()>)>,
}

/// The way to one account's worker.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    messages: Sender<Message>,
}

/// The account's lease for the length of an upload; given back when dropped.
#[derive(Debug)]
pub(crate) struct UploadLease {
    worker: Worker,
    caller: Caller,
    ticket: Ticket,
}

impl Workers {
    /// No worker runs yet.
    pub(crate) fn new(options: &EndpointOptions) -> Workers {
        let archivist = Archivist::new(options);
        Workers { options: options.clone(), archivist, running: Mutex::default() }
    }

    /// The worker of an account, started on first use.
    pub(crate) fn of(&self, account: &Account) -> Result<Worker, Refusal> {
        let mut running = self.lock();
        if running.closed {
            return Err(Refusal::shutting_down());
        }
        if let Some((worker, _)) = running.by_folder.get(&account.folder) {
            return Ok(worker.clone());
        }
        let (worker, thread) = start(account, &self.options, &self.archivist)
            .map_err(|error| Refusal::internal(format!("no thread could be started: {error}")))?;
        running.by_folder.insert(account.folder.clone(), (worker.clone(), thread));
        Ok(worker)
    }

    /// From now on nobody waits for a lease.
    pub(crate) fn stop_waiting(&self) {
        for (worker, _) in self.lock().by_folder.values() {
            worker.send(Message::StopWaiting);
        }
    }

    /// Rolls back all syncs, closes all databases and waits for the threads. Blocks.
    pub(crate) fn close(&self) {
        let mut running = self.lock();
        running.closed = true;
        let workers: Vec<_> = running.by_folder.drain().map(|(_, worker)| worker).collect();
        drop(running);
        for (worker, _) in &workers {
            worker.send(Message::Close);
        }
        for (_, thread) in workers {
            // A worker that died has no database open any more.
            let _ = thread.join();
        }
        self.archivist.stop();
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Asks for the answer to a JSON request of a normal sync.
    pub(crate) async fn step(&self, request: StepRequest) -> Result<Vec<u8>, Refusal> {
        self.ask(|reply| Message::Step(request, reply)).await
    }

    /// Takes the lease for an upload, waiting for it a short while.
    pub(crate) async fn take_for_upload(&self, caller: Caller) -> Result<UploadLease, Refusal> {
        let asker = caller.clone();
        let ticket = self.ask(|reply| Message::TakeForUpload(asker, reply)).await?;
        Ok(UploadLease { worker: self.clone(), caller, ticket })
    }

    /// A copy of the collection; waits for another device's sync a short while.
    pub(crate) async fn snapshot(
        &self,
        caller: Caller,
        form: FileForm,
    ) -> Result<Snapshot, Refusal> {
        self.ask(|reply| Message::Snapshot(caller, form, reply)).await
    }

    /// Keeps a copy of the collection in the backups, if it holds anything; waits for a running
    /// sync a short while.
    pub(crate) async fn keep(
        &self,
        caller: Caller,
        reason: BackupReason,
    ) -> Result<Option<BackupInfo>, Refusal> {
        self.ask(|reply| Message::Keep(caller, reason, reply)).await
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(message(reply)).map_err(|_| Refusal::shutting_down())?;
        let gone = |_| Refusal::internal("the request failed unexpectedly");
        answer.await.map_err(gone)?
    }

    fn send(&self, message: Message) {
        // Only a worker that has ended does not listen, and it has nothing open.
        let _ = self.messages.send(message);
    }
}

impl UploadLease {
    /// Puts a checked collection in the place of the account's, of which a copy is kept if it
    /// holds anything. One that does not come from a device makes all of them ask for a one-way
    /// sync.
    pub(crate) async fn replace(self, new: NewCollection) -> Result<Option<BackupInfo>, Refusal> {
        let replacement = Replacement { caller: self.caller.clone(), ticket: self.ticket, new };
        self.worker.ask(|reply| Message::Replace(replacement, reply)).await
    }
}

impl Drop for UploadLease {
    fn drop(&mut self) {
        self.worker.send(Message::Release(self.ticket));
    }
}

fn start(
    account: &Account,
    options: &EndpointOptions,
    archivist: &Arc<Archivist>,
) -> io::Result<(Worker, JoinHandle<()>)> {
    let (messages, inbox) = mpsc::channel();
    let core = Core::new(account, options, Arc::clone(archivist));
    let clock = Arc::clone(&options.clock);
    let name = format!("account-{}", account.id);
    let thread = thread::Builder::new().name(name).spawn(move || run(core, &inbox, &*clock))?;
    Ok((Worker { messages }, thread))
}

/// The thread: sleeps until the next message or deadline; without a deadline nothing ticks.
fn run(mut core: Core, inbox: &Receiver<Message>, clock: &dyn Clock) {
    loop {
        let received = match core.next_deadline() {
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => inbox.recv_timeout(at.saturating_sub(clock.monotonic())),
        };
        let is_last = matches!(received, Ok(Message::Close) | Err(RecvTimeoutError::Disconnected));
        let work = || match received {
            Ok(message) => core.handle(message),
            Err(RecvTimeoutError::Timeout) => core.tick(),
            Err(RecvTimeoutError::Disconnected) => core.close(),
        };
        // The core is put in order by `recover`, whatever state it was left in.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            core.recover();
        }
        if is_last {
            return;
        }
    }
}
