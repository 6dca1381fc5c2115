//! Checking in: the terminal's next key, once a day in Beijing before the first sale, and never while a payment is under way.
//! A payment that begins in the meantime waits for its end.

use std::mem::take;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::MutexGuard;

use super::driver::Run;
use super::keyring::Repeat;
use super::terminal::{Terminal, UnderWay};
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::Priority;
use crate::error::{Error, Result};
use crate::gateway::reply::Reply;
use crate::gateway::terminal::{self, Credentials};
use crate::log;
use crate::transport::{Exchange, Interrupt};

/// After a check-in that was not sent: a till without a network must not wait for one before each sale.
const PAUSE_MS: Millis = 300_000;

/// A check-in that is under way.
pub struct Checkin {
    interrupt: Interrupt,
    /// Payments that began in the meantime.
    waiting: Vec<(Arc<Run>, Option<Millis>)>,
}

impl Checkin {
    /// Raised by a stop.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Puts off a run, which was to begin at `due` or at once.
    pub fn delay(&mut self, run: &Arc<Run>, due: Option<Millis>) {
        self.waiting.push((run.clone(), due));
    }
}

impl Terminal {
    /// The host's: blocks until the gateway has answered, or until `until`. One that is under way already is as good.
    pub fn checkin(self: &Arc<Self>, until: Option<Instant>) -> Result<()> {
        let _admitted = self.admit()?;
        let device_id = self.device_id();
        let device_id = device_id.ok_or_else(|| Error::new(UPAY_E_MISSING, "device_id: a check-in needs it"))?;
        let turn = {
            let mut under_way = self.under_way();
            // A stop that looked before it was there does not raise its interrupt.
            if under_way.closing {
                return Err(Error::new(UPAY_E_CLOSED, "the client is stopped"));
            }
            if under_way.checkin.is_some() {
                return self.join_checkin(under_way, until);
            }
            if !under_way.payments.is_empty() {
                return Err(Error::new(UPAY_E_STATE, "no check-in while a payment is under way"));
            }
            self.take_turn(&mut under_way)
        };
        self.keyring.keep()?;
        turn.check_in(&device_id, until)
    }

    fn join_checkin(&self, mut under_way: MutexGuard<'_, UnderWay>, until: Option<Instant>) -> Result<()> {
        while under_way.checkin.is_some() {
            let ended = &self.checkin_ended;
            let late = match until {
                Some(until) => ended.wait_until(&mut under_way, until).timed_out(),
                None => {
                    ended.wait(&mut under_way);
                    false
                }
            };
            if late && under_way.checkin.is_some() {
                return Err(Error::new(UPAY_E_TIMEOUT, "the check-in that is under way has not ended in time"));
            }
        }
        let nothing =
            || Err(Error::new(UPAY_E_STATE, "the check-in that was under way came to nothing: check in again"));
        under_way.checked_in.clone().unwrap_or_else(nothing)
    }

    /// By itself, where it is due and nothing stands against it. `under_way` is what was looked at.
    pub fn checkin_when_due(self: &Arc<Self>, under_way: &mut UnderWay) {
        let wanted = self.settings.auto_checkin && self.settings.state_dir.is_some();
        let free = under_way.checkin.is_none() && under_way.payments.is_empty() && !under_way.closing;
        if !(wanted && free) {
            return;
        }
        let today = clock::beijing_day();
        let due = clock::now() >= under_way.checkin_not_before && self.keyring.checkin_day() != Some(today);
        let Some(device_id) = self.device_id().filter(|_| due) else { return };
        let turn = self.take_turn(under_way);
        self.engine.submit(Priority::Prompt, Box::new(move || turn.check_in_by_itself(&device_id, today)));
    }

    fn device_id(&self) -> Option<String> {
        self.settings.device_id.clone().or_else(|| self.keyring.device_id())
    }

    fn take_turn(self: &Arc<Self>, under_way: &mut UnderWay) -> Turn {
        let interrupt = Interrupt::new();
        under_way.checked_in = None;
        under_way.checkin = Some(Checkin { interrupt: interrupt.clone(), waiting: Vec::new() });
        Turn { terminal: self.clone(), interrupt }
    }
}

/// The right to check in, until it goes: then what waited begins.
struct Turn {
    terminal: Arc<Terminal>,
    interrupt: Interrupt,
}

impl Turn {
    /// A reply that is lost is asked for again, once and with the old key, which the gateway still takes. Not one that took
    /// too long: the next one may as well, and with it the gateway would forget the old key.
    fn check_in(&self, device_id: &str, until: Option<Instant>) -> Result<()> {
        let mut renewed = self.ask(device_id, until);
        let lost = |renewed: &Result<()>| {
            let status = renewed.as_ref().err().map(|error| error.status);
            status.is_some_and(|status| (200..300).contains(&status) && status != UPAY_E_NO_REPLY)
        };
        let time_left = until.is_none_or(|until| clock::instant() < until);
        if lost(&renewed) && time_left && !self.interrupt.is_raised() && !self.is_awaited() {
            log::warn(format_args!("the check-in's reply is lost: checking in again"));
            renewed = self.ask(device_id, until);
        }
        match &renewed {
            Ok(()) => log::info(format_args!("checked in")),
            Err(error) if error.status >= UPAY_E_REQUEST => {
                log::error(format_args!("the gateway lets this terminal not check in: {} {error}", error.status));
            }
            Err(error) => log::warn(format_args!("not checked in: {} {error}", error.status)),
        }
        self.terminal.under_way().checked_in = Some(renewed.clone());
        renewed
    }

    fn check_in_by_itself(&self, device_id: &str, today: u64) {
        if let Err(error) = self.terminal.keyring.try_today(today) {
            log::warn(format_args!("no check-in: {error}"));
            self.terminal.under_way().checkin_not_before = clock::now() + PAUSE_MS;
            return;
        }
        if self.check_in(device_id, None).is_err_and(|error| error.not_sent()) {
            self.terminal.keyring.not_tried();
            self.terminal.under_way().checkin_not_before = clock::now() + PAUSE_MS;
        }
    }

    fn ask(&self, device_id: &str, until: Option<Instant>) -> Result<()> {
        let Terminal { settings, transport, keyring, .. } = &*self.terminal;
        let body = terminal::checkin(&settings.terminal_sn, device_id)?;
        let reply = keyring.signed(&body, Repeat::WithOtherKey, |authorization| {
            let exchange = Exchange {
                path: terminal::CHECKIN,
                authorization,
                body: &body,
                reply_timeout: settings.reply_timeout,
                until,
                fresh: true,
            };
            let answer = transport.exchange(&exchange, &self.interrupt)?;
            Reply::read(answer.http_status, &answer.body)
        })?;
        keyring.renew(Credentials::of(&reply)?, device_id)
    }

    /// A payment waits for it.
    fn is_awaited(&self) -> bool {
        self.terminal.under_way().checkin.as_ref().is_some_and(|checkin| !checkin.waiting.is_empty())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = {
            let mut under_way = self.terminal.under_way();
            under_way.checkin.take().map(|mut checkin| take(&mut checkin.waiting)).unwrap_or_default()
        };
        self.terminal.checkin_ended.notify_all();
        for (run, due) in waiting {
            self.terminal.let_begin(&run, due);
        }
        self.terminal.wind_up_when_idle();
    }
}
