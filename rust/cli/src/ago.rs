//! Times as a distance from now, which needs no time zone.

/// `just now`, `5 minutes ago`, `3 hours ago`, `2 days ago`; all times are Unix milliseconds.
pub(crate) fn text(then_ms: i64, now_ms: i64) -> String {
    let minutes = now_ms.saturating_sub(then_ms) / 60_000;
    let (count, unit) = match minutes {
        ..1 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    format!("{} ago", counted(count.unsigned_abs(), unit))
}

/// `1 note`, `2 notes`.
pub(crate) fn counted(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_distance() {
        let minute = 60_000;
        let cases = [
            (-5, "just now"),
            (0, "just now"),
            (1, "1 minute ago"),
            (59, "59 minutes ago"),
            (60, "1 hour ago"),
            (1_439, "23 hours ago"),
            (2_880, "2 days ago"),
        ];
        for (minutes, expected) in cases {
            assert_eq!(text(-minutes * minute, 0), expected);
        }
    }
}
