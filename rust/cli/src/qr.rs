//! An address as a QR code made of text, to be scanned from the terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Black on white whatever the terminal's colours are: some scanners cannot read inverted codes.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The code as lines of half blocks with the quiet zone scanners need, or `None` when the
/// text is too long for a code.
pub(crate) fn lines(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let blocks = code.render::<Dense1x2>().build();
    Some(blocks.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typical_address_fits_a_small_terminal() {
        let lines = lines("http://192.168.178.123:27701/").unwrap_or_default();
        let width = lines.first().map(|line| line.chars().filter(|c| " █▀▄".contains(*c)).count());
        // Version 2: 25 modules and a quiet zone of 4 on each side, two modules a line.
        assert_eq!((width, lines.len()), (Some(33), 17));
        assert!(lines.iter().all(|line| line.starts_with(BLACK_ON_WHITE) && line.ends_with(RESET)));
    }

    #[test]
    fn text_beyond_the_capacity_gives_no_code() {
        assert_eq!(lines(&"x".repeat(3_000)), None);
    }
}
