//! The collection's own day number (`collection-sync` B.3).

use deckport_wire::TimestampSecs;
use rusqlite::Connection;

use crate::error::Result;
use crate::objects::config;

const DAY: i64 = 86_400;
const DEFAULT_ROLLOVER_HOUR: i64 = 4;

/// Everything that decides when a collection's day changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayClock {
    /// Creation time of the collection.
    creation: TimestampSecs,
    /// Scheduler generation, 1 or 2.
    scheduler: i64,
    /// Hour at which the day changes, 0-23; `None` when the config lacks it.
    rollover: Option<i64>,
    /// Minutes west of UTC when the collection was made; `None` = old day cut-off.
    creation_offset: Option<i64>,
    /// Minutes west of UTC where the person is now.
    local_offset: i64,
}

impl DayClock {
    /// Reads the settings.
    pub(crate) fn of(conn: &Connection) -> Result<DayClock> {
        Ok(DayClock {
            creation: conn.query_row("SELECT crt FROM col", [], |row| row.get(0))?,
            scheduler: config::get(conn, "schedVer")?.unwrap_or(1),
            rollover: config::get(conn, "rollover")?,
            creation_offset: config::get(conn, "creationOffset")?,
            local_offset: config::get(conn, "localOffset")?.unwrap_or(0),
        })
    }

    /// Clients with the second scheduler write the rollover hour on first use.
    pub(crate) fn lacks_rollover(&self) -> bool {
        self.scheduler == 2 && self.rollover.is_none()
    }

    /// When the day changes next, after `now`.
    pub(crate) fn next_day_at(&self, now: TimestampSecs) -> TimestampSecs {
        if self.scheduler != 2 {
            let into_day = (now - self.creation).rem_euclid(DAY);
            return now.saturating_add(DAY - into_day);
        }
        let rollover = self.rollover.unwrap_or(DEFAULT_ROLLOVER_HOUR).clamp(0, 23) * 3600;
        let local_now = now.saturating_sub(self.local_offset.saturating_mul(60));
        let into_day = local_now.saturating_sub(rollover).rem_euclid(DAY);
        now.saturating_add(DAY - into_day)
    }

    /// Days since creation.
    pub(crate) fn today(&self, now: TimestampSecs) -> i64 {
        if self.scheduler != 2 {
            return (now - self.creation).div_euclid(DAY);
        }
        let rollover = self.rollover.unwrap_or(DEFAULT_ROLLOVER_HOUR).clamp(0, 23);
        let local_now = now.saturating_sub(self.local_offset.saturating_mul(60));
        match self.creation_offset {
            Some(offset) => {
                let created = self.creation.saturating_sub(offset.saturating_mul(60));
                let days = local_now.div_euclid(DAY) - created.div_euclid(DAY);
                let before_rollover = local_now.rem_euclid(DAY) < rollover * 3600;
                (days - i64::from(before_rollover)).max(0)
            }
            None => {
                let local_creation = self.creation - self.local_offset.saturating_mul(60);
                let first_rollover = local_creation.div_euclid(DAY) * DAY + rollover * 3600;
                (local_now - first_rollover).div_euclid(DAY)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> DayClock {
        DayClock {
            // 2026-01-10 04:00 UTC+2
            creation: 1_768_010_400,
            scheduler: 2,
            rollover: None,
            creation_offset: Some(-120),
            local_offset: -120,
        }
    }

    #[test]
    fn the_day_changes_at_four_local_time() {
        let clock = clock();
        assert_eq!(clock.today(clock.creation), 0);
        assert_eq!(clock.today(clock.creation + DAY - 1), 0);
        assert_eq!(clock.today(clock.creation + DAY), 1);
    }

    #[test]
    fn the_next_day_begins_when_the_number_changes() {
        let offset = Some(-120);
        for (scheduler, creation_offset) in [(1, offset), (2, offset), (2, None)] {
            let clock = DayClock { scheduler, creation_offset, ..clock() };
            for now in [clock.creation + 5, clock.creation + DAY, clock.creation + 3 * DAY - 1] {
                let next = clock.next_day_at(now);
                assert!(now < next && next <= now + DAY);
                assert_eq!(clock.today(next - 1), clock.today(now));
                assert_eq!(clock.today(next), clock.today(now) + 1);
            }
        }
    }

    #[test]
    fn another_rollover_hour_moves_the_change() {
        let clock = DayClock { rollover: Some(6), ..clock() };
        assert_eq!(clock.today(clock.creation + DAY + 2 * 3600 - 1), 0);
        assert_eq!(clock.today(clock.creation + DAY + 2 * 3600), 1);
    }

    #[test]
    fn a_day_is_never_negative_and_odd_settings_do_no_harm() {
        assert_eq!(clock().today(0), 0);
        let odd = DayClock { local_offset: i64::MAX, rollover: Some(-5), ..clock() };
        assert_eq!(odd.today(1_768_010_400), 0);
    }

    #[test]
    fn the_first_scheduler_counts_whole_days_since_creation() {
        let clock = DayClock { scheduler: 1, ..clock() };
        assert_eq!(clock.today(clock.creation + 3 * DAY + 5), 3);
    }

    #[test]
    fn without_a_creation_offset_the_creation_day_is_moved_to_the_rollover_hour() {
        let clock = DayClock { creation_offset: None, ..clock() };
        assert_eq!(clock.today(clock.creation + DAY - 1), 0);
        assert_eq!(clock.today(clock.creation + DAY), 1);
    }
}
