//! The table of what a refund's tag makes the gateway and the wire do.

#[path = "scenarios/refund.rs"]
mod rows;

use super::row::{Chosen, Parameter, Row};
use super::scenario::{Charged, Field, OnQuery, QueryFault, Wire};

/// What a correct till tells its cashier about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundVerdict {
    Refunded,
    NotRefunded,
    Unknown,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct RefundStory {
    pub number: u8,
    pub name: &'static str,
    pub parameter: Parameter,
    /// What happens, in one sentence; `n` is the parameter.
    pub does: &'static str,
    /// The verdicts that are right for a till that repeats under the same number and asks, for longer than n.
    pub told: &'static [RefundVerdict],
    /// Whether the money has moved in the end.
    pub moved: Charged,
    pub course: RefundCourse,
    pub answer: RefundAnswer,
    pub wire: Wire,
    /// Whether the answer is held back for n.
    pub slow: bool,
    pub on_query: OnQuery,
}

/// What becomes of a refund whose request the gateway has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundCourse {
    Done,
    Fails,
    InProgressThenDone,
    InProgressThenFails,
    InProgressForEver,
    ErrorThenDone,
    /// REFUND_ERROR; the money stays with the merchant.
    ErrorForEver,
    /// REFUND_ERROR; the customer has the money.
    ErrorForEverMoved,
    /// The request arrives after n, unless a repetition has overtaken it.
    Late,
    /// The gateway says no.
    Refused,
    /// The request never arrives.
    Lost,
}

/// What the answer to a refund says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The code that belongs to the refund's state.
    ByState,
    /// REFUND_IN_PROGRESS, though the refund may be further.
    InProgress,
    /// This biz result_code.
    ResultCode(&'static str),
    /// FAIL with this error_code, and no data.
    Fail(&'static str),
    /// A top-level error of this result_code and error_code, under this HTTP status.
    RequestError(&'static str, &'static str, u16),
    /// REFUND_SUCCESS, and `data` null.
    NullData,
    /// By state, but numbers for strings and fields that nobody knows.
    LooseTypes,
    /// REFUND_SUCCESS for an order that differs from this one in one field.
    ForAnother(Field),
}

/// A row in which nothing goes wrong.
const PLAIN: RefundStory = RefundStory {
    number: 0,
    name: "",
    parameter: Parameter::Ignored,
    does: "",
    told: &[RefundVerdict::Refunded],
    moved: Charged::Yes,
    course: RefundCourse::Done,
    answer: RefundAnswer::ByState,
    wire: Wire::Whole,
    slow: false,
    on_query: OnQuery::Right,
};

/// Every story, by number.
pub fn all() -> impl Iterator<Item = &'static RefundStory> {
    rows::ROWS.iter()
}

/// The story of a refund without a tag.
pub fn ordinary() -> Chosen<RefundStory> {
    Chosen { row: &rows::ROWS[0], n: 0 }
}

impl Chosen<RefundStory> {
    /// Whether the request that is received as number `received` is one that goes as the row says. The others go well.
    pub fn strikes(&self, received: u32) -> bool {
        match (self.row.parameter, self.row.on_query) {
            (Parameter::Count, OnQuery::Right) => self.among_first_n(received),
            _ if self.row.course == RefundCourse::Late => received == 1,
            _ => true,
        }
    }
}

impl Row for RefundStory {
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
