//! The gateway's protocol: requests, replies, notifications, the signatures, the codes, and the words for a cashier.
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
pub mod verify;
pub mod words;
