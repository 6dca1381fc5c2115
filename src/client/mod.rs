//! What ties the rooms together: one terminal, its orders, what is under way, and what the host is told.
//!
//! ```text
//!   lifecycle   a client from new to free ──▶ terminal   what is under way ──▶ driver   runs one flow
//!                        │                        │ claims  one mover an order        │
//!                        ▼                        ▼                                   ▼
//!               order   what it asks for      outlet   where events go ◀──────────── ear   who hears
//!                                             inbox · listeners
//! ```

mod actions;
mod activate;
mod call;
mod checkin;
mod claims;
mod direct;
mod driver;
mod ear;
mod encoding;
mod event;
mod fields;
mod inbox;
mod keyring;
mod lifecycle;
mod listener;
mod notice;
mod order;
mod outlet;
mod pace;
mod read;
mod settings;
mod terminal;

pub use encoding::Encoding;
pub use event::Event;
#[cfg(fuzzing)]
pub use event::Report;
pub use lifecycle::Client;
pub use listener::{Listener, OnDrop, OnEvent};
pub use order::Order;
pub use read::read_reply;
