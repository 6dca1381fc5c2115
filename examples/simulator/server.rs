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

#[path = "server/activate.rs"]
mod activate;
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
#[path = "server/delivery.rs"]
mod delivery;
#[path = "server/desk.rs"]
mod desk;
#[path = "server/echo.rs"]
mod echo;
#[path = "server/fields.rs"]
mod fields;
#[path = "server/help.rs"]
pub mod help;
#[path = "server/http.rs"]
mod http;
#[path = "server/ledger.rs"]
mod ledger;
#[path = "server/ledger_json.rs"]
mod ledger_json;
#[path = "server/order.rs"]
mod order;
#[path = "server/pay.rs"]
mod pay;
#[path = "server/query.rs"]
mod query;
#[path = "server/refund.rs"]
mod refund;
#[path = "server/refund_story.rs"]
pub mod refund_story;
#[path = "server/refunds.rs"]
mod refunds;
#[path = "server/reply.rs"]
mod reply;
#[path = "server/row.rs"]
pub mod row;
#[path = "server/scenario.rs"]
pub mod scenario;
#[path = "server/sign.rs"]
pub mod sign;
#[path = "server/terminal_story.rs"]
pub mod terminal_story;
#[path = "server/terminals.rs"]
mod terminals;
#[path = "server/wallet.rs"]
mod wallet;
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
use terminals::Terminals;

pub use ledger::{Ledger, LedgerActivation, LedgerKey, LedgerOrder, LedgerRefund, LedgerTerminal};
pub use row::{Parameter, Row};
pub use scenario::{Charged, Scenario, Verdict};
pub use sign::{Terminal, Vendor};

/// The port that is asked for if none is named.
pub const DEFAULT_PORT: u16 = 8750;
/// The terminal that is known if none is named.
pub const DEFAULT_TERMINAL_SN: &str = "100000000000001";
/// The key of that terminal.
pub const DEFAULT_TERMINAL_KEY: &str = "simulator-terminal-key";
/// The vendor that is known if none is named.
pub const DEFAULT_VENDOR_SN: &str = "200000000000001";
/// The key of that vendor.
pub const DEFAULT_VENDOR_KEY: &str = "simulator-vendor-key";
/// The activation codes that are known anyway. Each makes one terminal.
pub const DEFAULT_ACTIVATION_CODES: [&str; 5] = ["10000001", "10000002", "10000003", "10000004", "10000005"];

/// How to start a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Loopback only: nobody else shall mistake this for a gateway.
    pub host: IpAddr,
    /// 0 takes any free one.
    pub port: u16,
    /// Whether to leave out the line that is logged to stderr for each request.
    pub quiet: bool,
    /// They belong to the first vendor.
    pub terminals: Vec<Terminal>,
    /// Those who activate terminals. The terminals of one vendor see each other's orders.
    pub vendors: Vec<Vendor>,
    /// The codes that each make one terminal.
    pub activation_codes: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        let terminal =
            Terminal { terminal_sn: DEFAULT_TERMINAL_SN.to_owned(), terminal_key: DEFAULT_TERMINAL_KEY.to_owned() };
        let vendor = Vendor { vendor_sn: DEFAULT_VENDOR_SN.to_owned(), vendor_key: DEFAULT_VENDOR_KEY.to_owned() };
        Options {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: DEFAULT_PORT,
            quiet: false,
            terminals: vec![terminal],
            vendors: vec![vendor],
            activation_codes: DEFAULT_ACTIVATION_CODES.map(str::to_owned).to_vec(),
        }
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
        let Options { terminals, vendors, activation_codes, .. } = options;
        let desk = Arc::new(Desk::open(Terminals::open(terminals, vendors, activation_codes)));
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

    /// Orders, money and terminals as they are now.
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

    /// A customer scans a code that a till shows, and pays. `Err` says why the wallet will not.
    pub fn scan_and_pay(&self, qr_code: &str) -> Result<(), &'static str> {
        self.desk.scan_and_pay(qr_code).map(|_| ())
    }

    /// All keys that a terminal ever had, the first one first; the last two are valid.
    pub fn keys(&self, terminal_sn: &str) -> Vec<String> {
        self.desk.write(|book, _| book.terminals.keys(terminal_sn))
    }

    /// Puts the gateway's clock forward: orders that wait for a time, and the day that cancels are for. Holds of requests
    /// go on for as long as they would have; [`Simulator::release`] ends them.
    pub fn advance(&self, by_ms: u64) {
        self.desk.advance(by_ms);
    }

    /// Puts the gateway's clock forward to the first moment of the next Beijing day.
    pub fn advance_to_midnight(&self) {
        self.advance(clock::ms_to_midnight(self.desk.clock.now_ms()));
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
