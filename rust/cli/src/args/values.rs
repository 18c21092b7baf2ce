//! Values as people write them, and what to write where one cannot be read.

use std::net::SocketAddr;

/// An amount of space: `500` and `500MB` are megabytes, `5GB` and `1.5 TB` are what they say.
pub(super) fn megabytes(text: &str) -> Result<u64, String> {
    let wrong = || "write a size such as 500MB or 5GB".to_owned();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "m" | "mb" => 1.0,
        "g" | "gb" => 1e3,
        "t" | "tb" => 1e6,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let megabytes = (number * factor).round();
    if !(1.0..1e9).contains(&megabytes) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
    Ok(megabytes as u64)
}

/// An address and a port.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address and a port, such as 192.168.1.20:27701 or [::1]:27701".to_owned()
    })
}

/// A device's number.
pub(super) fn device_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "write the number that `deckport device list` shows".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in
            [("500", 500), ("500 MB", 500), ("5GB", 5_000), ("1.5g", 1_500), ("2 TB", 2_000_000)]
        {
            assert_eq!(megabytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-5", "5KB", "1.2.3", "GB", "9999999 TB", "nan"] {
            assert!(megabytes(text).unwrap_err().contains("5GB"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_an_example() {
        assert!(socket_address("localhost:5000").unwrap_err().contains("[::1]:27701"));
        assert!(device_number("abc").unwrap_err().contains("device list"));
    }
}
