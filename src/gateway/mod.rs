//! The gateway's protocol: requests, replies, notifications, signatures, codes, and the sentences for the cashier.
//! Pure: no clock, no I/O.

pub mod charge;
pub mod codes;
pub mod field;
mod json;
pub mod money;
pub mod notify;
pub mod reply;
pub mod request;
pub mod sign;
pub mod terminal;
mod time;
pub mod verify;
pub mod words;
