//! The C ABI: handles, text, panics and numbers, and nothing else. There is one file for each C object, and there are
//! five tools. Each function checks its arguments, converts them and calls `client`.
//!
//! The public items of these files and of `abi.rs` become `include/upay.h`, with their comments.

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
