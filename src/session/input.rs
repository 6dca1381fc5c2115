//! What a session is told.

use std::collections::BTreeMap;

use super::{ActionId, ExchangeId, LookupId, Token, WriteId};
use crate::error::Result;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::record::{Millis, Record};

pub enum Input {
    /// A call of the host. [`super::Effect::Finish`] says what came of it.
    Host(ActionId, HostCall),
    /// What an earlier run left over. Comes once, right after the start.
    LeftOver(Vec<Record>),
    /// What came of an exchange.
    Answered(ExchangeId, Result<Reply>),
    /// What came of a write.
    Written(WriteId, Result<()>),
    /// What the journal has.
    Found(LookupId, Result<Option<Record>>),
    /// The same for a refund, with the sum of the order's other refunds that are known to be done.
    FoundRefund(LookupId, Result<(Option<Record>, u64)>),
    /// Time has passed: see [`super::Session::due`].
    Due,
    /// The host is about to hear the verdict that this token stands for.
    Delivered(Token),
    /// The host has heard it: its callback has returned, or it took the event.
    Acknowledged(Token),
    /// The event was dropped because too many were not taken: the next start tells the verdict again.
    Dropped(Token),
    /// The client stops.
    Stop,
}

pub enum HostCall {
    /// /pay or /precreate.
    Begin(Call, OrderArguments),
    Query(OrderArguments),
    Cancel(OrderArguments),
    Refund(OrderArguments),
    CheckIn {
        until: Option<Millis>,
    },
    /// A request of the host's own making.
    Raw {
        path: String,
        json: String,
        until: Option<Millis>,
    },
}

/// The order that a call is about, as one moment saw it.
pub struct OrderArguments {
    pub client_sn: String,
    /// The number was made here, and nobody knows it until the order is paid.
    pub made: bool,
    /// The fields that the host set.
    pub fields: BTreeMap<&'static str, String>,
}

impl OrderArguments {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
