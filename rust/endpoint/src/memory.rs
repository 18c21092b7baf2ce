//! What all connections together may hold in memory of what clients sent.
//!
//! A few hundred bytes can unpack to a hundred megabytes, and JSON takes many times its length
//! once it is read. So whatever takes more than a little asks here first, and waits for its turn.
//! Nobody holds anything while a client sends: a slow one cannot make others wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// What unpacking one zstd frame takes: the largest window that is accepted, and blocks.
pub(crate) const UNPACKING_BYTES: u64 = (2 << 20) + (384 << 10);
/// The least that can be worked with: one request is unpacked, and may be of some size.
const LEAST_BYTES: u64 = UNPACKING_BYTES + (1 << 20);
/// So many times all there is may one take that is worked on alone: a note of some megabytes.
const ALONE: u64 = 3;
/// Uploaded collections that are checked at once; more would not be faster.
const CHECKS: u64 = 2;

/// The memory of one endpoint.
#[derive(Debug)]
pub(crate) struct Memory {
    /// For what is unpacked while it arrives: each part may be held for hours.
    pub(crate) streams: Budget,
    /// For what has arrived: each part is held for as long as its work takes.
    pub(crate) work: Budget,
    /// Checks of uploaded collections, each of which has a large cache of its own.
    pub(crate) checks: Budget,
}

impl Memory {
    /// Some of `bytes` for streams, the greater part for what has arrived.
    pub(crate) fn new(bytes: u64) -> Memory {
        let work = (bytes / 4 * 3).max(LEAST_BYTES);
        Memory {
            streams: Budget::new(bytes.saturating_sub(work)),
            work: Budget::new(work),
            checks: Budget::new(CHECKS),
        }
    }
}

/// A number of bytes that are given out in the order in which they were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    total: u64,
    free: u64,
    waiting: VecDeque<(u64, oneshot::Sender<Held>)>,
}

/// A part of a budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Budget,
    bytes: u64,
}

impl Budget {
    fn new(total: u64) -> Budget {
        Budget(Arc::new(Mutex::new(State { total, free: total, waiting: VecDeque::new() })))
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.lock().total
    }

    /// So many bytes, if they are free and nobody waits for any.
    pub(crate) fn try_take(&self, bytes: u64) -> Option<Held> {
        let mut state = self.lock();
        let is_free = state.waiting.is_empty() && bytes <= state.free;
        is_free.then(|| {
            state.free -= bytes;
            Held { budget: self.clone(), bytes }
        })
    }

    /// The most that one may ask for. Who needs more than there is gets all of it: nothing else
    /// is worked on meanwhile.
    pub(crate) fn most(&self) -> u64 {
        self.total() * ALONE
    }

    /// So many bytes, as soon as they are free; `None` when it is more than anybody may have. For a
    /// thread that may block.
    pub(crate) fn take_blocking(&self, bytes: u64) -> Option<Held> {
        if bytes > self.most() {
            return None;
        }
        let (turn, mine) = oneshot::channel();
        {
            let mut state = self.lock();
            let bytes = bytes.min(state.total);
            state.waiting.push_back((bytes, turn));
        }
        self.serve();
        mine.blocking_recv().ok()
    }

    /// Gives out what is free to those who wait.
    fn serve(&self) {
        loop {
            let (turn, held) = {
                let mut state = self.lock();
                match state.waiting.front() {
                    Some((bytes, _)) if *bytes <= state.free => {}
                    _ => return,
                }
                let Some((bytes, turn)) = state.waiting.pop_front() else { return };
                state.free -= bytes;
                (turn, Held { budget: self.clone(), bytes })
            };
            // Unlocked: what nobody takes any more is given back, and that locks.
            drop(turn.send(held));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Gives back all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.budget.lock().free += back;
        self.budget.serve();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_goes_to_whoever_waits_longest() {
        let budget = Budget::new(10);
        assert!(budget.take_blocking(31).is_none(), "never");
        let first = budget.take_blocking(6).unwrap();
        let (large, small) = std::thread::scope(|scope| {
            let large = scope.spawn(|| budget.take_blocking(10).unwrap());
            while budget.lock().waiting.is_empty() {
                std::thread::yield_now();
            }
            assert!(budget.try_take(1).is_none(), "the large one waits");
            let small = scope.spawn(|| budget.take_blocking(1).unwrap());
            while budget.lock().waiting.len() < 2 {
                std::thread::yield_now();
            }
            drop(first);
            let mut large = large.join().unwrap();
            large.shrink_to(2);
            (large, small.join().unwrap())
        });
        assert_eq!(budget.lock().free, 7);
        drop((large, small));
        assert_eq!(budget.lock().free, 10);
    }

    #[test]
    fn what_is_larger_than_all_there_is_has_it_for_itself() {
        let budget = Budget::new(10);
        let alone = budget.take_blocking(30).unwrap();
        assert!(budget.try_take(1).is_none());
        drop(alone);
        assert_eq!(budget.lock().free, 10);
    }

    #[test]
    fn whoever_has_left_gets_nothing() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap();
        let (turn, gone) = oneshot::channel();
        budget.lock().waiting.push_back((10, turn));
        drop(gone);
        drop(held);
        assert_eq!(budget.lock().free, 10);
    }

    #[test]
    fn however_little_there_is_one_request_can_be_unpacked() {
        let memory = Memory::new(0);
        assert!(memory.streams.try_take(UNPACKING_BYTES).is_none());
        assert!(memory.work.take_blocking(UNPACKING_BYTES).is_some());
    }
}
