use super::*;
use crate::abi::UPAY_E_INTERRUPTED;

fn query(transport: &Transport) -> Result<HttpReply, Error> {
    transport.exchange(&Exchange { fresh: false, ..request(LONG) }, &Interrupt::new())
}

#[test]
fn the_request_is_what_the_gateway_expects() {
    let peer = reply_with(OK);
    exchange(&plain(peer.address)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let request = peer.end();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "post /upay/v2/pay http/1.1");
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept: application/json".to_owned(),
            "authorization: sn secret-sign".to_owned(),
            format!("content-length: {}", BODY.len()),
            "content-type: application/json".to_owned(),
            format!("host: {}", host_in(head)),
            format!("user-agent: libupay/{version}"),
        ]
    );
    assert_eq!(body.as_bytes(), BODY);
}

/// The value of the `Host` header.
fn host_in(head: &str) -> String {
    let lower = head.to_lowercase();
    lower.split("host: ").nth(1).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn head_and_body_leave_together() {
    let peer = Peer::accept(|mut stream| {
        let mut bytes = [0; 65536];
        let first = stream.read(&mut bytes).unwrap();
        stream.write_all(OK).unwrap();
        bytes[..first].to_vec()
    });
    exchange(&plain(peer.address)).unwrap();
    assert!(peer.end().ends_with(BODY));
}

#[test]
fn a_long_request_arrives_whole() {
    let body = super::reply::long_body();
    let peer = reply_with(OK);
    transport(&plain(peer.address)).exchange(&Exchange { body: &body, ..request(LONG) }, &Interrupt::new()).unwrap();
    assert!(peer.end().len() > body.len());
}

/// Answers `requests` requests on each connection, closes it, and returns how many connections there were.
fn keeping(connections: usize, requests: usize) -> (Peer<()>, Receiver<()>) {
    let (tell, closed) = channel();
    let peer = Peer::listen(move |listener| {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            for _ in 0..requests {
                read_request(&mut stream);
                stream.write_all(OK).unwrap();
            }
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = tell.send(());
            rest(&mut stream);
        }
    });
    (peer, closed)
}

#[test]
fn a_query_reuses_a_connection() {
    let (peer, _) = keeping(1, 3);
    let transport = transport(&plain(peer.address));
    (0..3).for_each(|_| drop(query(&transport).unwrap()));
    drop(transport);
    peer.end();
}

#[test]
fn a_query_over_tls_reuses_a_connection() {
    let identity = identity("localhost");
    let server = identity.server.clone();
    let peer = Peer::accept(move |stream| {
        let mut stream = tls(&server, stream);
        for _ in 0..3 {
            read_request(&mut stream);
            stream.write_all(OK).unwrap();
            stream.flush().unwrap();
        }
    });
    let (options, _file) = trusting(&identity, peer.address, "reuse.pem");
    let transport = transport(&options);
    (0..3).for_each(|_| drop(query(&transport).unwrap()));
    peer.end();
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_used() {
    let (peer, closed) = keeping(2, 1);
    let transport = transport(&plain(peer.address));
    for _ in 0..2 {
        query(&transport).unwrap();
        closed.recv().unwrap();
    }
    drop(transport);
    peer.end();
}

#[test]
fn a_fresh_exchange_neither_takes_nor_leaves_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let transport = transport(&plain(listener.local_addr().unwrap()));
    let (tell, ended) = channel();
    // The peer answers every request on every connection and returns how many came on each.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, tell) = (stream.unwrap(), tell.clone());
            std::thread::spawn(move || {
                let mut requests = 0;
                while stream.peek(&mut [0]).is_ok_and(|waiting| waiting > 0) {
                    read_request(&mut stream);
                    requests += 1;
                    stream.write_all(OK).unwrap();
                }
                let _ = tell.send(requests);
            });
        }
    });
    let fresh = || drop(transport.exchange(&request(LONG), &Interrupt::new()).unwrap());
    fresh();
    assert_eq!(ended.recv_timeout(SOON), Ok(1));
    query(&transport).unwrap();
    fresh();
    assert_eq!(ended.recv_timeout(SOON), Ok(1));
    query(&transport).unwrap();
    drop(transport);
    assert_eq!(ended.recv_timeout(SOON), Ok(2));
}

#[test]
fn a_request_is_sent_once_even_if_a_reused_connection_dies() {
    let peer = Peer::listen(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(OK).unwrap();
        read_request(&mut stream);
        reset(stream);
        listener.set_nonblocking(true).unwrap();
        listener
    });
    let transport = transport(&plain(peer.address));
    query(&transport).unwrap();
    failed(query(&transport), UPAY_E_INTERRUPTED);
    assert_eq!(peer.end().accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_transport_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Transport>();
    shared::<Interrupt>();
    let peer = Peer::listen(|listener| {
        for _ in 0..8 {
            let (mut stream, _) = listener.accept().unwrap();
            std::thread::spawn(move || {
                read_request(&mut stream);
                stream.write_all(OK).unwrap();
            });
        }
    });
    let transport = Arc::new(transport(&plain(peer.address)));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let transport = transport.clone();
            std::thread::spawn(move || transport.exchange(&request(LONG), &Interrupt::new()).unwrap())
        })
        .collect();
    threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap().http_status, 200));
    peer.end();
}
