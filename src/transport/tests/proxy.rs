use super::reach::trickle;
use super::*;
use crate::abi::{UPAY_E_INTERRUPTED, UPAY_E_NO_REPLY, UPAY_E_PROXY, UPAY_E_TLS, UPAY_E_VALUE};

const TUNNEL: &[u8] = b"HTTP/1.1 200 Connection Established\r\n\r\n";

fn through(proxy: SocketAddr, mut options: Options) -> Options {
    options.proxy = Some(format!("http://user:hunter2@{proxy}"));
    options
}

/// A proxy for one tunnel to the host that is asked for; returns the head of the CONNECT request.
fn proxy() -> Peer<String> {
    Peer::accept(|mut near| {
        let head = read_head(&mut near);
        let target = head.split(' ').nth(1).unwrap();
        let port = target.rsplit(':').next().unwrap();
        let mut far = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        near.write_all(TUNNEL).unwrap();
        let (mut near_in, mut far_out) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let up = std::thread::spawn(move || {
            let _ = std::io::copy(&mut near_in, &mut far_out);
            let _ = far_out.shutdown(std::net::Shutdown::Write);
        });
        if std::io::copy(&mut far, &mut near).is_err() {
            reset(near.try_clone().unwrap());
        }
        let _ = near.shutdown(std::net::Shutdown::Both);
        up.join().unwrap();
        head
    })
}

/// A proxy that answers the CONNECT request with `reply` and returns what comes after it.
fn refusing(reply: &'static [u8]) -> Peer<Vec<u8>> {
    Peer::accept(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(reply).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        rest(&mut stream)
    })
}

fn somewhere() -> Options {
    options("https://api.example".into())
}

#[test]
fn http_goes_through_the_tunnel() {
    let (peer, proxy) = (reply_with(OK), proxy());
    assert_eq!(exchange(&through(proxy.address, plain(peer.address))).unwrap().body, b"{}");
    assert!(peer.end().starts_with("POST /upay/v2/pay HTTP/1.1\r\n"));
    let head = proxy.end();
    assert!(head.starts_with("CONNECT 127.0.0.1:"), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n"), "{head}");
}

#[test]
fn https_goes_through_the_tunnel() {
    let identity = identity("localhost");
    let server = identity.server.clone();
    let peer = Peer::accept(move |stream| {
        let mut stream = tls(&server, stream);
        let request = read_request(&mut stream);
        stream.write_all(OK).unwrap();
        stream.flush().unwrap();
        rest(&mut stream);
        request
    });
    let proxy = proxy();
    let (options, _file) = trusting(&identity, peer.address, "tunnel.pem");
    assert_eq!(exchange(&through(proxy.address, options)).unwrap().body, b"{}");
    assert!(peer.end().contains("authorization: sn secret-sign\r\n"));
    assert!(!proxy.end().contains("secret-sign"));
}

#[test]
fn a_proxy_that_refuses_is_not_sent() {
    for (reply, status) in [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".as_slice(), "407"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n", "302"),
    ] {
        let peer = refusing(reply);
        let message = failed(exchange(&through(peer.address, somewhere())), UPAY_E_PROXY);
        let expected = format!("proxy {}: refused the tunnel with http status {status}", peer.address);
        assert_eq!(message, expected);
        assert_eq!(peer.end(), b"");
    }
}

#[test]
fn a_proxy_that_is_none_is_not_sent() {
    for reply in [b"".as_slice(), b"HTTP/1.1 200", b"garbage\r\n\r\n"] {
        let peer = refusing(reply);
        failed(exchange(&through(peer.address, somewhere())), UPAY_E_PROXY);
        assert_eq!(peer.end(), b"");
    }
}

#[test]
fn a_proxy_that_resets_is_not_sent() {
    let peer = Peer::accept(|mut stream| {
        read_head(&mut stream);
        reset(stream);
    });
    failed(exchange(&through(peer.address, somewhere())), UPAY_E_PROXY);
    peer.end();
}

#[test]
fn a_proxy_that_cannot_be_reached_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = failed(exchange(&through(free, somewhere())), UPAY_E_PROXY);
    assert_eq!(message, format!("proxy {free}: connection refused"));
}

#[test]
fn a_proxy_that_cannot_be_found_is_not_sent() {
    let mut options = somewhere();
    options.proxy = Some("http://no-such-proxy.invalid:3128".into());
    let message = failed(exchange(&options), UPAY_E_PROXY);
    assert_eq!(message, "proxy no-such-proxy.invalid:3128: no address found");
}

#[test]
fn a_proxy_that_hangs_ends_at_the_deadline() {
    let peer = Peer::accept(|mut stream| {
        read_head(&mut stream);
        rest(&mut stream)
    });
    let message = failed(hurried(through(peer.address, somewhere())), UPAY_E_PROXY);
    assert_eq!(message, format!("proxy {}: time limit reached", peer.address));
    assert_eq!(peer.end(), b"");
}

#[test]
fn a_proxy_that_trickles_ends_at_the_deadline() {
    let peer = Peer::accept(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").unwrap();
        trickle(&mut stream, &[b'x'; 2000]);
    });
    failed(hurried(through(peer.address, somewhere())), UPAY_E_PROXY);
    peer.end();
}

#[test]
fn http_never_leaves_the_machine_by_a_proxy() {
    let mut options = options("http://localhost".into());
    options.proxy = Some("http://192.0.2.1:3128".into());
    failed(exchange(&options), UPAY_E_PROXY);
}

#[test]
fn a_certificate_that_is_not_trusted_behind_a_proxy_is_not_sent() {
    let identity = identity("localhost");
    let server = identity.server.clone();
    let peer = Peer::accept(move |stream| rest(&mut tls(&server, stream)));
    let proxy = proxy();
    let options = options(format!("https://localhost:{}", peer.address.port()));
    failed(exchange(&through(proxy.address, options)), UPAY_E_TLS);
    assert_eq!(peer.end(), b"");
    proxy.end();
}

#[test]
fn a_handshake_that_hangs_behind_a_proxy_is_not_sent() {
    let peer = refusing_after_tunnel();
    failed(hurried(through(peer.address, somewhere())), UPAY_E_TLS);
    assert!(!peer.end().starts_with(b"POST"));
}

/// A proxy whose tunnel leads nowhere.
fn refusing_after_tunnel() -> Peer<Vec<u8>> {
    Peer::accept(|mut stream| {
        read_head(&mut stream);
        stream.write_all(TUNNEL).unwrap();
        rest(&mut stream)
    })
}

#[test]
fn what_fails_behind_the_tunnel_after_the_request_is_in_doubt() {
    let peer = Peer::accept(|mut stream| {
        read_request(&mut stream);
        reset(stream);
    });
    let tunnel = proxy();
    failed(exchange(&through(tunnel.address, plain(peer.address))), UPAY_E_INTERRUPTED);
    peer.end();
    tunnel.end();

    let peer = reply_with(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}");
    let tunnel = proxy();
    failed(exchange(&through(tunnel.address, plain(peer.address))), UPAY_E_INTERRUPTED);
    peer.end();
    tunnel.end();

    let nowhere = refusing_after_tunnel();
    failed(hurried(through(nowhere.address, plain(nowhere.address))), UPAY_E_NO_REPLY);
    assert!(nowhere.end().starts_with(b"POST"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused() {
    for proxy in [
        "",
        "127.0.0.1:3128",
        "http://127.0.0.1",
        "http://:3128",
        "https://127.0.0.1:443",
        "socks5://user:hunter2@127.0.0.1:1080",
        "http://user:hunter2@127.0.0.1:3128/path",
        "http://user:hunter2@127.0.0.1:port",
        "http://user:%ff@127.0.0.1:3128",
    ] {
        let mut options = somewhere();
        options.proxy = Some(proxy.into());
        let error = Transport::new(&options, threads()).err().unwrap();
        assert_eq!(error, Error::new(UPAY_E_VALUE, "proxy must be http://[user:password@]host:port"), "{proxy}");
    }
}

#[test]
fn a_proxy_in_the_environment_is_not_used() {
    const CHILD: &str = "UPAY_TEST_PROXY_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let (_, path) = module_path!().split_once("::").unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("{path}::a_proxy_in_the_environment_is_not_used")]).env(CHILD, "1");
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
            child.env(name, "http://127.0.0.1:1");
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let peer = reply_with(OK);
    assert_eq!(exchange(&plain(peer.address)).unwrap().http_status, 200);
    peer.end();
}
