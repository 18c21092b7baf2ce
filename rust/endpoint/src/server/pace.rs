//! How much time a transfer still has.
//!
//! A slow link is not a dead one, and a few bytes now and then are no progress: what moves buys
//! time at the least rate that is accepted, and never more than a certain patience in advance. So
//! a client may pause, and one that only pretends to send is out after that patience.

use std::time::Duration;

/// The time that one transfer has.
#[derive(Debug)]
pub(super) struct Pace {
    patience: Duration,
    /// Bytes for a second.
    least_rate: u64,
    left: Duration,
}

impl Pace {
    /// A transfer that may stand still for `patience`, and must make `least_rate` bytes a second
    /// in the long run.
    pub(super) fn new(patience: Duration, least_rate: u64) -> Pace {
        Pace { patience, least_rate: least_rate.max(1), left: patience }
    }

    /// How long the next byte may take.
    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// So long nothing moved. Only waiting for the other side counts, not our own work.
    pub(super) fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// So many bytes have moved.
    pub(super) fn moved(&mut self, bytes: u64) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.least_rate);
        let bought = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.left = self.left.saturating_add(bought).min(self.patience);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_slow_link_that_pauses_goes_on_for_ever() {
        let mut pace = Pace::new(60 * SECOND, 2048);
        // 14 kB a second, and every two minutes a pause of 50 s.
        for second in 0..10_000 {
            pace.waited(SECOND);
            assert!(pace.left() > Duration::ZERO, "after {second} s");
            pace.moved(14_000);
            if second % 120 == 119 {
                pace.waited(50 * SECOND);
                assert!(pace.left() > Duration::ZERO, "in the pause after {second} s");
            }
        }
    }

    #[test]
    fn a_trickle_runs_out_of_time_however_it_is_cut() {
        for (every, bytes) in [(1, 70), (10, 700), (59, 4096)] {
            let mut pace = Pace::new(60 * SECOND, 2048);
            let mut seconds = 0;
            while pace.left() >= every * SECOND {
                pace.waited(every * SECOND);
                pace.moved(bytes);
                seconds += every;
                assert!(seconds < 130, "{bytes} bytes every {every} s");
            }
        }
    }

    #[test]
    fn no_time_is_saved_up_beyond_the_patience() {
        let mut pace = Pace::new(60 * SECOND, 2048);
        pace.moved(1 << 40);
        assert_eq!(pace.left(), 60 * SECOND);
    }
}
