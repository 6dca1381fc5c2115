//! The terminals that the gateway knows, their keys, and the codes that make new ones.
//!
//! A key is never shown but to the terminal that it was made for, and to a test that asks for it by name.

use std::collections::HashMap;

use super::sign::{self, SignError, Terminal, Vendor};

/// How many of a terminal's keys are valid: the newest and the one before it.
pub const KEYS_VALID: usize = 2;
/// The first terminal that is activated has the number after this.
const TERMINAL_SN_BASE: u64 = 100_000_000_001_000;

/// Who signed a request. Terminals of one vendor are one merchant's here, and see each other's orders.
#[derive(Clone, Debug)]
pub struct Signer {
    pub serial_number: String,
    pub vendor: usize,
}

/// A terminal as the gateway knows it.
pub struct Known {
    pub terminal_sn: String,
    pub vendor: usize,
    /// What it was activated with; `None` for one that was known from the start.
    pub device_id: Option<String>,
    /// In the order that they were made; the last [`KEYS_VALID`] are valid.
    pub keys: Vec<Key>,
    /// Check-ins received, by device_id, the lost ones too.
    pub checkins: HashMap<String, u32>,
}

pub struct Key {
    text: String,
    /// Requests that were signed with it and let in.
    pub used: u64,
}

/// An activation code that somebody has tried.
pub struct Activation {
    pub code: String,
    pub received: u32,
    /// The terminal that it made.
    pub terminal_sn: Option<String>,
}

pub struct Terminals {
    vendors: Vec<Vendor>,
    codes: Vec<String>,
    pub list: Vec<Known>,
    pub activations: Vec<Activation>,
}

impl Terminals {
    /// The terminals that are known from the start belong to the first vendor.
    pub fn open(terminals: Vec<Terminal>, vendors: Vec<Vendor>, codes: Vec<String>) -> Terminals {
        let list = terminals.into_iter().map(|Terminal { terminal_sn, terminal_key }| Known {
            terminal_sn,
            vendor: 0,
            device_id: None,
            keys: vec![Key { text: terminal_key, used: 0 }],
            checkins: HashMap::new(),
        });
        Terminals { vendors, codes, list: list.collect(), activations: Vec::new() }
    }

    /// Finds the terminal that `authorization` names and checks its signature over `body`, byte by byte as received.
    pub fn terminal(&mut self, authorization: Option<&str>, body: &[u8]) -> Result<Signer, SignError> {
        let (terminal_sn, signature) = sign::split(authorization)?;
        let known = self.find(terminal_sn).ok_or(SignError::UnknownSigner)?;
        let first_valid = known.keys.len().saturating_sub(KEYS_VALID);
        let valid = &mut known.keys[first_valid..];
        let key = valid.iter_mut().find(|key| sign::sign(body, &key.text) == signature).ok_or(SignError::Mismatch)?;
        key.used += 1;
        Ok(Signer { serial_number: known.terminal_sn.clone(), vendor: known.vendor })
    }

    /// The same for a vendor.
    pub fn vendor(&self, authorization: Option<&str>, body: &[u8]) -> Result<Signer, SignError> {
        let (vendor_sn, signature) = sign::split(authorization)?;
        let mut vendors = self.vendors.iter().enumerate();
        let (index, vendor) =
            vendors.find(|(_, vendor)| vendor.vendor_sn == vendor_sn).ok_or(SignError::UnknownSigner)?;
        if sign::sign(body, &vendor.vendor_key) != signature {
            return Err(SignError::Mismatch);
        }
        Ok(Signer { serial_number: vendor_sn.to_owned(), vendor: index })
    }

    pub fn find(&mut self, terminal_sn: &str) -> Option<&mut Known> {
        self.list.iter_mut().find(|known| known.terminal_sn == terminal_sn)
    }

    /// The keys of a terminal, the first one first; empty if there is no such terminal.
    pub fn keys(&mut self, terminal_sn: &str) -> Vec<String> {
        let keys = self.find(terminal_sn).map(|known| known.keys.iter().map(|key| key.text.clone()).collect());
        keys.unwrap_or_default()
    }

    /// Whether a code was given out: to begin with, or by anybody who writes a tag into it.
    pub fn is_code(&self, code: &str, has_tag: bool) -> bool {
        has_tag || self.codes.iter().any(|known| known == code)
    }

    /// Notes that a code was received.
    pub fn activation(&mut self, code: &str) -> &mut Activation {
        let index = self.activations.iter().position(|activation| activation.code == code).unwrap_or_else(|| {
            self.activations.push(Activation { code: code.to_owned(), received: 0, terminal_sn: None });
            self.activations.len() - 1
        });
        let activation = &mut self.activations[index];
        activation.received += 1;
        activation
    }

    /// Makes a terminal with its first key.
    pub fn create(&mut self, vendor: usize, device_id: &str) -> Terminal {
        let mut number = TERMINAL_SN_BASE + 1 + self.list.len() as u64;
        while self.find(&number.to_string()).is_some() {
            number += 1;
        }
        let terminal_sn = number.to_string();
        let terminal_key = key_text(&terminal_sn, 1);
        self.list.push(Known {
            terminal_sn: terminal_sn.clone(),
            vendor,
            device_id: Some(device_id.to_owned()),
            keys: vec![Key { text: terminal_key.clone(), used: 0 }],
            checkins: HashMap::new(),
        });
        Terminal { terminal_sn, terminal_key }
    }
}

impl Known {
    /// Makes a new key; the one before it stays valid.
    pub fn renew_key(&mut self) -> String {
        let text = key_text(&self.terminal_sn, self.keys.len() + 1);
        self.keys.push(Key { text: text.clone(), used: 0 });
        text
    }
}

/// A key that looks like one. The simulator guards nothing, so whoever reads this may know them all.
pub fn key_text(terminal_sn: &str, number: usize) -> String {
    sign::sign(format!("{terminal_sn} {number}").as_bytes(), "simulator")
}
