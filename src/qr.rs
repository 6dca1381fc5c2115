//! A QR code (ISO/IEC 18004) as a picture that a till shows or prints. Pure. The only module that uses the encoder.
//!
//! ```text
//!   text ──▶ QrPicture: dark and light modules inside a quiet zone ──┬──▶ svg
//!                                                                    └──▶ bmp
//! ```

mod bmp;
mod svg;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::error::{Error, Result};

/// The largest QR code (177 modules a side) holds any text of this many bytes at level M. The gateway's `qr_code` has
/// at most 128 characters (003 §3.3).
pub const TEXT_BYTES_MAX: usize = 2331;
/// 32 px are 1.4 mm at 600 dpi, more than any till needs. With them the largest BMP has 5.6 MB.
pub const MODULE_PX_MAX: u32 = 32;
/// The standard asks for 4; more is a matter of layout.
pub const QUIET_MODULES_MAX: u32 = 16;

/// A QR code with the size of its modules and the width of its quiet zone.
pub struct QrPicture {
    modules: QrCode,
    module_px: u32,
    quiet_modules: u32,
}

impl QrPicture {
    /// Level M, which the wallets themselves use, survives the loss of 15 % of the area. A higher level would only be
    /// needed for a logo in the middle. On a narrow receipt larger modules help a camera more than a higher level.
    /// The encoder takes a higher level where it needs no more modules.
    ///
    /// Chinese text is encoded as plain UTF-8. Readers detect it, and some cannot read the ECI marker that would
    /// announce it.
    pub fn new(text: &str, module_px: u32, quiet_modules: u32) -> Result<Self> {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(Error::value("text", format_args!("must be 1 to {TEXT_BYTES_MAX} bytes of UTF-8")));
        }
        if !(1..=MODULE_PX_MAX).contains(&module_px) {
            return Err(Error::value("module_px", format_args!("must be 1 to {MODULE_PX_MAX}")));
        }
        if quiet_modules > QUIET_MODULES_MAX {
            return Err(Error::value("quiet_modules", format_args!("must be 0 to {QUIET_MODULES_MAX}")));
        }
        let modules = QrCode::encode_text(text, QrCodeEcc::Medium)
            .map_err(|_| Error::value("text", "does not fit into a QR code"))?;
        Ok(Self { modules, module_px, quiet_modules })
    }

    /// The picture as one line of SVG.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// The picture as a whole .bmp file.
    pub fn bmp(&self) -> Vec<u8> {
        bmp::draw(self)
    }

    /// The side in modules, the quiet zone included.
    fn side(&self) -> u32 {
        self.modules.size() as u32 + 2 * self.quiet_modules
    }

    fn side_px(&self) -> u32 {
        self.side() * self.module_px
    }

    /// `x` and `y` count modules from the upper left corner of the quiet zone. The quiet zone is light.
    fn is_dark(&self, x: u32, y: u32) -> bool {
        // Both are below 250, so the casts are exact. The encoder reports everything outside its code as light.
        let inside = |n: u32| n as i32 - self.quiet_modules as i32;
        self.modules.get_module(inside(x), inside(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::UPAY_E_VALUE;

    fn refused(text: &str, module_px: u32, quiet_modules: u32) -> String {
        let error = QrPicture::new(text, module_px, quiet_modules).err().expect("refused");
        assert_eq!(error.status, UPAY_E_VALUE);
        error.message
    }

    #[test]
    fn every_limit_is_named() {
        assert!(refused("", 1, 4).starts_with("text: "));
        assert!(refused(&"x".repeat(TEXT_BYTES_MAX + 1), 1, 4).contains("2331"));
        assert!(refused("x", 0, 4).starts_with("module_px: "));
        assert!(refused("x", MODULE_PX_MAX + 1, 4).contains("32"));
        assert!(refused("x", 1, QUIET_MODULES_MAX + 1).starts_with("quiet_modules: "));
        assert!(refused("x", u32::MAX, u32::MAX).starts_with("module_px: "));
    }

    #[test]
    fn the_longest_text_fits_whatever_it_is_made_of() {
        for text in ["x".repeat(TEXT_BYTES_MAX), "披".repeat(TEXT_BYTES_MAX / 3), "7".repeat(TEXT_BYTES_MAX)] {
            assert!(QrPicture::new(&text, 1, 4).is_ok());
        }
        let longest = QrPicture::new(&"x".repeat(TEXT_BYTES_MAX), MODULE_PX_MAX, QUIET_MODULES_MAX).unwrap();
        assert_eq!(longest.side(), 177 + 2 * QUIET_MODULES_MAX);
    }

    #[test]
    fn a_level_is_never_below_m_and_higher_where_that_costs_no_room() {
        let level = |text: &str| QrPicture::new(text, 1, 0).unwrap().modules.error_correction_level();
        assert_eq!(level(&"x".repeat(TEXT_BYTES_MAX)), QrCodeEcc::Medium);
        assert_eq!(level("x"), QrCodeEcc::High);
    }
}
