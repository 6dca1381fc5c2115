//! One order, or one refund of an order, as the journal keeps it.

use serde::{Deserialize, Serialize};

use super::{Knowledge, OrderKey, Resolution};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub key: OrderKey,
    /// Absent when the order was made elsewhere and only cancelled or refunded here.
    pub total_amount: Option<String>,
    /// The action that began it, one of UPAY_ACTION_….
    pub action: i32,
    pub stage: Stage,
    /// When it began, in milliseconds since 1970 by this machine's calendar, which may be wrong.
    pub began_ms: u64,
    /// The same by the gateway's clock, once an answer has told it.
    pub began_gateway_ms: Option<u64>,
    /// What the host heard last of whether the order is paid, or will hear.
    pub told: Told,
    /// The host has heard the newest verdict. False while there is none.
    pub acknowledged: bool,
    pub knowledge: Knowledge,
    /// When the library first saw that the order is paid after the till heard "not paid", by this machine's calendar.
    pub late_payment_ms: Option<u64>,
    /// A refund has a record of its own beside its order's.
    pub refund: Option<RefundRequest>,
    /// Of a refund: what the order's other refunds had given back when it began.
    pub returned_before: Option<u64>,
    /// For a person who has to act: what was tried, and what was answered.
    pub tried: Option<String>,
    /// The order as the gateway described it last, without the payer.
    pub data: Vec<(String, String)>,
}

/// What is sent again, byte for byte, until its end is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    pub refund_amount: String,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// A request may be under way, and there is no verdict yet.
    UnderWay,
    /// As `UnderWay`, and a cancel may be under way.
    Cancelling { by_host: bool },
    /// There is a verdict, but the gateway's answer was not final.
    Watched(Resolution),
    /// Nothing more will happen.
    Ended(Resolution),
}

/// What the host was told about the payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    #[default]
    Nothing,
    Paid,
    /// Not paid, and nothing is owed. When the order turns out paid, the money goes back.
    NotOwed,
    Unknown,
}

impl Record {
    pub fn new(key: OrderKey, action: i32, total_amount: Option<String>, began_ms: u64) -> Self {
        Self {
            key,
            total_amount,
            action,
            stage: Stage::UnderWay,
            began_ms,
            began_gateway_ms: None,
            told: Told::Nothing,
            acknowledged: false,
            knowledge: Knowledge::default(),
            late_payment_ms: None,
            refund: None,
            returned_before: None,
            tried: None,
            data: Vec::new(),
        }
    }

    pub fn resolution(&self) -> Option<Resolution> {
        match self.stage {
            Stage::UnderWay | Stage::Cancelling { .. } => None,
            Stage::Watched(resolution) | Stage::Ended(resolution) => Some(resolution),
        }
    }

    /// The gateway's answer is not final.
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Ended(_))
    }

    /// The next start has to look at it: it is open, or its verdict is not acknowledged.
    pub fn is_pending(&self) -> bool {
        self.is_open() || !self.acknowledged
    }

    /// Not a byte of its request has left: the same number may be sent again.
    pub fn was_not_sent(&self) -> bool {
        matches!(self.stage, Stage::Ended(Resolution::NotSent(_)))
    }
}
