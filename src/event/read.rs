//! A reply that a host got by its own means, as an event: no client, no order and no journal has part in it.

use super::fields::Fields;
use super::{Event, EventReader};
use crate::abi::*;
use crate::error::{Error, Result};
use crate::flow;
use crate::gateway::charge;
use crate::gateway::codes::Entry;
use crate::gateway::reply::{Reply, REPLY_BYTES_MAX};
use crate::gateway::words::{self, Words};
use crate::record::Verdict;

/// An unreadable reply is an error, and no event: there is nothing to show.
pub fn read_reply(dialect: i32, http_status: i32, body: &[u8]) -> Result<Event> {
    let status = u16::try_from(http_status).ok().filter(|status| (100..=599).contains(status));
    let http_status = status.ok_or_else(|| Error::value("http_status", "must be 100 to 599"))?;
    if body.len() > REPLY_BYTES_MAX {
        return Err(Error::new(UPAY_E_REPLY, format!("the reply is longer than {REPLY_BYTES_MAX} bytes")));
    }
    let mut fields = Fields::default();
    fields.add("http_status", Some(http_status));
    match dialect {
        UPAY_DIALECT_UPAY => {
            let reply = Reply::read(http_status, body)?;
            fields.add_reply(&reply);
            let (verdict, words) = flow::read::read(&reply);
            Ok(Event::of_reading(UPAY_ACTION_READ, verdict, words, fields, EventReader::ANYBODY))
        }
        UPAY_DIALECT_CHARGE => {
            let reply = charge::ChargeReply::read(http_status, body)?;
            if let charge::ChargeCode::Error(code) = &reply.code {
                fields.add("error_code", Some(code));
            }
            if reply.code != charge::ChargeCode::Done {
                fields.add("error_message", reply.message.as_deref());
            }
            fields.add_data(&reply.data);
            let (says, row) = reply.says(http_status);
            let verdict = Verdict { outcome: says.outcome, status: says.status };
            let nobody_knows = || words::of(UPAY_ACTION_READ, verdict.outcome, verdict.status, "", None);
            let words = row.map_or_else(nobody_knows, |row| Words::from(Entry::from(row)));
            Ok(Event::of_reading(UPAY_ACTION_READ, verdict, words, fields, EventReader::ANYBODY))
        }
        _ => Err(Error::value("dialect", "must be UPAY_DIALECT_UPAY or UPAY_DIALECT_CHARGE")),
    }
}

/// The reply to a request of the host's own making.
pub fn of_raw_call(reply: &Reply, reader: EventReader) -> Event {
    let (verdict, words) = flow::read::of_call(reply);
    let mut fields = Fields::default();
    fields.add_reply(reply);
    Event::of_reading(UPAY_ACTION_CALL, verdict, words, fields, reader)
}
