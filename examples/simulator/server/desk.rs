//! The gateway's desk: takes a request, decides who it is from and what it wants, and says what to answer.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::book::Book;
use super::clock::{beijing_text, lock, ms_to_midnight, Clock, HoldEnd, Holds, Ticket};
use super::delivery::{Delivery, Refusal};
use super::fields::Fields;
use super::help;
use super::http::Request;
use super::ledger::Ledger;
use super::reply::{object, text};
use super::scenario::Wire;
use super::terminals::{Signer, Terminals};

/// Where redirected requests would go. Whoever comes here has followed a redirect.
pub const ELSEWHERE: &str = "/elsewhere";

/// What parses a request's body, and what answers it.
type Parse = fn(&[u8]) -> Result<Fields, String>;
type Act = fn(&Desk, &Signer, &Fields) -> Result<Delivery, Refusal>;

/// Who signs a call.
#[derive(Clone, Copy)]
enum SignedBy {
    Terminal,
    Vendor,
}

/// Any path that begins like this is answered, as long as it is signed.
pub const ECHO: &str = "/echo/";

fn call_of(path: &str) -> Option<(SignedBy, Parse, Act)> {
    Some(match path {
        "/terminal/activate" => (SignedBy::Vendor, Fields::of_activate, Desk::activate),
        "/terminal/checkin" => (SignedBy::Terminal, Fields::of_checkin, Desk::checkin),
        "/upay/v2/pay" => (SignedBy::Terminal, Fields::of_pay, Desk::pay),
        "/upay/v2/precreate" => (SignedBy::Terminal, Fields::of_precreate, Desk::precreate),
        "/upay/v2/query" => (SignedBy::Terminal, Fields::of_query, Desk::query),
        "/upay/v2/refund" => (SignedBy::Terminal, Fields::of_refund, Desk::refund),
        "/upay/v2/cancel" => (SignedBy::Terminal, Fields::of_cancel, Desk::cancel),
        "/upay/v2/revoke" => (SignedBy::Terminal, Fields::of_cancel, Desk::revoke),
        _ => return None,
    })
}

pub struct Desk {
    pub clock: Clock,
    pub holds: Holds,
    book: Mutex<Book>,
    changed: Condvar,
}

impl Desk {
    pub fn open(terminals: Terminals) -> Desk {
        Desk {
            clock: Clock::start(),
            holds: Holds::default(),
            book: Mutex::new(Book::open(terminals)),
            changed: Condvar::new(),
        }
    }

    /// What to answer. Blocks for as long as the answer is held back.
    pub fn answer(&self, request: &Request) -> Delivery {
        match (request.method.as_str(), request.path.as_str()) {
            (_, ELSEWHERE) => {
                self.write(|book, _| book.counters.redirects_followed += 1);
                Delivery::page(200, "this is elsewhere")
            }
            ("GET", "/ledger") => Delivery::json(self.ledger().to_json()),
            ("GET", "/help") => Delivery::text(help::table()),
            ("GET", "/clock") => self.clock_page(),
            ("POST", "/clock") => self.put_clock(&request.body),
            ("POST", "/wallet/pay") => self.wallet_pay(&request.body),
            ("POST", path) if call_of(path).is_some() => self.called(request),
            ("POST", path) if path.starts_with(ECHO) => self.called(request),
            (_, path) if call_of(path).is_some() || path.starts_with(ECHO) => Delivery::page(405, "wrong method"),
            (_, "/ledger" | "/help" | "/clock" | "/wallet/pay") => Delivery::page(405, "wrong method"),
            _ => Delivery::page(404, "no such page"),
        }
    }

    /// All that the gateway and the wallets know now.
    pub fn ledger(&self) -> Ledger {
        self.write_quietly(Ledger::of)
    }

    /// Waits until `accept` likes the ledger. `Err` has the ledger as it was when the time was up.
    pub fn wait_for(&self, mut accept: impl FnMut(&Ledger) -> bool, timeout: Duration) -> Result<Ledger, Ledger> {
        let deadline = Instant::now() + timeout;
        loop {
            // One look, so that no change falls between the ledger and the question of what comes next.
            let (ledger, version, next_change_ms) = self
                .write_quietly(|book, now_ms| (Ledger::of(book, now_ms), book.version, book.next_change_ms(now_ms)));
            // The caller's code runs without the lock, so it may take its time, or panic.
            if accept(&ledger) {
                return Ok(ledger);
            }
            let book = lock(&self.book);
            let mut wait = deadline.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Err(ledger);
            }
            if let Some(change_ms) = next_change_ms {
                let until_then_ms = change_ms.saturating_sub(self.clock.now_ms());
                wait = wait.min(Duration::from_millis(until_then_ms));
            }
            if book.version == version {
                drop(self.changed.wait_timeout(book, wait));
            }
        }
    }

    /// Works on the book and wakes those who wait for it to change.
    pub fn write<T>(&self, work: impl FnOnce(&mut Book, u64) -> T) -> T {
        let result = self.write_quietly(|book, now_ms| {
            book.version += 1;
            work(book, now_ms)
        });
        self.changed.notify_all();
        result
    }

    fn write_quietly<T>(&self, work: impl FnOnce(&mut Book, u64) -> T) -> T {
        let mut book = lock(&self.book);
        let now_ms = self.clock.now_ms();
        work(&mut book, now_ms)
    }

    /// Holds an answer back. `Err` is what to do when the simulator stops meanwhile: nothing, quickly.
    pub fn hold_back(&self, ticket: Ticket, duration_ms: u64) -> Result<HoldEnd, Delivery> {
        if duration_ms == 0 {
            return Ok(HoldEnd::Elapsed);
        }
        match self.holds.hold(ticket, duration_ms) {
            HoldEnd::Stopping => Err(Delivery::page(503, "stopping").over(Wire::Close)),
            end => Ok(end),
        }
    }

    /// Puts the gateway's clock forward, and lets everything catch up.
    pub fn advance(&self, by_ms: u64) {
        self.clock.advance(by_ms);
        self.write(|_, _| ());
    }

    fn clock_page(&self) -> Delivery {
        let now_ms = self.clock.now_ms();
        Delivery::json(object(&[
            ("now_ms", now_ms.to_string()),
            ("beijing", text(&beijing_text(now_ms))),
            ("midnight_in_ms", ms_to_midnight(now_ms).to_string()),
        ]))
    }

    fn put_clock(&self, body: &[u8]) -> Delivery {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match body["advance_ms"].as_u64() {
            Some(advance_ms) => {
                self.advance(advance_ms);
                self.clock_page()
            }
            None => Delivery::json(object(&[("error", text("advance_ms must be a number"))])).with_status(400),
        }
    }

    /// Answers a call of the gateway, if its signature and its fields are right.
    fn called(&self, request: &Request) -> Delivery {
        self.write(|book, _| book.counters.requests += 1);
        match self.let_in(request) {
            Ok(delivery) => delivery,
            Err(refusal) => {
                self.write(|book, _| book.counters.refused += 1);
                refusal.delivery()
            }
        }
    }

    /// Looks at who asks, then at how it is asked for, and only then at what.
    fn let_in(&self, request: &Request) -> Result<Delivery, Refusal> {
        let media_type =
            request.content_type.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(Refusal::invalid("Content-Type必须为application/json".to_owned()));
        }
        let Some((signed_by, parse, act)) = call_of(&request.path) else {
            let signer = self.terminal(request).or_else(|refusal| self.vendor(request).map_err(|_| refusal))?;
            return self.echo(&signer, request);
        };
        let signer = match signed_by {
            SignedBy::Terminal => self.terminal(request)?,
            SignedBy::Vendor => self.vendor(request)?,
        };
        let fields = parse(&request.body).map_err(Refusal::invalid)?;
        if let (SignedBy::Terminal, false) = (signed_by, fields.needed("terminal_sn") == signer.serial_number) {
            return Err(Refusal::invalid("terminal_sn与签名人不一致".to_owned()));
        }
        act(self, &signer, &fields)
    }

    fn terminal(&self, request: &Request) -> Result<Signer, Refusal> {
        let authorization = request.authorization.as_deref();
        self.write(|book, _| book.terminals.terminal(authorization, &request.body)).map_err(Refusal::of_terminal)
    }

    fn vendor(&self, request: &Request) -> Result<Signer, Refusal> {
        let authorization = request.authorization.as_deref();
        self.write(|book, _| book.terminals.vendor(authorization, &request.body)).map_err(Refusal::of_vendor)
    }
}
