//! Mobile payments for cash registers through the Shouqianba UPay v2 gateway, behind a C ABI (`include/upay.h`).
//!
//! ```text
//!    C, C#, Python, Delphi …
//!         │  text, handles                                   ▲ events
//! ┌───────▼──────────────────────────────────────────────────┴───┐
//! │ ffi      handles, text, panics, numbers; nothing else        │
//! ├──────────────────────────────────────────────────────────────┤
//! │ client   a client from new to free, settings, an order       │
//! ├──────────────────────────────────────────────────────────────┤
//! │ runtime  carries out what the session wants; the one lock    │
//! ├───────────────────────────────┬──────────────────────────────┤
//! │ session  PURE: a started      │ event  PURE: what the host   │
//! │          client               │        is handed             │
//! ├───────────────────────────────┴──────────────────────────────┤
//! │ flow     PURE: the rules of one order                        │
//! ├──────────────────────────────────────────────────────────────┤
//! │ record   PURE: what is known of an order                     │
//! ├──────────────────────────────────────────────────────────────┤
//! │ gateway  PURE: requests, replies, signature, codes           │
//! └──────────────────────────────────────────────────────────────┘
//!   beside them, used by runtime and client alone:
//!   journal   what is durable     transport  how a request is sent     engine  timers and workers
//! ```
//!
//! Nothing uses what stands above it; `tests/suite/layers.rs` checks this. `abi`, `error` and `log` are for all; `disk`, the file
//! system, is the journal's. `qr` stands by itself: text as a picture, used by `ffi` alone.

pub mod abi;
mod client;
mod disk;
mod engine;
mod error;
mod event;
pub mod ffi;
mod flow;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gateway;
mod journal;
mod log;
mod qr;
mod record;
mod runtime;
mod session;
mod transport;
