//! In the place of the library's transport: an exchange is carried out by the world's network, and whoever waits for it
//! waits on a stack of its own while the world goes on.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::abi::UPAY_E_CONNECT;
use crate::error::Error;
use crate::{tasks, world};

/// The longest reply that is read; no simulated one is longer.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;

pub type Spawn = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

#[allow(dead_code)] // what only a real network needs
pub struct Options {
    pub api_domain: String,
    pub connect_timeout: Duration,
    pub proxy: Option<String>,
    pub ca_file: Option<PathBuf>,
}

pub struct Exchange<'a> {
    pub path: &'a str,
    pub authorization: &'a str,
    pub body: &'a [u8],
    pub reply_timeout: Duration,
    /// For calls that block the host; a flow's never do.
    #[allow(dead_code)]
    pub until: Option<Instant>,
    pub fresh: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub http_status: u16,
    pub body: Vec<u8>,
}

pub struct Transport {
    connect_timeout: Duration,
}

impl Transport {
    pub fn new(options: &Options, _spawn: Spawn) -> Result<Self, Error> {
        Ok(Self { connect_timeout: options.connect_timeout })
    }

    pub fn exchange(&self, exchange: &Exchange, interrupt: &Interrupt) -> Result<HttpReply, Error> {
        if interrupt.is_raised() {
            return Err(Error::new(UPAY_E_CONNECT, "interrupted"));
        }
        let Some(id) = world::with(|world| world.begin_exchange(exchange, self.connect_timeout)) else {
            return Err(Error::new(UPAY_E_CONNECT, "this process is no more"));
        };
        interrupt.0.exchange.store(id, Ordering::Relaxed);
        tasks::park(id);
        interrupt.0.exchange.store(0, Ordering::Relaxed);
        world::with(|world| world.end_exchange(id))
    }
}

#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    raised: AtomicBool,
    /// 0: none.
    exchange: AtomicU64,
}

impl Interrupt {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::Relaxed);
        let id = self.0.exchange.load(Ordering::Relaxed);
        if id != 0 {
            world::with(|world| world.interrupted(id));
        }
    }

    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::Relaxed)
    }
}
