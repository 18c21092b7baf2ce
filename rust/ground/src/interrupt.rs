//! Ending long work from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends long work, whose results are then thrown away. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    own: Arc<AtomicBool>,
    /// When one of these is set, so is this one.
    above: Vec<Arc<AtomicBool>>,
}

impl Interrupt {
    /// One that can be set by itself and is also set when this one is: for one of several pieces of
    /// work.
    #[must_use]
    pub fn below(&self) -> Interrupt {
        Interrupt::default().or(self)
    }

    /// This one, which also counts as set when the other one is.
    #[must_use]
    pub fn or(&self, other: &Interrupt) -> Interrupt {
        let mut above = self.above.clone();
        above.push(Arc::clone(&other.own));
        above.extend(other.above.iter().cloned());
        Interrupt { own: Arc::clone(&self.own), above }
    }

    /// Asks the work to end, for good.
    pub fn set(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether it was asked to.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let is_set = |flag: &Arc<AtomicBool>| flag.load(Ordering::Acquire);
        is_set(&self.own) || self.above.iter().any(is_set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_ends_all_and_what_is_below_only_itself() {
        let above = Interrupt::default();
        let (one, other) = (above.below(), above.below());
        one.set();
        assert_eq!([one.is_set(), other.is_set(), above.is_set()], [true, false, false]);
        above.set();
        assert!(other.is_set());
    }

    #[test]
    fn one_of_two_is_enough() {
        let (one, other) = (Interrupt::default(), Interrupt::default());
        let both = one.or(&other).below();
        assert!(!both.is_set());
        other.set();
        assert_eq!([both.is_set(), one.is_set()], [true, false]);
    }
}
