//! What a session wants done.

use std::sync::Arc;

use super::{ActionId, ExchangeId, LookupId, Token, WriteId};
use crate::error::Result;
use crate::gateway::reply::Reply;
use crate::record::{KeySet, Millis, OrderKey, Record, Report};

pub enum Effect {
    /// Send this, and answer with [`super::Input::Answered`].
    Send(ExchangeId, Request),
    /// Break the exchange off: its answer comes at once.
    Interrupt(ExchangeId),
    /// Write the record, and answer with [`super::Input::Written`].
    Write(WriteId, Box<Record>, Durability),
    WriteKeys(WriteId, Box<KeySet>),
    /// Read a record, and answer with [`super::Input::Found`].
    Lookup(LookupId, OrderKey),
    /// As `Lookup`, for a refund; answered with [`super::Input::FoundRefund`].
    LookupRefund(LookupId, OrderKey),
    /// As `Lookup`, by the gateway's number. It may be one of the host's own orders.
    LookupSn(LookupId, String),
    /// The call of this id has ended. With `Ok` an action has begun, and its events follow.
    Finish(ActionId, Result<Option<Box<Reply>>>),
    Deliver(Delivery),
    /// No more events come for this action.
    LetGo(ActionId),
    /// Forget what ended more than `days` ago.
    Prune {
        days: u64,
        now_ms: u64,
    },
    Log(i32, String),
    /// The stop is complete: nothing is under way any more.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On disk when the write returns.
    Durable,
    /// With the next durable write.
    WithTheNext,
}

/// One exchange with the gateway.
#[derive(Clone)]
pub struct Request {
    pub path: &'static str,
    /// In the place of `path`, for a request of the host's own making.
    pub raw_path: Option<Arc<str>>,
    pub body: Arc<[u8]>,
    pub terminal_key: String,
    pub time: ReplyTime,
    /// When all of it has to be over.
    pub until: Option<Millis>,
    /// Never over a connection that served before.
    pub fresh: bool,
    /// The host's own thread waits for it and carries it out.
    pub by_caller: bool,
}

impl Request {
    pub fn path(&self) -> &str {
        self.raw_path.as_deref().unwrap_or(self.path)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyTime {
    /// `pay_reply_timeout_ms`: the gateway holds /pay open while the customer types a password.
    Pay,
    /// `reply_timeout_ms`.
    Other,
}

/// One event for one subscriber.
pub struct Delivery {
    pub to: Subscriber,
    pub report: Report,
    /// With a verdict that the journal waits to be heard.
    pub token: Option<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscriber {
    /// Whoever made this call.
    Action(ActionId),
    /// The watcher hears it. The id tells one watched order from another.
    Watcher(ActionId),
}

impl Subscriber {
    pub fn id(self) -> ActionId {
        match self {
            Self::Action(id) | Self::Watcher(id) => id,
        }
    }

    pub fn is_watcher(self) -> bool {
        matches!(self, Self::Watcher(_))
    }
}
