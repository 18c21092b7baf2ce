//! Slows down the guessing of passwords and tokens, in bounded memory.
//!
//! Failures are counted for the address, for the account, and for the account at that address. A
//! success takes back the failures of its account at its address, and nothing else: somebody who
//! has an account cannot guess another one's password between two logins of their own.
//!
//! What strangers do to an account must not keep its owner out. So somebody who comes from where
//! the account has logged in before waits only for the failures of their own address, and has
//! places of their own.
//!
//! [`Throttle`] is plain data with the time passed in; [`Gate`] shares one between requests and
//! makes sure that every attempt is counted to its end. Nothing here sleeps: the caller waits as
//! long as it is told, and then checks. So a guess whose sender does not wait is not checked.

mod tally;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deckport_ground::clock::Clock;

use self::tally::Tally;
use crate::origin::{AddressKey, Origin};

/// Failures of one address that cost nothing: a person mistypes.
const FREE_OF_ADDRESS: u32 = 5;
/// The same for an account: several persons, or one with several devices.
const FREE_OF_ACCOUNT: u32 = 20;
/// The same for a network in which each address counts by itself.
const FREE_OF_NETWORK: u32 = 50;
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Well below the 30 s after which clients give up (`transport` 9).
const LONGEST_DELAY: Duration = Duration::from_secs(8);
/// Attempts of one address that may be under way at once. Not for this machine: behind a proxy
/// that is not trusted everybody has its address.
const MAX_UNDER_WAY_PER_ADDRESS: u32 = 4;
/// Attempts of one [`Kind`] that may be under way at once, counted separately for strangers and
/// others.
const MAX_UNDER_WAY: u32 = 64;

/// Too many logins are under way: answer "try again later" (503, which clients show as such;
/// `transport` 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many logins at once; try again later")]
pub struct TooManyLogins;

/// A keyed hash of an account's name or of a token, so that what is remembered is small.
type Digest = u64;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A password, for the account of this name.
    Password(Digest),
    /// A token. `again`: the one that was wrong before.
    Token { digest: Digest, again: bool },
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    kind: Kind,
    origin: Origin,
    /// It comes from where its account, or for a token any account, has logged in before.
    is_known: bool,
}

/// What is remembered.
#[derive(Debug, Default)]
struct Throttle {
    addresses: Tally<AddressKey>,
    networks: Tally<AddressKey>,
    accounts: Tally<Digest>,
    pairs: Tally<(Digest, AddressKey)>,
    /// Where accounts have logged in since the start.
    welcome: Tally<(Digest, AddressKey)>,
    /// A token that was wrong and comes again is not a guess but a device that has not noticed yet.
    wrong_tokens: Tally<(Digest, AddressKey)>,
    under_way: [u32; 4],
}

impl Throttle {
    /// Admits one attempt and returns how long to wait before it is checked. Each admitted attempt
    /// must be ended with [`Throttle::end`].
    fn begin(&mut self, attempt: &mut Attempt, now: Duration) -> Result<Duration, TooManyLogins> {
        let Attempt { kind, origin, .. } = attempt;
        match kind {
            Kind::Password(account) => {
                attempt.is_known |= self.welcome.remembers((*account, origin.own));
            }
            Kind::Token { digest, again } => {
                *again = self.wrong_tokens.knows((*digest, origin.own), now);
                if *again {
                    return Ok(Duration::ZERO);
                }
            }
        }
        let (_, under_way) = self.addresses.of(origin.own, now);
        if self.places(attempt).is_none_or(|taken| *taken >= MAX_UNDER_WAY)
            || under_way >= MAX_UNDER_WAY_PER_ADDRESS && !attempt.origin.is_this_machine()
        {
            return Err(TooManyLogins);
        }
        let delay = self.delay(attempt, now);
        if let Some(taken) = self.places(attempt) {
            *taken += 1;
        }
        self.addresses.begin(attempt.origin.own, now);
        if let Some(network) = attempt.origin.network {
            self.networks.begin(network, now);
        }
        if let Kind::Password(account) = attempt.kind {
            self.accounts.begin(account, now);
        }
        Ok(delay)
    }

    /// What is under way may well fail: guessing in parallel must not be faster.
    fn delay(&self, attempt: &Attempt, now: Duration) -> Duration {
        let total = |(failures, under_way): (u32, u32)| failures.saturating_add(under_way);
        let own = delay_after(total(self.addresses.of(attempt.origin.own, now)), FREE_OF_ADDRESS);
        if attempt.is_known {
            return own;
        }
        let network = attempt.origin.network.map_or(Duration::ZERO, |network| {
            delay_after(total(self.networks.of(network, now)), FREE_OF_NETWORK)
        });
        let account = match attempt.kind {
            Kind::Password(account) => {
                delay_after(total(self.accounts.of(account, now)), FREE_OF_ACCOUNT)
            }
            Kind::Token { .. } => Duration::ZERO,
        };
        own.max(network).max(account)
    }

    fn end(&mut self, attempt: &Attempt, now: Duration, succeeded: bool) {
        let Attempt { kind, origin, .. } = *attempt;
        if let Kind::Token { digest, again } = kind {
            if !succeeded {
                self.wrong_tokens.note((digest, origin.own), now);
            }
            if again {
                return;
            }
        }
        if let Some(taken) = self.places(attempt) {
            *taken = taken.saturating_sub(1);
        }
        self.addresses.end(origin.own, now, !succeeded);
        if let Some(network) = origin.network {
            self.networks.end(network, now, !succeeded);
        }
        let Kind::Password(account) = kind else { return };
        self.accounts.end(account, now, !succeeded);
        let pair = (account, origin.own);
        if succeeded {
            self.welcome.note(pair, now);
            self.forgive(account, origin, now);
        } else {
            self.pairs.begin(pair, now);
            self.pairs.end(pair, now, true);
        }
    }

    /// Takes back an account's failures at an address, and nothing else.
    fn forgive(&mut self, account: Digest, origin: Origin, now: Duration) {
        let pair = (account, origin.own);
        let (failures, _) = self.pairs.of(pair, now);
        self.pairs.forgive(pair, failures);
        self.accounts.forgive(account, failures);
        self.addresses.forgive(origin.own, failures);
        if let Some(network) = origin.network {
            self.networks.forgive(network, failures);
        }
    }

    /// The count of attempts among which this one is limited.
    fn places(&mut self, attempt: &Attempt) -> Option<&mut u32> {
        let is_token = matches!(attempt.kind, Kind::Token { .. });
        self.under_way.get_mut(2 * usize::from(is_token) + usize::from(attempt.is_known))
    }
}

/// Nothing for the first failures, then doubling up to the longest delay.
fn delay_after(failures: u32, free: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(free) else { return Duration::ZERO };
    FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_DELAY)
}

/// A throttle shared by all connections.
#[derive(Debug)]
pub struct Gate {
    clock: Arc<dyn Clock>,
    digests: RandomState,
    throttle: Mutex<Throttle>,
}

impl Gate {
    /// A gate that has seen nobody yet.
    pub fn new(clock: Arc<dyn Clock>) -> Gate {
        Gate { clock, digests: RandomState::new(), throttle: Mutex::default() }
    }

    /// Admits one login. Wait for [`Ticket::wait`], check the password, then call
    /// [`Ticket::succeeded`]; dropping the ticket counts as a failure. `is_known`: the account has
    /// logged in from there before.
    ///
    /// # Errors
    /// [`TooManyLogins`] when too many are under way, for this address or in total.
    pub fn login(
        self: &Arc<Self>,
        account: &str,
        origin: Origin,
        is_known: bool,
    ) -> Result<Ticket, TooManyLogins> {
        let account = account.trim().to_lowercase();
        self.enter(Kind::Password(self.digests.hash_one(account)), origin, is_known)
    }

    /// The same for a token that may be a guess. `is_known`: somebody has logged in from there
    /// before.
    ///
    /// # Errors
    /// As for [`Gate::login`].
    pub fn token(
        self: &Arc<Self>,
        token: &str,
        origin: Origin,
        is_known: bool,
    ) -> Result<Ticket, TooManyLogins> {
        let digest = self.digests.hash_one(token);
        self.enter(Kind::Token { digest, again: false }, origin, is_known)
    }

    fn enter(
        self: &Arc<Self>,
        kind: Kind,
        origin: Origin,
        is_known: bool,
    ) -> Result<Ticket, TooManyLogins> {
        let mut attempt = Attempt { kind, origin, is_known };
        let wait = self.throttle().begin(&mut attempt, self.clock.monotonic())?;
        Ok(Ticket { gate: Arc::clone(self), attempt, wait, succeeded: false })
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt that is under way. A client that hangs up does not hide a failure: the ticket is
/// dropped with its request.
#[derive(Debug)]
pub struct Ticket {
    gate: Arc<Gate>,
    attempt: Attempt,
    wait: Duration,
    succeeded: bool,
}

impl Ticket {
    /// How long to wait before the password or token is checked.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Whether it comes from where its account has never logged in before.
    #[must_use]
    pub fn is_strange(&self) -> bool {
        !self.attempt.is_known
    }

    /// The password or token was right.
    pub fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let now = self.gate.clock.monotonic();
        self.gate.throttle().end(&self.attempt, now, self.succeeded);
    }
}

#[cfg(test)]
mod tests;
