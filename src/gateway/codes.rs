//! The codes of both gateways as tables. Each row has a code, what it says of the action, the advice, and its meaning
//! in Chinese and in English. The flows, the readers, the sentences for the cashier and the C interface all use these
//! rows. A code that is in no table is passed on unchanged and counts as unknown.
//!
//! Where the documents contradict each other, a row's comment gives the reason for the choice.

use std::ffi::CStr;

use crate::abi::*;

pub mod business;
pub mod charge;
pub mod order;
mod payway;
pub mod request;
pub mod result;
mod transaction;

pub use business::{is_order_not_exists, refusal_of};
pub use order::{order_status, OrderStatus};
pub use request::request_error;
pub use result::{class, Class};

/// One row of a table whose codes mean an `M`.
pub struct Row<M: 'static> {
    /// The spellings of one code, and codes that mean exactly the same.
    pub codes: &'static [&'static CStr],
    pub means: M,
    pub advice: i32,
    pub zh: &'static CStr,
    pub en: &'static CStr,
}

const fn row<M>(
    codes: &'static [&'static CStr],
    means: M,
    advice: i32,
    zh: &'static CStr,
    en: &'static CStr,
) -> Row<M> {
    Row { codes, means, advice, zh, en }
}

/// Maps a code to UPAY_OUTCOME_*.
pub trait Means: Copy + Sync {
    fn outcome(self) -> i32;
}

pub fn find<M>(rows: &'static [Row<M>], code: &str) -> Option<&'static Row<M>> {
    rows.iter().find(|row| row.codes.iter().any(|known| known.to_bytes() == code.as_bytes()))
}

/// What every table can tell of a code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub outcome: i32,
    pub advice: i32,
    pub zh: &'static CStr,
    pub en: &'static CStr,
}

impl<M: Means> From<&'static Row<M>> for Entry {
    fn from(row: &'static Row<M>) -> Self {
        Self { outcome: row.means.outcome(), advice: row.advice, zh: row.zh, en: row.en }
    }
}

/// A table of codes as the C interface reads it.
pub trait CodeTable: Sync {
    /// The spelling at this index, of all spellings of all rows. `None` past the end.
    fn at(&self, index: usize) -> Option<&'static CStr>;
    fn entry(&self, code: &str) -> Option<Entry>;
}

impl<M: Means> CodeTable for &'static [Row<M>] {
    fn at(&self, index: usize) -> Option<&'static CStr> {
        self.iter().flat_map(|row| row.codes).nth(index).copied()
    }

    fn entry(&self, code: &str) -> Option<Entry> {
        find(self, code).map(Entry::from)
    }
}

/// The table with this `UPAY_TABLE_…` number.
pub fn table(number: i32) -> Option<&'static dyn CodeTable> {
    Some(match number {
        UPAY_TABLE_RESULT_CODE => &result::ROWS,
        UPAY_TABLE_ORDER_STATUS => &order::ROWS,
        UPAY_TABLE_TRANSACTION_STATUS => &transaction::ROWS,
        UPAY_TABLE_REQUEST_ERROR => &request::ROWS,
        UPAY_TABLE_BUSINESS_ERROR => &business::ROWS,
        UPAY_TABLE_PAYWAY => &payway::PAYWAYS,
        UPAY_TABLE_SUB_PAYWAY => &payway::SUB_PAYWAYS,
        UPAY_TABLE_CHARGE_ERROR => &charge::ERRORS,
        UPAY_TABLE_CHARGE_HTTP => &charge::HTTP_STATUSES,
        _ => return None,
    })
}
