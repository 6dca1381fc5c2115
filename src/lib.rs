//! Mobile payments for cash registers through the Shouqianba UPay v2 gateway, behind a C ABI (`include/upay.h`).
//!
//! ```text
//!    C, C#, Python, Delphi …
//!         │  text, handles                                   ▲ events
//! ┌───────▼──────────────────────────────────────────────────┴───┐
//! │ ffi      handles, text, panics, numbers; nothing else        │
//! ├──────────────────────────────────────────────────────────────┤
//! │ client   one terminal: settings, orders, start, stop         │
//! ├───────────────┬───────────────┬──────────────┬───────────────┤
//! │ flow          │ engine        │ journal      │ transport     │
//! │ what to do    │ when to do it │ what is owed │ how it is     │
//! │ next: pure    │ timers and    │ durable      │ sent, and     │
//! │               │ workers       │              │ what an error │
//! │               │               │              │ proves        │
//! ├───────────────┴───────────────┴──────────────┴───────────────┤
//! │ gateway  the protocol: requests, replies, signature, codes   │
//! └──────────────────────────────────────────────────────────────┘
//! ```
//!
//! Nothing uses what stands above it. `abi`, `error` and `log` are for all. `qr` stands by itself: text as a picture, used
//! by `ffi` alone.

pub mod abi;
mod client;
mod engine;
mod error;
pub mod ffi;
mod flow;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gateway;
mod journal;
mod log;
mod qr;
mod transport;
