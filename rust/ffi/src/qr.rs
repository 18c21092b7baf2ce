//! QR codes as plain squares, for any user interface to draw.

use qrcode::{Color, EcLevel};

use crate::errors::QrError;

/// A QR code. Draw it dark on light with a margin of four modules on each side, or scanners will
/// not see it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QrCode {
    /// Modules on each side.
    pub size: i32,
    /// `size` × `size` modules, row by row from the top left; `true` is dark.
    pub modules: Vec<bool>,
}

/// The QR code of a text, e.g. of an address or of `Pairing.qr_payload`.
///
/// # Errors
/// `QrError.TooLong`, from some 2300 bytes on.
#[uniffi::export]
pub fn qr_code(text: &str) -> Result<QrCode, QrError> {
    // Medium: codes are scanned from screens, where reflections hide parts.
    let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|_| QrError::TooLong)?;
    let size = i32::try_from(code.width()).map_err(|_| QrError::TooLong)?;
    let modules = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Ok(QrCode { size, modules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_with_its_three_corners() {
        let QrCode { size, modules } = qr_code("http://192.168.1.20:27701/").unwrap();
        let side = usize::try_from(size).unwrap();
        assert_eq!(modules.len(), side * side);
        for corner in [0, side - 7, (side - 7) * side] {
            let top: Vec<bool> = modules[corner..corner + 7].to_vec();
            assert_eq!(top, [true; 7]);
            assert!(!modules[corner + side + 1] && modules[corner + 2 * side + 2]);
        }
        assert_eq!(qr_code(&"x".repeat(3_000)), Err(QrError::TooLong));
    }
}
