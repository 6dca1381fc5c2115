//! One call of the gateway: the body, its signature, the exchange, and the reply as it was read.

use super::keyring::Repeat;
use super::terminal::Terminal;
use crate::abi::UPAY_E_UNRESOLVED;
use crate::error::{Error, Result};
use crate::gateway::reply::{Identity, Reply};
use crate::gateway::request::{self, Call};
use crate::log;
use crate::transport::{Exchange, Interrupt};

/// What a call is made of, beside the order.
pub struct Outgoing<'a> {
    /// The order, as the journal and the log call it.
    pub name: &'a str,
    /// The body of /pay or /precreate, given out once.
    pub first_body: Option<Vec<u8>>,
    /// The body of /refund, where the host's refund is sent again letter by letter.
    pub refund_body: Option<String>,
    pub refund_request_no: Option<&'a str>,
    /// The gateway has answered about this order by name. Until it has, and for all that moves money, a connection of
    /// its own: on one that served before, a stray copy of an earlier reply that names no order could be read as the
    /// answer.
    pub named: bool,
}

pub fn call(
    call: Call,
    outgoing: Outgoing<'_>,
    order: &Identity,
    terminal: &Terminal,
    interrupt: &Interrupt,
) -> Result<Reply> {
    let settings = &terminal.settings;
    let Outgoing { name, first_body, refund_body, refund_request_no, named } = outgoing;
    let body = match (call, first_body, refund_body) {
        (Call::Pay | Call::Precreate, Some(body), _) => body,
        (Call::Refund, _, Some(body)) if bug!(RefundUnderNewNumber) && named => {
            body.replace(refund_request_no.unwrap_or_default(), "another").into_bytes()
        }
        (Call::Refund, _, Some(body)) => body.into_bytes(),
        (Call::Refund, _, None) => request::reversal(&settings.terminal_sn, order, &settings.operator)?,
        // A second /pay for one run cannot be: its body is gone.
        (Call::Pay | Call::Precreate, None, _) => {
            return Err(Error::new(UPAY_E_UNRESOLVED, "an order is never sent twice"))
        }
        (Call::Query | Call::Cancel, _, _) => request::about(&settings.terminal_sn, order, refund_request_no)?,
    };
    let send = |authorization: &str| {
        let exchange = Exchange {
            path: if call == Call::Cancel && settings.revoke { request::REVOKE } else { call.path() },
            authorization,
            body: &body,
            reply_timeout: if call == Call::Pay { settings.pay_reply_timeout } else { settings.reply_timeout },
            until: None,
            fresh: call != Call::Query || !named,
        };
        let mut answer = terminal.transport.exchange(&exchange, interrupt);
        if bug!(SentAgain) && answer.as_ref().is_err_and(|error| !error.not_sent()) {
            answer = terminal.transport.exchange(&exchange, interrupt);
        }
        let reply = answer.and_then(|answer| Reply::read(answer.http_status, &answer.body));
        note(call, name, &reply);
        reply
    };
    terminal.keyring.signed(&body, repeat(call), send)
}

fn repeat(call: Call) -> Repeat {
    match call {
        Call::Pay | Call::Precreate => Repeat::Never,
        Call::Query | Call::Cancel | Call::Refund => Repeat::WithOtherKey,
    }
}

fn note(call: Call, order: &str, reply: &Result<Reply>) {
    let name = call.name();
    match reply {
        Ok(reply) => log::debug(format_args!(
            "{order}: {name} answered {} {} {} {}",
            reply.result_code.as_deref().unwrap_or("-"),
            reply.biz_result_code.as_deref().unwrap_or("-"),
            reply.biz_error_code.as_deref().unwrap_or("-"),
            reply.get("order_status").unwrap_or("-"),
        )),
        Err(error) => log::debug(format_args!("{order}: {name} got no answer: {} {error}", error.status)),
    }
}
