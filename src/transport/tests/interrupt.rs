use super::*;
use crate::abi::{UPAY_E_INTERRUPTED, UPAY_E_PROXY, UPAY_E_RESOLVE, UPAY_E_TLS};

/// Raises the interrupt when `moment` comes, which the peer tells, and expects the exchange to end at once.
#[track_caller]
fn interrupted(transport: &Transport, body: &[u8], moment: Receiver<()>, status: i32) {
    let interrupt = Interrupt::new();
    let raiser = {
        let interrupt = interrupt.clone();
        std::thread::spawn(move || {
            moment.recv().unwrap();
            let raised = Instant::now();
            interrupt.raise();
            raised
        })
    };
    let message = failed(transport.exchange(&Exchange { body, ..request(LONG) }, &interrupt), status);
    let raised = raiser.join().unwrap();
    assert!(raised.elapsed() < SOON, "it took {:?}", raised.elapsed());
    assert!(message.ends_with(": interrupted"), "{message}");
}

/// A peer that reports when `talk` has ended, and then sends nothing.
fn silent_after(talk: impl FnOnce(&mut TcpStream) + Send + 'static) -> (Peer<Vec<u8>>, Receiver<()>) {
    let (tell, moment): (Sender<()>, _) = channel();
    let peer = Peer::accept(move |mut stream| {
        talk(&mut stream);
        tell.send(()).unwrap();
        rest(&mut stream)
    });
    (peer, moment)
}

#[test]
fn a_raised_interrupt_lets_nothing_begin() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let transport = transport(&plain(listener.local_addr().unwrap()));
    let interrupt = Interrupt::new();
    interrupt.raise();
    assert!(interrupt.is_raised());
    failed(transport.exchange(&request(LONG), &interrupt), UPAY_E_RESOLVE);
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn an_interrupt_ends_a_lookup() {
    let (tell, moment) = channel();
    let (release, hang) = channel::<()>();
    let hang = std::sync::Mutex::new((tell, hang));
    let look_up = move |_: &str, _: u16| {
        let hang = hang.lock().unwrap();
        hang.0.send(()).unwrap();
        let _ = hang.1.recv();
        Ok(Vec::new())
    };
    let options = options("https://api.example".into());
    let transport = Transport::with_lookup(&options, threads(), Arc::new(look_up)).unwrap();
    interrupted(&transport, BODY, moment, UPAY_E_RESOLVE);
    drop(release);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_a_connect() {
    let (_listener, address, _queue) = super::reach::full_listener();
    let before = connecting_to(address);
    let (tell, moment) = channel();
    std::thread::spawn(move || {
        while connecting_to(address) == before {
            std::thread::yield_now();
        }
        tell.send(()).unwrap();
    });
    interrupted(&transport(&plain(address)), BODY, moment, crate::abi::UPAY_E_CONNECT);
}

/// The sockets that are connecting to this address, by the kernel's own list.
#[cfg(target_os = "linux")]
fn connecting_to(address: SocketAddr) -> usize {
    const SYN_SENT: &str = "02";
    let place = format!(":{:04X}", address.port());
    let list = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let waiting = list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    waiting.filter(|row| row.len() > 3 && row[2].ends_with(&place) && row[3] == SYN_SENT).count()
}

#[test]
fn an_interrupt_ends_a_handshake() {
    let (peer, moment) = silent_after(|stream| stream.read_exact(&mut [0; 5]).unwrap());
    interrupted(&transport(&options(format!("https://{}", peer.address))), BODY, moment, UPAY_E_TLS);
    peer.end();
}

#[test]
fn an_interrupt_ends_a_wait_for_the_proxy() {
    let (peer, moment) = silent_after(|stream| drop(read_head(stream)));
    let mut options = options("https://api.example".into());
    options.proxy = Some(format!("http://{}", peer.address));
    interrupted(&transport(&options), BODY, moment, UPAY_E_PROXY);
    assert_eq!(peer.end(), b"");
}

#[test]
fn an_interrupt_ends_a_request_that_is_not_read() {
    let (tell, moment) = channel();
    let (done, wait) = channel::<()>();
    let peer = Peer::accept(move |stream| {
        stream.peek(&mut [0]).unwrap();
        tell.send(()).unwrap();
        let _ = wait.recv();
    });
    interrupted(&transport(&plain(peer.address)), &super::reply::long_body(), moment, UPAY_E_INTERRUPTED);
    drop(done);
    peer.end();
}

#[test]
fn an_interrupt_ends_a_wait_for_the_reply() {
    let (peer, moment) = silent_after(|stream| drop(read_request(stream)));
    interrupted(&transport(&plain(peer.address)), BODY, moment, UPAY_E_INTERRUPTED);
    peer.end();
}

#[test]
fn an_interrupt_ends_a_reply_in_its_body() {
    // With the third, the end of the connection is the end of the reply: an interrupt must not pass for it.
    for head in ["Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n", ""] {
        let (peer, moment) = silent_after(move |stream| {
            read_request(stream);
            write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n1\r\n").unwrap();
        });
        interrupted(&transport(&plain(peer.address)), BODY, moment, UPAY_E_INTERRUPTED);
        peer.end();
    }
}

#[test]
fn one_interrupt_ends_all_exchanges_that_hold_it() {
    let interrupt = Interrupt::new();
    let (peers, moments): (Vec<_>, Vec<_>) =
        (0..3).map(|_| silent_after(|stream| drop(read_request(stream)))).unzip();
    let exchanges: Vec<_> = peers
        .iter()
        .map(|peer| {
            let (options, interrupt) = (plain(peer.address), interrupt.clone());
            std::thread::spawn(move || transport(&options).exchange(&request(LONG), &interrupt))
        })
        .collect();
    moments.iter().for_each(|moment| moment.recv().unwrap());
    interrupt.raise();
    exchanges.into_iter().for_each(|exchange| drop(failed(exchange.join().unwrap(), UPAY_E_INTERRUPTED)));
    peers.into_iter().for_each(|peer| drop(peer.end()));
}

#[test]
fn an_interrupt_of_an_exchange_that_is_over_leaves_its_connection_to_the_next() {
    let (raised, go) = channel();
    let peer = Peer::accept(move |mut stream| {
        for turn in 0..2 {
            read_request(&mut stream);
            if turn == 1 {
                go.recv().unwrap();
            }
            stream.write_all(OK).unwrap();
        }
    });
    let transport = Arc::new(transport(&plain(peer.address)));
    let query = || Exchange { fresh: false, ..request(LONG) };
    let first = Interrupt::new();
    transport.exchange(&query(), &first).unwrap();
    let second = {
        let transport = transport.clone();
        std::thread::spawn(move || transport.exchange(&Exchange { fresh: false, ..request(LONG) }, &Interrupt::new()))
    };
    first.raise();
    raised.send(()).unwrap();
    assert_eq!(second.join().unwrap().unwrap().http_status, 200);
    peer.end();
}
