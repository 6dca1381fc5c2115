//! Activation: a single-use code makes a terminal of this till. Its number and key are on disk before the host hears of it.

use std::time::Instant;

use super::keyring::first;
use super::settings::Activation;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::gateway::field;
use crate::gateway::reply::Reply;
use crate::gateway::sign::authorization;
use crate::gateway::terminal::{self, Credentials};
use crate::journal::{Ring, Room};
use crate::log;
use crate::transport::{Exchange, Interrupt, Transport};

/// What an activation made.
pub struct Activated {
    pub terminal_sn: String,
    pub ring: Ring,
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
    let room = settings.state_dir.as_deref().map(Room::make).transpose()?;
    let asked = ask(settings, &body, transport, until, interrupt);
    let credentials = match asked {
        Ok(credentials) => credentials,
        Err(error) => {
            if let Some(room) = room {
                room.discard();
            }
            return Err(error);
        }
    };
    let ring = Ring {
        device_id: Some(settings.device_id.clone()),
        activated_ms: Some(clock::wall()),
        // A key that is new today is not renewed today.
        checkin_day: Some(clock::beijing_day()),
        ..first(&credentials.terminal_sn, &credentials.terminal_key)
    };
    log::info(format_args!("activated as terminal {}", credentials.terminal_sn));
    let kept = match (room, &settings.state_dir) {
        (Some(room), Some(directory)) => room.keep(directory, &credentials.terminal_sn, &ring),
        _ => {
            log::warn(format_args!("state_dir is not set: the terminal is lost at the end; for tests alone"));
            Ok(())
        }
    };
    Ok(Activated { terminal_sn: credentials.terminal_sn, ring, kept })
}

fn ask(
    settings: &Activation,
    body: &[u8],
    transport: &Transport,
    until: Option<Instant>,
    interrupt: &Interrupt,
) -> Result<Credentials> {
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
    credentials.map_err(|error| match error.status {
        UPAY_E_SIGN => Error::new(UPAY_E_SIGN, format!("{error}; check vendor_sn and vendor_key")),
        _ => error,
    })
}
