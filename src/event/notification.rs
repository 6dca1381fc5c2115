//! A notification of the gateway as an event, once its signature is proved right. Needs no client: whatever receives it
//! may be another program than the one that took the payment.

use super::fields::Fields;
use super::{Event, EventReader};
use crate::abi::*;
use crate::error::{Error, Result};
use crate::gateway::notify;
use crate::gateway::verify::PublicKey;
use crate::gateway::words;
use crate::record::{Phase, Verdict};

impl Event {
    /// In UTF-8, with the cashier's sentence in Chinese: there is no client to say otherwise.
    pub fn of_notification(body: &[u8], authorization: &str, public_key_pem: &str) -> Result<Self> {
        if body.len() > notify::BODY_BYTES_MAX {
            return Err(Error::value("body", format_args!("must be at most {} bytes", notify::BODY_BYTES_MAX)));
        }
        PublicKey::from_pem(public_key_pem)?.check(body, authorization)?;
        let order = notify::read(body)?;
        let (outcome, status) = notify::verdict(&order);
        let words = words::of(UPAY_ACTION_READ, outcome, status, Phase::Done.name(), None);
        let mut fields = Fields::default();
        fields.add_data(&order.data);
        let verdict = Verdict { outcome, status };
        Ok(Self::of_reading(UPAY_ACTION_READ, verdict, words, fields, EventReader::ANYBODY))
    }
}
