//! The Gregorian calendar, in UTC.

const DAY_SECS: i64 = 86_400;
const DAYS_IN_400_YEARS: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const DAYS_UNTIL_1970: i64 = 719_468;

/// A moment, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Year.
    pub year: i64,
    /// Month, from 1.
    pub month: i64,
    /// Day of the month, from 1.
    pub day: i64,
    /// Hour, from 0.
    pub hour: i64,
    /// Minute, from 0.
    pub minute: i64,
    /// Second, from 0.
    pub second: i64,
}

impl Moment {
    /// The moment of so many Unix milliseconds.
    #[must_use]
    pub fn of(unix_ms: i64) -> Moment {
        let secs = unix_ms.div_euclid(1000);
        let (year, month, day) = date_of(secs.div_euclid(DAY_SECS));
        let in_day = secs.rem_euclid(DAY_SECS);
        Moment {
            year,
            month,
            day,
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
        }
    }

    /// Its Unix milliseconds. Parts that do not exist, such as a 30th of February, give some other
    /// moment.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        let Moment { year, month, day, hour, minute, second } = self;
        (days_until(year, month, day) * DAY_SECS + hour * 3600 + minute * 60 + second) * 1000
    }
}

/// The date of a day counted from 1970-01-01. Years are counted from March here, so that the leap day
/// is a year's last.
fn date_of(days: i64) -> (i64, i64, i64) {
    let since_0000_03_01 = days + DAYS_UNTIL_1970;
    let era = since_0000_03_01.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = since_0000_03_01.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// The opposite of [`date_of`].
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_IN_400_YEARS + day_of_era - DAYS_UNTIL_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = date_of(-1);
        for day in 0..DAYS_IN_400_YEARS {
            let next = date_of(day);
            let same_month = (last.0, last.1, last.2 + 1);
            let next_month = (last.0, last.1 + 1, 1);
            let next_year = (last.0 + 1, 1, 1);
            assert!([same_month, next_month, next_year].contains(&next), "{last:?} -> {next:?}");
            assert_eq!(days_until(next.0, next.1, next.2), day);
            last = next;
        }
        assert_eq!(last, (2369, 12, 31));
    }

    #[test]
    fn a_moment_is_what_it_was_before() {
        for secs in [0, -1, 951_782_400, 1_795_218_301, 4_107_542_399, 4_107_542_400] {
            assert_eq!(Moment::of(secs * 1000 + 7).unix_ms(), secs * 1000);
        }
    }
}
