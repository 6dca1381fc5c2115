//! HTTP/1.1 by ureq. Every setting is given, because ureq's defaults follow redirects, read the environment for a
//! proxy and turn HTTP statuses into errors. ureq never sends a request twice by itself.

use super::failure;
use super::progress::{ExchangePhase, Progress};
use super::sent_marker::SentMarker;
use super::tcp::{port, Tcp};
use super::tls::Tls;
use super::{Exchange, HttpReply, Interrupt, Options, REPLY_BYTES_MAX};
use crate::abi::UPAY_E_VALUE;
use crate::error::Error;
use std::fmt;
use std::io::Read;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::{header, Request, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, NextTimeout};
use ureq::{Agent, Proxy};

const USER_AGENT: &str = concat!("libupay/", env!("CARGO_PKG_VERSION"));
const JSON: &str = "application/json";

/// The buffers of a connection, in bytes. The head of a reply must fit into the input.
const INPUT_BYTES: usize = 64 * 1024;
const OUTPUT_BYTES: usize = 32 * 1024;

/// Servers commonly close an idle connection after 15 s or more: close it before they do.
const IDLE_MAX: Duration = Duration::from_secs(10);
const IDLE_CONNECTIONS_MAX: usize = 8;

pub(super) struct Http {
    /// Keeps idle connections for later exchanges.
    pooled: Agent,
    /// Keeps no connections.
    fresh: Agent,
    api_domain: String,
    /// host:port, for messages.
    server: String,
    /// host:port without the password, for messages.
    proxy: Option<String>,
    connect_timeout: Duration,
}

impl Http {
    pub(super) fn new(options: &Options, tcp: Tcp, tls: Tls) -> Result<Self, Error> {
        let proxy = options.proxy.as_deref().map(parse_proxy).transpose()?;
        let agent = |idle_connections_max| {
            let chain = ().chain(ConnectProxyConnector::default()).chain(tcp.clone()).chain(tls.clone());
            let config = config(proxy.clone(), idle_connections_max);
            Agent::with_parts(config, SentMarker(chain), NoResolver)
        };
        let server = match options.api_domain.parse::<Uri>() {
            Ok(uri) => format!("{}:{}", uri.host().unwrap_or_default(), port(&uri)),
            Err(_) => return Err(Error::new(UPAY_E_VALUE, "api_domain must be https://host[:port]")),
        };
        Ok(Self {
            pooled: agent(IDLE_CONNECTIONS_MAX),
            fresh: agent(0),
            api_domain: options.api_domain.clone(),
            server,
            proxy: proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            connect_timeout: options.connect_timeout,
        })
    }

    pub(super) fn exchange(&self, exchange: &Exchange, interrupt: &Interrupt) -> Result<HttpReply, Error> {
        let (phase, place) = match &self.proxy {
            Some(proxy) => (ExchangePhase::Proxy, format!("proxy {proxy}")),
            None => (ExchangePhase::Lookup, format!("connect to {}", self.server)),
        };
        let progress =
            Progress::begin(interrupt, self.connect_timeout, exchange.reply_timeout, exchange.until, phase, place);
        // A panic is a defect of this library or of ureq, and the reply may have caused it. It proves nothing.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            progress.time_left()?;
            self.send(exchange)
        }));
        match outcome {
            Ok(Ok(answer)) if answer.body.len() > REPLY_BYTES_MAX => Err(failure::too_long(&self.server)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failure::of(error, &progress, &self.server)),
            Err(_) => Err(failure::of_panic(&self.server)),
        }
    }

    /// Reads one byte more than a reply may have, so that the caller notices a reply that is too long.
    fn send(&self, exchange: &Exchange) -> Result<HttpReply, ureq::Error> {
        let request = Request::post(format!("{}{}", self.api_domain, exchange.path))
            .header(header::CONTENT_TYPE, JSON)
            .header(header::AUTHORIZATION, exchange.authorization)
            .body(exchange.body)?;
        let agent = if exchange.fresh { &self.fresh } else { &self.pooled };
        let response = agent.run(request)?;
        let http_status = response.status().as_u16();
        let date_ms = response.headers().get(header::DATE).and_then(|date| since_1970_ms(date.to_str().ok()?));
        let mut body = Vec::new();
        response.into_body().into_reader().take(REPLY_BYTES_MAX as u64 + 1).read_to_end(&mut body)?;
        Ok(HttpReply { http_status, body, date_ms })
    }
}

/// No timeout of ureq is set, so that there is only one deadline. The socket keeps it, in every phase.
fn config(proxy: Option<Proxy>, idle_connections_max: usize) -> Config {
    Config::builder()
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        .accept(JSON)
        .accept_encoding("")
        // The input buffer is the limit. ureq's own limit counts everything after an interim reply, the body
        // included.
        .max_response_header_size(usize::MAX)
        .input_buffer_size(INPUT_BYTES)
        .output_buffer_size(OUTPUT_BYTES)
        .max_idle_connections(idle_connections_max)
        .max_idle_connections_per_host(idle_connections_max)
        .max_idle_age(IDLE_MAX)
        .build()
}

fn since_1970_ms(http_date: &str) -> Option<u64> {
    let since = httpdate::parse_http_date(http_date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// The error does not quote the value, which may contain a password.
fn parse_proxy(value: &str) -> Result<Proxy, Error> {
    let fault = || Error::new(UPAY_E_VALUE, "proxy must be http://[user:password@]host:port");
    let uri = value.parse::<Uri>().map_err(|_| fault())?;
    let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
    if !plain || uri.host().unwrap_or_default().is_empty() || uri.port_u16().is_none() {
        return Err(fault());
    }
    Proxy::new(value).map_err(|_| fault())
}

/// `tcp` looks names up when it connects, so that a pooled connection needs no lookup.
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

impl fmt::Debug for NoResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoResolver")
    }
}
