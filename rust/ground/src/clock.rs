//! The time, passed in from outside so that tests decide it.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the endpoint reads the time. Leases and throttling use [`Clock::monotonic`], what is
/// stored or sent to clients uses [`Clock::now_ms`].
pub trait Clock: Debug + Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    fn now_ms(&self) -> i64;

    /// Time since an arbitrary but fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> SystemClock {
        SystemClock { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        // A clock set before 1970 counts as 1970: only time stamps suffer.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until it is told to move. For tests of this and other crates.
#[derive(Debug)]
pub struct ManualClock {
    times: Mutex<Times>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    now_ms: i64,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock that shows `now_ms` (Unix milliseconds) and a monotonic time of zero.
    #[must_use]
    pub fn new(now_ms: i64) -> ManualClock {
        ManualClock { times: Mutex::new(Times { now_ms, monotonic: Duration::ZERO }) }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        times.now_ms = times.now_ms.saturating_add(by_ms);
        times.monotonic = times.monotonic.saturating_add(by);
    }

    fn times(&self) -> Times {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.times().now_ms
    }

    fn monotonic(&self) -> Duration {
        self.times().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_tells_unix_milliseconds_and_never_goes_back() {
        let clock = SystemClock::new();
        let first = clock.monotonic();
        // 2020 and 2200: wide enough for every machine, narrow enough to notice seconds.
        assert!((1_577_836_800_000..7_258_118_400_000).contains(&clock.now_ms()));
        assert!(clock.monotonic() >= first);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(1_000);
        assert_eq!((clock.now_ms(), clock.monotonic()), (1_000, Duration::ZERO));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!((clock.now_ms(), clock.monotonic()), (2_500, Duration::from_millis(1_500)));
    }
}
