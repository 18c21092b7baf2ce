//! An account's worker: its messages, its lease and its deadlines. What the requests of a normal
//! sync do is in `requests`.
//!
//! The core never waits: the time comes from the clock it is given, and its owner calls
//! [`Owner::tick`] when [`Owner::next_deadline`] has come. That makes every timing testable.
//!
//! Rule: an SQLite transaction is open exactly while `running` is set, and then the lease is held
//! for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Account;
use deckport_collection::sync::ServerSync;
use deckport_ground::clock::Clock;
use deckport_ground::interrupt::Interrupt;
use deckport_wire::StartRequest;

use super::arrived::Uploads;
use super::astray::Astray;
use super::disk::DiskDoubt;
use super::media::Media;
use super::message::{Caller, Message, Reply};
use super::notices::Notices;
use super::store::{Facts, FileForm, Snapshot, Store};
use super::thread::Owner;
use super::told::{SeenStates, ToldStates};
use crate::backup::{Archivist, BackupInfo, BackupReason};
use crate::events::{Event, EventSink};
use crate::lease::{DeviceKey, Lease, Purpose, Taken, Ticket};
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::quota::Quota;
use crate::texts::Texts;
use crate::work_error::WorkError;

/// The worker of one account.
#[derive(Debug)]
pub(super) struct Core {
    /// The account's name when the worker began, for events that concern no device, and for texts.
    pub(super) account: String,
    pub(super) media: Media,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Arc<dyn EventSink>,
    lease_wait: Duration,
    database_idle: Duration,
    pub(super) store: Store,
    pub(super) lease: Lease,
    pub(super) running: Option<RunningSync>,
    waiting: VecDeque<Waiting>,
    pub(super) uploads: Uploads,
    pub(super) told: ToldStates,
    pub(super) seen: SeenStates,
    pub(super) astray: Astray,
    pub(super) notices: Notices,
    pub(super) texts: Arc<dyn Texts>,
    pub(super) quota: Quota,
    archivist: Arc<Archivist>,
    pub(super) disk: DiskDoubt,
    /// When the last message had been worked on.
    last_used: Duration,
    shutting_down: bool,
}

/// A normal sync between `start` and `finish`.
#[derive(Debug)]
pub(super) struct RunningSync {
    pub(super) caller: Caller,
    pub(super) sync: ServerSync,
    /// The state before it, which `meta` keeps reporting.
    pub(super) before: Facts,
    pub(super) started: Duration,
}

/// A device that wants the lease.
#[derive(Debug)]
struct Waiting {
    caller: Caller,
    wish: Wish,
    deadline: Duration,
}

/// What the lease is wanted for.
#[derive(Debug)]
pub(super) enum Wish {
    Sync { session_key: String, request: StartRequest, reply: Reply<Vec<u8>> },
    Upload(Reply<Ticket>),
    Snapshot(FileForm, Reply<Snapshot>),
    Keep(BackupReason, Interrupt, Reply<Option<BackupInfo>>),
}

impl Core {
    /// The worker of an account in its place.
    pub(super) fn new(
        account: &Account,
        place: &Place,
        options: &HouseholdOptions,
        media: Media,
        archivist: Arc<Archivist>,
    ) -> Core {
        Core {
            account: account.name.clone(),
            media,
            clock: Arc::clone(&options.clock),
            events: Arc::clone(&options.events),
            lease_wait: options.lease_wait,
            database_idle: options.database_idle,
            quota: Quota::new(place, options),
            notices: Notices::new(place.backups().path()),
            astray: Astray::new(place.folder()),
            store: Store::new(place.clone(), options.backups.clone()),
            lease: Lease::new(options.lease_idle),
            running: None,
            waiting: VecDeque::new(),
            uploads: Uploads::default(),
            told: ToldStates::default(),
            seen: SeenStates::default(),
            texts: Arc::clone(&options.texts),
            archivist,
            disk: DiskDoubt::default(),
            last_used: options.clock.monotonic(),
            shutting_down: false,
        }
    }

    fn database_closes_at(&self) -> Option<Duration> {
        let unused = self.running.is_none() && self.store.opened().is_some();
        unused.then(|| self.last_used.saturating_add(self.database_idle))
    }

    fn close_database(&mut self) {
        if let Err(error) = self.store.close() {
            self.problem(&format!("the collection could not be closed properly: {error}"));
        }
    }

    /// Old backups give way to what has grown.
    pub(super) fn trim_to_quota(&self) {
        self.quota.trim(self.media.bytes(), self.clock.now_ms());
    }

    fn tell_of_foreign_changes(&mut self) {
        if let Some(taken_in) = self.store.news() {
            let (account, changes) = (self.account.clone(), taken_in.to_string());
            self.events.event(&Event::ForeignChanges { account, changes });
        }
    }

    pub(super) fn problem(&self, message: &str) {
        let (account, message) = (Some(self.account.clone()), message.to_owned());
        self.events.event(&Event::Problem { account, message });
    }
}

impl Owner for Core {
    type Message = Message;

    fn handle(&mut self, message: Message) {
        // What is overdue comes first: an expired sync must not continue.
        self.tick();
        match message {
            Message::Step(request, reply) => self.step(request, reply),
            Message::TakeForUpload(caller, reply) => self.want(caller, Wish::Upload(reply)),
            Message::Replace(replacement, reply) => {
                let _ = reply.send(self.replace(replacement));
            }
            Message::Keep(caller, reason, interrupt, reply) => {
                self.want(caller, Wish::Keep(reason, interrupt, reply));
            }
            Message::Arrived(ticket) => self.upload_arrived(ticket),
            Message::Unheard(caller, trouble) => self.upload_unheard(caller, trouble),
            Message::Release(ticket) => self.release(ticket),
            Message::Snapshot(caller, form, reply) => {
                self.want(caller, Wish::Snapshot(form, reply));
            }
            Message::Overview(reply) => {
                let _ = reply.send(self.overview());
            }
            Message::CopyHeld(ticket, reply) => {
                let _ = reply.send(self.copy_held(ticket));
            }
            Message::UnderWay(device, session_key) => self.lease.under_way(&device, &session_key),
            Message::Over(device, session_key) => {
                self.lease.arrived(&device, &session_key, self.clock.monotonic());
            }
            Message::StopWaiting => self.stop_waiting(),
            Message::Close => self.close(),
            #[cfg(test)]
            Message::Panic(_reply) => panic!("a bug"),
        }
        self.last_used = self.clock.monotonic();
        self.serve_waiting();
        self.tell_of_foreign_changes();
    }

    /// Does what is due: rolls back a silent sync, ends waiting, closes the unused database.
    fn tick(&mut self) {
        let now = self.clock.monotonic();
        if self.lease.has_expired(now) && !self.is_checking() {
            self.roll_back("the device fell silent");
            self.lease.release();
            self.serve_waiting();
        }
        while let Some(index) = self.waiting.iter().position(|waiting| waiting.deadline <= now) {
            if let Some(waiting) = self.waiting.remove(index) {
                waiting.wish.refuse(WorkError::another_device());
            }
        }
        if self.database_closes_at().is_some_and(|at| at <= now) {
            self.close_database();
            self.trim_to_quota();
            self.archivist.tidy_soon(self.store.place().backups());
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let waiting = self.waiting.iter().map(|waiting| waiting.deadline);
        let expires_at = self.lease.expires_at().filter(|_| !self.is_checking());
        waiting.chain(expires_at).chain(self.database_closes_at()).min()
    }

    /// After a panic: nothing of the interrupted work may stay, everything else goes on.
    fn recover(&mut self) {
        self.store.drop_connection();
        self.roll_back("an unexpected error");
        self.problem("a request failed unexpectedly; please report this");
        self.serve_waiting();
    }

    fn close(&mut self) {
        self.stop_waiting();
        self.roll_back("the endpoint is shutting down");
        self.close_database();
    }

    fn is_last(message: &Message) -> bool {
        matches!(message, Message::Close)
    }
}

/// The lease and who waits for it.
impl Core {
    /// Whether a request of this device would be granted now.
    pub(super) fn is_free_for(&self, device: &DeviceKey) -> bool {
        self.lease.is_free_for(device, self.clock.monotonic()) && !self.is_checking()
    }

    /// Grants a request now or as soon as the lease is free.
    pub(super) fn want(&mut self, caller: Caller, wish: Wish) {
        let now = self.clock.monotonic();
        if self.is_free_for(&caller.key) {
            self.grant(caller, wish);
        } else if self.shutting_down {
            wish.refuse(WorkError::Stopping);
        } else {
            let deadline = now.saturating_add(self.lease_wait);
            self.waiting.push_back(Waiting { caller, wish, deadline });
        }
    }

    /// Grants requests in the order in which they came, until the lease is held again.
    fn serve_waiting(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            if waiting.wish.is_abandoned() {
                continue;
            }
            if !self.is_free_for(&waiting.caller.key) {
                self.waiting.push_front(waiting);
                return;
            }
            self.grant(waiting.caller, waiting.wish);
        }
    }

    /// The lease is free for `caller`: what its earlier attempt left open ends here.
    fn grant(&mut self, caller: Caller, wish: Wish) {
        self.roll_back("the device started over");
        self.lease.release();
        match wish {
            Wish::Sync { session_key, request, reply } => {
                let started = self.start(caller, session_key, &request);
                if let Err(refusal) = &started {
                    self.disk.note(refusal);
                }
                if reply.send(started).is_err() {
                    self.roll_back("the device went away");
                }
            }
            Wish::Upload(reply) => {
                self.tell_of_transfer(&caller, true);
                let now = self.clock.monotonic();
                let ticket = match self.lease.take(&caller.key, Purpose::Upload, now) {
                    Taken::Granted(ticket) => Ok(ticket),
                    Taken::Busy => Err(WorkError::another_device()),
                };
                if let Err(Ok(ticket)) = reply.send(ticket) {
                    self.release(ticket);
                }
            }
            Wish::Snapshot(form, reply) => {
                self.tell_of_transfer(&caller, false);
                // The copy is made at once, so the lease need not even be recorded.
                let snapshot = self.store.snapshot(form, self.clock.now_ms());
                let snapshot = snapshot.map_err(WorkError::from);
                match &snapshot {
                    Ok(_) => self.astray.forget(&caller.key),
                    Err(refusal) => self.disk.note(refusal),
                }
                let _ = reply.send(snapshot);
            }
            Wish::Keep(reason, interrupt, reply) => {
                let _ = reply.send(self.keep(&caller, reason, &interrupt));
            }
        }
    }

    fn release(&mut self, ticket: Ticket) {
        if self.lease.is_held_with(ticket) {
            self.lease.release();
        }
    }

    /// Ends the waiting of `device` for a sync.
    pub(super) fn give_up_waiting(&mut self, device: &DeviceKey) {
        let is_meant = |waiting: &Waiting| {
            waiting.caller.key == *device && matches!(waiting.wish, Wish::Sync { .. })
        };
        while let Some(index) = self.waiting.iter().position(is_meant) {
            if let Some(waiting) = self.waiting.remove(index) {
                waiting.wish.refuse(WorkError::Busy("the device aborted it"));
            }
        }
    }

    fn stop_waiting(&mut self) {
        self.shutting_down = true;
        for waiting in self.waiting.drain(..) {
            waiting.wish.refuse(WorkError::Stopping);
        }
    }

    /// Ends a running sync without effect and frees its lease.
    pub(super) fn roll_back(&mut self, reason: &str) {
        let Some(running) = self.running.take() else { return };
        self.lease.release();
        let rolled_back =
            self.store.opened().is_none_or(|open| running.sync.abort(open.conn()).is_ok());
        if !rolled_back {
            // Closing the connection leaves SQLite no choice.
            self.store.drop_connection();
        }
        let Caller { account, device, .. } = running.caller;
        self.events.event(&Event::SyncRolledBack { account, device, reason: reason.to_owned() });
    }
}

impl Wish {
    fn refuse(self, refusal: WorkError) {
        match self {
            Wish::Sync { reply, .. } => drop(reply.send(Err(refusal))),
            Wish::Upload(reply) => drop(reply.send(Err(refusal))),
            Wish::Snapshot(_, reply) => drop(reply.send(Err(refusal))),
            Wish::Keep(_, _, reply) => drop(reply.send(Err(refusal))),
        }
    }

    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Wish::Sync { reply, .. } => reply.is_closed(),
            Wish::Upload(reply) => reply.is_closed(),
            Wish::Snapshot(_, reply) => reply.is_closed(),
            Wish::Keep(_, interrupt, reply) => interrupt.is_set() || reply.is_closed(),
        }
    }
}
