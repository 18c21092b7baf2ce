//! Named moments at which a test can end the process, as a crash or a dead battery would.
//!
//! Only with the feature `fault-points`, which no released program has; without it a point is
//! nothing. Which point, and how often it must be reached, is up to the test. Work that
//! can be interrupted can also be made slow at a point, as on a cheap phone.

/// Marks a moment.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub fn point(_name: &'static str) {}

/// Marks a moment in work that can be interrupted.
#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub fn slow_point(_name: &'static str, _interrupt: &crate::interrupt::Interrupt) {}

#[cfg(feature = "fault-points")]
pub use armed::{arm, point, slow_point};

#[cfg(feature = "fault-points")]
mod armed {
    use std::sync::{Mutex, PoisonError};
    use std::thread;
    use std::time::{Duration, Instant};

    use crate::interrupt::Interrupt;

    /// The point that ends the process, and how often it may be passed before.
    static ARMED: Mutex<Option<(String, u32)>> = Mutex::new(None);
    /// The point that takes long, and how long.
    static SLOW: Mutex<Option<(String, Duration)>> = Mutex::new(None);

    /// Ends the process when `plan`, like `upload.renamed:2`, is reached: the point's name, and how
    /// many times it must be reached (1 without a number). A plan like `upload.checking@2.5` makes a
    /// point take that many seconds instead. Plans of both kinds can be joined by a comma.
    pub fn arm(plans: &str) {
        for plan in plans.split(',') {
            match plan.split_once('@') {
                Some((name, seconds)) => slow_down(name, seconds.parse().unwrap_or_default()),
                None => arm_one(plan),
            }
        }
    }

    fn slow_down(name: &str, seconds: f64) {
        let plan = Some((name.to_owned(), Duration::from_secs_f64(seconds)));
        *SLOW.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// Marks a moment in work that can be interrupted.
    pub fn slow_point(name: &'static str, interrupt: &Interrupt) {
        point(name);
        let plan = SLOW.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((_, time)) = plan.filter(|(slow, _)| slow == name) else { return };
        let begin = Instant::now();
        while begin.elapsed() < time && !interrupt.is_set() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn arm_one(plan: &str) {
        let (name, count) = plan.split_once(':').unwrap_or((plan, "1"));
        let passes = count.parse::<u32>().unwrap_or(1).saturating_sub(1);
        *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_owned(), passes));
    }

    /// Marks a moment.
    pub fn point(name: &'static str) {
        if is_due(name) {
            // No destructor runs, no buffer is written: nothing but the kernel's memory survives.
            std::process::abort();
        }
    }

    fn is_due(name: &str) -> bool {
        match ARMED.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some((armed, passes)) if armed == name => {
                let due = *passes == 0;
                *passes = passes.saturating_sub(1);
                due
            }
            _ => false,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_the_named_point_counts_and_only_the_last_of_its_times_is_due() {
            arm("b:2");
            assert!(!is_due("a"));
            assert!(!is_due("b"));
            assert!(!is_due("a"));
            assert!(is_due("b"));
        }
    }
}
