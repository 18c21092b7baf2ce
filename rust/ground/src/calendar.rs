//! Moments in UTC, and their text: always the same width, no local settings.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment in UTC, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: i32,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
}

impl Moment {
    /// The moment of a time in Unix milliseconds. What the calendar does not reach (years before
    /// -9999 and after 9999) becomes its first or its last moment.
    #[must_use]
    pub fn of(unix_ms: i64) -> Moment {
        let edge = if unix_ms < 0 { PrimitiveDateTime::MIN } else { PrimitiveDateTime::MAX };
        let time = OffsetDateTime::from_unix_timestamp(unix_ms.div_euclid(1000))
            .unwrap_or_else(|_| edge.assume_utc());
        Moment {
            year: time.year(),
            month: time.month().into(),
            day: time.day(),
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
        }
    }

    /// In Unix milliseconds; `None` when there is no such date or time of day.
    #[must_use]
    pub fn unix_ms(self) -> Option<i64> {
        let month = Month::try_from(self.month).ok()?;
        let date = Date::from_calendar_date(self.year, month, self.day).ok()?;
        let time = Time::from_hms(self.hour, self.minute, self.second).ok()?;
        Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp() * 1000)
    }
}

/// Unix milliseconds as `2026-11-20T23:45:01Z`.
#[must_use]
pub fn utc_seconds(unix_ms: i64) -> String {
    format!("{}Z", date_and_time(unix_ms))
}

/// Unix milliseconds as `2026-11-20T23:45:01.123Z`.
#[must_use]
pub fn utc_milliseconds(unix_ms: i64) -> String {
    format!("{}.{:03}Z", date_and_time(unix_ms), unix_ms.rem_euclid(1000))
}

fn date_and_time(unix_ms: i64) -> String {
    let Moment { year, month, day, hour, minute, second } = Moment::of(unix_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// A time for people, in a zone that many minutes east of UTC: `2026-11-20 12:31 UTC`, or
/// `2026-11-20 14:31 (UTC+02:00)`.
#[must_use]
pub fn readable_time(unix_ms: i64, utc_offset_minutes: i32) -> String {
    let local_ms = unix_ms.saturating_add(i64::from(utc_offset_minutes) * 60_000);
    let Moment { year, month, day, hour, minute, .. } = Moment::of(local_ms);
    let zone = match utc_offset_minutes {
        0 => "UTC".to_owned(),
        east => {
            let (sign, minutes) = (if east < 0 { '-' } else { '+' }, east.unsigned_abs());
            format!("(UTC{sign}{:02}:{:02})", minutes / 60, minutes % 60)
        }
    };
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} {zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_in_utc() {
        assert_eq!(utc_seconds(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc_seconds(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(utc_seconds(1_795_218_301_999), "2026-11-20T23:45:01Z");
        assert_eq!(utc_milliseconds(1_795_218_301_007), "2026-11-20T23:45:01.007Z");
        assert_eq!(utc_milliseconds(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(utc_seconds(4_107_542_399_000), "2100-02-28T23:59:59Z");
        assert_eq!(utc_seconds(4_107_542_400_000), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn no_time_is_too_far_away() {
        assert_eq!(utc_seconds(i64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(Moment::of(i64::MIN).year, -9999);
    }

    #[test]
    fn people_read_the_time_of_their_zone() {
        let time = 1_795_177_887_205;
        assert_eq!(readable_time(time, 0), "2026-11-20 12:31 UTC");
        assert_eq!(readable_time(time, 330), "2026-11-20 18:01 (UTC+05:30)");
        assert_eq!(readable_time(time, -780), "2026-11-19 23:31 (UTC-13:00)");
    }

    #[test]
    fn a_moment_is_a_time_again_if_there_is_one() {
        let moment = Moment::of(951_782_461_999);
        assert_eq!(moment.unix_ms(), Some(951_782_461_000));
        assert_eq!(Moment { month: 13, ..moment }.unix_ms(), None);
        assert_eq!(Moment { day: 30, ..moment }.unix_ms(), None);
        assert_eq!(Moment { hour: 25, ..moment }.unix_ms(), None);
    }
}
