//! The C ABI: handles, text, panics, numbers, and nothing else. One file per C object, and five tools. Each function
//! checks, converts and calls.
//!
//! What these files and `abi.rs` publish becomes `include/upay.h`, comments included.

#![allow(non_camel_case_types)]

pub mod library;

pub mod client;

pub mod order;

pub mod event;

pub mod code;

pub mod notify;

pub mod qr;

mod callback;
mod guard;
mod handle;
mod pin;
mod text;

pub use client::*;
pub use code::*;
pub use event::*;
pub use library::*;
pub use notify::*;
pub use order::*;
pub use qr::*;
