//! What is known of an order: the words that `flow`, `session`, `journal` and `event` share. Pure data.
//!
//! ```text
//!   OrderKey     which order, or which refund of an order
//!   Record       one order as the journal keeps it: Stage, Told, Knowledge, and the order as the gateway described it
//!   Knowledge    what the gateway's answers have taught, as far as a restart must not forget it
//!   Resolution   what became of the action, as far as the answers prove it
//!   Verdict      a resolution as the host hears it: outcome and status
//!   Report       how an action stands: what an event is made of
//!   KeySet       the terminal's keys
//! ```

mod key;
mod key_set;
mod knowledge;
mod order;
mod phase;
mod report;
mod resolution;
mod verdict;

pub use key::OrderKey;
pub use key_set::KeySet;
pub use knowledge::{Cancels, Knowledge, Owner, Reversal};
pub use order::{Record, RefundRequest, Stage, Told};
pub use phase::Phase;
pub use report::Report;
pub use resolution::Resolution;
pub use verdict::Verdict;

/// Milliseconds on a clock that never goes back.
pub type Millis = u64;
