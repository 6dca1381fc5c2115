//! What ties the rooms together: one terminal, its orders, what is under way, and what the host is told.

mod driver;
mod ear;
mod event;
mod inbox;
mod lifecycle;
mod listener;
mod order;
mod settings;
mod terminal;

pub use event::Event;
pub use lifecycle::Client;
pub use listener::{Listener, OnDrop, OnEvent};
pub use order::Order;
pub use settings::Encoding;
