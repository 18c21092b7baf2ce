//! Numbers on their way to languages where unsigned ones are awkward.

/// As a signed number; one that is too large becomes the largest.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// As an unsigned number, unless it is negative.
pub(crate) fn unsigned(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
