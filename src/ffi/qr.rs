use std::ffi::{c_char, c_void};

use super::guard::guard;
use super::text::{bytes_out, text_in, text_out};
use crate::abi::*;
use crate::error::Error;
use crate::event::Encoding;
use crate::qr::QrPicture;

/// Makes a picture of a text as a QR code, black on white: for example of the qr_code that a
/// customer scans. The code is square and has error correction level M or higher. The same
/// arguments make the same picture. Needs no client.
///
///   UPAY_QR_BMP   A whole .bmp file of 1 bit a pixel, not compressed, bottom row first, as
///                 LoadImage, LoadPicture and TBitmap read it. For StretchDIBits: BITMAPINFO is at
///                 byte 14 and the pixels are at byte 62, where 1 is white.
///   UPAY_QR_SVG   One line of SVG 1.1 with a NUL at its end: for a web page, or a printer driver
///                 that scales.
///
/// To learn the size, call it with buffer NULL and capacity 0 first. A long text or large modules
/// make large pictures, up to 5.6 MB.
///
/// text: 1 to 2331 bytes of UTF-8.
/// format: UPAY_QR_SVG or UPAY_QR_BMP.
/// module_px: the side of one module (small square) in pixels, 1 to 32. Use 3 or more for a screen
///   and 4 for a receipt printer of 203 dpi. Show and print the picture in its own size, or scaled
///   by a whole number.
/// quiet_modules: the width of the white border in modules, 0 to 16. The standard asks for 4. Use
///   less only if the surroundings are white.
/// buffer, capacity: receives the picture, at most capacity bytes.
/// length: receives the number of the picture's bytes, without the NUL of an SVG. With UPAY_E_BUFFER
///   it receives the number of bytes that the buffer must have, the NUL of an SVG included. May be
///   NULL.
/// Errors: UPAY_E_VALUE (upay_last_error names the argument and its range), UPAY_E_BUFFER,
///   UPAY_E_ARGUMENT (text is NULL or not UTF-8, or buffer is NULL and capacity is not 0).
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
