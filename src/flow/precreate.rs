//! What the answer to /precreate proves (protocol section 7): success is a code to show, and not a payment.
//!
//! | answer to /precreate                                   | then                                                  |
//! |--------------------------------------------------------|-------------------------------------------------------|
//! | PRECREATE_SUCCESS with `qr_code`                       | query until paid, or cancel when the time is up       |
//! | PRECREATE_FAIL, FAIL                                   | Refused                                               |
//! | these with a code that does not belong there           | query; cancel as soon as the order is seen            |
//! | anything else that is not a refusal, no answer         | query; cancel as soon as the order is seen            |

use super::evidence::refusal_of;
use super::*;
use crate::gateway::codes::business::Refusal;

/// `None`: an order is made, or may be made.
pub fn proves(reply: &Reply) -> Option<Resolution> {
    match reply.biz_result_code.as_deref()? {
        "PRECREATE_FAIL" | "FAIL" if is_refused(reply) => Some(Resolution::Refused(UPAY_E_REFUSED)),
        _ => None,
    }
}

/// No order was made, and none was there.
pub fn is_refused(reply: &Reply) -> bool {
    reply.get("order_status").is_none() && refusal_of(reply) == Refusal::Plain
}

/// There is something to show.
pub fn brings_a_code(reply: &Reply) -> bool {
    reply.biz_result_code.as_deref() == Some("PRECREATE_SUCCESS") && reply.get("qr_code").is_some()
}
