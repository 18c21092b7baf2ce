//! Who may change an account's collection (`collection-sync` 8).
//!
//! Plain data with the time passed in: nothing here waits, opens a file or knows of SQLite.
//! A caller that gets a [`Taken::Granted`] must first end what the previous holder left open.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What tells devices of one account apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKey {
    /// Id of the device that the token belongs to.
    pub device_id: i64,
    /// Address and client version, where several devices share one token: the best there is to tell
    /// them apart.
    pub origin: Option<(IpAddr, String)>,
}

impl DeviceKey {
    /// A text that is different for every device of an account.
    pub(crate) fn label(&self) -> String {
        match &self.origin {
            None => self.device_id.to_string(),
            Some((address, version)) => format!("{} {address} {version}", self.device_id),
        }
    }

    /// The endpoint itself. Each such key is different: two requests of this kind wait for each
    /// other as two devices do.
    pub(crate) fn local() -> DeviceKey {
        static NEXT: AtomicI64 = AtomicI64::new(-1);
        DeviceKey { device_id: NEXT.fetch_sub(1, Ordering::Relaxed), origin: None }
    }

    /// Whether this is not a device.
    pub(crate) fn is_local(&self) -> bool {
        self.device_id < 0
    }
}

/// What the lease is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A normal sync; its later requests must bring the same session key.
    Sync {
        /// Chosen by the client for this run.
        session_key: String,
    },
    /// An upload. It lives as long as its request, so it does not expire by itself.
    Upload,
}

/// Proof of one grant; a later grant makes it worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Answer to a request for the lease.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is yours. Whatever the previous holder left open must be rolled back.
    Granted(Ticket),
    /// Another device has it.
    Busy,
}

/// The lease of one account.
#[derive(Debug)]
pub(crate) struct Lease {
    idle: Duration,
    holder: Option<Holder>,
    granted: u64,
}

#[derive(Debug)]
struct Holder {
    device: DeviceKey,
    purpose: Purpose,
    ticket: Ticket,
    last_used: Duration,
    /// Requests and answers of its sync that are under way.
    under_way: u32,
}

impl Lease {
    /// A free lease. A sync without a request for `idle` is over.
    pub(crate) fn new(idle: Duration) -> Lease {
        Lease { idle, holder: None, granted: 0 }
    }

    /// Gives the lease to `device` when it is free, expired, or held by the same device: a device
    /// that starts again has given up its earlier attempt.
    pub(crate) fn take(&mut self, device: &DeviceKey, purpose: Purpose, now: Duration) -> Taken {
        if !self.is_free_for(device, now) {
            return Taken::Busy;
        }
        self.granted += 1;
        let ticket = Ticket(self.granted);
        let device = device.clone();
        self.holder = Some(Holder { device, purpose, ticket, last_used: now, under_way: 0 });
        Taken::Granted(ticket)
    }

    /// Whether [`Lease::take`] would succeed.
    pub(crate) fn is_free_for(&self, device: &DeviceKey, now: Duration) -> bool {
        let held_by_another = self.holder.as_ref().is_some_and(|holder| holder.device != *device);
        !held_by_another || self.has_expired(now)
    }

    /// Whether a request of a running sync belongs to the holder. If so, the sync stays alive.
    pub(crate) fn continue_sync(
        &mut self,
        device: &DeviceKey,
        session_key: &str,
        now: Duration,
    ) -> bool {
        let holder = self.holder_of(device, session_key);
        holder.map(|holder| holder.last_used = now).is_some()
    }

    /// Notes that the holder's request has just been worked on: that time is not idleness.
    pub(crate) fn touch(&mut self, now: Duration) {
        if let Some(holder) = &mut self.holder {
            holder.last_used = now;
        }
    }

    /// A request or an answer of the sync is under way: until [`Lease::arrived`] it is not idle,
    /// however slow the link.
    pub(crate) fn under_way(&mut self, device: &DeviceKey, session_key: &str) {
        if let Some(holder) = self.holder_of(device, session_key) {
            holder.under_way += 1;
        }
    }

    /// What [`Lease::under_way`] announced has arrived, or never will.
    pub(crate) fn arrived(&mut self, device: &DeviceKey, session_key: &str, now: Duration) {
        if let Some(holder) = self.holder_of(device, session_key) {
            holder.under_way = holder.under_way.saturating_sub(1);
            holder.last_used = now;
        }
    }

    fn holder_of(&mut self, device: &DeviceKey, session_key: &str) -> Option<&mut Holder> {
        let is_meant =
            |holder: &&mut Holder| holder.device == *device && holder.has_session(session_key);
        self.holder.as_mut().filter(is_meant)
    }

    /// Whether `device` runs a normal sync, under whatever session key. Uploads do not count:
    /// an `abort` means a sync.
    pub(crate) fn is_syncing(&self, device: &DeviceKey) -> bool {
        self.holder.as_ref().is_some_and(|holder| {
            holder.device == *device && matches!(holder.purpose, Purpose::Sync { .. })
        })
    }

    /// Whether `device` has it, for whatever purpose.
    pub(crate) fn is_held_by(&self, device: &DeviceKey) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.device == *device)
    }

    /// Whether this grant still stands.
    pub(crate) fn is_held_with(&self, ticket: Ticket) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.ticket == ticket)
    }

    /// Gives the lease back.
    pub(crate) fn release(&mut self) {
        self.holder = None;
    }

    /// Whether the holder has been silent for too long.
    pub(crate) fn has_expired(&self, now: Duration) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }

    /// When the holder will have been silent for too long.
    pub(crate) fn expires_at(&self) -> Option<Duration> {
        match &self.holder {
            Some(Holder { purpose: Purpose::Sync { .. }, last_used, under_way: 0, .. }) => {
                Some(last_used.saturating_add(self.idle))
            }
            _ => None,
        }
    }
}

impl Holder {
    fn has_session(&self, key: &str) -> bool {
        matches!(&self.purpose, Purpose::Sync { session_key } if session_key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn device(device_id: i64) -> DeviceKey {
        DeviceKey { device_id, origin: None }
    }

    fn sync(session_key: &str) -> Purpose {
        Purpose::Sync { session_key: session_key.to_owned() }
    }

    fn granted(taken: Taken) -> Ticket {
        match taken {
            Taken::Granted(ticket) => ticket,
            Taken::Busy => panic!("the lease is busy"),
        }
    }

    #[test]
    fn another_device_is_kept_out_until_the_lease_is_free() {
        let mut lease = Lease::new(IDLE);
        granted(lease.take(&device(1), sync("a"), at(0)));
        assert_eq!(lease.take(&device(2), sync("b"), at(1)), Taken::Busy);
        assert_eq!(lease.take(&device(2), Purpose::Upload, at(1)), Taken::Busy);
        lease.release();
        granted(lease.take(&device(2), sync("b"), at(2)));
    }

    #[test]
    fn the_same_device_takes_over_its_own_attempt_and_the_old_ticket_is_void() {
        let mut lease = Lease::new(IDLE);
        let first = granted(lease.take(&device(1), Purpose::Upload, at(0)));
        let second = granted(lease.take(&device(1), sync("b"), at(1)));
        assert!(!lease.is_held_with(first));
        assert!(lease.is_held_with(second));
    }

    #[test]
    fn a_sync_goes_on_only_with_its_device_and_session_key() {
        let mut lease = Lease::new(IDLE);
        granted(lease.take(&device(1), sync("a"), at(0)));
        assert!(lease.continue_sync(&device(1), "a", at(1)));
        assert!(!lease.continue_sync(&device(1), "b", at(1)));
        assert!(!lease.continue_sync(&device(2), "a", at(1)));
        lease.release();
        assert!(!lease.continue_sync(&device(1), "a", at(1)));
    }

    #[test]
    fn a_silent_sync_expires_and_each_request_keeps_it_alive() {
        let mut lease = Lease::new(IDLE);
        granted(lease.take(&device(1), sync("a"), at(0)));
        assert_eq!(lease.expires_at(), Some(at(60)));
        assert!(lease.continue_sync(&device(1), "a", at(50)));
        assert!(!lease.has_expired(at(109)));
        assert_eq!(lease.take(&device(2), sync("b"), at(109)), Taken::Busy);
        assert!(lease.has_expired(at(110)));
        granted(lease.take(&device(2), sync("b"), at(110)));
        lease.touch(at(140));
        assert_eq!(lease.expires_at(), Some(at(200)));
    }

    #[test]
    fn a_request_that_is_arriving_keeps_the_sync_alive_and_idleness_counts_from_its_end() {
        let mut lease = Lease::new(IDLE);
        granted(lease.take(&device(1), sync("a"), at(0)));
        lease.under_way(&device(1), "a");
        lease.under_way(&device(1), "another run");
        lease.under_way(&device(2), "a");
        assert_eq!(lease.expires_at(), None);
        assert_eq!(lease.take(&device(2), sync("b"), at(500)), Taken::Busy);
        lease.arrived(&device(1), "a", at(500));
        assert_eq!(lease.expires_at(), Some(at(560)));
        // What belongs to an earlier attempt does not end the next one.
        granted(lease.take(&device(1), sync("c"), at(510)));
        lease.arrived(&device(1), "a", at(520));
        assert_eq!(lease.expires_at(), Some(at(570)));
    }

    #[test]
    fn an_upload_does_not_expire_and_is_not_a_sync() {
        let mut lease = Lease::new(IDLE);
        granted(lease.take(&device(1), Purpose::Upload, at(0)));
        assert_eq!(lease.expires_at(), None);
        assert_eq!(lease.take(&device(2), sync("b"), at(10_000)), Taken::Busy);
        assert!(!lease.is_syncing(&device(1)));
        assert!(!lease.continue_sync(&device(1), "", at(1)));
    }

    #[test]
    fn devices_with_one_token_are_told_apart_by_where_they_come_from() {
        let mut lease = Lease::new(IDLE);
        let shared = |last: u8, version: &str| DeviceKey {
            device_id: 1,
            origin: Some((IpAddr::from([192, 168, 1, last]), version.to_owned())),
        };
        granted(lease.take(&shared(1, "26.09.3"), sync("a"), at(0)));
        assert_eq!(lease.take(&shared(2, "26.09.3"), sync("b"), at(0)), Taken::Busy);
        assert_eq!(lease.take(&shared(1, "2.1.58"), sync("b"), at(0)), Taken::Busy);
        assert!(!lease.is_syncing(&shared(2, "26.09.3")));
        assert!(lease.is_syncing(&shared(1, "26.09.3")));
        granted(lease.take(&shared(1, "26.09.3"), sync("c"), at(0)));
    }
}
