//! Counting failures by some key, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Failures older than this are forgotten.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Keys remembered; above that, the one not seen for the longest time is forgotten.
pub(super) const MAX_KEYS: usize = 1024;

/// Failures, and attempts under way, of each key.
#[derive(Debug)]
pub(super) struct Tally<K> {
    records: HashMap<K, Record>,
}

#[derive(Debug, Default)]
struct Record {
    failures: u32,
    under_way: u32,
    /// Monotonic time of the last begin or end of an attempt.
    last: Duration,
}

impl<K> Default for Tally<K> {
    fn default() -> Tally<K> {
        Tally { records: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> Tally<K> {
    /// What is remembered of a key: failures, and attempts that are under way.
    pub(super) fn of(&self, key: K, now: Duration) -> (u32, u32) {
        match self.records.get(&key) {
            None => (0, 0),
            Some(record) if record.is_forgotten(now) => (0, record.under_way),
            Some(record) => (record.failures, record.under_way),
        }
    }

    /// Whether the key was noted and is not forgotten.
    pub(super) fn knows(&self, key: K, now: Duration) -> bool {
        self.records.get(&key).is_some_and(|record| !record.is_forgotten(now))
    }

    /// Whether the key was noted, however long ago.
    pub(super) fn remembers(&self, key: K) -> bool {
        self.records.contains_key(&key)
    }

    /// An attempt begins; [`Tally::end`] must follow.
    pub(super) fn begin(&mut self, key: K, now: Duration) {
        self.record(key, now).under_way += 1;
    }

    /// An attempt ends.
    pub(super) fn end(&mut self, key: K, now: Duration, failed: bool) {
        let record = self.record(key, now);
        record.under_way = record.under_way.saturating_sub(1);
        record.failures = record.failures.saturating_add(u32::from(failed));
    }

    /// Notes a key, without an attempt.
    pub(super) fn note(&mut self, key: K, now: Duration) {
        self.record(key, now);
    }

    /// Subtracts failures.
    pub(super) fn forgive(&mut self, key: K, failures: u32) {
        if let Some(record) = self.records.get_mut(&key) {
            record.failures = record.failures.saturating_sub(failures);
        }
    }

    fn record(&mut self, key: K, now: Duration) -> &mut Record {
        if !self.records.contains_key(&key) {
            self.make_room();
        }
        let record = self.records.entry(key).or_default();
        if record.is_forgotten(now) {
            record.failures = 0;
        }
        record.last = now;
        record
    }

    /// When the table is full, forgets the key not seen for the longest time. One with an attempt
    /// under way stays; there are fewer of those than places.
    fn make_room(&mut self) {
        if self.records.len() < MAX_KEYS {
            return;
        }
        let idle = self.records.iter().filter(|(_, record)| record.under_way == 0);
        if let Some(oldest) = idle.min_by_key(|(_, record)| record.last).map(|(key, _)| *key) {
            self.records.remove(&oldest);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
}

impl Record {
    fn is_forgotten(&self, now: Duration) -> bool {
        self.under_way == 0 && now.saturating_sub(self.last) > FORGET_AFTER
    }
}
