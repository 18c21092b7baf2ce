//! The requests of a normal sync, from `meta` to `finish` or `abort` (`collection-sync` 3, 8).

use deckport_collection::Error;
use deckport_collection::sync::ServerSync;
use deckport_ground::temp_file::TempFile;
use deckport_wire::{
    Exchange, MetaRequest, MetaResponse, PROTOCOL_NEWEST, PROTOCOL_OLDEST, StartRequest, Step, Usn,
};

use super::core::{Core, RunningSync, Wish};
use super::message::{Caller, Reply, StepRequest};
use super::session::{self, NOTHING, Outcome};
use super::store::Facts;
use crate::events::Event;
use crate::lease::{Purpose, Taken};
use crate::texts::{Feature, Trouble, WhyNotMerged};
use crate::work_error::WorkError;
use deckport_ground::faults;

/// Largest `start` that waits for another device's sync.
const MAX_WAITING_BYTES: usize = 64 * 1024;

impl Core {
    pub(super) fn step(&mut self, request: StepRequest, reply: Reply<Vec<u8>>) {
        let StepRequest { caller, session_key, step, bytes, held: _held } = request;
        let answer = match step {
            Step::Start(start) => {
                return self.want_start(caller, session_key, start, bytes, reply);
            }
            Step::Meta(meta) => self.meta(&caller, &session_key, &meta),
            Step::Exchange(exchange) => self.advance(&caller, &session_key, exchange),
            Step::Finish => self.finish(&caller, &session_key),
            Step::Abort => self.abort(&caller),
        };
        if let Err(refusal) = &answer {
            self.disk.note(refusal);
        }
        let _ = reply.send(answer);
    }

    fn meta(
        &mut self,
        caller: &Caller,
        session_key: &str,
        meta: &MetaRequest,
    ) -> Result<Vec<u8>, WorkError> {
        if !(PROTOCOL_OLDEST..=PROTOCOL_NEWEST).contains(&meta.version) {
            return Err(WorkError::UnknownProtocol);
        }
        let now_ms = self.clock.now_ms();
        let facts = match &self.running {
            Some(running) => Ok(running.before),
            None => self.store.facts(now_ms),
        };
        let answer = match facts {
            Ok(facts) => {
                let (device, run) = (&caller.key, session_key);
                let astray = self.astray.why(device, meta);
                let mut schema_modified = facts.state.schema_modified_ms;
                if astray.is_some() {
                    schema_modified = schema_modified.saturating_add(1);
                }
                self.told.remember(device, run, schema_modified);
                self.seen.remember(device, facts.state.modified_ms);
                let media_usn = self.media.tell(device, self.clock.monotonic());
                let mut answer = describe(&facts, now_ms, media_usn);
                let lacks = lacking(&facts, meta.version);
                answer.schema_modified = schema_modified;
                let waits = self.why_wait(device);
                if let Some(trouble) =
                    waits.or_else(|| self.disk.complaint(self.store.place().folder())).or(lacks)
                {
                    answer.should_continue = false;
                    answer.message = self.texts.trouble(&trouble);
                } else if let Some(trouble) = self.unheard(device) {
                    answer.message = self.texts.trouble(&trouble);
                } else if let Some(why) = astray {
                    answer.message = self.texts.cannot_merge(why);
                } else if let Some(copy) = self.notices.tell(device, run, now_ms) {
                    answer.message = self.texts.copy_kept(&self.account, &copy);
                }
                answer
            }
            Err(error) => {
                self.problem(&format!("the collection cannot be used: {error}"));
                // SQLite sometimes reports a full disk as an I/O error.
                let trouble = self.disk.suspect(self.store.place().folder());
                let trouble =
                    trouble.unwrap_or_else(|| Trouble::CollectionUnusable(error.to_string()));
                unusable(self.texts.trouble(&trouble), now_ms)
            }
        };
        Ok(session::encode(&answer)?)
    }

    fn want_start(
        &mut self,
        caller: Caller,
        session_key: String,
        request: StartRequest,
        bytes: usize,
        reply: Reply<Vec<u8>>,
    ) {
        let refusal = if session_key.is_empty() {
            WorkError::NoSession
        } else if bytes > MAX_WAITING_BYTES && !self.is_free_for(&caller.key) {
            // Only clients that send all their deletions with it have that many: they must not pile
            // up here.
            WorkError::another_device()
        } else {
            return self.want(caller, Wish::Sync { session_key, request, reply });
        };
        let _ = reply.send(Err(refusal));
    }

    /// The lease is free. Takes it and begins a sync.
    pub(super) fn start(
        &mut self,
        caller: Caller,
        session_key: String,
        request: &StartRequest,
    ) -> Result<Vec<u8>, WorkError> {
        let now_ms = self.clock.now_ms();
        let before = self.store.facts(now_ms)?;
        self.notices.run_goes_on(&caller.key, &session_key);
        let told = self.told.take(&caller.key, &session_key);
        if told.is_some_and(|told| told != before.state.schema_modified_ms) {
            // What the device knows is outdated; its next `meta` makes it ask for a one-way sync.
            return Err(WorkError::Busy("the collection was replaced since this sync began"));
        }
        let (sync, graves) = ServerSync::start(self.store.open(now_ms)?.conn(), request, now_ms)?;
        let started = self.clock.monotonic();
        self.running = Some(RunningSync { caller: caller.clone(), sync, before, started });
        let taken = self.lease.take(&caller.key, Purpose::Sync { session_key }, started);
        let answer = session::encode(&graves);
        faults::point("sync.started");
        match (taken, answer) {
            (Taken::Granted(_), Ok(json)) => {
                let Caller { account, device, .. } = caller;
                self.events.event(&Event::SyncStarted { account, device });
                Ok(json)
            }
            (Taken::Granted(_), Err(error)) => {
                self.roll_back("the answer could not be written");
                Err(error.into())
            }
            (Taken::Busy, _) => Err(WorkError::another_device()),
        }
    }

    fn abort(&mut self, caller: &Caller) -> Result<Vec<u8>, WorkError> {
        let device = &caller.key;
        self.give_up_waiting(device);
        // Clients send it with a new session key after "cancel" (`collection-sync` 3.10).
        if self.lease.is_syncing(device) {
            self.roll_back("the device aborted it");
        }
        Ok(NOTHING.to_vec())
    }

    fn advance(
        &mut self,
        caller: &Caller,
        session_key: &str,
        step: Exchange<TempFile>,
    ) -> Result<Vec<u8>, WorkError> {
        self.continue_sync(caller, session_key)?;
        let (Some(running), Some(collection)) = (&mut self.running, self.store.opened()) else {
            return Err(not_running());
        };
        let outcome = session::advance(&mut running.sync, collection.conn(), step);
        self.lease.touch(self.clock.monotonic());
        faults::point("sync.step_done");
        match outcome {
            Ok(Outcome::GoesOn(json)) => {
                self.tell_of_progress();
                Ok(json)
            }
            Ok(Outcome::Differs(json)) => {
                self.astray.remember(&caller.key, WhyNotMerged::Mismatch);
                self.roll_back("the two sides differ");
                Ok(json)
            }
            Err(error) => {
                if let Some(why) = why_not_merged(&error) {
                    self.astray.remember(&caller.key, why);
                }
                let error = WorkError::from(error);
                self.roll_back(&error.to_string());
                Err(error)
            }
        }
    }

    fn tell_of_progress(&self) {
        let Some(running) = &self.running else { return };
        let counts = running.sync.counts();
        let Caller { account, device, .. } = running.caller.clone();
        self.events.event(&Event::SyncProgress { account, device, counts });
    }

    fn finish(&mut self, caller: &Caller, session_key: &str) -> Result<Vec<u8>, WorkError> {
        self.continue_sync(caller, session_key)?;
        let (Some(running), Some(collection)) = (self.running.take(), self.store.opened()) else {
            return Err(not_running());
        };
        self.lease.release();
        faults::point("sync.before_commit");
        let finished = running.sync.finish(collection.conn(), self.clock.now_ms());
        faults::point("sync.committed");
        if finished.is_err() && !collection.conn().is_autocommit() {
            self.store.drop_connection();
        }
        self.store.forget_facts();
        let Caller { key, account, device } = running.caller;
        match finished {
            Ok(finished) => {
                self.seen.remember(&key, finished.modified);
                self.astray.forget(&key);
                let counts = finished.counts;
                let duration = self.clock.monotonic().saturating_sub(running.started);
                self.events.event(&Event::SyncFinished { account, device, counts, duration });
                Ok(session::encode(&finished.modified)?)
            }
            Err(error) => {
                let error = WorkError::from(error);
                let reason = error.to_string();
                self.events.event(&Event::SyncRolledBack { account, device, reason });
                Err(error)
            }
        }
    }

    fn continue_sync(&mut self, caller: &Caller, session_key: &str) -> Result<(), WorkError> {
        if self.lease.continue_sync(&caller.key, session_key, self.clock.monotonic()) {
            Ok(())
        } else {
            Err(not_running())
        }
    }
}

/// Whether an error comes from what the device holds, and will recur at its next sync.
fn why_not_merged(error: &Error) -> Option<WhyNotMerged> {
    match error {
        Error::Notetype(_) => Some(WhyNotMerged::Notetype),
        Error::Conflict(_) => Some(WhyNotMerged::Contents),
        _ => None,
    }
}

fn not_running() -> WorkError {
    WorkError::Busy("no sync of this device and session is running")
}

/// The answer to `meta` (`collection-sync` 3.2).
fn describe(facts: &Facts, now_ms: i64, media_usn: Usn) -> MetaResponse {
    let state = facts.state;
    MetaResponse {
        modified: state.modified_ms,
        schema_modified: state.schema_modified_ms,
        usn: state.usn,
        now: now_ms.div_euclid(1000),
        should_continue: true,
        message: String::new(),
        host_number: 0,
        empty: !state.has_cards,
        media_usn,
    }
}

/// What a client of this protocol lacks for the collection.
fn lacking(facts: &Facts, client_protocol: u8) -> Option<Trouble> {
    match facts.oldest_protocol {
        oldest if client_protocol >= oldest => None,
        9 => Some(Trouble::AnkiTooOld(Feature::SchedulerV2)),
        _ => Some(Trouble::AnkiTooOld(Feature::TimeZones)),
    }
}

/// `meta` is the one place where a person can read what is wrong (`transport` 6.2).
fn unusable(message: String, now_ms: i64) -> MetaResponse {
    MetaResponse {
        modified: 0,
        schema_modified: 0,
        usn: 0,
        now: now_ms.div_euclid(1000),
        message,
        should_continue: false,
        host_number: 0,
        empty: false,
        media_usn: 0,
    }
}
