//! The gateway simulator: an HTTP/1.1 server on loopback that behaves as the UPay gateway does on its good days and, when a
//! barcode asks for it, on its bad ones.
//!
//! It has read the gateway's documents for itself and shares no code with the library, so that one mistake cannot hide in
//! both. `main.rs` runs it as a program; a test includes this file as a module and runs it in its own process:
//!
//! ```text
//! #[path = "../examples/simulator/server.rs"]
//! mod simulator;
//!
//! let simulator = Simulator::start(Options { port: 0, quiet: true, ..Options::default() })?;
//! // … let a till pay at simulator.url() …
//! simulator.wait_for(|ledger| ledger.charged_fen == 1_00, Duration::from_secs(5)).expect("charged");
//! ```

// Each program that includes this module uses a part of it: the command line never waits, a test never prints the help.
#![allow(dead_code, unused_imports)]
// A project may keep clocks and threads in one room of its library; this is another program.
#![allow(clippy::disallowed_methods)]

#[path = "server/barcode.rs"]
pub mod barcode;
#[path = "server/book.rs"]
mod book;
#[path = "server/cancel.rs"]
mod cancel;
#[path = "server/clock.rs"]
mod clock;
#[path = "server/connections.rs"]
mod connections;
#[path = "server/desk.rs"]
mod desk;
#[path = "server/fields.rs"]
mod fields;
#[path = "server/help.rs"]
pub mod help;
#[path = "server/http.rs"]
mod http;
#[path = "server/ledger.rs"]
mod ledger;
#[path = "server/order.rs"]
mod order;
#[path = "server/pay.rs"]
mod pay;
#[path = "server/query.rs"]
mod query;
#[path = "server/reply.rs"]
mod reply;
#[path = "server/scenario.rs"]
pub mod scenario;
#[path = "server/sign.rs"]
pub mod sign;
#[path = "server/wire.rs"]
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clock::lock;
use connections::Connections;
use desk::Desk;

pub use ledger::{Ledger, LedgerOrder};
pub use scenario::{Charged, Parameter, Scenario, Verdict};
pub use sign::Terminal;

/// The port that is asked for if none is named.
pub const DEFAULT_PORT: u16 = 8750;
/// The terminal that is known if none is named.
pub const DEFAULT_TERMINAL_SN: &str = "100000000000001";
/// The key of that terminal.
pub const DEFAULT_TERMINAL_KEY: &str = "simulator-terminal-key";

/// How to start a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Loopback only: nobody else shall mistake this for a gateway.
    pub host: IpAddr,
    /// 0 takes any free one.
    pub port: u16,
    /// Whether to leave out the line that is logged to stderr for each request.
    pub quiet: bool,
    pub terminals: Vec<Terminal>,
}

impl Default for Options {
    fn default() -> Options {
        let terminal =
            Terminal { terminal_sn: DEFAULT_TERMINAL_SN.to_owned(), terminal_key: DEFAULT_TERMINAL_KEY.to_owned() };
        Options { host: IpAddr::V4(Ipv4Addr::LOCALHOST), port: DEFAULT_PORT, quiet: false, terminals: vec![terminal] }
    }
}

/// A running gateway. Dropping it stops it.
pub struct Simulator {
    address: SocketAddr,
    desk: Arc<Desk>,
    connections: Arc<Connections>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

impl Simulator {
    /// Starts to listen; when this returns, requests are answered.
    pub fn start(options: Options) -> io::Result<Simulator> {
        if !options.host.is_loopback() {
            let message = "the simulator listens on loopback only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind((options.host, options.port))?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk::open(options.terminals));
        let connections = Connections::new(Arc::clone(&desk), options.quiet);
        let accepting = Arc::clone(&connections);
        let acceptor =
            thread::Builder::new().name("acceptor".to_owned()).spawn(move || accepting.accept_all(&listener))?;
        Ok(Simulator { address, desk, connections, acceptor: Mutex::new(Some(acceptor)) })
    }

    /// `http://127.0.0.1:8750`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Orders and money as they are now.
    pub fn ledger(&self) -> Ledger {
        self.desk.ledger()
    }

    /// Waits until `accept` likes the ledger, and returns that ledger; or `Err` with the last one when `timeout` is over.
    /// `accept` is called once at the start and then whenever something has changed, be it by a request or by the clock.
    pub fn wait_for(&self, accept: impl FnMut(&Ledger) -> bool, timeout: Duration) -> Result<Ledger, Ledger> {
        self.desk.wait_for(accept, timeout)
    }

    /// Ends all holds of requests that the ledger shows: customers who are being waited for have paid, slow replies come at
    /// once. Later requests are held again.
    pub fn release(&self) {
        self.desk.holds.release();
    }

    /// Closes the port and all connections, also those that are held open, and waits for every thread. The ledger stays
    /// readable. A second call does nothing.
    pub fn stop(&self) {
        let mut acceptor = lock(&self.acceptor);
        let Some(acceptor) = acceptor.take() else {
            return;
        };
        self.desk.holds.stop();
        // The acceptor waits for a connection, so it gets one.
        let _ = TcpStream::connect(self.address);
        let _ = acceptor.join();
        self.connections.close_all();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}
