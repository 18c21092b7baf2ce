//! Releasing buried cards when the day changes (`collection-sync` B.3, `storage-migrate` 6).
//!
//! Clients do the same by themselves before they sync and do not mark the cards as changed, so
//! the endpoint would never hear of it: a device that downloads later would find cards buried
//! that are not buried anywhere else.

use deckport_wire::{TimestampSecs, Usn};
use rusqlite::Connection;

use super::day::DayClock;
use crate::error::Result;
use crate::objects::config;

/// Queues: 0 new, 1 learning, 2 review, 3 learning across days, −2 and −3 buried. Card types:
/// 0 new, 2 review, 1 and 3 learning. A due above 1,000,000,000 is a time, else a day.
const RELEASE: &str = "
UPDATE cards SET queue = CASE
    WHEN type = 0 THEN 0
    WHEN type = 2 THEN 2
    WHEN due > 1000000000 THEN 1
    ELSE 3 END
WHERE queue IN (-2, -3)";

/// Puts buried cards back into their queues if a new day began since that was last done.
pub(super) fn release_buried_cards(conn: &Connection, usn: Usn, now: TimestampSecs) -> Result<()> {
    let clock = DayClock::of(conn)?;
    if clock.lacks_rollover() {
        config::set(conn, "rollover", &4, usn, now)?;
    }
    let today = clock.today(now);
    let last: i64 = config::get(conn, "lastUnburied")?.unwrap_or(0);
    if last < today || last > today + 7 {
        conn.execute(RELEASE, [])?;
        config::set(conn, "lastUnburied", &today, usn, now)?;
    }
    Ok(())
}
