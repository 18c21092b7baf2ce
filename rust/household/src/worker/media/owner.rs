//! Owns one account's media store: opens it on demand, uses spare time, closes it when idle.

use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Account;
use deckport_ground::clock::Clock;
use deckport_media::{Download, Error, MediaStore, Result};
use deckport_wire::Usn;
use deckport_wire::media::MediaSanityResponse;

use super::exchanged::Exchanged;
use super::state::MediaState;
use super::{MediaAsker, MediaMessage, MediaZip, Work};
use crate::events::{Event, EventSink, MediaCounts};
use crate::options::HouseholdOptions;
use crate::place::Place;
use crate::quota::Quota;
use crate::work_error::WorkError;
use crate::worker::message::Reply;
use crate::worker::thread::Owner;
use deckport_ground::faults;

/// After this long without a request there is time for other things. Clients in the middle of a
/// sync ask sooner.
const SPARE_AFTER: Duration = Duration::from_secs(2);
/// Read in one go in spare time: a request that comes then waits for no more than this.
const SPARE_BYTES: u64 = 4 * 1024 * 1024;

/// Batches up to this size hold little more than deletions.
const SMALL_BATCH_BYTES: u64 = 8 * 1024;

/// The owner of one account's media.
#[derive(Debug)]
pub(in crate::worker) struct MediaOwner {
    account: String,
    place: Place,
    clock: Arc<dyn Clock>,
    events: Arc<dyn EventSink>,
    idle: Duration,
    quota: Quota,
    state: Arc<MediaState>,
    store: Option<MediaStore>,
    exchanged: Exchanged,
    last_used: Duration,
    /// There may be something to do in spare time.
    spare_work: bool,
}

impl MediaOwner {
    /// Opens nothing yet.
    pub(super) fn new(
        account: &Account,
        place: &Place,
        options: &HouseholdOptions,
        state: Arc<MediaState>,
    ) -> MediaOwner {
        MediaOwner {
            account: account.name.clone(),
            quota: Quota::new(place, options),
            place: place.clone(),
            clock: Arc::clone(&options.clock),
            events: Arc::clone(&options.events),
            idle: options.database_idle,
            state,
            store: None,
            exchanged: Exchanged::default(),
            last_used: options.clock.monotonic(),
            spare_work: false,
        }
    }

    fn begin(&mut self, asker: &MediaAsker) -> Result<Usn> {
        let usn = self.store()?.usn()?;
        self.state.views(|views| views.began(&asker.session(), usn));
        Ok(usn)
    }

    fn changes(
        &mut self,
        asker: &MediaAsker,
        last_usn: Usn,
    ) -> Result<deckport_wire::media::MediaChangesResponse> {
        let now_ms = self.clock.now_ms();
        if self.store()?.overtake(last_usn, now_ms)? {
            self.problem(
                "a device has seen later media than are here, as after restoring a copy: devices \
                 compare all files once",
            );
        }
        let store = self.store()?;
        let (page, current) = (store.changes_since(last_usn)?, store.usn()?);
        let page_end = page.last().map(|change| change.usn);
        self.state.views(|views| views.listed(&asker.session(), last_usn, page_end, current));
        Ok(page)
    }

    /// Why a batch is not even opened.
    fn over_quota(&self, zip: &MediaZip) -> Option<WorkError> {
        // A batch of deletions is small, and always welcome.
        if zip.bytes() <= SMALL_BATCH_BYTES {
            return None;
        }
        let now_ms = self.clock.now_ms();
        let quota = self.quota.make_room(self.state.bytes(), zip.bytes(), now_ms).err()?;
        Some(WorkError::MediaOverQuota(quota))
    }

    fn upload(
        &mut self,
        asker: &MediaAsker,
        zip: MediaZip,
    ) -> Result<deckport_media::UploadResult> {
        let (now_ms, now) = (self.clock.now_ms(), self.clock.monotonic());
        let store = self.store()?;
        let before = store.usn()?;
        faults::point("media.batch_received");
        let result = store.apply_upload(zip, now_ms)?;
        faults::point("media.batch_stored");
        let (session, device) = (asker.session(), asker.device.label());
        self.state.views(|views| {
            views.uploaded(&session, &device, before, result.current_usn, now.as_secs());
        });
        let counts = self.exchanged.add(asker, u64::from(result.processed), 0);
        self.tell_of_progress(asker, counts);
        Ok(result)
    }

    fn download(&mut self, asker: &MediaAsker, names: &[String]) -> Result<Download> {
        let now_ms = self.clock.now_ms();
        let download = self.store()?.download(names, now_ms)?;
        let counts = self.exchanged.add(asker, 0, download.files() as u64);
        self.tell_of_progress(asker, counts);
        Ok(download)
    }

    fn tell_of_progress(&self, asker: &MediaAsker, counts: MediaCounts) {
        let (account, device) = (self.account.clone(), asker.name.clone());
        self.events.event(&Event::MediaProgress { account, device, counts });
    }

    fn sanity(&mut self, asker: &MediaAsker, local: u32) -> Result<MediaSanityResponse> {
        let current = self.store()?.usn()?;
        let session = asker.session();
        let foreign = self.state.views(|views| {
            let foreign = views.foreign(&session, current);
            views.ended(&session);
            foreign
        });
        let verdict = self.store()?.sanity(local, foreign)?;
        let counts = self.exchanged.take(asker);
        let (account, device) = (self.account.clone(), asker.name.clone());
        self.events.event(&Event::MediaFinished { account, device, counts });
        Ok(verdict)
    }

    /// The store, opened if necessary.
    fn store(&mut self) -> Result<&mut MediaStore> {
        if self.store.is_none() {
            self.store = Some(self.open()?);
        }
        self.store.as_mut().ok_or(Error::InUse)
    }

    fn open(&mut self) -> Result<MediaStore> {
        let opened = self.state.opening().and_then(|()| {
            let store = self.place.open_media(self.clock.now_ms())?;
            let totals = store.totals()?;
            Ok((store, totals))
        });
        let (store, totals) = opened.inspect_err(|_| self.state.closed())?;
        self.state.opened(totals, self.clock.monotonic());
        self.report_lost(store.found_at_open().lost.len());
        Ok(store)
    }

    /// Answers, and notes what changed on the way.
    fn answer<T>(&mut self, reply: Reply<T>, result: Result<T>) {
        self.note_totals();
        let refuse = |error: Error| {
            if !matches!(error, Error::NothingToSend) {
                self.problem(&format!("a media request failed: {error}"));
            }
            WorkError::from(error)
        };
        let _ = reply.send(result.map_err(refuse));
    }

    fn note_totals(&self) {
        if let Some(Ok(totals)) = self.store.as_ref().map(MediaStore::totals) {
            self.state.now_at(totals);
        }
    }

    /// One piece of the work for times when nobody waits.
    fn use_spare_time(&mut self) {
        let now_ms = self.clock.now_ms();
        let Some(store) = &mut self.store else { return };
        let settled = store.settle();
        let progress = store.verify_some(SPARE_BYTES, now_ms);
        // What fails now fails again at once; the next request or start tries it once more.
        self.spare_work = settled.is_ok()
            && progress.as_ref().is_ok_and(|progress| {
                progress.remaining > 0 && progress.right + progress.lost.len() as u64 > 0
            });
        self.note_totals();
        if let Ok(progress) = progress {
            self.report_lost(progress.lost.len());
        }
    }

    fn report_lost(&self, lost: usize) {
        if lost > 0 {
            self.problem(&format!(
                "{lost} media files are missing or damaged; devices that have them send them again"
            ));
        }
    }

    fn close_store(&mut self) {
        if let Some(store) = self.store.take()
            && let Err(error) = store.close()
        {
            self.problem(&format!("the media could not be closed properly: {error}"));
        }
        self.state.closed();
    }

    fn problem(&self, message: &str) {
        let (account, message) = (Some(self.account.clone()), message.to_owned());
        self.events.event(&Event::Problem { account, message });
    }
}

impl Owner for MediaOwner {
    type Message = MediaMessage;

    fn handle(&mut self, message: MediaMessage) {
        match message {
            MediaMessage::Begin(asker, reply) => {
                let usn = self.begin(&asker);
                self.answer(reply, usn);
            }
            MediaMessage::Changes(asker, last_usn, reply) => {
                let page = self.changes(&asker, last_usn);
                self.answer(reply, page);
            }
            MediaMessage::Download(asker, names, reply) => {
                let download = self.download(&asker, &names);
                self.answer(reply, download);
            }
            MediaMessage::Upload(asker, zip, reply) => {
                if let Some(refusal) = self.over_quota(&zip) {
                    let _ = reply.send(Err(refusal));
                } else {
                    let result = self.upload(&asker, zip);
                    self.answer(reply, result);
                }
            }
            MediaMessage::Sanity(asker, local, reply) => {
                let verdict = self.sanity(&asker, local);
                self.answer(reply, verdict);
            }
            MediaMessage::Work(Work(job)) => {
                let now_ms = self.clock.now_ms();
                let tell = job(self.store(), now_ms);
                // First, so that a device that is told and asks for them gets the current ones.
                self.note_totals();
                tell();
            }
            MediaMessage::Look => {
                if let Err(error) = self.store().map(|_| ()) {
                    self.problem(&format!("the media cannot be used: {error}"));
                }
            }
            MediaMessage::Close => self.close(),
            #[cfg(test)]
            MediaMessage::Panic(_reply) => panic!("a bug"),
        }
        self.last_used = self.clock.monotonic();
        self.spare_work = true;
    }

    /// Does what could wait for spare time, and closes the unused store.
    fn tick(&mut self) {
        if self.next_deadline().is_none_or(|at| at > self.clock.monotonic()) {
            return;
        }
        if self.spare_work {
            self.use_spare_time();
        } else {
            self.close_store();
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let wait = if self.spare_work { SPARE_AFTER.min(self.idle) } else { self.idle };
        self.store.is_some().then(|| self.last_used.saturating_add(wait))
    }

    fn recover(&mut self) {
        self.store = None;
        self.state.closed();
        self.problem("a media request failed unexpectedly; please report this");
    }

    fn close(&mut self) {
        self.close_store();
    }

    fn is_last(message: &MediaMessage) -> bool {
        matches!(message, MediaMessage::Close)
    }
}
