//! Sizes as text.

/// Bytes as `12 B`, `3.4 kB`, `5.6 MB` or `7.8 GB`, in powers of a thousand.
pub(crate) fn text(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        None => format!("{bytes} B"),
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn the_unit_fits_the_size() {
        let sizes = [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_250_000, "1.2 MB")];
        for (bytes, expected) in sizes {
            assert_eq!(text(bytes), expected);
        }
        assert_eq!(text(u64::MAX), "18446744073.7 GB");
    }
}
