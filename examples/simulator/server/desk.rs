//! The gateway's desk: takes a request, decides who it is from and what it wants, and says what to answer.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::book::Book;
use super::clock::{lock, Clock, HoldEnd, Holds, Ticket};
use super::fields::Fields;
use super::help;
use super::http::Request;
use super::ledger::Ledger;
use super::reply;
use super::scenario::Wire;
use super::sign::{self, SignError, Terminal};

/// Where redirected requests would go. Whoever comes here has followed a redirect.
pub const ELSEWHERE: &str = "/elsewhere";

const JSON: &str = "application/json;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";
const TEXT: &str = "text/plain;charset=UTF-8";

/// What to send, and how to mistreat it on the way.
pub struct Delivery {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub wire: Wire,
    /// What the log says about the request, beyond method and path.
    pub note: String,
}

impl Delivery {
    pub fn json(body: String) -> Delivery {
        Delivery { status: 200, content_type: JSON, body: body.into_bytes(), wire: Wire::Whole, note: String::new() }
    }

    pub fn page(status: u16, reason: &str) -> Delivery {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{reason}</p></body></html>\n"
        );
        Delivery { status, content_type: HTML, body: body.into_bytes(), wire: Wire::Whole, note: reason.to_owned() }
    }

    pub fn over(self, wire: Wire) -> Delivery {
        Delivery { wire, ..self }
    }

    pub fn with_status(self, status: u16) -> Delivery {
        Delivery { status, ..self }
    }

    pub fn noted(self, note: String) -> Delivery {
        Delivery { note, ..self }
    }
}

pub struct Desk {
    pub clock: Clock,
    pub holds: Holds,
    terminals: Vec<Terminal>,
    book: Mutex<Book>,
    changed: Condvar,
}

impl Desk {
    pub fn open(terminals: Vec<Terminal>) -> Desk {
        Desk {
            clock: Clock::start(),
            holds: Holds::default(),
            terminals,
            book: Mutex::new(Book::default()),
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
            ("GET", "/help") => Delivery { content_type: TEXT, ..Delivery::json(help::table()) },
            ("POST", "/upay/v2/pay") => self.signed(request, Fields::of_pay, Desk::pay),
            ("POST", "/upay/v2/query") => self.signed(request, Fields::of_named_order, Desk::query),
            ("POST", "/upay/v2/cancel" | "/upay/v2/revoke") => {
                self.signed(request, Fields::of_named_order, Desk::cancel)
            }
            (_, "/ledger" | "/help" | "/upay/v2/pay" | "/upay/v2/query" | "/upay/v2/cancel" | "/upay/v2/revoke") => {
                Delivery::page(405, "wrong method")
            }
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

    /// Lets a request in if its signature and its fields are right, and only then looks at what it wants.
    fn signed(
        &self,
        request: &Request,
        parse: fn(&[u8]) -> Result<Fields, String>,
        act: fn(&Desk, &str, &Fields) -> Delivery,
    ) -> Delivery {
        self.write(|book, _| book.counters.requests += 1);
        match self.let_in(request, parse) {
            Ok((terminal, fields)) => act(self, &terminal.terminal_sn, &fields),
            Err((error_code, message)) => {
                self.write(|book, _| book.counters.refused += 1);
                Delivery::json(reply::request_error("400", error_code, &message))
                    .noted(format!("refused: {error_code} {message}"))
            }
        }
    }

    fn let_in(
        &self,
        request: &Request,
        parse: fn(&[u8]) -> Result<Fields, String>,
    ) -> Result<(&Terminal, Fields), (&'static str, String)> {
        let media_type =
            request.content_type.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(("INVALID_PARAMS", "Content-Type必须为application/json".to_owned()));
        }
        let authorization = request.authorization.as_deref();
        let terminal = sign::check(authorization, &request.body, &self.terminals).map_err(|error| match error {
            SignError::UnknownTerminal => ("INVALID_TERMINAL", reply::message_of("INVALID_TERMINAL").to_owned()),
            SignError::Mismatch => ("ILLEGAL_SIGN", reply::message_of("ILLEGAL_SIGN").to_owned()),
            SignError::Malformed => ("ILLEGAL_SIGN", "签名首部必须为: Authorization: 终端号 签名".to_owned()),
        })?;
        let fields = parse(&request.body).map_err(|message| ("INVALID_PARAMS", message))?;
        if fields.needed("terminal_sn") != terminal.terminal_sn {
            return Err(("INVALID_PARAMS", "terminal_sn与签名人不一致".to_owned()));
        }
        Ok((terminal, fields))
    }
}
