//! TLS, over a socket or a tunnel.
//!
//! This replaces ureq's own TLS connector, which trusts either the built-in roots or those of a file, while `ca_file`
//! promises both. The handshake is complete before the connector returns, so an untrusted certificate is found while
//! the request is still in memory. A server that wants a client certificate may refuse only after the handshake, when
//! the request has left. Such an error is in doubt.

use super::progress;
use crate::abi::UPAY_E_VALUE;
use crate::error::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// The certificates in `ca_file` are trusted beside the built-in ones.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_file {
            add(&mut roots, path).map_err(|why| {
                let message = format!("ca_file must hold certificates in PEM form: {}: {why}", path.display());
                Error::new(UPAY_E_VALUE, message)
            })?;
        }
        // The provider is given explicitly, because the host may have installed another one for the whole process.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(UPAY_E_VALUE, format!("tls cannot be set up: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Early data would send a part of the request inside the handshake.
        config.enable_early_data = false;
        Ok(Self { config: Arc::new(config) })
    }
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|error| error.kind().to_string())?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|_| "not in PEM form".to_owned())?;
        roots.add(certificate).map_err(|_| format!("certificate {} cannot be read", added + 1))?;
        added += 1;
    }
    match added {
        0 => Err("no certificate in it".to_owned()),
        _ => Ok(()),
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, TlsSession>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned())
            .map_err(|_| io::Error::other("not a host name that a certificate can be for"))?;
        let connection = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        let below: Box<dyn Transport> = Box::new(transport);
        let below = TransportAdapter::new(below, details.current_time.clone());
        let mut stream = StreamOwned::new(connection, below);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsSession { stream, buffers })))
    }
}

/// A connection whose handshake is complete.
pub(super) struct TlsSession {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl Transport for TlsSession {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.write_all(&self.buffers.output()[..amount])?;
        // Without the flush an error of the socket would show only in the next call.
        self.stream.flush()?;
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let space = self.buffers.input_append_buf();
        if space.is_empty() {
            return Ok(false);
        }
        let amount = self.stream.read(space)?;
        if amount == 0 {
            // The peer may end the TLS session and keep the connection open.
            progress::current()?.peer_closed();
        }
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// A usable connection has nothing to read on any layer.
    fn is_open(&mut self) -> bool {
        let silent = match self.stream.conn.process_new_packets() {
            Ok(state) => state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed(),
            Err(_) => false,
        };
        let below = self.stream.sock.get_mut();
        below.is_open() && below.buffers().input().is_empty() && silent
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl fmt::Debug for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsSession({:?})", self.stream.sock.inner())
    }
}
