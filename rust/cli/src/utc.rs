//! Points in time as text: always UTC, always the same width, no local settings.

/// Unix milliseconds as `2026-11-20T23:45:01Z`.
pub(crate) fn seconds(unix_ms: i64) -> String {
    let (date, second) = parts(unix_ms.div_euclid(1000));
    format!("{date}T{}Z", clock(second))
}

/// Unix milliseconds as `2026-11-20T23:45:01.123Z`.
pub(crate) fn milliseconds(unix_ms: i64) -> String {
    let (date, second) = parts(unix_ms.div_euclid(1000));
    format!("{date}T{}.{:03}Z", clock(second), unix_ms.rem_euclid(1000))
}

fn clock(second_of_day: i64) -> String {
    format!("{:02}:{:02}:{:02}", second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60)
}

/// The date and the second of that day.
fn parts(unix_secs: i64) -> (String, i64) {
    let (year, month, day) = civil(unix_secs.div_euclid(86_400));
    (format!("{year:04}-{month:02}-{day:02}"), unix_secs.rem_euclid(86_400))
}

/// Year, month and day of the Gregorian calendar for days since 1970-01-01.
///
/// Counts in eras of 400 years that begin on 1 March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // from 0000-03-01
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
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

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = civil(-1);
        for day in 0..146_097 {
            let next = civil(day);
            let same_month = (last.0, last.1, last.2 + 1);
            let next_month = (last.0, last.1 + 1, 1);
            let next_year = (last.0 + 1, 1, 1);
            assert!([same_month, next_month, next_year].contains(&next), "{last:?} -> {next:?}");
            last = next;
        }
        assert_eq!(last, (2369, 12, 31));
    }
}
