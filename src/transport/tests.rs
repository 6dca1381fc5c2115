//! Every way in which an exchange can fail, over real sockets on loopback, and what each error must prove.
//!
//! | file | promises about |
//! |---|---|
//! | `reach` | what fails before the request: not sent |
//! | `reply` | what fails after it: in doubt; and replies of every shape |
//! | `proxy` | the same through a CONNECT proxy |
//! | `interrupt` | an interrupt ends an exchange at once |
//! | `wire` | what is on the wire, and which connection it takes |

#![allow(clippy::disallowed_methods)]

mod interrupt;
mod proxy;
mod reach;
mod reply;
mod wire;

use super::{Exchange, HttpReply, Interrupt, Options, Spawn, Transport};
use crate::error::Error;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Far longer than anything takes here when it works.
const LONG: Duration = Duration::from_secs(30);
/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);
/// The bound for what ends at once or after [`SHORT`], also on a busy machine. Well below [`LONG`].
const SOON: Duration = Duration::from_secs(25);

const BODY: &[u8] = br#"{"client_sn":"1"}"#;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn threads() -> Spawn {
    Arc::new(|job| {
        std::thread::spawn(job);
    })
}

fn options(api_domain: String) -> Options {
    Options { api_domain, connect_timeout: LONG, proxy: None, ca_file: None }
}

fn plain(address: SocketAddr) -> Options {
    options(format!("http://{address}"))
}

fn transport(options: &Options) -> Transport {
    Transport::new(options, threads()).unwrap()
}

fn request(reply_timeout: Duration) -> Exchange<'static> {
    Exchange {
        path: "/upay/v2/pay",
        authorization: "sn secret-sign",
        body: BODY,
        reply_timeout,
        until: None,
        fresh: true,
    }
}

fn exchange(options: &Options) -> Result<HttpReply, Error> {
    transport(options).exchange(&request(LONG), &Interrupt::new())
}

/// With [`SHORT`] time to connect and for the reply; ends within [`SOON`].
fn hurried(mut options: Options) -> Result<HttpReply, Error> {
    options.connect_timeout = SHORT;
    let begin = Instant::now();
    let outcome = transport(&options).exchange(&request(SHORT), &Interrupt::new());
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    outcome
}

/// Checks the form of the message, and that it contains no secret.
#[track_caller]
fn failed(outcome: Result<HttpReply, Error>, status: i32) -> String {
    let error = outcome.unwrap_err();
    assert_eq!(error.status, status, "{}", error.message);
    for secret in ["secret", "client_sn", "hunter2"] {
        assert!(!error.message.contains(secret), "{}", error.message);
    }
    assert!(!error.message.ends_with('.') && !error.message.starts_with(char::is_uppercase), "{}", error.message);
    error.message
}

/// A server on loopback. `talk` serves its connections and returns what the test wants to see.
struct Peer<T> {
    address: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Peer<T> {
    fn listen(talk: impl FnOnce(TcpListener) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, thread: std::thread::spawn(move || talk(listener)) }
    }

    fn accept(talk: impl FnOnce(TcpStream) -> T + Send + 'static) -> Self {
        Self::listen(move |listener| {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            talk(stream)
        })
    }

    fn end(self) -> T {
        self.thread.join().unwrap()
    }
}

/// Reads one request and sends `reply`, then closes.
fn reply_with(reply: &'static [u8]) -> Peer<String> {
    Peer::accept(move |mut stream| {
        let request = read_request(&mut stream);
        stream.write_all(reply).unwrap();
        request
    })
}

/// Head and body of one request.
fn read_request(stream: &mut impl Read) -> String {
    let mut text = read_head(stream);
    let lower = text.to_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    text.push_str(&String::from_utf8(body).unwrap());
    text
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Everything that arrives until the other side closes.
fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

/// Closes with a reset instead of an orderly end.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// A certificate authority and a server certified by it.
struct ServerIdentity {
    server: Arc<ServerConfig>,
    authority_pem: String,
}

fn identity(name: &str) -> ServerIdentity {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    ServerIdentity { server: Arc::new(server), authority_pem: authority.pem() }
}

fn tls(server: &Arc<ServerConfig>, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(server.clone()).unwrap(), stream)
}

/// A file that is deleted when this is dropped.
struct ScratchFile(PathBuf);

impl ScratchFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("upay-transport-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Options that trust `identity`, for a server on `address` that is called localhost.
fn trusting(identity: &ServerIdentity, address: SocketAddr, name: &str) -> (Options, ScratchFile) {
    let file = ScratchFile::new(name, &identity.authority_pem);
    let mut options = options(format!("https://localhost:{}", address.port()));
    options.ca_file = Some(file.0.clone());
    (options, file)
}
