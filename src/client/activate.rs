//! Activation: a single-use code makes a terminal of this till. Its number and key are on disk before the host hears of it.

use std::time::Instant;

use super::settings::Activation;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::gateway::field;
use crate::gateway::reply::Reply;
use crate::gateway::sign::authorization;
use crate::gateway::terminal::{self, Credentials};
use crate::journal::{self, ActivationPlace};
use crate::log;
use crate::record::KeySet;
use crate::transport::{Exchange, Interrupt, Transport};

/// What an activation made.
pub struct Activated {
    pub terminal_sn: String,
    pub keys: KeySet,
    /// Whether the disk has it.
    pub kept: Result<()>,
}

pub fn activate(
    settings: &Activation,
    code: &str,
    transport: &Transport,
    until: Option<Instant>,
    interrupt: &Interrupt,
) -> Result<Activated> {
    field::check("code", terminal::CODE, code)?;
    let body = terminal::activation(&settings.app_id, code, &settings.device_id)?;
    let earlier = settings.state_dir.as_deref().map(|directory| {
        journal::terminals(directory).unwrap_or_else(|error| {
            log::warn(format_args!("no earlier terminal is looked for in state_dir: {error}"));
            Vec::new()
        })
    });
    let earlier = earlier.unwrap_or_default();
    let place = settings.state_dir.as_deref().map(ActivationPlace::make).transpose()?;
    let asked = ask(settings, &body, transport, until, interrupt);
    let (credentials, date_ms) = match asked {
        Ok(granted) => granted,
        Err(error) => {
            if let Some(place) = place {
                place.discard();
            }
            return Err(error);
        }
    };
    let mut keys = KeySet::new(&credentials.terminal_sn, &credentials.terminal_key);
    keys.device_id = Some(settings.device_id.clone());
    // Later than every other one, whatever this machine's calendar says: it is the one that starts from now on.
    let newest = earlier.iter().filter_map(|terminal| terminal.activated_ms).max();
    let now_ms = date_ms.unwrap_or_else(clock::wall);
    keys.activated_ms = Some(newest.map_or(now_ms, |newest| now_ms.max(newest.saturating_add(1))));
    let others = earlier.into_iter().map(|terminal| terminal.terminal_sn);
    keys.predecessors = others.filter(|other| *other != credentials.terminal_sn).collect();
    // A key that is new today is not renewed today.
    keys.checkin_day = Some(clock::beijing_day());
    log::info(format_args!("activated as terminal {}", credentials.terminal_sn));
    let kept = match (place, &settings.state_dir) {
        (Some(place), Some(directory)) => place.keep(directory, &credentials.terminal_sn, &keys),
        _ => {
            log::warn(format_args!("state_dir is not set: the terminal is lost at the end; for tests alone"));
            Ok(())
        }
    };
    Ok(Activated { terminal_sn: credentials.terminal_sn, keys, kept })
}

fn ask(
    settings: &Activation,
    body: &[u8],
    transport: &Transport,
    until: Option<Instant>,
    interrupt: &Interrupt,
) -> Result<(Credentials, Option<u64>)> {
    let exchange = Exchange {
        path: terminal::ACTIVATE,
        authorization: &authorization(&settings.vendor_sn, &settings.vendor_key, body),
        body,
        reply_timeout: settings.reply_timeout,
        until,
        fresh: true,
    };
    let answer = transport.exchange(&exchange, interrupt)?;
    let credentials = Reply::read(answer.http_status, &answer.body).and_then(|reply| Credentials::of(&reply));
    credentials.map(|credentials| (credentials, answer.date_ms)).map_err(|error| match error.status {
        UPAY_E_SIGN => Error::new(UPAY_E_SIGN, format!("{error}; check vendor_sn and vendor_key")),
        _ => error,
    })
}
