//! Times as the clock on the wall shows them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Unix milliseconds as `2026-11-20 23:45`, in this computer's time zone.
pub(crate) fn minute(unix_ms: i64) -> String {
    in_zone(unix_ms, &TimeZone::system(), "%Y-%m-%d %H:%M")
}

/// Unix milliseconds as `2026-11-20`, in this computer's time zone.
pub(crate) fn day(unix_ms: i64) -> String {
    in_zone(unix_ms, &TimeZone::system(), "%Y-%m-%d")
}

/// Unix milliseconds as `2026-11-20 23:45:01` in a time zone.
pub(crate) fn second(unix_ms: i64, zone: &TimeZone) -> String {
    in_zone(unix_ms, zone, "%Y-%m-%d %H:%M:%S")
}

fn in_zone(unix_ms: i64, zone: &TimeZone, format: &str) -> String {
    // What no calendar reaches is the oldest time: nothing real is so old.
    let time = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_its_zone() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(second(1_795_218_301_007, &tokyo), "2026-11-21 08:45:01");
        assert_eq!(second(1_795_218_301_007, &TimeZone::UTC), "2026-11-20 23:45:01");
        assert_eq!(second(i64::MAX, &TimeZone::UTC), "1970-01-01 00:00:00");
    }
}
