//! The check-in: the terminal's next key, once a Beijing day before the first sale (protocol section 8). Never while a payment
//! is under way; a payment that begins in the meantime waits for its end.
//!
//! The gateway takes the newest key and the one before it. A check-in whose reply is lost has made a key that nobody here
//! knows, so a second lost reply would end the key in use. Therefore the library never sends another one by itself before the
//! next Beijing day, and then only right after an answer has shown that the gateway can be heard.
//!
//! ```text
//!   Idle ──due, or the host's call──▶ Recording ──Written──▶ Sending ──Answered──▶ Keeping ──Written──▶ Idle
//!    ▲                                    │ failed              │ no key                                  │
//!    └────────────────────────────────────┴─────────────────────┴──── what waited for it begins ◀─────────┘
//! ```

use super::*;
use crate::gateway::terminal::{self, Credentials};

/// After a check-in that was not sent: a till without a network must not wait for one before each sale.
const PAUSE_MS: Millis = 300_000;
/// How far the gateway's clock may be ahead of what its answers have told.
const CLOCK_ERROR_MS: Millis = 5_000;
/// "Right after an answer".
const JUST_MS: Millis = 5_000;

#[derive(Default)]
pub(super) struct CheckIn {
    stage: CheckInStage,
    /// Calls of the host that wait for its end.
    calls: Vec<ActionId>,
    /// Before that, none is begun by the library.
    not_before: Millis,
    /// An earlier one was in doubt before this one began: its day, and whether that is the gateway's.
    doubted: Option<(u64, bool)>,
    until: Option<Millis>,
}

#[derive(Default)]
enum CheckInStage {
    #[default]
    Idle,
    /// That one is tried goes to disk.
    Recording,
    Sending,
    /// The new key goes to disk.
    Keeping,
}

impl CheckIn {
    pub fn is_under_way(&self) -> bool {
        !matches!(self.stage, CheckInStage::Idle)
    }
}

impl Session {
    /// One that is under way already is as good.
    pub(super) fn check_in_by_host(&mut self, id: ActionId, until: Option<Millis>) {
        if self.device_id().is_none() {
            let error = Error::new(UPAY_E_MISSING, "device_id: a check-in needs it");
            return self.finish(id, Err(error));
        }
        if self.check_in.is_under_way() {
            if let Some(until) = until {
                self.timer(until, TimerOf::CheckInCall(id));
            }
            return self.check_in.calls.push(id);
        }
        if !self.payments.is_empty() {
            return self.finish(id, Err(state("no check-in while a payment is under way")));
        }
        self.check_in.calls.push(id);
        self.check_in.until = until;
        self.begin_check_in();
    }

    /// A call that waits for the check-in of somebody else has waited long enough.
    pub(super) fn check_in_call_due(&mut self, id: ActionId) {
        if let Some(place) = self.check_in.calls.iter().position(|call| *call == id) {
            self.check_in.calls.remove(place);
            let message = "the check-in that is under way has not ended in time";
            self.finish(id, Err(Error::new(UPAY_E_TIMEOUT, message)));
        }
    }

    /// Begins one where it is due and nothing is under way. `answered`: an answer has just come.
    pub(super) fn check_in_when_due(&mut self, answered: bool) {
        let free = !self.check_in.is_under_way() && self.payments.is_empty() && !self.closing;
        if !self.config.auto_checkin || !free || self.device_id().is_none() {
            return;
        }
        self.correct_check_in_day();
        let today = self.clock.beijing_day(self.now);
        // A day beyond tomorrow is from a calendar that was wrong.
        let is_done = |day: u64| (today..=today.saturating_add(1)).contains(&day);
        let due = self.now.ms >= self.check_in.not_before && !self.keys.checkin_day.is_some_and(is_done);
        // The gateway's day of a check-in in doubt is not compared with this machine's.
        let comparable = self.clock.at(self.now.ms).is_some() || !self.keys.checkin_day_is_known;
        if due && (!self.keys.checkin_in_doubt || (answered && comparable)) {
            self.check_in.until = None;
            self.begin_check_in();
        }
    }

    /// A check-in in doubt was dated by this machine's calendar, and an answer has told the time since: it counts for today, so
    /// that a wrong calendar does not bring about a second one on the same day.
    fn correct_check_in_day(&mut self) {
        let known = self.clock.at(self.now.ms).is_some();
        if known && !self.keys.checkin_day_is_known && self.keys.checkin_day.is_some() {
            self.keys.checkin_day_is_known = true;
            if self.keys.checkin_in_doubt {
                self.keys.checkin_day = Some(self.clock.beijing_day(self.now));
                self.write_keys(WriteOf::Keys);
            }
        }
    }

    /// The gateway can be heard.
    pub(super) fn has_just_answered(&self) -> bool {
        self.accepted_at.is_some_and(|at| self.now.ms.saturating_sub(at) <= JUST_MS)
    }

    fn device_id(&self) -> Option<&str> {
        self.config.device_id.as_deref().or(self.keys.device_id.as_deref())
    }

    /// On disk before it is sent: a crash in the middle leaves a check-in in doubt.
    fn begin_check_in(&mut self) {
        let earlier = self.keys.checkin_day.filter(|_| self.keys.checkin_in_doubt);
        self.check_in.doubted = earlier.map(|day| (day, self.keys.checkin_day_is_known));
        self.keys.checkin_in_doubt = true;
        // Right before midnight it counts for the day that begins: the Date header is a second or more behind.
        let soon = Now { ms: self.now.ms + CLOCK_ERROR_MS, wall_ms: self.now.wall_ms + CLOCK_ERROR_MS };
        self.keys.checkin_day = Some(self.clock.beijing_day(soon));
        self.keys.checkin_day_is_known = self.clock.at(self.now.ms).is_some();
        self.check_in.stage = CheckInStage::Recording;
        self.write_keys(WriteOf::CheckIn);
    }

    pub(super) fn check_in_written(&mut self, written: Result<()>) {
        match (&self.check_in.stage, written) {
            (CheckInStage::Recording, Ok(())) if self.closing => self.not_checked_in(closed()),
            (CheckInStage::Recording, Ok(())) => self.send_check_in(),
            (CheckInStage::Recording, Err(error)) => self.not_checked_in(error),
            (CheckInStage::Keeping, Ok(())) => {
                self.log(UPAY_LOG_INFO, format_args!("checked in"));
                self.end_check_in(Ok(()));
            }
            // It is in use all the same. The next check-in writes it before anything is sent.
            (CheckInStage::Keeping, Err(error)) => self.end_check_in(Err(error)),
            _ => {}
        }
    }

    fn send_check_in(&mut self) {
        let device_id = self.device_id().unwrap_or_default().to_owned();
        let body = match terminal::checkin(&self.config.terminal_sn, &device_id) {
            Ok(body) => body,
            Err(error) => return self.not_checked_in(error),
        };
        let request = Request {
            path: terminal::CHECKIN,
            raw_path: None,
            body: body.into(),
            terminal_key: String::new(),
            time: ReplyTime::Other,
            until: self.check_in.until,
            fresh: true,
            by_caller: false,
        };
        self.post(Sender::CheckIn, request, true);
        self.check_in.stage = CheckInStage::Sending;
    }

    pub(super) fn check_in_answered(&mut self, answer: Result<Reply>) {
        let credentials = answer.and_then(|reply| Credentials::of(&reply)).and_then(|credentials| {
            match credentials.terminal_sn == self.config.terminal_sn {
                true => Ok(credentials),
                false => Err(Error::new(UPAY_E_REPLY, "the reply is for another terminal")),
            }
        });
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(error) => return self.not_checked_in(error),
        };
        self.keys.device_id = self.device_id().map(str::to_owned);
        self.keys.checkin_in_doubt = false;
        self.keys.add(&credentials.terminal_key);
        self.check_in.stage = CheckInStage::Keeping;
        self.write_keys(WriteOf::CheckIn);
    }

    fn not_checked_in(&mut self, error: Error) {
        let status = error.status;
        match status {
            UPAY_E_REQUEST.. => {
                self.log(UPAY_LOG_ERROR, format_args!("the gateway refused the check-in: {status} {error}"));
            }
            _ => self.log(UPAY_LOG_WARN, format_args!("not checked in: {status} {error}")),
        }
        let in_doubt = (200..300).contains(&status);
        if !in_doubt {
            self.keys.checkin_in_doubt = self.check_in.doubted.is_some();
            if status < UPAY_E_REQUEST {
                // Nothing was sent: it may be tried again today, unless an earlier one is in doubt.
                self.keys.checkin_day = self.check_in.doubted.map(|(day, _)| day);
                self.keys.checkin_day_is_known = self.check_in.doubted.is_some_and(|(_, known)| known);
                self.check_in.not_before = self.now.ms + PAUSE_MS;
            }
            self.write_keys(WriteOf::Keys);
        }
        self.end_check_in(Err(explained(error)));
    }

    fn end_check_in(&mut self, result: Result<()>) {
        self.check_in.stage = CheckInStage::Idle;
        for id in std::mem::take(&mut self.check_in.calls) {
            self.actions.remove(&id);
            self.finish(id, result.clone().map(|()| None));
        }
        self.start_what_waited();
    }

    /// Calls that wait for a check-in whose write has not ended hear from that write.
    pub(super) fn check_in_stops(&mut self) {
        if !self.check_in.is_under_way() {
            for id in std::mem::take(&mut self.check_in.calls) {
                self.finish(id, Err(closed()));
            }
        }
    }
}

/// What a refused signature may mean.
fn explained(error: Error) -> Error {
    match error.status {
        UPAY_E_SIGN => {
            let hint =
                "the gateway may have replaced this key by an earlier check-in whose answer is not in state_dir";
            Error::new(UPAY_E_SIGN, format!("{error}; {hint}: activate the terminal again"))
        }
        _ => error,
    }
}
