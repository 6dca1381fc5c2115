//! A QR code as a Windows bitmap of the oldest and most widely read kind: BITMAPINFOHEADER, one bit a pixel, not
//! compressed, bottom row first. A receipt printer takes the same bits.

use super::QrPicture;

const FILE_HEADER_BYTES: u32 = 14;
const INFO_HEADER_BYTES: u32 = 40;
/// Black and white, in this order, so that 1 is light: programs that ignore the colour table assume it, as Windows
/// does.
const COLOURS: [u32; 2] = [0x0000_0000, 0x00FF_FFFF];
const PIXELS_AT: u32 = FILE_HEADER_BYTES + INFO_HEADER_BYTES + 4 * COLOURS.len() as u32;
/// 96 dpi, as on Windows. 0 would mean "unknown", but report generators divide by this number.
const PX_PER_METRE: u32 = 3780;

pub fn draw(code: &QrPicture) -> Vec<u8> {
    let side = code.side_px();
    let row_bytes = side.div_ceil(32) * 4;
    let pixel_bytes = row_bytes * side;
    let mut file = Vec::with_capacity((PIXELS_AT + pixel_bytes) as usize);
    file.extend_from_slice(b"BM");
    // File size, reserved, where the pixels begin.
    put_u32s(&mut file, &[PIXELS_AT + pixel_bytes, 0, PIXELS_AT]);
    put_u32s(&mut file, &[INFO_HEADER_BYTES, side, side]);
    // One plane, one bit a pixel.
    file.extend_from_slice(&[1, 0, 1, 0]);
    // Not compressed, size of the pixels, resolution, colours used, colours that matter (0: all).
    put_u32s(&mut file, &[0, pixel_bytes, PX_PER_METRE, PX_PER_METRE, COLOURS.len() as u32, 0]);
    put_u32s(&mut file, &COLOURS);
    for y in (0..code.side()).rev() {
        let row = row(code, y, row_bytes);
        for _ in 0..code.module_px {
            file.extend_from_slice(&row);
        }
    }
    file
}

/// The padding bits after the last pixel are light, so that a program that sends whole bytes to a printer prints no
/// black edge.
fn row(code: &QrPicture, y: u32, row_bytes: u32) -> Vec<u8> {
    let mut row = vec![0xFF; row_bytes as usize];
    for x in (0..code.side()).filter(|&x| code.is_dark(x, y)) {
        for px in x * code.module_px..(x + 1) * code.module_px {
            row[px as usize / 8] &= !(0x80 >> (px % 8));
        }
    }
    row
}

fn put_u32s(file: &mut Vec<u8>, numbers: &[u32]) {
    file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
