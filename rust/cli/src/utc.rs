//! Points in time as text: always UTC, always the same width, no local settings.

use deckport_ground::calendar::Moment;

/// Unix milliseconds as `2026-11-20T23:45:01Z`.
pub(crate) fn seconds(unix_ms: i64) -> String {
    format!("{}Z", stamp(unix_ms))
}

/// Unix milliseconds as `2026-11-20T23:45:01.123Z`.
pub(crate) fn milliseconds(unix_ms: i64) -> String {
    format!("{}.{:03}Z", stamp(unix_ms), unix_ms.rem_euclid(1000))
}

fn stamp(unix_ms: i64) -> String {
    let Moment { year, month, day, hour, minute, second } = Moment::of(unix_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_in_utc() {
        assert_eq!(seconds(0), "1970-01-01T00:00:00Z");
        assert_eq!(seconds(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(seconds(1_795_218_301_999), "2026-11-20T23:45:01Z");
        assert_eq!(milliseconds(1_795_218_301_007), "2026-11-20T23:45:01.007Z");
        assert_eq!(milliseconds(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(seconds(4_107_542_399_000), "2100-02-28T23:59:59Z");
        assert_eq!(seconds(4_107_542_400_000), "2100-03-01T00:00:00Z");
    }
}
