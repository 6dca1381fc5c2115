//! The gateway's protocol: requests, replies, the signature, the codes, and the words for a cashier.
//! Pure: no clock, no I/O.

pub mod codes;
pub mod field;
mod json;
pub mod money;
pub mod reply;
pub mod request;
pub mod sign;
pub mod words;
