//! An HTTP client of a few lines, on a bare `TcpStream`, that sees the wire as it is.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{sign, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};

/// Longer than any reply that is meant to come.
const REPLY_MAX: Duration = Duration::from_secs(2);
/// More than any reply that is meant to end.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// A reply that came whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connect");
    stream.set_nodelay(true).expect("nodelay");
    stream
}

/// A request as bytes, signed as the default terminal signs.
pub fn signed(path: &str, body: &str) -> Vec<u8> {
    signed_by(DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY, path, body)
}

/// A request as bytes, signed by somebody.
pub fn signed_by(serial_number: &str, key: &str, path: &str, body: &str) -> Vec<u8> {
    let sign = sign::sign(body.as_bytes(), key);
    request(path, &format!("Authorization: {serial_number} {sign}\r\nContent-Type: application/json\r\n"), body)
}

pub fn request(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: simulator\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// One request on a connection of its own.
pub fn exchange(url: &str, request: &[u8]) -> io::Result<Reply> {
    let mut stream = connect(url);
    stream.write_all(request)?;
    receive(&mut stream)
}

pub fn get(url: &str, path: &str) -> Reply {
    exchange(url, format!("GET {path} HTTP/1.1\r\nHost: simulator\r\n\r\n").as_bytes()).expect("a reply")
}

/// Reads one reply, and no byte of what follows if it is framed.
pub fn receive(stream: &mut TcpStream) -> io::Result<Reply> {
    let deadline = Instant::now() + REPLY_MAX;
    let mut bytes = Vec::new();
    loop {
        if let Some(reply) = parse(&bytes, false)? {
            return Ok(reply);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > REPLY_BYTES_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return parse(&bytes, true)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn parse(bytes: &[u8], closed: bool) -> io::Result<Option<Reply>> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut parsed = httparse::Response::new(&mut headers);
    let head = match parsed.parse(bytes).map_err(|_| io::ErrorKind::InvalidData)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let status = parsed.code.unwrap_or_default();
    let rest = &bytes[head..];
    if status == 100 {
        return parse(rest, closed);
    }
    let value = |name: &str| {
        let header = parsed.headers.iter().find(|header| header.name == name);
        header.map(|header| String::from_utf8_lossy(header.value).into_owned())
    };
    let body = if value("Transfer-Encoding").is_some() {
        unchunked(rest)
    } else if let Some(length) = value("Content-Length").and_then(|text| text.parse::<usize>().ok()) {
        rest.get(..length).map(<[u8]>::to_vec)
    } else {
        closed.then(|| rest.to_vec())
    };
    Ok(body.map(|body| Reply { status, body }))
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line_end]).ok()?, 16).ok()?;
        let chunk = rest.get(line_end + 2..line_end + 2 + length)?;
        rest = rest.get(line_end + 2 + length + 2..)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}
