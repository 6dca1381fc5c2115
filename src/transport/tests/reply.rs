use super::reach::trickle;
use super::*;
use crate::abi::{UPAY_E_INTERRUPTED, UPAY_E_NO_REPLY, UPAY_E_REPLY};
use crate::transport::REPLY_BYTES_MAX;

#[track_caller]
fn answered(reply: &'static [u8], http_status: u16, body: &[u8]) {
    let peer = reply_with(reply);
    assert_eq!(
        exchange(&plain(peer.address)).unwrap(),
        HttpReply { http_status, body: body.to_vec(), date_ms: None }
    );
    peer.end();
}

#[track_caller]
fn refused(reply: &'static [u8], status: i32) -> String {
    let peer = reply_with(reply);
    let message = failed(exchange(&plain(peer.address)), status);
    assert!(message.starts_with(&format!("reply from {}: ", peer.address)), "{message}");
    peer.end();
    message
}

#[test]
fn a_status_of_any_kind_is_an_answer() {
    answered(OK, 200, b"{}");
    answered(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\n{\"code\":1}\n", 400, b"{\"code\":1}\n");
    answered(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", 502, b"<html>");
    answered(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", 200, b"<html>");
    answered(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"");
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    // The peer accepts one connection, so a second request would hang.
    for head in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let peer = Peer::accept(move |mut stream| {
            read_request(&mut stream);
            write!(stream, "HTTP/1.1 {head}\r\nLocation: /again\r\nContent-Length: 2\r\n\r\nno").unwrap();
            rest(&mut stream)
        });
        let answer = exchange(&plain(peer.address)).unwrap();
        assert_eq!((answer.http_status.to_string().as_str(), answer.body.as_slice()), (&head[..3], &b"no"[..]));
        assert_eq!(peer.end(), b"");
    }
    answered(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", 302, b"");
    answered(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302, b"");
}

#[test]
fn a_chunked_reply_is_put_together() {
    answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200, b"{}");
}

#[test]
fn a_reply_ended_by_its_connection_is_an_answer() {
    answered(b"HTTP/1.1 200 OK\r\n\r\n{\"cut", 200, b"{\"cut");
    answered(b"HTTP/1.0 200 OK\r\n\r\n{}", 200, b"{}");
}

#[test]
fn interim_replies_are_passed_over() {
    answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}");
    answered(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}");
}

#[test]
fn an_interim_reply_does_not_count_towards_a_long_one() {
    let peer = Peer::accept(|mut stream| {
        read_request(&mut stream);
        let mut reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n".to_vec();
        reply.resize(reply.len() + 300_000, b' ');
        stream.write_all(&reply).unwrap();
    });
    assert_eq!(exchange(&plain(peer.address)).unwrap().body.len(), 300_000);
    peer.end();
}

#[test]
fn a_reset_before_the_request_is_read_is_in_doubt() {
    let peer = Peer::accept(|stream| {
        stream.peek(&mut [0]).unwrap();
        reset(stream);
    });
    failed(exchange(&plain(peer.address)), UPAY_E_INTERRUPTED);
    peer.end();
}

#[test]
fn a_reset_after_the_request_was_read_is_in_doubt() {
    let peer = Peer::accept(|mut stream| {
        read_request(&mut stream);
        reset(stream);
    });
    let message = failed(exchange(&plain(peer.address)), UPAY_E_INTERRUPTED);
    // Wine reports a reset as an end of the connection if nobody was reading when it came.
    let words: &[&str] = if cfg!(windows) { &["reset", "closed"] } else { &["reset"] };
    let told = |word: &&str| message == format!("reply from {}: connection {word}", peer.address);
    assert!(words.iter().any(told), "{message}");
    peer.end();
}

#[test]
fn a_close_without_a_reply_is_in_doubt() {
    assert!(refused(b"", UPAY_E_INTERRUPTED).ends_with("connection closed"));
}

#[test]
fn a_cut_reply_is_in_doubt() {
    refused(b"HTTP/1.1 20", UPAY_E_INTERRUPTED);
    refused(b"HTTP/1.1 200 OK\r\nContent-Le", UPAY_E_INTERRUPTED);
    refused(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", UPAY_E_INTERRUPTED);
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", UPAY_E_INTERRUPTED);
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", UPAY_E_INTERRUPTED);
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n5", UPAY_E_INTERRUPTED);
}

#[test]
fn a_reply_that_is_not_http_is_in_doubt() {
    refused(b"SSH-2.0-OpenSSH_9.6\r\n", UPAY_E_REPLY);
    refused(b"\0\x01\x02\x03\r\n\r\n", UPAY_E_REPLY);
    refused(b"HTTP/1.1 999999 OK\r\n\r\n", UPAY_E_REPLY);
    refused(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}", UPAY_E_REPLY);
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", UPAY_E_REPLY);
    refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}", UPAY_E_REPLY);
}

/// Sends `head`, then `filler` until the other side closes, and returns how much was sent.
fn endless(head: &'static [u8], filler: &'static [u8]) -> Peer<usize> {
    Peer::accept(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(head);
        let mut sent = 0;
        while stream.write_all(filler).is_ok() {
            sent += filler.len();
            assert!(sent < 1 << 30, "it listens without end");
        }
        sent
    })
}

#[test]
fn a_reply_without_end_is_refused_and_not_kept() {
    const HEADS: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n",
    ];
    for head in HEADS {
        let peer = endless(head, &[b'x'; 65536]);
        let message = failed(exchange(&plain(peer.address)), UPAY_E_REPLY);
        assert_eq!(message, format!("reply from {}: longer than 1048576 bytes", peer.address));
        // What is beyond the limit is in the buffers of the two sockets.
        assert!(peer.end() < 64 * REPLY_BYTES_MAX);
    }
}

#[test]
fn a_reply_as_long_as_allowed_is_an_answer() {
    for (length, fits) in [(REPLY_BYTES_MAX, true), (REPLY_BYTES_MAX + 1, false)] {
        let peer = Peer::accept(move |mut stream| {
            read_request(&mut stream);
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").unwrap();
            let _ = stream.write_all(&vec![b' '; length]);
        });
        match exchange(&plain(peer.address)) {
            Ok(answer) => assert!(fits && answer.body.len() == length),
            outcome => assert!(!fits, "{}", failed(outcome, UPAY_E_REPLY)),
        }
        peer.end();
    }
}

#[test]
fn a_head_without_end_is_refused() {
    let fillers: [&[u8]; 3] = [&[b'x'; 4096], b"A: b\r\n", b"HTTP/1.1 200 OK\r\n"];
    for filler in fillers {
        let peer = endless(b"HTTP/1.1 200 OK\r\nX: ", filler);
        failed(exchange(&plain(peer.address)), UPAY_E_REPLY);
        peer.end();
    }
    let peer = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", &[b'x'; 4096]);
    failed(exchange(&plain(peer.address)), UPAY_E_REPLY);
    peer.end();
}

#[test]
fn a_server_that_never_replies_ends_at_the_deadline() {
    let peer = Peer::accept(|mut stream| {
        let request = read_request(&mut stream);
        rest(&mut stream);
        request
    });
    let message = failed(hurried(plain(peer.address)), UPAY_E_NO_REPLY);
    assert_eq!(message, format!("reply from {}: not complete in time", peer.address));
    peer.end();
}

#[test]
fn a_trickled_reply_ends_at_the_deadline() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n";
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1fff\r\n";
    const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: ";
    for head in [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), HEAD, CHUNKED, INTERIM, b"HTTP/1.1 200 OK\r\n\r\n"] {
        let peer = Peer::accept(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(head).unwrap();
            trickle(&mut stream, &[b'x'; 2000]);
        });
        failed(hurried(plain(peer.address)), UPAY_E_NO_REPLY);
        peer.end();
    }
}

#[test]
fn a_flood_of_interim_replies_ends_at_the_deadline() {
    let peer = endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n");
    failed(hurried(plain(peer.address)), UPAY_E_NO_REPLY);
    peer.end();
}

/// Longer than what fits between two sockets of which one does not read.
pub(super) fn long_body() -> Vec<u8> {
    vec![b' '; 32 << 20]
}

#[test]
fn a_server_that_does_not_read_ends_at_the_deadline() {
    let (done, wait) = channel::<()>();
    let peer = Peer::accept(move |stream| {
        let _ = wait.recv();
        drop(stream);
    });
    let body = long_body();
    let begin = Instant::now();
    let outcome =
        transport(&plain(peer.address)).exchange(&Exchange { body: &body, ..request(SHORT) }, &Interrupt::new());
    failed(outcome, UPAY_E_NO_REPLY);
    assert!(begin.elapsed() < SOON);
    drop(done);
    peer.end();
}

/// A TLS server that sends `reply` and then ends the session, the connection or both.
fn tls_reply(reply: &'static [u8], end_session: bool, end_connection: bool) -> Result<HttpReply, Error> {
    let identity = identity("localhost");
    let server = identity.server.clone();
    let peer = Peer::accept(move |stream| {
        let mut stream = tls(&server, stream);
        read_request(&mut stream);
        stream.write_all(reply).unwrap();
        if end_session {
            stream.conn.send_close_notify();
        }
        stream.flush().unwrap();
        if !end_connection {
            rest(&mut stream);
        }
    });
    let name = format!("tls-{end_session}-{end_connection}-{}.pem", reply.len());
    let (options, _file) = trusting(&identity, peer.address, &name);
    let outcome = hurried(options);
    peer.end();
    outcome
}

#[test]
fn a_cut_reply_over_tls_is_in_doubt() {
    for (end_session, end_connection) in [(true, true), (true, false), (false, true)] {
        let cut = |reply| failed(tls_reply(reply, end_session, end_connection), UPAY_E_INTERRUPTED);
        cut(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}");
        cut(b"HTTP/1.1 200 OK\r\nContent-Len");
        cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n5");
        cut(b"");
    }
    failed(tls_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", false, false), UPAY_E_NO_REPLY);
}

#[test]
fn a_reply_over_tls_ended_by_its_connection_is_an_answer() {
    for (end_session, end_connection) in [(true, true), (true, false), (false, true)] {
        let answer = tls_reply(b"HTTP/1.1 200 OK\r\n\r\n{}", end_session, end_connection).unwrap();
        assert_eq!(answer.body, b"{}");
    }
}
