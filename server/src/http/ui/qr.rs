//! A text as a picture that a telephone reads, drawn on the server so that no script has to.

use qrcodegen::{QrCode, QrCodeEcc};

/// A picture of squares.
#[derive(Debug)]
pub(super) struct Picture {
    /// How many squares a side has, the quiet margin included.
    pub side: i32,
    /// The dark squares as the path of an SVG.
    pub path: String,
}

/// Light squares all around, without which no telephone finds it.
const MARGIN: i32 = 4;

/// None where the text is too long for one.
pub(super) fn picture(text: &str) -> Option<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let dark =
        (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    let path = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN)).collect();
    Some(Picture { side: size + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_those_of_a_code() {
        let picture = picture("otpauth://totp/Adit:ada%40corp.example?secret=ABC").unwrap();
        assert!(picture.path.starts_with("M4 4h1v1h-1z"), "{}", picture.path);
        assert!(picture.side > 21 + 2 * MARGIN);
    }
}
