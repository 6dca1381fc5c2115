use super::*;
use crate::abi::{UPAY_E_CONNECT, UPAY_E_RESOLVE, UPAY_E_TLS, UPAY_E_VALUE};

fn with_lookup(
    options: &Options,
    look_up: impl Fn(&str, u16) -> std::io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
) -> Transport {
    Transport::with_lookup(options, threads(), Arc::new(look_up)).unwrap()
}

#[test]
fn a_name_without_an_address_is_not_sent() {
    let message = failed(exchange(&options("https://no-such-host.invalid".into())), UPAY_E_RESOLVE);
    assert_eq!(message, "look up no-such-host.invalid: no address found");
    let none = with_lookup(&options("https://api.example".into()), |_, _| Ok(Vec::new()));
    failed(none.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
}

#[test]
fn a_lookup_that_hangs_ends_at_the_deadline_and_only_so_many_may_hang() {
    let (release, hang) = channel::<()>();
    let hang = std::sync::Mutex::new(hang);
    let mut options = options("https://api.example".into());
    options.connect_timeout = Duration::from_millis(50);
    let transport = with_lookup(&options, move |_, _| {
        let _ = hang.lock().unwrap().recv();
        Ok(Vec::new())
    });
    for _ in 0..4 {
        let message = failed(transport.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
        assert_eq!(message, "look up api.example: time limit reached");
    }
    let message = failed(transport.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
    assert_eq!(message, "look up api.example: too many name lookups are under way");
    drop(release);
    // Each thread ends when its lookup returns, and gives its permit back.
    let begin = Instant::now();
    while failed(transport.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE).contains("too many") {
        assert!(begin.elapsed() < LONG);
    }
}

#[test]
fn a_lookup_that_panics_or_is_never_run_is_not_waited_for() {
    let panics = with_lookup(&options("https://api.example".into()), |_, _| panic!("lookup"));
    failed(panics.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
    let unrun = Transport::new(&options("https://api.example".into()), Arc::new(drop)).unwrap();
    failed(unrun.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
}

#[test]
fn http_never_leaves_the_machine() {
    let away = |_: &str, port: u16| Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))]);
    let named = with_lookup(&options("http://localhost".into()), away);
    failed(named.exchange(&request(LONG), &Interrupt::new()), UPAY_E_RESOLVE);
    failed(exchange(&options("http://192.0.2.1:80".into())), UPAY_E_RESOLVE);

    let peer = reply_with(OK);
    let port = peer.address.port();
    let mixed = with_lookup(&options(format!("http://localhost:{port}")), move |_, port| {
        Ok(vec![SocketAddr::from(([192, 0, 2, 1], port)), SocketAddr::from(([127, 0, 0, 1], port))])
    });
    assert_eq!(mixed.exchange(&request(LONG), &Interrupt::new()).unwrap().http_status, 200);
    peer.end();
}

#[test]
fn a_refused_port_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = failed(exchange(&plain(free)), UPAY_E_CONNECT);
    assert_eq!(message, format!("connect to {free}: connection refused"));
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let peer = reply_with(OK);
    let address = peer.address;
    let both = with_lookup(&options("http://localhost".into()), move |_, _| Ok(vec![free, address]));
    assert_eq!(both.exchange(&request(LONG), &Interrupt::new()).unwrap().http_status, 200);
    peer.end();
}

#[test]
fn a_server_is_reached_by_ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_request(&mut stream);
        stream.write_all(OK).unwrap();
    });
    assert_eq!(exchange(&plain(address)).unwrap().http_status, 200);
    server.join().unwrap();
}

#[test]
fn a_panic_beneath_proves_nothing_and_leaves_nothing_behind() {
    let panics = std::sync::atomic::AtomicBool::new(true);
    let spawn: Spawn = Arc::new(move |job| {
        assert!(!panics.swap(false, std::sync::atomic::Ordering::SeqCst), "no thread to be had");
        std::thread::spawn(job);
    });
    let peer = reply_with(OK);
    // A name, so that the lookup needs a thread.
    let options = options(format!("http://localhost:{}", peer.address.port()));
    let transport = Transport::new(&options, spawn).unwrap();
    assert!(!transport.exchange(&request(LONG), &Interrupt::new()).unwrap_err().not_sent());
    assert_eq!(transport.exchange(&request(LONG), &Interrupt::new()).unwrap().http_status, 200);
    peer.end();
}

/// A listener that accepts nothing and whose queue is full: a connect to it hangs.
#[cfg(target_os = "linux")]
pub(super) fn full_listener() -> (socket2::Socket, SocketAddr, Vec<socket2::Socket>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let queue = (0..4).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address);
        socket
    });
    let queue = queue.collect();
    (listener, address.as_socket().unwrap(), queue)
}

#[test]
#[cfg(target_os = "linux")]
fn a_connect_that_hangs_ends_at_the_deadline() {
    let (_listener, address, _queue) = full_listener();
    let message = failed(hurried(plain(address)), UPAY_E_CONNECT);
    assert_eq!(message, format!("connect to {address}: time limit reached"));
}

#[test]
#[cfg(target_os = "linux")]
fn an_address_that_hangs_leaves_time_for_the_next() {
    let (_listener, hanging, _queue) = full_listener();
    let peer = reply_with(OK);
    let address = peer.address;
    let mut options = options("http://localhost".into());
    options.connect_timeout = Duration::from_secs(2);
    let both = with_lookup(&options, move |_, _| Ok(vec![hanging, address]));
    assert_eq!(both.exchange(&request(LONG), &Interrupt::new()).unwrap().http_status, 200);
    peer.end();
}

/// A TLS server that returns what it read of the request.
fn tls_peer(server: Arc<ServerConfig>) -> Peer<Vec<u8>> {
    Peer::accept(move |stream| rest(&mut tls(&server, stream)))
}

#[test]
fn a_certificate_that_is_not_trusted_is_not_sent() {
    let identity = identity("localhost");
    let peer = tls_peer(identity.server.clone());
    let port = peer.address.port();
    let message = failed(exchange(&options(format!("https://localhost:{port}"))), UPAY_E_TLS);
    assert_eq!(message, format!("tls with localhost:{port}: the certificate is not trusted"));
    assert_eq!(peer.end(), b"");
}

#[test]
fn a_certificate_for_another_name_is_not_sent() {
    let identity = identity("other.example");
    let peer = tls_peer(identity.server.clone());
    let (options, _file) = trusting(&identity, peer.address, "name.pem");
    let message = failed(exchange(&options), UPAY_E_TLS);
    assert!(message.ends_with("the certificate is for another name"), "{message}");
    assert_eq!(peer.end(), b"");
}

#[test]
fn a_certificate_under_ca_file_is_trusted() {
    let identity = identity("localhost");
    let server = identity.server.clone();
    let peer = Peer::accept(move |stream| {
        let mut stream = tls(&server, stream);
        let request = read_request(&mut stream);
        stream.write_all(OK).unwrap();
        stream.flush().unwrap();
        request
    });
    let (options, _file) = trusting(&identity, peer.address, "trusted.pem");
    assert_eq!(exchange(&options).unwrap(), HttpReply { http_status: 200, body: b"{}".to_vec(), date_ms: None });
    assert!(peer.end().ends_with(std::str::from_utf8(BODY).unwrap()));
}

#[test]
fn a_server_that_speaks_no_tls_is_not_sent() {
    let peer = Peer::accept(|mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        rest(&mut stream)
    });
    let message = failed(exchange(&options(format!("https://{}", peer.address))), UPAY_E_TLS);
    assert!(message.ends_with("the server does not speak tls"), "{message}");
    assert!(!peer.end().starts_with(b"POST"));
}

#[test]
fn a_server_that_hangs_in_the_handshake_is_not_sent() {
    let peer = Peer::accept(|mut stream| rest(&mut stream));
    let message = failed(hurried(options(format!("https://{}", peer.address))), UPAY_E_TLS);
    assert!(message.ends_with("time limit reached"), "{message}");
    assert!(!peer.end().starts_with(b"POST"));
}

#[test]
fn a_handshake_trickled_byte_by_byte_ends_at_the_deadline() {
    let peer = Peer::accept(|mut stream| {
        // The head of a record of 16384 bytes, and then the record byte by byte.
        stream.write_all(&[22, 3, 3, 64, 0]).unwrap();
        trickle(&mut stream, &[2; 16384]);
    });
    failed(hurried(options(format!("https://{}", peer.address))), UPAY_E_TLS);
    peer.end();
}

#[test]
fn a_server_that_leaves_in_the_handshake_is_not_sent() {
    for abrupt in [false, true] {
        let peer = Peer::accept(move |mut stream| {
            stream.read_exact(&mut [0; 5]).unwrap();
            if abrupt {
                reset(stream);
            }
        });
        failed(exchange(&options(format!("https://{}", peer.address))), UPAY_E_TLS);
        peer.end();
    }
}

#[test]
fn a_client_certificate_that_is_missed_after_the_handshake_is_in_doubt() {
    let identity = identity("localhost");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let pem = identity.authority_pem.as_bytes();
    roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let peer = tls_peer(Arc::new(server));
    let file = ScratchFile::new("client.pem", &certificate.pem());
    let mut options = options(format!("https://localhost:{}", peer.address.port()));
    options.ca_file = Some(file.0.clone());
    let error = exchange(&options).unwrap_err();
    assert!(!error.not_sent(), "{error:?}");
    peer.end();
}

#[test]
fn a_ca_file_that_cannot_be_used_is_refused() {
    let refused = |path: PathBuf| {
        let mut options = options("https://api.example".into());
        options.ca_file = Some(path);
        let error = Transport::new(&options, threads()).err().unwrap();
        assert_eq!(error.status, UPAY_E_VALUE);
        assert!(error.message.starts_with("ca_file must hold certificates in PEM form"), "{}", error.message);
    };
    refused(std::env::temp_dir().join("upay-no-such-file.pem"));
    refused(ScratchFile::new("empty.pem", "no certificate").0.clone());
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = ScratchFile::new("broken.pem", broken);
    refused(broken.0.clone());
}

/// Sends one byte at a time until the other side closes.
pub(super) fn trickle(stream: &mut impl Write, bytes: &[u8]) {
    let (_never, pace) = channel::<()>();
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        let _ = pace.recv_timeout(Duration::from_millis(20));
    }
    panic!("it was listened to until the end");
}
