//! How an action stands: what an event is made of.

use std::sync::Arc;

use super::{OrderKey, Phase, Verdict};
use crate::gateway::reply::Reply;

#[derive(Debug, Clone)]
pub struct Report {
    /// One of UPAY_ACTION_….
    pub action: i32,
    pub verdict: Verdict,
    pub key: OrderKey,
    pub phase: Phase,
    pub queries: u32,
    pub elapsed_ms: u64,
    /// Until this phase's time is up, where it has a limit.
    pub remaining_ms: Option<u64>,
    /// The newest reply of the gateway that is about the order.
    pub reply: Option<Arc<Reply>>,
    /// For a person who has to act: what was tried, and what was answered.
    pub tried: Option<String>,
}
