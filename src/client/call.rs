//! One call of the gateway: the body, its signature, the exchange, and the reply as it was read.

use super::settings::Settings;
use crate::abi::UPAY_E_UNRESOLVED;
use crate::error::{Error, Result};
use crate::gateway::reply::{Identity, Reply};
use crate::gateway::request::{self, Call};
use crate::gateway::sign;
use crate::journal::Refund;
use crate::log;
use crate::transport::{Exchange, Interrupt, Transport};

/// What a call is made of, beside the order.
pub struct Outgoing {
    /// The body of /pay or /precreate, given out once.
    pub first_body: Option<Vec<u8>>,
    pub refund: Option<Refund>,
    /// The gateway has answered about this order by name. Until it has, and for all that moves money, a connection of
    /// its own: on one that served before, a stray copy of an earlier reply that names no order could be read as the
    /// answer.
    pub named: bool,
}

pub fn call(
    call: Call,
    outgoing: Outgoing,
    order: &Identity,
    settings: &Settings,
    transport: &Transport,
    interrupt: &Interrupt,
) -> Result<Reply> {
    let Outgoing { first_body, refund, named } = outgoing;
    let number = refund.as_ref().map(|refund| refund.refund_request_no.as_str());
    let body = match (call, first_body, &refund) {
        (Call::Pay | Call::Precreate, Some(body), _) => body,
        (Call::Refund, _, Some(refund)) if bug!(RefundUnderNewNumber) && named => {
            refund.body.replace(&refund.refund_request_no, "another").into_bytes()
        }
        (Call::Refund, _, Some(refund)) => refund.body.clone().into_bytes(),
        (Call::Refund, _, None) => {
            let amount = order.total_amount.as_deref().unwrap_or_default();
            request::reversal(&settings.terminal_sn, &order.client_sn, amount, &settings.operator)?
        }
        // A second /pay for one run cannot be: its body is gone.
        (Call::Pay | Call::Precreate, None, _) => {
            return Err(Error::new(UPAY_E_UNRESOLVED, "an order is never sent twice"))
        }
        (Call::Query | Call::Cancel, _, _) => request::about(&settings.terminal_sn, &order.client_sn, number)?,
    };
    let exchange = Exchange {
        path: call.path(),
        authorization: &sign::authorization(&settings.terminal_sn, &settings.terminal_key, &body),
        body: &body,
        reply_timeout: if call == Call::Pay { settings.pay_reply_timeout } else { settings.reply_timeout },
        fresh: call != Call::Query || !named,
    };
    let mut answer = transport.exchange(&exchange, interrupt);
    if bug!(SentAgain) && answer.as_ref().is_err_and(|error| !error.not_sent()) {
        answer = transport.exchange(&exchange, interrupt);
    }
    let reply = answer.and_then(|answer| Reply::read(answer.http_status, &answer.body));
    note(call, order, &reply);
    reply
}

fn note(call: Call, order: &Identity, reply: &Result<Reply>) {
    let (name, client_sn) = (call.name(), &order.client_sn);
    match reply {
        Ok(reply) => log::debug(format_args!(
            "{client_sn}: {name} answered {} {} {} {}",
            reply.result_code.as_deref().unwrap_or("-"),
            reply.biz_result_code.as_deref().unwrap_or("-"),
            reply.biz_error_code.as_deref().unwrap_or("-"),
            reply.get("order_status").unwrap_or("-"),
        )),
        Err(error) => log::debug(format_args!("{client_sn}: {name} got no answer: {} {error}", error.status)),
    }
}
