//! How far the exchange on this thread has come. Only this decides what an error proves.
//!
//! It is reached through a thread-local because ureq passes nothing of a caller's through its connectors, agents are
//! shared by all threads, and a pooled connection outlives the exchange that made it. Exchanges cannot be mixed up:
//! an exchange runs from begin to end on one thread and never inside another, and ureq calls connectors and
//! transports on the thread that called it.

use super::Interrupt;
use crate::engine::clock;
use std::cell::{Cell, RefCell};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

/// What the exchange does before it has a finished connection. With a proxy everything is `Proxy`, except the TLS
/// handshake through the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangePhase {
    Lookup,
    Connect,
    Tls,
    Proxy,
}

/// Why this side ended the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Deadline,
    Interrupt,
}

pub(super) struct Progress {
    interrupt: Interrupt,
    deadline: Cell<Instant>,
    reply_timeout: Duration,
    until: Option<Instant>,
    phase: Cell<ExchangePhase>,
    place: RefCell<String>,
    chain_depth: Cell<u32>,
    connected: Cell<bool>,
    sent: Cell<bool>,
    stop: Cell<Option<Stop>>,
    peer_closed: Cell<bool>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Progress>>> = const { RefCell::new(None) };
}

/// The progress of the exchange on this thread.
pub(super) fn current() -> io::Result<Rc<Progress>> {
    CURRENT.with_borrow(Option::clone).ok_or_else(|| io::Error::other("no exchange is under way on this thread"))
}

/// Ends the exchange on this thread when dropped, also by a panic.
pub(super) struct Running(Rc<Progress>);

impl std::ops::Deref for Running {
    type Target = Progress;

    fn deref(&self) -> &Progress {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

impl Progress {
    pub(super) fn begin(
        interrupt: &Interrupt,
        connect_timeout: Duration,
        reply_timeout: Duration,
        until: Option<Instant>,
        phase: ExchangePhase,
        place: String,
    ) -> Running {
        let progress = Rc::new(Progress {
            interrupt: interrupt.clone(),
            deadline: Cell::new(earlier(after(connect_timeout), until)),
            reply_timeout,
            until,
            phase: Cell::new(phase),
            place: RefCell::new(place),
            chain_depth: Cell::new(0),
            connected: Cell::new(false),
            sent: Cell::new(false),
            stop: Cell::new(None),
            peer_closed: Cell::new(false),
        });
        CURRENT.set(Some(progress.clone()));
        Running(progress)
    }

    pub(super) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// The time that is left, more than zero. An error if the exchange has to end.
    pub(super) fn time_left(&self) -> io::Result<Duration> {
        let left = self.deadline.get().saturating_duration_since(clock::instant());
        let stop = match () {
            () if self.interrupt.is_raised() => Stop::Interrupt,
            () if left.is_zero() => Stop::Deadline,
            () => return Ok(left),
        };
        self.stop.set(Some(stop));
        Err(io::Error::other(stop))
    }

    pub(super) fn watch(&self, socket: &Arc<TcpStream>) {
        self.interrupt.watch(socket);
    }

    pub(super) fn enter(&self, phase: ExchangePhase, place: String) {
        self.phase.set(phase);
        *self.place.borrow_mut() = place;
    }

    pub(super) fn phase(&self) -> ExchangePhase {
        self.phase.get()
    }

    pub(super) fn place(&self) -> String {
        self.place.borrow().clone()
    }

    /// One more run of the connector chain begins. The first run makes the exchange's connection, a run within it
    /// makes the connection to the proxy.
    pub(super) fn enter_chain(&self) {
        self.chain_depth.set(self.chain_depth.get() + 1);
    }

    pub(super) fn leave_chain(&self) {
        self.chain_depth.set(self.chain_depth.get() - 1);
    }

    /// How many runs of the connector chain are under way.
    pub(super) fn chain_depth(&self) -> u32 {
        self.chain_depth.get()
    }

    /// The exchange has a finished connection, new or pooled. The first call starts the time limit of the reply.
    pub(super) fn connection_ready(&self) {
        if !self.connected.replace(true) {
            self.deadline.set(earlier(after(self.reply_timeout), self.until));
        }
    }

    /// The request is about to be handed to the finished connection. From here on an error is in doubt.
    pub(super) fn mark_sent(&self) {
        self.sent.set(true);
    }

    pub(super) fn may_be_sent(&self) -> bool {
        self.sent.get()
    }

    /// Notes that the peer has ended the connection.
    pub(super) fn peer_closed(&self) {
        self.peer_closed.set(true);
    }

    pub(super) fn was_closed(&self) -> bool {
        self.peer_closed.get()
    }

    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop.get()
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Deadline => "time limit reached",
            Stop::Interrupt => "interrupted",
        })
    }
}

impl std::error::Error for Stop {}

fn earlier(deadline: Instant, until: Option<Instant>) -> Instant {
    until.map_or(deadline, |until| until.min(deadline))
}

/// A time limit that the clock cannot represent becomes one that is never reached.
fn after(timeout: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let now = clock::instant();
    now.checked_add(timeout).unwrap_or(now + FAR)
}
