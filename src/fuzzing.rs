//! What the targets in `fuzz/` need of the rooms inside. In no other build.

pub use crate::event::{Encoding, Event, EventReader};
pub use crate::gateway::field;
pub use crate::gateway::reply;
pub use crate::gateway::request;
pub use crate::journal::Journal;
pub use crate::record::{KeySet, OrderKey, Phase, Record, RefundRequest, Report, Resolution, Stage, Told, Verdict};
