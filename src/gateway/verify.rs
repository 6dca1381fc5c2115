//! Checks the signature of a notification: RSA (PKCS #1 v1.5) with SHA-256 over the exact body bytes, in base64. The
//! host gives the gateway's public key, so a bad key is the host's mistake. Anybody may have sent the signature, so a
//! bad signature is an ordinary result. The two have different statuses.

use base64::prelude::{Engine, BASE64_STANDARD};
use ring::signature::{RsaPublicKeyComponents, RSA_PKCS1_2048_8192_SHA256};

use crate::abi::UPAY_E_SIGN;
use crate::error::{Error, Result};

/// The lower bound in the name of ring's algorithm. ring rounds up to whole bytes and would accept 2041 bits.
pub const KEY_BITS_MIN: usize = 2048;
pub const KEY_BITS_MAX: usize = 8192;
/// ring's limit for the public exponent.
const EXPONENT_BITS_MAX: usize = 33;

/// A public key that ring accepts, so that a failed check is the signature's fault.
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads the first public key in a PEM text, in one of the two common forms: `PUBLIC KEY` (SubjectPublicKeyInfo)
    /// or `RSA PUBLIC KEY` (PKCS #1).
    pub fn from_pem(pem: &str) -> Result<Self> {
        let refused = |rule: &str| Error::value("public_key_pem", rule);
        let (der, is_bare) = block(pem, "PUBLIC KEY")
            .map(|der| (der, false))
            .or_else(|| block(pem, "RSA PUBLIC KEY").map(|der| (der, true)))
            .ok_or_else(|| refused("must be a PEM text with a block PUBLIC KEY or RSA PUBLIC KEY"))?;
        let bare = if is_bare { Some(der.as_slice()) } else { der::rsa_key_within(&der) };
        let (modulus, exponent) =
            bare.and_then(der::modulus_and_exponent).ok_or_else(|| refused("must hold an RSA key"))?;
        if !(KEY_BITS_MIN..=KEY_BITS_MAX).contains(&bits(modulus)) {
            return Err(Error::value(
                "public_key_pem",
                format_args!("must hold a key of {KEY_BITS_MIN} to {KEY_BITS_MAX} bits"),
            ));
        }
        let sound = is_odd(modulus) && is_odd(exponent) && (2..=EXPONENT_BITS_MAX).contains(&bits(exponent));
        if !sound {
            return Err(refused("must hold a key with an odd modulus and an odd exponent of 3 to 2^33 - 1"));
        }
        Ok(Self { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// `authorization` is the header's value: the signature, or a terminal's number, white space and the signature.
    /// The number is not signed, so it is ignored.
    pub fn check(&self, body: &[u8], authorization: &str) -> Result<()> {
        let mut words = authorization.split_ascii_whitespace();
        let signature = match (words.next(), words.next(), words.next()) {
            (Some(signature), None, _) | (Some(_), Some(signature), None) => BASE64_STANDARD.decode(signature).ok(),
            _ => None,
        };
        let signature = signature.ok_or_else(|| {
            Error::new(
                UPAY_E_SIGN,
                "authorization: must be a signature in base64, with or without a number before it",
            )
        })?;
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, body, &signature)
            .map_err(|_| Error::new(UPAY_E_SIGN, "authorization: the signature is not this key's for this body"))
    }
}

/// A PEM block's content. Line breaks may be missing or doubled, because keys are copied through settings files and
/// databases.
fn block(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (base64, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let base64: String = base64.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(base64).ok()
}

/// The length in bits of a number in big-endian bytes without a leading zero.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}

/// The part of DER that the two forms of a public key need. Anything else is `None`.
mod der {
    const INTEGER: u8 = 0x02;
    const BIT_STRING: u8 = 0x03;
    const SEQUENCE: u8 = 0x30;
    /// rsaEncryption (1.2.840.113549.1.1.1), and NULL for its parameters.
    const RSA: &[u8] = &[0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0];

    /// `SubjectPublicKeyInfo { AlgorithmIdentifier, BIT STRING }` (RFC 5280 4.1).
    pub fn rsa_key_within(info: &[u8]) -> Option<&[u8]> {
        let (info, []) = value(SEQUENCE, info)? else { return None };
        let (algorithm, rest) = value(SEQUENCE, info)?;
        let (bits, []) = value(BIT_STRING, rest)? else { return None };
        // The first byte is the number of unused bits.
        let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else { return None };
        (algorithm == RSA).then_some(key)
    }

    /// `RSAPublicKey { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 A.1.1), each without its leading zero.
    pub fn modulus_and_exponent(key: &[u8]) -> Option<(&[u8], &[u8])> {
        let (key, []) = value(SEQUENCE, key)? else { return None };
        let (modulus, rest) = value(INTEGER, key)?;
        let (exponent, []) = value(INTEGER, rest)? else { return None };
        Some((positive(modulus)?, positive(exponent)?))
    }

    /// Splits the first value off, which must have this tag.
    fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
        let (found, rest) = der.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(*first), rest),
            0x81 => (usize::from(*rest.first()?), &rest[1..]),
            0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
            _ => return None,
        };
        (*found == tag).then(|| rest.split_at_checked(length)).flatten()
    }

    /// The bytes of a positive number. DER puts a zero before a number whose first bit is set; it is dropped.
    fn positive(integer: &[u8]) -> Option<&[u8]> {
        match integer {
            [0, rest @ ..] => rest.first().filter(|first| **first >= 0x80).map(|_| rest),
            [first, ..] => (*first < 0x80).then_some(integer),
            [] => None,
        }
    }
}

#[cfg(test)]
mod tests;
