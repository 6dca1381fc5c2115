//! One exchange with the gateway over HTTP. Its error says whether the request was not sent or is in doubt.
//!
//! A payment may be sent at most once, so what an error proves matters more than what it says. An error *not sent* is
//! proof that no byte of the request can have left; everything else is *in doubt*. The proof is not read from the
//! error, whose kinds are the same on both sides of the line, but from the progress of the exchange: a marker on top
//! of the finished connection notes the moment at which the request is handed to it.
//!
//! ```text
//!   http         the request and the reply                     ─┐
//!   sent_marker  the finished connection: was it asked to send? │  progress: phase, deadline and interrupt of the
//!   tls          the handshake, complete before it returns      │  exchange that runs on this thread
//!   (tunnel)     CONNECT, if there is a proxy                   │
//!   tcp          lookup, connect, reads and writes             ─┘  failure: progress and error → status and message
//! ```
//!
//! Two time limits bound an exchange: `connect_timeout` from its start until the connection is finished,
//! `reply_timeout` from there to the last byte of the reply. `until` ends both. They are kept as one deadline that
//! every read, write and wait checks, so a peer that trickles bytes gains nothing.

mod detached;
mod failure;
mod http;
mod interrupt;
mod lookup;
mod progress;
mod sent_marker;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;

pub use interrupt::Interrupt;

use crate::error::Error;
use http::Http;
use lookup::Lookup;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tls::Tls;

pub use crate::gateway::reply::REPLY_BYTES_MAX;

/// Starts a job on a thread of its own, which the caller of this module tracks. A job is one name lookup; the
/// operating system decides how long it takes. A job may be dropped without being run.
pub type Spawn = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

/// The settings of a transport: they hold for each of its exchanges.
pub struct Options {
    /// `https://host[:port]`, without a slash at the end. With `http` only loopback addresses are connected to.
    pub api_domain: String,
    /// The time limit for lookup, connect, proxy and TLS handshake together.
    pub connect_timeout: Duration,
    /// `http://[user:password@]host:port`. Every exchange goes through a CONNECT tunnel. Proxy variables of the
    /// environment are ignored.
    pub proxy: Option<String>,
    /// A file of PEM certificates that are trusted beside the built-in ones.
    pub ca_file: Option<PathBuf>,
}

/// One request.
pub struct Exchange<'a> {
    /// Begins with a slash.
    pub path: &'a str,
    /// The value of the `Authorization` header.
    pub authorization: &'a str,
    /// The JSON text, sent byte for byte.
    pub body: &'a [u8],
    /// The time limit from the finished connection to the last byte of the reply.
    pub reply_timeout: Duration,
    /// The whole exchange must be over by then, the lookup included. The two time limits hold as well.
    pub until: Option<Instant>,
    /// Use a new connection: one that served before may have died unnoticed.
    pub fresh: bool,
}

/// One reply, whatever its HTTP status: redirects, 4xx and 5xx are replies too, and the caller judges them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub http_status: u16,
    /// At most [`REPLY_BYTES_MAX`] bytes. If only the end of the connection marks the end of the reply, the body may
    /// have been cut off unnoticed.
    pub body: Vec<u8>,
    /// The server's clock, as its `Date` header tells it: milliseconds since 1970.
    pub date_ms: Option<u64>,
}

/// The connections to one gateway, shared by all threads.
pub struct Transport {
    http: Http,
}

impl Transport {
    /// Fails with `UPAY_E_VALUE` on a `proxy` or `ca_file` that cannot be used.
    pub fn new(options: &Options, spawn: Spawn) -> Result<Transport, Error> {
        Self::with_lookup(options, spawn, Arc::new(lookup::system))
    }

    /// As [`Transport::new`], with another lookup than the operating system's.
    fn with_lookup(options: &Options, spawn: Spawn, look_up: Arc<lookup::LookUp>) -> Result<Transport, Error> {
        let tls = Tls::new(options.ca_file.as_deref())?;
        let lookup = Lookup::new(look_up, options.api_domain.starts_with("http://"), spawn);
        Ok(Transport { http: Http::new(options, tcp::Tcp::new(lookup), tls)? })
    }

    /// Sends the request, at most once, and reads the reply, all on this thread.
    ///
    /// Every error is either not sent or in doubt. Raising `interrupt` ends the exchange at once: with a "not sent"
    /// error if the request was not yet handed to a finished connection, with an "in doubt" error otherwise.
    pub fn exchange(&self, exchange: &Exchange, interrupt: &Interrupt) -> Result<HttpReply, Error> {
        self.http.exchange(exchange, interrupt)
    }
}
