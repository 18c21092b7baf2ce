//! Which backups stay.

use std::collections::HashSet;
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

/// How many backups an account keeps. What neither `newest` nor `days` keeps is removed; then the
/// oldest go until the rest fits into the byte budget. The newest one always stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPolicy {
    /// How many of the newest stay. Default: 10.
    pub newest: usize,
    /// For this many days one backup of each day (UTC) stays. It is the day's first: whatever
    /// happens to a collection many times on one day, the state before it is kept. Default: 14.
    pub days: u32,
    /// Most bytes that one account's backups may take. `None`, the default: a quarter of what
    /// would be free without them, where the system says how much is free.
    pub max_bytes: Option<u64>,
    /// From this age on a backup is compressed when the account is idle, unless it is the newest.
    /// Default: a day.
    pub compress_after: Duration,
}

impl Default for BackupPolicy {
    fn default() -> BackupPolicy {
        BackupPolicy {
            newest: 10,
            days: 14,
            max_bytes: None,
            compress_after: Duration::from_secs(86_400),
        }
    }
}

/// A backup, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Unix milliseconds.
    pub(super) made_ms: i64,
    /// On the disk.
    pub(super) bytes: u64,
}

impl BackupPolicy {
    /// The byte budget, where `used` bytes are taken by the backups and `free` are free.
    pub(super) fn budget(&self, used: u64, free: Option<u64>) -> Option<u64> {
        self.max_bytes.or_else(|| free.map(|free| free.saturating_add(used) / 4))
    }

    /// Which of the backups, newest first, to remove, as places in the list.
    pub(super) fn superfluous(
        &self,
        newest_first: &[Candidate],
        budget: Option<u64>,
        now_ms: i64,
    ) -> Vec<usize> {
        let first_of_days = self.first_of_days(newest_first, now_ms);
        let mut bytes = 0_u64;
        let mut superfluous = Vec::new();
        let mut is_full = false;
        for (place, backup) in newest_first.iter().enumerate() {
            let is_wanted = place < self.newest || first_of_days.contains(&place);
            let with_it = bytes.saturating_add(backup.bytes);
            // Once one does not fit, no older one stays in its place: the last days count most.
            is_full |= is_wanted && budget.is_some_and(|budget| with_it > budget);
            if place == 0 || (is_wanted && !is_full) {
                bytes = with_it;
            } else {
                superfluous.push(place);
            }
        }
        superfluous
    }

    /// The places of each day's first backup, for the last days.
    fn first_of_days(&self, newest_first: &[Candidate], now_ms: i64) -> HashSet<usize> {
        let today = now_ms.div_euclid(DAY_MS);
        let mut days = HashSet::new();
        let mut places = HashSet::new();
        for (place, backup) in newest_first.iter().enumerate().rev() {
            let day = backup.made_ms.div_euclid(DAY_MS);
            let is_recent = today.saturating_sub(day) < i64::from(self.days);
            if is_recent && days.insert(day) {
                places.insert(place);
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_177_887_205;

    /// What stays of backups of these ages in days, newest first.
    fn stay(policy: &BackupPolicy, ages: &[i64], budget: Option<u64>) -> Vec<i64> {
        let made = |age: &i64| Candidate { made_ms: NOW - age * DAY_MS, bytes: 10 };
        let backups: Vec<Candidate> = ages.iter().map(made).collect();
        let gone = policy.superfluous(&backups, budget, NOW);
        let kept = ages.iter().enumerate().filter(|(place, _)| !gone.contains(place));
        kept.map(|(_, age)| *age).collect()
    }

    #[test]
    fn the_newest_stay_however_old_they_are() {
        let ages: Vec<i64> = (100..120).collect();
        assert_eq!(stay(&BackupPolicy::default(), &ages, None), ages[..10]);
    }

    #[test]
    fn each_of_the_last_days_keeps_its_first() {
        let policy = BackupPolicy { newest: 2, ..BackupPolicy::default() };
        let minutes = |day: i64, minute: i64| Candidate {
            made_ms: (NOW.div_euclid(DAY_MS) - day) * DAY_MS + minute * 60_000,
            bytes: 10,
        };
        let backups = [
            minutes(0, 30),
            minutes(0, 20),
            minutes(0, 10),
            minutes(1, 20),
            minutes(1, 10),
            minutes(13, 1),
            minutes(14, 1),
        ];
        assert_eq!(policy.superfluous(&backups, None, NOW), [3, 6]);
    }

    #[test]
    fn within_the_budget_the_oldest_go_first_and_one_always_stays() {
        let policy = BackupPolicy::default();
        assert_eq!(stay(&policy, &[0, 1, 2, 3], Some(25)), [0, 1]);
        assert_eq!(stay(&policy, &[0, 1, 2, 3], Some(0)), [0]);
        assert_eq!(stay(&policy, &[500], Some(0)), [500]);
    }

    #[test]
    fn the_budget_counts_what_the_backups_take_themselves() {
        let policy = BackupPolicy::default();
        assert_eq!(policy.budget(100, Some(300)), Some(100));
        assert_eq!(policy.budget(100, None), None);
        let own = BackupPolicy { max_bytes: Some(7), ..policy };
        assert_eq!(own.budget(100, Some(300)), Some(7));
    }

    fn backups() -> impl Strategy<Value = Vec<Candidate>> {
        let one = (-3_i64..60, 0_i64..DAY_MS, 0_u64..1000).prop_map(|(age, in_day, bytes)| {
            Candidate { made_ms: NOW - age * DAY_MS - in_day, bytes }
        });
        prop::collection::vec(one, 0..60).prop_map(|mut backups| {
            backups.sort_unstable_by_key(|backup| std::cmp::Reverse(backup.made_ms));
            backups
        })
    }

    proptest! {
        #[test]
        fn the_promises_hold_for_all_lists(
            backups in backups(),
            newest in 0_usize..20,
            days in 0_u32..30,
            budget in prop::option::of(0_u64..20_000),
        ) {
            let policy = BackupPolicy { newest, days, ..BackupPolicy::default() };
            let gone = policy.superfluous(&backups, budget, NOW);
            let stays = |place: &usize| !gone.contains(place);
            let kept: Vec<usize> = (0..backups.len()).filter(stays).collect();
            // One always stays, and it is the newest.
            prop_assert_eq!(kept.first(), (!backups.is_empty()).then_some(&0));
            let bytes: u64 = kept.iter().map(|&place| backups[place].bytes).sum();
            prop_assert!(kept.len() <= 1 || budget.is_none_or(|budget| bytes <= budget));
            // Deciding again removes nothing more.
            let rest: Vec<Candidate> = kept.iter().map(|&place| backups[place]).collect();
            if budget.is_none() {
                prop_assert_eq!(policy.superfluous(&rest, budget, NOW), Vec::<usize>::new());
                for place in 0..backups.len().min(newest) {
                    prop_assert!(stays(&place));
                }
                for backup in &backups {
                    let day = backup.made_ms.div_euclid(DAY_MS);
                    let is_recent = NOW.div_euclid(DAY_MS) - day < i64::from(days);
                    let of_day = |&&place: &&usize| backups[place].made_ms.div_euclid(DAY_MS) == day;
                    prop_assert!(!is_recent || kept.iter().any(|place| of_day(&place)));
                }
            }
        }
    }
}
