//! How far an action has come, as the event's key `phase` says it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Sending,
    Querying,
    Cancelling,
    Done,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Sending => "sending",
            Phase::Querying => "querying",
            Phase::Cancelling => "cancelling",
            Phase::Done => "done",
        }
    }
}
