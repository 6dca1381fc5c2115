//! Sending a reply, well or badly.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, UNIX_EPOCH};

use httpdate::fmt_http_date;

use super::clock::{HoldEnd, Holds};
use super::delivery::Delivery;
use super::desk::ELSEWHERE;
use super::http::Request;

pub use super::scenario::Wire;

/// Pause between the bytes of a trickled reply.
const TRICKLE_PAUSE_MS: u64 = 100;
/// Where an endless reply ends after all.
const ENDLESS_BYTES: u64 = 1 << 30;
/// Into how many chunks a chunked reply is cut.
const CHUNKS: usize = 3;
/// What a wrong port might say.
const GARBAGE: &[u8] = b"\x16\x03\x01\x02\0SSH-2.0-simulator\r\n\xff\xfe\x00not http at all\r\n\r\n";

/// Whether the connection can take another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    KeepOpen,
    Close,
}

/// Sends what is to be sent. Except for a reset, the request is read to its end first.
pub fn send(mut stream: &TcpStream, request: &Request, delivery: &Delivery, holds: &Holds) -> io::Result<Afterwards> {
    if delivery.wire == Wire::Reset {
        // The last byte of the request stays unread: closing the connection now makes the system send RST.
        return Ok(Afterwards::Close);
    }
    request.take_last_byte(stream)?;
    let keep_alive = request.keep_alive;
    let body = delivery.body.as_slice();
    let half = &body[..body.len() / 2];
    let length = format!("Content-Length: {}\r\n", body.len());
    let bytes = match delivery.wire {
        Wire::Reset | Wire::Close => return Ok(Afterwards::Close),
        Wire::Whole => message(delivery, &length, keep_alive, body),
        Wire::After100 => {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            message(delivery, &length, keep_alive, body)
        }
        Wire::Chunked => message(delivery, "Transfer-Encoding: chunked\r\n", keep_alive, &chunked(body)),
        Wire::Page(status) => {
            let page = Delivery::page(status, "something went wrong");
            let length = format!("Content-Length: {}\r\n", page.body.len());
            message(&page, &length, keep_alive, &page.body)
        }
        Wire::Redirect(status) => {
            let headers = format!("Location: {ELSEWHERE}\r\nContent-Length: 0\r\n");
            message(&Delivery::page(status, ""), &headers, keep_alive, b"")
        }
        Wire::Empty => message(delivery, "Content-Length: 0\r\n", keep_alive, b""),
        Wire::Garbage => {
            stream.write_all(GARBAGE)?;
            return Ok(Afterwards::Close);
        }
        Wire::CutWithLength => {
            stream.write_all(&message(delivery, &length, keep_alive, half))?;
            return Ok(Afterwards::Close);
        }
        Wire::CutWithoutLength => {
            stream.write_all(&message(delivery, "", false, half))?;
            return Ok(Afterwards::Close);
        }
        Wire::Trickled => {
            trickle(stream, &message(delivery, &length, keep_alive, body), holds)?;
            Vec::new()
        }
        Wire::Endless => {
            stream.write_all(&message(delivery, "", false, half))?;
            endless(stream, holds)?;
            return Ok(Afterwards::Close);
        }
    };
    stream.write_all(&bytes)?;
    Ok(if keep_alive { Afterwards::KeepOpen } else { Afterwards::Close })
}

/// Sends a page to somebody whose request could not be read.
pub fn send_refusal(mut stream: &TcpStream, status: u16, reason: &str) -> io::Result<()> {
    let page = Delivery::page(status, reason);
    let length = format!("Content-Length: {}\r\n", page.body.len());
    stream.write_all(&message(&page, &length, false, &page.body))
}

/// Head and body in one piece, so that a reply is one packet.
fn message(delivery: &Delivery, headers: &str, keep_alive: bool, body: &[u8]) -> Vec<u8> {
    let date = delivery.date_ms.map(|ms| fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms)));
    let date = date.map_or_else(String::new, |date| format!("Date: {date}\r\n"));
    let mut bytes = format!(
        "HTTP/1.1 {} {}\r\nServer: upay-simulator\r\n{date}Content-Type: {}\r\n{headers}Connection: {}\r\n\r\n",
        delivery.status,
        reason_phrase(delivery.status),
        delivery.content_type,
        if keep_alive { "keep-alive" } else { "close" },
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in body.chunks(body.len().div_ceil(CHUNKS).max(1)) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn trickle(mut stream: &TcpStream, bytes: &[u8], holds: &Holds) -> io::Result<()> {
    let ticket = holds.ticket();
    for (sent, byte) in bytes.iter().enumerate() {
        stream.write_all(&[*byte])?;
        match holds.hold(ticket, TRICKLE_PAUSE_MS) {
            HoldEnd::Elapsed => {}
            HoldEnd::Released => return stream.write_all(&bytes[sent + 1..]),
            HoldEnd::Stopping => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
    Ok(())
}

fn endless(mut stream: &TcpStream, holds: &Holds) -> io::Result<()> {
    let blanks = [b' '; 16 * 1024];
    let mut sent = 0;
    while sent < ENDLESS_BYTES && !holds.stopping() {
        stream.write_all(&blanks)?;
        sent += blanks.len() as u64;
    }
    Ok(())
}

fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
