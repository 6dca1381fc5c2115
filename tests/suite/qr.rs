//! The pictures of QR codes hold the text that they were made of, for whoever reads them.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use upay::abi::*;
use upay::ffi::*;

use super::host::last_error;

const WALLET: &str = "https://qr.alipay.com/bax05351pbxkp3jgo2rq0043";
const MODULE_PX_MAX: u32 = 32;
const QUIET_MODULES_MAX: u32 = 16;
const TEXT_BYTES_MAX: usize = 2331;

/// As long as the gateway's qr_code can be.
fn longest_url() -> String {
    let url = "https://qr.95516.com/00010000/";
    format!("{url}{}", "0a1B2c3D".repeat(16).chars().take(128 - url.len()).collect::<String>())
}

fn texts() -> Vec<String> {
    let texts = ["7", "A", WALLET, "披萨", "披萨（大）¥12.50，谢谢惠顾😀", "weixin://wxpay/bizpayurl?pr=披萨"];
    texts.iter().map(|text| text.to_string()).chain([longest_url()]).collect()
}

fn draw(text: &str, format: i32, module_px: u32, quiet_modules: u32) -> Result<Vec<u8>, upay_status> {
    let text = CString::new(text).unwrap();
    let (mut needed, mut length) = (0, 0);
    // SAFETY: nothing is written to a buffer of 0 bytes.
    let asked = unsafe { upay_qr(text.as_ptr(), format, module_px, quiet_modules, null_mut(), 0, &mut needed) };
    if asked != UPAY_E_BUFFER {
        return Err(asked);
    }
    let mut picture = vec![0x5A_u8; needed + 8];
    // SAFETY: the buffer has more room than is said.
    let status = unsafe {
        let buffer = picture.as_mut_ptr().cast();
        upay_qr(text.as_ptr(), format, module_px, quiet_modules, buffer, needed, &mut length)
    };
    assert_eq!(status, UPAY_OK, "{}", last_error());
    assert_eq!(picture.split_off(needed), [0x5A; 8], "nothing is written beyond the buffer");
    let nul = usize::from(format == UPAY_QR_SVG);
    assert_eq!(length + nul, needed);
    assert!(picture[length..].iter().all(|byte| *byte == 0));
    picture.truncate(length);
    Ok(picture)
}

/// Black and white, row by row from the top.
struct Picture {
    side: usize,
    dark: Vec<bool>,
}

impl Picture {
    /// Reads every field of the file, with what Windows' documents say that it is.
    fn of_bmp(file: &[u8]) -> Self {
        let u16_at = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().unwrap());
        let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!(&file[..2], b"BM");
        assert_eq!(u32_at(2) as usize, file.len(), "bfSize");
        assert_eq!(u32_at(6), 0, "bfReserved1, bfReserved2");
        assert_eq!(u32_at(10), 62, "bfOffBits");
        assert_eq!(u32_at(14), 40, "biSize");
        let side = u32_at(18) as usize;
        assert!(side > 0, "biWidth");
        assert_eq!(u32_at(22) as usize, side, "biHeight: positive, and so bottom-up");
        assert_eq!(u16_at(26), 1, "biPlanes");
        assert_eq!(u16_at(28), 1, "biBitCount");
        assert_eq!(u32_at(30), 0, "biCompression: BI_RGB");
        assert_eq!(u32_at(34) as usize, file.len() - 62, "biSizeImage");
        assert_eq!((u32_at(38), u32_at(42)), (3780, 3780), "biXPelsPerMeter, biYPelsPerMeter");
        assert_eq!((u32_at(46), u32_at(50)), (2, 0), "biClrUsed, biClrImportant");
        assert_eq!(file[54..62], [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0], "black, white");
        let row_bytes = side.div_ceil(32) * 4;
        assert_eq!(file.len(), 62 + row_bytes * side, "rows end at a multiple of 4 bytes");
        let mut dark = Vec::with_capacity(side * side);
        for row in file[62..].chunks(row_bytes).rev() {
            let light = |x: usize| row[x / 8] >> (7 - x % 8) & 1 == 1;
            dark.extend((0..side).map(|x| !light(x)));
            assert!((side..row_bytes * 8).all(light), "what is behind a row is light");
        }
        Self { side, dark }
    }

    /// Draws the one path, whose words must be those of a rectangle each.
    fn of_svg(text: &[u8], module_px: usize) -> Self {
        let text = std::str::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 1);
        let attribute = |name: &str| text.split_once(&format!(" {name}=\"")).unwrap().1.split_once('"').unwrap().0;
        let side: usize =
            attribute("viewBox").strip_prefix("0 0 ").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(attribute("viewBox"), format!("0 0 {side} {side}"));
        assert_eq!(attribute("width"), (side * module_px).to_string());
        assert_eq!(attribute("height"), (side * module_px).to_string());
        assert_eq!(text.matches("<path").count(), 1);
        let mut dark = vec![false; side * side];
        for rectangle in attribute("d").split_terminator('z') {
            let numbers: Vec<usize> =
                rectangle.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
            let [x, y, width, 1, back] = numbers[..] else { panic!("{rectangle}") };
            assert_eq!(rectangle, format!("M{x} {y}h{width}v1h-{back}"));
            assert!(width == back && width > 0 && x + width <= side);
            dark[y * side + x..][..width].fill(true);
        }
        Self { side, dark }
    }

    /// A camera sees light around the picture, and more than one of its own dots in a module.
    fn decode(&self, scale: usize) -> String {
        let margin = 8 * scale;
        let side = self.side * scale + 2 * margin;
        let mut seen = rqrr::PreparedImage::prepare_from_bitmap(side, side, |x, y| {
            let inside = |n: usize| n.checked_sub(margin).map(|n| n / scale).filter(|n| *n < self.side);
            matches!((inside(x), inside(y)), (Some(x), Some(y)) if self.dark[y * self.side + x])
        });
        let grids = seen.detect_grids();
        assert_eq!(grids.len(), 1, "one code is in the picture of {} px", self.side);
        let (about, text) = grids[0].decode().unwrap();
        // The standard's numbers: M 0, L 1, H 2, Q 3.
        assert_ne!(about.ecc_level, 1, "never below level M");
        text
    }
}

#[test]
fn every_text_is_read_again_from_both_pictures() {
    for text in texts() {
        let bmp = Picture::of_bmp(&draw(&text, UPAY_QR_BMP, 4, 4).unwrap());
        assert_eq!(bmp.decode(1), text);
        let svg = Picture::of_svg(&draw(&text, UPAY_QR_SVG, 4, 4).unwrap(), 4);
        assert_eq!(svg.decode(4), text);
    }
}

#[test]
fn every_module_size_draws_the_same_code() {
    let text = longest_url();
    let one = Picture::of_bmp(&draw(&text, UPAY_QR_BMP, 1, 4).unwrap());
    assert_eq!(one.decode(3), text);
    for px in 1..=MODULE_PX_MAX as usize {
        let bmp = Picture::of_bmp(&draw(&text, UPAY_QR_BMP, px as u32, 4).unwrap());
        assert_eq!(bmp.side, one.side * px);
        for (at, dark) in bmp.dark.iter().enumerate() {
            let (x, y) = (at % bmp.side / px, at / bmp.side / px);
            assert_eq!(*dark, one.dark[y * one.side + x], "{px} px");
        }
        let svg = Picture::of_svg(&draw(&text, UPAY_QR_SVG, px as u32, 4).unwrap(), px);
        assert!(svg.dark == one.dark, "{px} px");
    }
    for px in [2, 3, 5, 8] {
        assert_eq!(Picture::of_bmp(&draw(&text, UPAY_QR_BMP, px, 4).unwrap()).decode(1 + usize::from(px < 3)), text);
    }
}

#[test]
fn the_quiet_zone_is_light_and_as_wide_as_asked() {
    let without = Picture::of_bmp(&draw(WALLET, UPAY_QR_BMP, 1, 0).unwrap());
    for quiet in 0..=QUIET_MODULES_MAX as usize {
        let with = Picture::of_bmp(&draw(WALLET, UPAY_QR_BMP, 1, quiet as u32).unwrap());
        assert_eq!(with.side, without.side + 2 * quiet);
        for (at, dark) in with.dark.iter().enumerate() {
            let inside = |n: usize| n.checked_sub(quiet).filter(|n| *n < without.side);
            let wanted = matches!((inside(at % with.side), inside(at / with.side)), (Some(x), Some(y)) if without.dark[y * without.side + x]);
            assert_eq!(*dark, wanted, "quiet zone of {quiet}");
        }
        assert_eq!(with.decode(3), WALLET);
    }
    // The corners of the code itself are dark: nothing was added without being asked for.
    assert!(without.dark[0] && without.dark[without.side - 1]);
}

#[test]
fn the_largest_pictures_are_as_the_header_says() {
    let text = "x".repeat(TEXT_BYTES_MAX);
    let bmp = draw(&text, UPAY_QR_BMP, MODULE_PX_MAX, QUIET_MODULES_MAX).unwrap();
    assert_eq!(bmp.len(), 62 + 6688 * 836);
    assert_eq!(Picture::of_bmp(&draw(&text, UPAY_QR_BMP, 4, 4).unwrap()).decode(1), text);
    let chinese = "披".repeat(TEXT_BYTES_MAX / 3);
    assert_eq!(Picture::of_svg(&draw(&chinese, UPAY_QR_SVG, 1, 4).unwrap(), 1).decode(4), chinese);
}

#[test]
fn every_limit_is_a_value_with_a_name() {
    let too_long = "x".repeat(TEXT_BYTES_MAX + 1);
    for (text, format, module_px, quiet_modules, name) in [
        ("", UPAY_QR_SVG, 4, 4, "text"),
        (too_long.as_str(), UPAY_QR_BMP, 4, 4, "text"),
        (WALLET, UPAY_QR_BMP, 0, 4, "module_px"),
        (WALLET, UPAY_QR_SVG, 33, 4, "module_px"),
        (WALLET, UPAY_QR_SVG, u32::MAX, 4, "module_px"),
        (WALLET, UPAY_QR_BMP, 4, 17, "quiet_modules"),
        (WALLET, UPAY_QR_BMP, 4, u32::MAX, "quiet_modules"),
        (WALLET, 0, 4, 4, "format"),
        (WALLET, 3, 4, 4, "format"),
        (WALLET, -1, 4, 4, "format"),
    ] {
        assert_eq!(draw(text, format, module_px, quiet_modules).err(), Some(UPAY_E_VALUE), "{name}");
        assert!(last_error().starts_with(&format!("{name}: must be ")), "{}", last_error());
    }
}

#[test]
fn text_that_is_null_or_no_utf_8_is_refused() {
    let mut length = 77;
    for text in [null(), c"\xC5\xFB\xC8\xF8".as_ptr()] {
        // SAFETY: the text is NULL or ends with a NUL; nothing is written to a buffer of 0 bytes.
        let status = unsafe { upay_qr(text, UPAY_QR_BMP, 4, 4, null_mut(), 0, &mut length) };
        assert_eq!(status, UPAY_E_ARGUMENT);
    }
    // SAFETY: a NULL buffer is never written to.
    let status = unsafe { upay_qr(c"x".as_ptr(), UPAY_QR_BMP, 4, 4, null_mut(), 9999, &mut length) };
    assert_eq!(status, UPAY_E_ARGUMENT);
    assert_eq!(length, 77);
}

#[test]
fn a_buffer_that_is_a_byte_too_small_gets_nothing() {
    for format in [UPAY_QR_SVG, UPAY_QR_BMP] {
        let needed = draw(WALLET, format, 4, 4).unwrap().len() + usize::from(format == UPAY_QR_SVG);
        let text = CString::new(WALLET).unwrap();
        let mut buffer = vec![0x5A_u8; needed];
        let mut length = 0;
        let (text, at) = (text.as_ptr(), buffer.as_mut_ptr().cast());
        // SAFETY: the buffer has more room than is said.
        assert_eq!(unsafe { upay_qr(text, format, 4, 4, at, needed - 1, &mut length) }, UPAY_E_BUFFER);
        assert_eq!(length, needed);
        // SAFETY: the buffer has the room that is said; a length is not wanted.
        assert_eq!(unsafe { upay_qr(text, format, 4, 4, at, needed - 1, null_mut()) }, UPAY_E_BUFFER);
        assert!(buffer.iter().all(|byte| *byte == 0x5A), "all or nothing");
        // SAFETY: as above.
        assert_eq!(unsafe { upay_qr(text, format, 4, 4, buffer.as_mut_ptr().cast(), needed, null_mut()) }, UPAY_OK);
        if format == UPAY_QR_SVG {
            let svg = CStr::from_bytes_with_nul(&buffer).unwrap().to_str().unwrap();
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        }
    }
}
