//! Reading one HTTP request off a connection.
//!
//! A request is read except for its last byte, which is only looked at. Whoever answers takes that byte first
//! ([`Request::take_last_byte`]); whoever wants the other side to see a reset closes the connection with the byte still
//! unread, which is the one portable way to make the system send RST instead of FIN.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// No request of the gateway comes near this; the head counts too.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// More headers than this are refused.
const HEADERS_MAX: usize = 64;
/// How long a connection may be open without a request under way.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// How long the next bytes of a request that has begun may take.
const NEXT_BYTES_MAX: Duration = Duration::from_secs(10);

/// One request, complete, with the headers that matter here.
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Whether the client would send another request on this connection.
    pub keep_alive: bool,
}

impl Request {
    /// Takes the request's last byte off the connection, so that closing it says FIN and not RST.
    pub fn take_last_byte(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.read_exact(&mut [0])
    }
}

/// What came over a connection.
pub enum Received {
    Request(Request),
    /// Not a request that can be served: an HTTP status and a reason for the page.
    Refused(u16, &'static str),
    /// The client has gone, or has been quiet for too long.
    Nothing,
}

/// What the head says about the whole.
struct Head {
    request: Request,
    head_bytes: usize,
    body_bytes: usize,
    expects_continue: bool,
}

/// Waits for the next request of a connection.
pub fn receive(mut stream: &TcpStream) -> io::Result<Received> {
    stream.set_read_timeout(Some(IDLE_MAX))?;
    let mut bytes: Vec<u8> = Vec::new();
    let mut head: Option<Head> = None;
    let mut seen = [0; 8 * 1024];
    loop {
        let count = match stream.peek(&mut seen) {
            Ok(0) => return Ok(Received::Nothing),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(Received::Nothing),
        };
        let taken_before = bytes.len();
        bytes.extend_from_slice(&seen[..count]);
        if head.is_none() {
            head = match parse_head(&bytes) {
                Ok(head) => head,
                Err((status, reason)) => return Ok(Received::Refused(status, reason)),
            };
        }
        let request_bytes = head.as_ref().map(|head| head.head_bytes + head.body_bytes);
        if request_bytes.unwrap_or(bytes.len()) > REQUEST_BYTES_MAX {
            return Ok(Received::Refused(413, "the request is too long"));
        }
        if let (Some(found), Some(end)) = (head.take(), request_bytes) {
            if end <= bytes.len() {
                stream.read_exact(&mut seen[..end - taken_before - 1])?;
                let body = bytes[found.head_bytes..end].to_vec();
                return Ok(Received::Request(Request { body, ..found.request }));
            }
            head = Some(found);
        }
        stream.read_exact(&mut seen[..count])?;
        stream.set_read_timeout(Some(NEXT_BYTES_MAX))?;
        if let Some(head) = head.as_mut().filter(|head| head.expects_continue) {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            head.expects_continue = false;
        }
    }
}

/// Reads what is still under way and throws it away, so that a refusal reaches a client that is still sending.
pub fn drain(mut stream: &TcpStream) {
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let mut rest = [0; 8 * 1024];
    let mut left = 16 * REQUEST_BYTES_MAX;
    while left > 0 {
        match stream.read(&mut rest) {
            Ok(0) | Err(_) => return,
            Ok(count) => left = left.saturating_sub(count),
        }
    }
}

/// `Ok(None)` as long as the head is incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, (u16, &'static str)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_bytes = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err((431, "too many headers")),
        Err(_) => return Err((400, "this is not HTTP")),
    };
    let one = |name: &str| single_header(parsed.headers, name);
    let method = parsed.method.unwrap_or_default().to_owned();
    let is_http_1_1 = parsed.version == Some(1);
    if is_http_1_1 && one("host")?.is_none() {
        return Err((400, "the Host header is missing"));
    }
    if one("transfer-encoding")?.is_some() {
        return Err((411, "the gateway wants Content-Length, not Transfer-Encoding"));
    }
    let body_bytes = match one("content-length")? {
        Some(text) if !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().unwrap_or(usize::MAX)
        }
        Some(_) => return Err((400, "Content-Length is not a length")),
        None if method == "POST" => return Err((411, "a POST needs Content-Length")),
        None => 0,
    };
    let connection = one("connection")?.unwrap_or_default().to_ascii_lowercase();
    let expects_continue = one("expect")?.is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    let request = Request {
        method,
        path: parsed.path.unwrap_or_default().to_owned(),
        authorization: one("authorization")?,
        content_type: one("content-type")?,
        body: Vec::new(),
        keep_alive: if is_http_1_1 { connection != "close" } else { connection == "keep-alive" },
    };
    Ok(Some(Head { request, head_bytes, body_bytes, expects_continue }))
}

/// A header's value. One that is given twice, or that is not UTF-8, would be read in two ways, so it is refused.
fn single_header(headers: &[httparse::Header<'_>], name: &str) -> Result<Option<String>, (u16, &'static str)> {
    let mut values = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let Some(header) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err((400, "a header that must be single is given twice"));
    }
    match std::str::from_utf8(header.value) {
        Ok(value) => Ok(Some(value.to_owned())),
        Err(_) => Err((400, "a header is not UTF-8")),
    }
}
