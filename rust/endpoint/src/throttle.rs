//! Slows down password guessing, by client address, in bounded memory.
//!
//! [`LoginThrottle`] is plain data with the time passed in; [`LoginGate`] shares one between
//! requests and sees to it that every attempt is counted to its end. Nothing here sleeps: the
//! caller waits as long as it is told, and checks the password then.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// Failures that cost nothing: a person mistypes.
const FREE_FAILURES: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Well below the 30 s after which clients give up (`transport` 9).
const LONGEST_DELAY: Duration = Duration::from_secs(8);
/// Failures older than this are forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Attempts of one address that may be under way at once.
const MAX_UNDER_WAY_PER_ADDRESS: u32 = 4;
/// Attempts of all addresses that may be under way at once.
const MAX_UNDER_WAY: u32 = 64;
/// Addresses remembered; above that the one not seen for longest is forgotten.
const MAX_ADDRESSES: usize = 1024;

/// Too many logins are under way: answer "try again later" (503, which clients show as such;
/// `transport` 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many logins at once; try again later")]
pub(crate) struct TooManyLogins;

/// What is remembered of each address.
#[derive(Debug, Default)]
struct LoginThrottle {
    addresses: HashMap<AddressKey, Record>,
    under_way: u32,
}

#[derive(Debug, Default)]
struct Record {
    failures: u32,
    under_way: u32,
    /// Monotonic time of the last begin or end of an attempt.
    last: Duration,
}

impl LoginThrottle {
    /// Admits one attempt and tells how long to wait before its password is checked. Each
    /// admitted attempt must be ended with [`LoginThrottle::end`].
    fn begin(&mut self, key: AddressKey, now: Duration) -> Result<Duration, TooManyLogins> {
        if self.under_way >= MAX_UNDER_WAY {
            return Err(TooManyLogins);
        }
        if !self.addresses.contains_key(&key) {
            self.make_room();
        }
        let record = self.addresses.entry(key).or_default();
        if record.under_way >= MAX_UNDER_WAY_PER_ADDRESS {
            return Err(TooManyLogins);
        }
        if record.under_way == 0 && now.saturating_sub(record.last) > FORGET_AFTER {
            record.failures = 0;
        }
        // What is under way may well fail: guessing in parallel must not be faster.
        let delay = delay_after(record.failures.saturating_add(record.under_way));
        record.under_way += 1;
        record.last = now;
        self.under_way += 1;
        Ok(delay)
    }

    fn end(&mut self, key: AddressKey, now: Duration, succeeded: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(record) = self.addresses.get_mut(&key) else { return };
        record.under_way = record.under_way.saturating_sub(1);
        record.last = now;
        record.failures = if succeeded { 0 } else { record.failures.saturating_add(1) };
    }

    /// Forgets the address that was not seen for longest, when the table is full. One with an
    /// attempt under way stays; there are fewer of those than places.
    fn make_room(&mut self) {
        if self.addresses.len() < MAX_ADDRESSES {
            return;
        }
        let idle = self.addresses.iter().filter(|(_, record)| record.under_way == 0);
        if let Some(oldest) = idle.min_by_key(|(_, record)| record.last).map(|(key, _)| *key) {
            self.addresses.remove(&oldest);
        }
    }
}

/// Nothing for the first failures, then doubling up to the longest delay.
fn delay_after(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE_FAILURES) else { return Duration::ZERO };
    FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_DELAY)
}

/// Whom an attempt is counted for. IPv6 counts by /64: that much is handed to each household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressKey(IpAddr);

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> AddressKey {
        match address.to_canonical() {
            IpAddr::V4(v4) => AddressKey(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                AddressKey(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// A throttle shared by all connections.
#[derive(Debug)]
pub(crate) struct LoginGate {
    clock: Arc<dyn Clock>,
    throttle: Mutex<LoginThrottle>,
}

impl LoginGate {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> LoginGate {
        LoginGate { clock, throttle: Mutex::default() }
    }

    /// Admits one attempt. Wait for [`LoginTicket::wait`], check the password, then call
    /// [`LoginTicket::succeeded`]; dropping the ticket counts as a failure.
    ///
    /// # Errors
    /// [`TooManyLogins`] when too many are under way, of this address or of all.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<LoginTicket, TooManyLogins> {
        let key = AddressKey::from(peer);
        let wait = self.throttle().begin(key, self.clock.monotonic())?;
        Ok(LoginTicket { gate: Arc::clone(self), key, wait, succeeded: false })
    }

    fn throttle(&self) -> MutexGuard<'_, LoginThrottle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One login attempt that is under way. It belongs into the task that checks the password, so
/// that a client that hangs up does not hide a failure.
#[derive(Debug)]
pub(crate) struct LoginTicket {
    gate: Arc<LoginGate>,
    key: AddressKey,
    wait: Duration,
    succeeded: bool,
}

impl LoginTicket {
    /// How long to wait before the password is checked.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// The password was right: the address starts afresh.
    pub(crate) fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for LoginTicket {
    fn drop(&mut self) {
        let now = self.gate.clock.monotonic();
        self.gate.throttle().end(self.key, now, self.succeeded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn gate() -> (Arc<LoginGate>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(0));
        (Arc::new(LoginGate::new(clock.clone())), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// One attempt that fails; gives the wait in milliseconds.
    fn fail(gate: &Arc<LoginGate>, peer: &str) -> u128 {
        gate.enter(address(peer)).unwrap().wait().as_millis()
    }

    #[test]
    fn the_first_five_failures_cost_nothing_then_the_wait_doubles_up_to_8_seconds() {
        let (gate, _) = gate();
        let waits: Vec<u128> = (0..12).map(|_| fail(&gate, "192.0.2.1")).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(fail(&gate, "192.0.2.2"), 0, "another address is not slowed down");
    }

    #[test]
    fn a_success_or_a_quarter_of_an_hour_forgives() {
        let (gate, clock) = gate();
        for _ in 0..7 {
            fail(&gate, "192.0.2.1");
        }
        gate.enter(address("192.0.2.1")).unwrap().succeeded();
        assert_eq!(fail(&gate, "192.0.2.1"), 0);

        for _ in 0..7 {
            fail(&gate, "192.0.2.1");
        }
        clock.advance(FORGET_AFTER);
        assert_ne!(fail(&gate, "192.0.2.1"), 0);
        clock.advance(FORGET_AFTER + Duration::from_millis(1));
        assert_eq!(fail(&gate, "192.0.2.1"), 0);
    }

    #[test]
    fn guessing_in_parallel_is_not_faster() {
        let (gate, _) = gate();
        for _ in 0..5 {
            fail(&gate, "192.0.2.1");
        }
        let tickets: Vec<LoginTicket> =
            (0..4).map(|_| gate.enter(address("192.0.2.1")).unwrap()).collect();
        let waits: Vec<u128> = tickets.iter().map(|ticket| ticket.wait().as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000]);
        assert_eq!(gate.enter(address("192.0.2.1")).unwrap_err(), TooManyLogins);
        drop(tickets);
        assert!(gate.enter(address("192.0.2.1")).is_ok());
    }

    #[test]
    fn too_many_attempts_of_all_addresses_together_are_refused() {
        let (gate, _) = gate();
        let peer = |n: u32| IpAddr::from((0xc000_0200 + n).to_be_bytes());
        let tickets: Vec<LoginTicket> =
            (0..MAX_UNDER_WAY).map(|n| gate.enter(peer(n)).unwrap()).collect();
        assert_eq!(gate.enter(peer(MAX_UNDER_WAY)).unwrap_err(), TooManyLogins);
        drop(tickets);
        assert!(gate.enter(peer(MAX_UNDER_WAY)).is_ok());
    }

    #[test]
    fn ipv6_counts_by_household_and_mapped_ipv4_as_ipv4() {
        let (gate, _) = gate();
        for n in 0..6 {
            fail(&gate, &format!("2001:db8:0:1::{n}"));
            fail(&gate, "192.0.2.1");
        }
        assert_ne!(fail(&gate, "2001:db8:0:1:ffff::1"), 0);
        assert_eq!(fail(&gate, "2001:db8:0:2::1"), 0);
        assert_ne!(fail(&gate, "::ffff:192.0.2.1"), 0);
        assert_eq!(fail(&gate, "::ffff:192.0.2.2"), 0);
    }

    #[test]
    fn memory_is_bounded_and_the_address_not_seen_for_longest_is_forgotten() {
        let (gate, clock) = gate();
        let peer = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        for n in 0..5000 {
            drop(gate.enter(peer(n)).unwrap());
            // Seen again and again, so it stays.
            fail(&gate, "192.0.2.1");
            clock.advance(Duration::from_millis(1));
        }
        assert_eq!(gate.throttle().addresses.len(), MAX_ADDRESSES);
        assert_eq!(fail(&gate, "192.0.2.1"), 8000);
        assert!(!gate.throttle().addresses.contains_key(&AddressKey(peer(0))));
    }
}
