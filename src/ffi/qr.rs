use std::ffi::{c_char, c_void};

use super::guard::guard;
use super::text::{bytes_out, text_in, text_out};
use crate::abi::*;
use crate::client::Encoding;
use crate::error::Error;
use crate::qr::QrPicture;

/// Makes a picture of a text as a QR code, black on white, such as of the qr_code that a customer is to scan. Needs no
/// client. The code is square, of error correction level M or higher.
///
/// UPAY_QR_BMP: a whole .bmp file of 1 bit a pixel, not compressed, bottom row first: the kind that LoadImage,
/// LoadPicture and TBitmap read from a file. For StretchDIBits, BITMAPINFO stands at byte 14 and the pixels at byte 62; in
/// them 1 is white.
/// UPAY_QR_SVG: one line of SVG 1.1 with a NUL at its end; for a page, or a printer driver that scales.
///
/// text: 1 to 2331 bytes of UTF-8.
/// format: UPAY_QR_SVG or UPAY_QR_BMP.
/// module_px: the side of one small square in pixels, 1 to 32. Show and print the picture in its own size, or scaled by a
/// whole number: 3 or more for a screen, 4 for a receipt printer of 203 dpi.
/// quiet_modules: the white border, in small squares, 0 to 16. The standard asks for 4; less only where what is around
/// the picture is white.
/// buffer, capacity: where the picture goes, and how many bytes fit there.
/// length: receives the picture's bytes, those of an SVG without its NUL; with UPAY_E_BUFFER the bytes that the buffer
/// must have, the NUL of an SVG included. May be NULL. Ask with buffer NULL and capacity 0 first: a long text or large
/// squares make large pictures, up to 5.6 MB. The same arguments make the same picture.
/// Errors: UPAY_E_VALUE (upay_last_error names the argument and its range), UPAY_E_BUFFER, UPAY_E_ARGUMENT (text is NULL
/// or not UTF-8; buffer is NULL and capacity is not 0).
///
/// # Safety
/// `text` is NULL or ends with a NUL, `buffer` has room for `capacity` bytes, `length` is NULL or can be written.
#[no_mangle]
pub unsafe extern "C" fn upay_qr(
    text: *const c_char,
    format: i32,
    module_px: u32,
    quiet_modules: u32,
    buffer: *mut c_void,
    capacity: usize,
    length: *mut usize,
) -> upay_status {
    guard(|| {
        // SAFETY: the caller's promise.
        let text = unsafe { text_in("text", text, Encoding::Utf8) }?;
        let code = QrPicture::new(&text, module_px, quiet_modules)?;
        match format {
            // SAFETY: the caller's promise.
            UPAY_QR_SVG => unsafe { text_out(&code.svg(), Encoding::Utf8, buffer.cast(), capacity, length) },
            // SAFETY: the caller's promise.
            UPAY_QR_BMP => unsafe { bytes_out(&code.bmp(), buffer.cast(), capacity, length) },
            _ => Err(Error::value("format", "must be UPAY_QR_SVG (1) or UPAY_QR_BMP (2)")),
        }
    })
}
