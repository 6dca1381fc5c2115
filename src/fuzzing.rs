//! What the targets in `fuzz/` need of the rooms inside. In no other build.

pub use crate::client::{Encoding, Event, Report};
pub use crate::flow::verdict::Verdict;
pub use crate::flow::Phase;
pub use crate::gateway::field;
pub use crate::gateway::reply;
pub use crate::gateway::request;
pub use crate::journal::{Journal, Record, Ring};
