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
//! Nothing uses what stands above it. `abi`, `error` and `log` are for all; `disk`, the file system, is the journal's. `qr`
//! stands by itself: text as a picture, used by `ffi` alone.

/// Where the simulation plants a bug, to see that it is found (`examples/simulation`). In the library there is none.
macro_rules! bug {
    ($name:ident) => {
        false
    };
}

pub mod abi;
mod client;
mod disk;
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
