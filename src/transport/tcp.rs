//! The bottom of the connector chain: a socket that is looked up, connected, read and written under the deadline and
//! the interrupt of the exchange.

use super::lookup::Lookup;
use super::progress::{self, ExchangePhase, Progress};
use socket2::{Domain, Socket as Socket2, Type};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};
use ureq::http::Uri;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

/// How often a waiting read checks for an interrupt that did not wake it.
#[cfg(not(windows))]
const READ_SLICE: Duration = Duration::from_millis(200);

/// The pause of a write before it tries again, while the socket's buffer is full because the peer does not read. A
/// request fits into that buffer, so a write hardly ever waits.
const WRITE_PAUSE: Duration = Duration::from_millis(5);

/// The first and the longest pause between two polls of a connect that is under way, and of a read on Windows.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(1);
const LOOK_PAUSE_MAX: Duration = Duration::from_millis(16);

#[derive(Clone)]
pub(super) struct Tcp {
    lookup: Lookup,
}

impl Tcp {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self { lookup }
    }

    /// The name is looked up here and not by ureq's resolver, which would look it up for pooled connections too.
    fn socket(&self, uri: &Uri, progress: &Progress) -> io::Result<TcpStream> {
        let host = uri.host().unwrap_or_default();
        let direct = progress.phase() != ExchangePhase::Proxy;
        if direct {
            progress.enter(ExchangePhase::Lookup, format!("look up {host}"));
        }
        let addresses = self.lookup.addresses(host, port(uri), progress)?;
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            if direct {
                progress.enter(ExchangePhase::Connect, format!("connect to {address}"));
            }
            // An address that does not answer must leave time for the addresses after it.
            let share = progress.time_left()? / (addresses.len() - tried) as u32;
            match connect(*address, share, progress) {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }
}

/// Connects without blocking, because nothing ends a blocked connect: it would delay an interrupt, and so a stop. The
/// socket is polled, which works alike on every operating system.
fn connect(address: SocketAddr, time: Duration, progress: &Progress) -> io::Result<TcpStream> {
    let socket = Socket2::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let until = progress.time_left()?.saturating_sub(time);
    match socket.connect(&address.into()) {
        Err(error) if !is_under_way(&error) => return Err(error),
        _ => {}
    }
    let mut pause = LOOK_PAUSE_MIN;
    while socket.peer_addr().is_err() {
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        let left = progress.time_left()?.saturating_sub(until);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        progress.interrupt().pause(pause.min(left));
        pause = (pause * 2).min(LOOK_PAUSE_MAX);
    }
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

fn is_under_way(error: &io::Error) -> bool {
    // Windows reports "would block". The others report "in progress", for which the standard library has no stable
    // name.
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(IN_PROGRESS)
}

#[cfg(unix)]
const IN_PROGRESS: i32 = libc::EINPROGRESS;
/// WSAEINPROGRESS.
#[cfg(not(unix))]
const IN_PROGRESS: i32 = 10036;

impl<In: Transport> Connector<In> for Tcp {
    type Out = Either<In, Socket>;

    fn connect(&self, details: &ConnectionDetails, tunnel: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let progress = progress::current()?;
        let transport = match tunnel {
            Some(tunnel) => Either::A(tunnel),
            None => Either::B(Socket {
                stream: Arc::new(self.socket(details.uri, &progress)?),
                buffers: LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size()),
            }),
        };
        if details.needs_tls() {
            let host = details.uri.host().unwrap_or_default();
            progress.enter(ExchangePhase::Tls, format!("tls with {host}:{}", port(details.uri)));
        }
        Ok(Some(transport))
    }
}

pub(super) fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

/// A connected socket. It is in blocking mode, except while it is written or probed.
pub(super) struct Socket {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
}

impl Socket {
    /// Writes without blocking, because not every system tells how much was sent when a blocking write times out.
    fn write(&mut self, amount: usize, progress: &Progress) -> io::Result<()> {
        use io::Write;
        let mut rest = &self.buffers.output()[..amount];
        while !rest.is_empty() {
            let left = progress.time_left()?;
            match (&*self.stream).write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    progress.interrupt().pause(left.min(WRITE_PAUSE));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    progress.time_left()?;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Returns the number of bytes that were read, 0 at the end of the connection.
    fn read(&mut self, progress: &Progress) -> io::Result<usize> {
        use io::Read;
        let space = self.buffers.input_append_buf();
        if space.is_empty() {
            return Ok(0);
        }
        loop {
            // The wait takes no bytes, so it can lose none, and the read after it does not block.
            match await_bytes(&self.stream, progress).and_then(|()| (&*self.stream).read(space)) {
                Ok(0) => {
                    progress.time_left()?;
                    progress.peer_closed();
                    return Ok(0);
                }
                Ok(amount) => return Ok(amount),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => {}
                    _ => {
                        progress.time_left()?;
                        progress.peer_closed();
                        return Err(error);
                    }
                },
            }
        }
    }
}

/// Waits until there is something to read, at most for one slice of the time that is left.
#[cfg(not(windows))]
fn await_bytes(stream: &TcpStream, progress: &Progress) -> io::Result<()> {
    let slice = progress.time_left()?.min(READ_SLICE).max(Duration::from_millis(1));
    wait_at_most(stream, slice)?;
    stream.peek(&mut [0]).map(drop)
}

/// Waits until there is something to read. Windows does not wake a blocked receive when its socket is shut down,
/// accepts no receive timeout below half a second, and guarantees nothing about a connection after such a timeout. So
/// nothing blocks here: the socket is polled.
#[cfg(windows)]
fn await_bytes(stream: &TcpStream, progress: &Progress) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let mut pause = LOOK_PAUSE_MIN;
    let seen = loop {
        match stream.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            seen => break seen.map(drop),
        }
        match progress.time_left() {
            Ok(left) => progress.interrupt().pause(pause.min(left)),
            Err(stop) => break Err(stop),
        }
        pause = (pause * 2).min(LOOK_PAUSE_MAX);
    };
    stream.set_nonblocking(false)?;
    seen
}

/// macOS refuses to set the timeout on a connection that the peer has reset. The next read then returns at once
/// anyway.
#[cfg(not(windows))]
fn wait_at_most(stream: &TcpStream, time: Duration) -> io::Result<()> {
    match stream.set_read_timeout(Some(time)) {
        Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
        _ => Ok(()),
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let progress = progress::current()?;
        progress.watch(&self.stream);
        self.stream.set_nonblocking(true)?;
        let outcome = self.write(amount, &progress);
        let restored = self.stream.set_nonblocking(false);
        outcome?;
        Ok(restored?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let progress = progress::current()?;
        progress.watch(&self.stream);
        let amount = self.read(&progress)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks this before it puts a connection into the pool and before it takes one out. A usable connection has
    /// nothing to read.
    fn is_open(&mut self) -> bool {
        if let Ok(progress) = progress::current() {
            // Before the probe, so that an interrupt either shuts the socket down and the probe sees it, or leaves it
            // alone.
            progress.interrupt().unwatch(&self.stream);
        }
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let silent = matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).is_ok() && silent
    }
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tcp")
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({:?})", self.stream.peer_addr().ok())
    }
}
