//! Any text and any numbers as a QR code, into buffers of every size through the C ABI. Each buffer is memory of its own,
//! so that the sanitizer sees a byte that is written or read beside it.

#![no_main]

use std::ptr::null_mut;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use upay::abi::*;
use upay::ffi::upay_qr;
use upay_fuzz::c_text;

#[derive(Arbitrary, Debug)]
struct Picture<'a> {
    format: Format,
    module_px: Number,
    quiet_modules: Number,
    /// How much smaller or larger than needed the buffer is.
    spare: i8,
    with_length: bool,
    text: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Format {
    Svg,
    Bmp,
    Any(i32),
}

#[derive(Arbitrary, Debug)]
enum Number {
    Small(u8),
    /// Up to one more than is allowed.
    Large(u8),
    Any(u32),
}

impl Number {
    fn of(&self, most: u8) -> u32 {
        match self {
            Self::Small(number) => (number % 6).into(),
            Self::Large(number) => (number % (most + 2)).into(),
            Self::Any(number) => *number,
        }
    }
}

fuzz_target!(|picture: Picture<'_>| {
    let text = c_text(picture.text);
    let format = match picture.format {
        Format::Svg => UPAY_QR_SVG,
        Format::Bmp => UPAY_QR_BMP,
        Format::Any(number) => number,
    };
    let (module_px, quiet_modules) = (picture.module_px.of(32), picture.quiet_modules.of(16));
    let draw = |buffer: &mut [u8], length: *mut usize| {
        let start = if buffer.is_empty() { null_mut() } else { buffer.as_mut_ptr().cast() };
        // SAFETY: the text ends with a NUL, the buffer is as long as it says, `length` is NULL or can be written.
        unsafe { upay_qr(text.as_ptr(), format, module_px, quiet_modules, start, buffer.len(), length) }
    };

    let mut needed = usize::MAX;
    let status = draw(&mut [], &mut needed);
    let utf8 = std::str::from_utf8(text.as_bytes()).is_ok();
    let fine = (1..=2331).contains(&text.as_bytes().len())
        && (1..=32).contains(&module_px)
        && quiet_modules <= 16
        && [UPAY_QR_SVG, UPAY_QR_BMP].contains(&format);
    match status {
        UPAY_E_BUFFER => assert!(utf8 && fine && needed > 0),
        _ => {
            assert_eq!(status, if utf8 { UPAY_E_VALUE } else { UPAY_E_ARGUMENT });
            assert!(!(utf8 && fine));
            assert_eq!(needed, usize::MAX, "outputs are written on success alone");
            return;
        }
    }

    const UNTOUCHED: u8 = 0xA5;
    let mut whole = vec![UNTOUCHED; needed].into_boxed_slice();
    let mut length = usize::MAX;
    assert_eq!(draw(&mut whole, &mut length), UPAY_OK);
    match format {
        UPAY_QR_SVG => is_svg(&whole, length),
        _ => is_bmp(&whole, length, module_px, quiet_modules),
    }

    let capacity = needed.saturating_add_signed(picture.spare.into());
    let mut buffer = vec![UNTOUCHED; capacity].into_boxed_slice();
    let mut length = usize::MAX;
    let status = draw(&mut buffer, if picture.with_length { &mut length } else { null_mut() });
    let untouched = |bytes: &[u8]| bytes.iter().all(|byte| *byte == UNTOUCHED);
    if capacity < needed {
        assert_eq!(status, UPAY_E_BUFFER);
        assert!(untouched(&buffer), "half a picture");
        assert!(!picture.with_length || length == needed);
    } else {
        assert_eq!(status, UPAY_OK);
        assert!(buffer[..needed] == whole[..], "the same arguments make the same picture");
        assert!(untouched(&buffer[needed..]));
    }
});

fn is_svg(picture: &[u8], length: usize) {
    assert_eq!(length + 1, picture.len());
    assert_eq!(picture[length], 0);
    let text = std::str::from_utf8(&picture[..length]).expect("SVG is text");
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && !text.contains('\0'));
    assert_eq!(text.matches('\n').count(), 1, "one line");
}

fn is_bmp(picture: &[u8], length: usize, module_px: u32, quiet_modules: u32) {
    let number = |at: usize| u32::from_le_bytes(picture[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(length, picture.len());
    assert_eq!((&picture[..2], number(2) as usize, number(10)), (&b"BM"[..], length, 62));
    let (width, height) = (number(18), number(22));
    assert_eq!(width, height);
    assert_eq!(width % module_px, 0);
    let modules = width / module_px - 2 * quiet_modules;
    assert!((21..=177).contains(&modules) && modules % 4 == 1, "{modules}");
    assert_eq!(length as u32, 62 + width.div_ceil(32) * 4 * height);
    // White around: the first rows of pixels, at the bottom of the picture.
    let quiet = (width.div_ceil(32) * 4 * quiet_modules * module_px) as usize;
    assert!(picture[62..62 + quiet].iter().all(|byte| *byte == 0xFF));
}
