//! Each row of the rules, as a conversation: what the gateway answers, what the flow does next, and when. The files stand
//! in the order of protocol section 5; `chaos` drives every flow through all sequences of answers.

mod chaos;
mod conflict;
mod pay;
mod precreate;
mod query;
mod read;
mod reconcile;
mod refund;
mod reversal;
mod watch;

use super::limits::{Limits, Pauses};
use super::*;
use crate::error::Error;
use crate::record::{Cancels, Owner};

const GONE: &str = "UPAY_ORDER_NOT_EXISTS";
const FORBIDDEN: &str = "UPAY_CANCEL_INVALID_ORDER_STATE";
const NOOP: &str = "UPAY_CANCEL_ORDER_NOOP";
/// When each conversation begins, more than any time limit after 0. The times in the tests count from here.
const START: Millis = 10_000_000;
/// How long each call takes in these conversations.
const CALL_MS: Millis = 100;
const MINUTE_MS: Millis = 60_000;

fn order() -> Identity {
    let own = |text: &str| Some(text.to_owned());
    Identity { terminal_sn: own("t"), client_sn: own("c"), sn: None, total_amount: own("100") }
}

/// An order that another till made: nobody here knows its amount.
fn made_elsewhere() -> Identity {
    Identity { terminal_sn: None, total_amount: None, ..order() }
}

fn limits() -> Limits {
    Limits {
        poll: Pauses::parse("2000*15,5000").unwrap(),
        pay_timeout: 60_000,
        precreate_timeout: 240_000,
        cancel_timeout: 30_000,
        not_found_grace: 6_000,
        watch: Pauses::parse("30000,60000,300000").unwrap(),
    }
}

fn reply(body: String) -> Result<Reply> {
    Reply::read(200, body.as_bytes())
}

/// An answer with this data.
fn data(result_code: &str, error_code: &str, data: &str) -> Result<Reply> {
    reply(format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","error_code":"{error_code}","data":{{{data}}}}}}}"#
    ))
}

/// An answer about this order.
fn said(result_code: &str, order_status: &str) -> Result<Reply> {
    with(result_code, order_status, "")
}

/// The same with more fields.
fn with(result_code: &str, order_status: &str, fields: &str) -> Result<Reply> {
    let ours = r#""client_sn":"c","terminal_sn":"t","total_amount":"100""#;
    let comma = if fields.is_empty() { "" } else { "," };
    data(result_code, "", &format!(r#"{ours},"order_status":"{order_status}"{comma}{fields}"#))
}

fn status(order_status: &str) -> Result<Reply> {
    said("SUCCESS", order_status)
}

/// The order's number and status, and no amount.
fn without_amount(result_code: &str, order_status: &str) -> Result<Reply> {
    data(result_code, "", &format!(r#""client_sn":"c","order_status":"{order_status}""#))
}

/// Our number, and another amount.
fn another_amount(result_code: &str, order_status: &str) -> Result<Reply> {
    data(
        result_code,
        "",
        &format!(r#""client_sn":"c","terminal_sn":"t","total_amount":"500","order_status":"{order_status}""#),
    )
}

fn fail(error_code: &str) -> Result<Reply> {
    failed("FAIL", error_code)
}

fn failed(result_code: &str, error_code: &str) -> Result<Reply> {
    reply(format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","error_code":"{error_code}","data":null}}}}"#
    ))
}

fn top(result_code: &str, error_code: &str) -> Result<Reply> {
    reply(format!(r#"{{"result_code":"{result_code}","error_code":"{error_code}"}}"#))
}

fn lost() -> Result<Reply> {
    Err(Error::new(UPAY_E_INTERRUPTED, "reset"))
}

fn not_sent() -> Result<Reply> {
    Err(Error::new(UPAY_E_CONNECT, "refused"))
}

/// The answer came when the gateway's clock showed this.
fn dated(answer: Result<Reply>, date_ms: u64) -> Result<Reply> {
    answer.map(|reply| Reply { date_ms: Some(date_ms), ..reply })
}

fn knows(cancels: Cancels) -> Knowledge {
    Knowledge { cancels, ..Knowledge::default() }
}

/// What came of a conversation.
struct Played {
    calls: Vec<(Call, Millis)>,
    /// `None`: it was still going on when the time of the test was up.
    end: Option<Resolution>,
    ended: Millis,
    /// Each warning with the time at which it first stood.
    warnings: Vec<(upay_status, Millis)>,
    tried: Option<String>,
    knowledge: Knowledge,
    late_payment_seen: bool,
}

impl Played {
    fn end(&self) -> Resolution {
        self.end.expect("the flow has ended")
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.iter().map(|(call, _)| *call).collect()
    }

    fn count(&self, call: Call) -> usize {
        self.calls.iter().filter(|(made, _)| *made == call).count()
    }

    fn warned_of(&self, status: upay_status) -> Option<Millis> {
        self.warnings.iter().find(|(warning, _)| *warning == status).map(|(_, at)| *at)
    }
}

/// Plays a conversation of this length at the most: `answer` is the gateway.
fn talk(mut flow: impl Flow, length: Millis, mut answer: impl FnMut(Call, Millis) -> Result<Reply>) -> Played {
    let (mut now, mut calls, mut warnings) = (START, Vec::new(), vec![(UPAY_OK, 0)]);
    let mut next = flow.step(FlowInput::Begin, now);
    let end = loop {
        assert!(calls.len() < 20_000, "the flow does not end");
        if warnings.last().is_some_and(|(newest, _)| *newest != flow.warning()) {
            warnings.push((flow.warning(), now - START));
        }
        next = match next {
            Next::Done(resolution) => break Some(resolution),
            Next::SleepUntil(due) => {
                assert!(due >= now, "a pause that is over before it begins");
                now = due;
                if now - START > length {
                    break None;
                }
                flow.step(FlowInput::Timer, now)
            }
            Next::Send(call) => {
                if call == Call::Cancel {
                    assert_eq!(flow.knowledge().cancels, Cancels::Open, "recorded before it leaves");
                }
                calls.push((call, now - START));
                let heard = answer(call, now - START);
                now += CALL_MS;
                flow.step(FlowInput::Heard(&heard), now)
            }
        };
    };
    Played {
        calls,
        end,
        ended: now - START,
        warnings,
        tried: flow.tried(),
        knowledge: flow.knowledge(),
        late_payment_seen: flow.late_payment_seen(),
    }
}

/// The gateway gives these answers, one after the other; the last repeats.
fn play(flow: impl Flow, script: &[Result<Reply>]) -> Played {
    let mut answers = script.iter().chain(std::iter::repeat(script.last().expect("a script has an answer")));
    talk(flow, 100 * ABSENT, |_, _| answers.next().cloned().expect("the last repeats"))
}

const ABSENT: Millis = limits::ABSENT_MS_MAX;
