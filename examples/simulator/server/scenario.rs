//! The tables of scenarios: what a magic barcode, or a precreate's tag, makes the gateway, the wallet and the wire do.
//!
//! One row a scenario. The rows drive the behaviour, the help text and the tests, so what a row says is what happens.

#[path = "scenarios/cancel.rs"]
mod cancel;
#[path = "scenarios/pay.rs"]
mod pay;
#[path = "scenarios/precreate.rs"]
mod precreate;
#[path = "scenarios/query.rs"]
mod query;
#[path = "scenarios/wire.rs"]
mod wire;

use super::row::Row;

pub use super::row::Parameter;

/// The unit of a parameter that is a time.
pub const TIME_UNIT_MS: u64 = 100;
/// The gateway holds a pay call no longer than this while the customer types a password.
pub const GATEWAY_HOLD_MAX_MS: u64 = 35_000;
/// The rows from this number on are those of queries and cancels, which pay and precreate have in common.
pub const SHARED_FROM: u8 = 60;
/// The largest parameter that fits into a barcode.
pub const PARAMETER_MAX: u16 = 9999;

/// What a correct till tells its cashier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Paid,
    NotPaid,
    Unknown,
}

/// Whether the customer's wallet is out of pocket when all is over, cancels and reversals included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    Yes,
    No,
    /// As `depends` tells.
    Depends,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Two digits, unique.
    pub number: u8,
    /// Unique, and as good a name as the number.
    pub name: &'static str,
    pub parameter: Parameter,
    /// What happens, in one sentence; `n` is the parameter.
    pub does: &'static str,
    /// The verdicts that are right as long as a time n ends while the till still asks.
    pub told: &'static [Verdict],
    /// What the wallet has lost in the end, after such an n.
    pub charged: Charged,
    /// What the verdict and the money depend on; empty if on nothing.
    pub depends: &'static str,
    pub course: Course,
    pub hold: Hold,
    pub answer: Answer,
    pub wire: Wire,
    pub on_query: OnQuery,
    pub on_cancel: OnCancel,
}

/// What becomes of the order by itself. Cancelling one that is CREATED ends all that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    PaidAtOnce,
    /// CREATED, and PAID after n.
    PaidAfterN,
    /// CREATED until it is cancelled.
    NeverPaid,
    /// PAY_CANCELED at once.
    FailsAtOnce,
    /// CREATED until it is cancelled; a wallet that scans its code is turned away.
    Unscannable,
    /// CREATED, and PAY_CANCELED after n.
    FailsAfterN,
    /// PAY_ERROR, and PAY_CANCELED after n.
    ErrorThenFails,
    /// PAY_ERROR, and PAID after n.
    ErrorThenPaid,
    /// CREATED, and PAY_ERROR after n; the customer has not been charged.
    EndsInError,
    /// CREATED, and PAY_ERROR after n; the customer has been charged.
    EndsInErrorCharged,
    /// CREATED, and REFUNDED after n: paid, and given back by the merchant.
    RefundedAfterN,
    /// CREATED, and CANCELED after n by the merchant.
    CanceledAfterN,
    /// The request is under way for n, then the order is there, PAID.
    ArrivesPaid,
    /// The request is under way for n, then the order is there, CREATED; PAID another n later.
    ArrivesCreated,
    /// The request is under way for n, then the order is there, CREATED until it is cancelled.
    ArrivesUnpaid,
    /// The gateway says no; there is no order.
    Refused,
    /// The request never reaches the gateway; there is no order.
    Lost,
}

/// How long the answer to pay or precreate is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    None,
    /// For n, by the gateway, which waits for the customer and not for longer than [`GATEWAY_HOLD_MAX_MS`].
    ByGateway,
    /// For n, by something slow on the way.
    ByNetwork,
}

/// What the answer to pay or precreate says. Where this says PAY, precreate says PRECREATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The code that belongs to the order's status.
    ByStatus,
    /// PAY_IN_PROGRESS, or PRECREATE_SUCCESS, with order_status CREATED, though the order may be further.
    InProgress,
    /// This biz result_code, with the order as it is.
    ResultCode(&'static str),
    /// FAIL with this error_code, and no data.
    Fail(&'static str),
    /// A top-level error of this result_code and error_code, under this HTTP status.
    RequestError(&'static str, &'static str, u16),
    /// PAY_SUCCESS, and `data` null.
    NullData,
    /// By status, but numbers for strings, a ctime in words and fields that nobody knows.
    LooseTypes,
    /// PAY_SUCCESS and PAID for an order that differs from this one in one field.
    ForAnother(Field),
    /// The whole success reply of an order of somebody else.
    SomebodyElses,
    /// By status, and no qr_code.
    WithoutQrCode,
}

/// A field that an answer may have wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    ClientSn,
    TotalAmount,
    TerminalSn,
}

/// How a reply travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Whole,
    /// The connection is reset instead.
    Reset,
    /// The connection is closed instead, properly, before the first byte.
    Close,
    /// An HTML page under this HTTP status instead.
    Page(u16),
    /// A redirect of this HTTP status to `/elsewhere` instead.
    Redirect(u16),
    /// Bytes that are not HTTP instead.
    Garbage,
    /// HTTP 200 with no body instead.
    Empty,
    /// Half of the body, with the Content-Length of all of it.
    CutWithLength,
    /// Half of the body, and no Content-Length: only the closing tells where the reply ends.
    CutWithoutLength,
    /// One byte at a time.
    Trickled,
    /// A reply that begins well and goes on for 1 GiB.
    Endless,
    /// Whole, as chunks.
    Chunked,
    /// Whole, after an interim `100 Continue`.
    After100,
}

/// What goes wrong with queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnQuery {
    Right,
    /// The first n queries go wrong like this.
    FirstN(QueryFault),
    Always(QueryFault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// The answer does not come whole.
    Wire(Wire),
    /// No answer for as long as anybody may wait, then a reset.
    Held,
    NotExists,
    UnheardOfStatus,
    ForAnother(Field),
}

/// What goes wrong with cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCancel {
    Right,
    /// Right, but CANCEL_SUCCESS where CANCEL_ABORT_SUCCESS would be usual.
    OtherSuccess,
    /// Done, but the first n replies are lost.
    FirstRepliesLost,
    /// The first n requests are lost, nothing is done.
    FirstRequestsLost,
    /// The first n requests are answered with garbage, nothing is done.
    FirstGarbage,
    /// Done at once, answered after n.
    Held,
    /// The customer has paid the moment before.
    PaidJustBefore,
    /// This result_code, and CANCELED after n.
    InProgressThenCanceled(&'static str),
    /// CANCEL_IN_PROGRESS, and PAID after n.
    InProgressThenPaid,
    /// This result_code, and CANCEL_ERROR for ever.
    Error(&'static str),
    /// An HTTP 500 page for ever, nothing is done.
    Always500,
    /// UPAY_ORDER_NOT_EXISTS for ever, nothing is done.
    AlwaysNotExists,
    /// UPAY_CANCEL_INVALID_ORDER_STATE for ever, nothing is done.
    AlwaysRefused,
}

/// A row in which nothing goes wrong; the rows say only what is different.
const PLAIN: Scenario = Scenario {
    number: 0,
    name: "",
    parameter: Parameter::Ignored,
    does: "",
    told: &[],
    charged: Charged::No,
    depends: "",
    course: Course::PaidAtOnce,
    hold: Hold::None,
    answer: Answer::ByStatus,
    wire: Wire::Whole,
    on_query: OnQuery::Right,
    on_cancel: OnCancel::Right,
};

/// Every scenario of a barcode, by number.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    pay::ROWS.iter().chain(wire::ROWS).chain(query::ROWS).chain(cancel::ROWS)
}

/// Every scenario of a precreate, by number. What may happen to queries and cancels is what may happen to a payment's.
pub fn precreates() -> impl Iterator<Item = &'static Scenario> {
    precreate::ROWS.iter().chain(query::ROWS).chain(cancel::ROWS)
}

/// The scenario of a precreate without a tag.
pub fn waits_for_scan() -> &'static Scenario {
    &precreate::ROWS[0]
}

/// The scenario of that name. Panics if there is none: names are written in programs, not read from users.
pub fn named(name: &str) -> &'static Scenario {
    all().find(|scenario| scenario.name == name).unwrap_or_else(|| panic!("no scenario is named {name}"))
}

impl Scenario {
    /// The WeChat barcode of this scenario. A parameter above [`PARAMETER_MAX`] becomes the largest.
    pub fn barcode(&self, parameter: u16) -> String {
        format!("1399{:02}{:04}00000000", self.number, parameter.min(PARAMETER_MAX))
    }

    /// A parameter that shows the scenario quickly: one second, or one request.
    pub fn sample_parameter(&self) -> u16 {
        self.parameter.sample()
    }

    /// How long n is, if it is a time.
    pub fn time_ms(&self, parameter: u16) -> u64 {
        let time_ms = match self.parameter {
            Parameter::Time => u64::from(parameter) * TIME_UNIT_MS,
            Parameter::Ignored | Parameter::Count => 0,
        };
        if self.hold == Hold::ByGateway {
            time_ms.min(GATEWAY_HOLD_MAX_MS)
        } else {
            time_ms
        }
    }
}

impl Row for Scenario {
    fn number(&self) -> u8 {
        self.number
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn parameter(&self) -> Parameter {
        self.parameter
    }
}
