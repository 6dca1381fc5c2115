//! A QR code as SVG 1.1: a white square, and all dark modules as one path. The path counts in modules, so that the
//! edges stay sharp at every size.

use std::fmt::Write;

use super::QrPicture;

pub fn draw(code: &QrPicture) -> String {
    let (side, px) = (code.side(), code.side_px());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{px}\" height=\"{px}\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{}\" fill=\"#000\"/></svg>\n",
        dark(code)
    )
}

/// Each run of dark modules in a row is one rectangle.
fn dark(code: &QrPicture) -> String {
    let mut path = String::new();
    for y in 0..code.side() {
        let mut x = 0;
        while x < code.side() {
            let length = (x..code.side()).take_while(|&x| code.is_dark(x, y)).count() as u32;
            if length > 0 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length + 1;
        }
    }
    path
}
