//! What a host's handles stand for: a client from new to free, its settings, and its orders.
//!
//! ```text
//!   lifecycle   a client from new to free: settings, activate, start, stop
//!   opening     what a start makes: the journal, the keys, the session and its runtime
//!   calls       what the host has done with an order, and the calls that block
//!   order       what an order asks for, and what is known of it
//!   settings    one row a key
//!   raw_call    which requests of the host's own making may be sent
//! ```

mod activate;
mod calls;
mod lifecycle;
mod opening;
mod order;
mod raw_call;
mod settings;

pub use crate::runtime::{Listener, OnDrop, OnEvent};
pub use lifecycle::Client;
pub use order::Order;
