//! A refund (protocol section 6). Sent again under the same number, it moves the money once.
//!
//! ```text
//!   Unsent ──/refund──▶ done, refused, or in doubt ──query──▶ done, or /refund again ──▶ …
//! ```
//!
//! What is known of the requests that were sent, and what an answer makes of it. "Ask" is a query after a pause, "again"
//! the same /refund after a pause.
//!
//! | answer to /refund       | nothing in doubt        | in doubt, or refused after doubt | in progress   | there already |
//! |-------------------------|-------------------------|----------------------------------|---------------|---------------|
//! | not a byte left         | NotSent                 | ask                              | ask           | ask           |
//! | success that counts     | Refunded                | Refunded                         | Refunded      | Refunded      |
//! | success without proof   | there already; query    | there already; query             | the same      | the same      |
//! | in progress             | in progress; ask        | in progress; ask                 | ask           | in progress   |
//! | REFUND_ERROR            | Unknown (watched: ask)  | Unknown (watched: ask)           | the same      | the same      |
//! | number used, noop       | there already; query    | there already; query             | the same      | the same      |
//! | refused                 | Refused                 | refused after doubt; query       | the same      | the same      |
//! | no answer, unclear      | in doubt; ask           | in doubt; ask                    | in doubt; ask | in doubt; ask |
//!
//! | answer to a query       | in doubt | refused after doubt        | in progress             | there already             |
//! |-------------------------|----------|----------------------------|-------------------------|---------------------------|
//! | done, by this number    | Refunded | Refunded                   | Refunded                | Refunded                  |
//! | given back, by someone  | again    | again                      | again                   | Refunded when the amounts |
//! |                         |          |                            |                         | have room for it, else ask|
//! | without this refund     | again    | Refused after ten minutes, | Refused after ten       | Refused when it stays so, |
//! |                         |          | before that again          | minutes, before that ask| else ask                  |
//! | under way               | ask      | ask                        | ask                     | ask                       |
//! | no answer, unclear      | again    | again                      | ask                     | ask                       |
//!
//! The ten minutes run from when the newest request left that may still be carried out (`REFUND_MS_MAX`).

mod evidence;

use super::limits::{Limits, REFUND_MS_MAX};
use super::rhythm::Rhythm;
use super::*;
pub use evidence::{RefundEvidence, RefundOf, Room};

pub struct Refund {
    order: Identity,
    request: RefundOf,
    limits: Limits,
    audience: Audience,
    sent: SentRefunds,
    /// What is under way, or comes after the pause.
    call: Call,
    /// When the newest query was to leave.
    queried_at: Millis,
    rhythm: Rhythm,
    warning: upay_status,
}

/// Who waits for the refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// A call of the host, until this time.
    Host { ends_at: Millis },
    /// Nobody: no time limit, and the pauses of the watch.
    Watch,
}

/// What is known of the requests of this refund that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SentRefunds {
    /// None may be carried out.
    None,
    /// It is known to be done.
    Concluded,
    /// One may be carried out. The newest of these left at this time at the latest.
    InDoubt { left: Millis },
    /// As `InDoubt`, and the newest of all was refused.
    RefusedAfterDoubt { left: Millis, status: upay_status },
    /// The gateway works on it, or did so at this time.
    InProgress { left: Millis },
    /// The gateway has a refund of this number. `in_doubt`: one of ours may be carried out, and left at this time.
    /// `without_since`: since then each query has shown the order without it.
    There { in_doubt: Option<Millis>, without_since: Option<Millis> },
}

impl Refund {
    pub fn new(order: Identity, request: RefundOf, limits: Limits) -> Self {
        Self {
            order,
            request,
            limits,
            audience: Audience::Host { ends_at: 0 },
            sent: SentRefunds::None,
            call: Call::Refund,
            queried_at: 0,
            rhythm: Rhythm::default(),
            warning: UPAY_OK,
        }
    }

    /// The host repeats one whose end is not known: an answer to this request alone proves nothing of the earlier one.
    pub fn again(order: Identity, request: RefundOf, limits: Limits) -> Self {
        Self { sent: SentRefunds::InDoubt { left: 0 }, ..Self::new(order, request, limits) }
    }

    /// As `again`, and nobody waits for it.
    pub fn left_over(order: Identity, request: RefundOf, limits: Limits) -> Self {
        Self { audience: Audience::Watch, ..Self::again(order, request, limits) }
    }

    /// One that is known to be done: it is not sent again.
    pub fn concluded(order: Identity, request: RefundOf, limits: Limits) -> Self {
        Self { sent: SentRefunds::Concluded, ..Self::new(order, request, limits) }
    }

    fn begin(&mut self, now: Millis) -> Next {
        match &mut self.sent {
            SentRefunds::Concluded => return Next::Done(Resolution::Refunded),
            // It left before this run began.
            SentRefunds::InDoubt { left } => *left = now,
            _ => {}
        }
        match &mut self.audience {
            Audience::Host { ends_at } => {
                *ends_at = now.saturating_add(self.limits.cancel_timeout);
                self.send(Call::Refund, now)
            }
            // What ended as unknown a moment ago is not sent again at once.
            Audience::Watch => self.pause(Call::Refund, now),
        }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        let said = match self.call {
            Call::Refund => RefundEvidence::of_refund(heard, &self.order, Some(&self.request)),
            _ => RefundEvidence::of_query(heard, &self.order, &self.request),
        };
        self.warning = match said {
            RefundEvidence::NoAnswer(status) | RefundEvidence::NotSent(status) => status,
            _ => UPAY_OK,
        };
        match self.call {
            Call::Refund => self.refund_answered(said, now),
            _ => self.query_answered(said, now),
        }
    }

    fn refund_answered(&mut self, said: RefundEvidence, now: Millis) -> Next {
        let in_doubt = self.sent.in_doubt();
        match (said, in_doubt) {
            (RefundEvidence::Done, _) => Next::Done(Resolution::Refunded),
            (RefundEvidence::NotSent(status), None) => Next::Done(Resolution::NotSent(status)),
            (RefundEvidence::NotSent(_), Some(_)) => self.pause(Call::Query, now),
            (RefundEvidence::Refused(status), None) => Next::Done(Resolution::Refused(status)),
            (RefundEvidence::Refused(status), Some(left)) => {
                self.sent = SentRefunds::RefusedAfterDoubt { left, status };
                self.send(Call::Query, now)
            }
            (RefundEvidence::There, in_doubt) => {
                self.sent = SentRefunds::There { in_doubt, without_since: None };
                self.send(Call::Query, now)
            }
            (RefundEvidence::SaidDone, _) => {
                self.sent = SentRefunds::There { in_doubt: Some(now), without_since: None };
                self.send(Call::Query, now)
            }
            (RefundEvidence::UnderWay, _) => {
                self.sent = SentRefunds::InProgress { left: now };
                self.pause(Call::Query, now)
            }
            (RefundEvidence::Error, _) if self.audience != Audience::Watch => Next::Done(Resolution::Unknown),
            // Each of these is no answer; some come of queries alone.
            (
                RefundEvidence::Error
                | RefundEvidence::NoAnswer(_)
                | RefundEvidence::GivenBack(_)
                | RefundEvidence::OtherEnd
                | RefundEvidence::Smaller
                | RefundEvidence::Without,
                _,
            ) => {
                self.sent = SentRefunds::InDoubt { left: now };
                self.pause(Call::Query, now)
            }
        }
    }

    fn query_answered(&mut self, said: RefundEvidence, now: Millis) -> Next {
        if said == RefundEvidence::UnderWay {
            self.sent = SentRefunds::InProgress { left: now };
        }
        match (said, self.sent) {
            (RefundEvidence::Done, _) => Next::Done(Resolution::Refunded),
            (RefundEvidence::GivenBack(Room::Enough), SentRefunds::There { .. }) => Next::Done(Resolution::Refunded),
            (RefundEvidence::Without | RefundEvidence::Smaller, SentRefunds::There { in_doubt, without_since }) => {
                let since = without_since.unwrap_or(now);
                self.sent = SentRefunds::There { in_doubt, without_since: Some(since) };
                let stays = now > since && now.saturating_sub(since) >= self.limits.not_found_grace;
                if stays && in_doubt.is_none_or(|left| self.is_over(left)) {
                    return Next::Done(Resolution::Refused(UPAY_E_REFUSED));
                }
                self.pause(Call::Query, now)
            }
            (RefundEvidence::Without, SentRefunds::RefusedAfterDoubt { left, status }) if self.is_over(left) => {
                Next::Done(Resolution::Refused(status))
            }
            (RefundEvidence::Without, SentRefunds::InProgress { left }) if self.is_over(left) => {
                Next::Done(Resolution::Refused(UPAY_E_REFUSED))
            }
            // Whoever gave it back: the same number again tells whether it was this refund.
            (RefundEvidence::GivenBack(_), SentRefunds::InProgress { .. }) => self.pause(Call::Refund, now),
            (_, SentRefunds::InProgress { .. }) => self.pause(Call::Query, now),
            (said, SentRefunds::There { in_doubt, without_since }) => {
                // No answer does not break the row.
                let without_since = without_since.filter(|_| matches!(said, RefundEvidence::NoAnswer(_)));
                self.sent = SentRefunds::There { in_doubt, without_since };
                self.pause(Call::Query, now)
            }
            (RefundEvidence::OtherEnd | RefundEvidence::Smaller, _) => self.pause(Call::Query, now),
            (_, _) => self.pause(Call::Refund, now),
        }
    }

    /// What left then can no longer be carried out, and the newest query left after that.
    fn is_over(&self, left: Millis) -> bool {
        self.queried_at >= left.saturating_add(REFUND_MS_MAX)
    }

    fn send(&mut self, call: Call, now: Millis) -> Next {
        if !self.rhythm.allows_send() {
            return self.pause(call, now);
        }
        self.call = call;
        if call == Call::Query {
            self.queried_at = now;
        }
        Next::Send(call)
    }

    fn pause(&mut self, then: Call, now: Millis) -> Next {
        self.call = then;
        match self.audience {
            Audience::Host { ends_at } => {
                Next::SleepUntil(self.rhythm.pause(&self.limits.poll, now).min(ends_at).max(now))
            }
            Audience::Watch => Next::SleepUntil(self.rhythm.pause(&self.limits.watch, now)),
        }
    }
}

impl SentRefunds {
    /// When the newest request left that may be carried out.
    fn in_doubt(self) -> Option<Millis> {
        match self {
            Self::None | Self::Concluded => None,
            Self::InDoubt { left } | Self::RefusedAfterDoubt { left, .. } | Self::InProgress { left } => Some(left),
            Self::There { in_doubt, .. } => in_doubt,
        }
    }
}

impl Flow for Refund {
    fn step(&mut self, input: FlowInput<'_>, now: Millis) -> Next {
        match (input, self.audience) {
            (FlowInput::Begin, _) => self.begin(now),
            (FlowInput::Heard(heard), _) => self.heard(heard, now),
            (FlowInput::Timer, Audience::Host { ends_at }) if now >= ends_at => Next::Done(Resolution::Unknown),
            (FlowInput::Timer, _) => self.send(self.call, now),
        }
    }

    fn phase(&self) -> Phase {
        match (self.sent, self.rhythm.has_paused()) {
            (SentRefunds::None | SentRefunds::InDoubt { .. }, false) => Phase::Sending,
            _ => Phase::Querying,
        }
    }

    fn ends_at(&self) -> Option<Millis> {
        match self.audience {
            Audience::Host { ends_at } => Some(ends_at),
            Audience::Watch => None,
        }
    }

    fn warning(&self) -> upay_status {
        self.warning
    }

    /// Of the order it knows nothing.
    fn knowledge(&self) -> Knowledge {
        Knowledge::default()
    }
}
