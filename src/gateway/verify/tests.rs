use super::*;
use crate::abi::{upay_status, UPAY_E_VALUE};

/// Signed with openssl, which shares nothing with ring.
const PAID: &[u8] = include_bytes!("../../../tests/data/notify/paid.json");
const PAID_SIGNATURE: &str = include_str!("../../../tests/data/notify/paid.signature");
const PUBLIC: &str = include_str!("../../../tests/data/notify/public_key.pem");

/// A key and its signature of [`PAID`], by the name in `tests/data/notify`.
macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../tests/data/notify/public_key_", $name, ".pem")),
            include_str!(concat!("../../../tests/data/notify/paid_", $name, ".signature")),
        )
    };
}

fn check(pem: &str, body: &[u8], authorization: &str) -> Result<()> {
    PublicKey::from_pem(pem)?.check(body, authorization)
}

fn refused_key(pem: &str) -> String {
    let error = PublicKey::from_pem(pem).err().expect("refused");
    assert_eq!(error.status, UPAY_E_VALUE);
    assert!(error.message.starts_with("public_key_pem: "), "{}", error.message);
    error.message
}

fn element(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let mut der = match value.len() {
        0..=0x7F => vec![tag, length[1]],
        0x80..=0xFF => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    der.extend_from_slice(value);
    der
}

fn bare(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    element(0x30, &[element(2, modulus), element(2, exponent)].concat())
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

/// An odd number of so many bits, in DER's form.
fn number(bits: usize) -> Vec<u8> {
    let mut number = vec![0xFF; bits.div_ceil(8)];
    number[0] >>= number.len() * 8 - bits;
    if number[0] >= 0x80 {
        number.insert(0, 0);
    }
    number
}

fn made(modulus: &[u8], exponent: &[u8]) -> std::result::Result<PublicKey, upay_status> {
    PublicKey::from_pem(&pem("RSA PUBLIC KEY", &bare(modulus, exponent))).map_err(|error| error.status)
}

/// Keys at the limits among them: one that is taken here must never fail in ring, which would look like a wrong
/// signature.
#[test]
fn openssls_signatures_are_right() {
    check(PUBLIC, PAID, PAID_SIGNATURE).unwrap();
    for (name, key, signature) in [
        vector!("bits_2049"),
        vector!("bits_4096"),
        vector!("bits_8192"),
        vector!("exponent_3"),
        vector!("exponent_33_bits"),
    ] {
        check(key, PAID, signature).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(check(key, PAID, PAID_SIGNATURE).unwrap_err().status, UPAY_E_SIGN, "{name}");
        assert_eq!(check(PUBLIC, PAID, signature).unwrap_err().status, UPAY_E_SIGN, "{name}");
    }
}

#[test]
fn no_bit_of_the_body_or_the_signature_can_be_changed() {
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    for bit in 0..PAID.len() * 8 {
        let mut body = PAID.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.check(&body, PAID_SIGNATURE).unwrap_err().status, UPAY_E_SIGN, "bit {bit}");
    }
    let signature = BASE64_STANDARD.decode(PAID_SIGNATURE).unwrap();
    for bit in 0..signature.len() * 8 {
        let mut signature = signature.clone();
        signature[bit / 8] ^= 1 << (bit % 8);
        let signature = BASE64_STANDARD.encode(signature);
        assert_eq!(key.check(PAID, &signature).unwrap_err().status, UPAY_E_SIGN, "bit {bit}");
    }
    for length in [0, 1, 255] {
        let short = BASE64_STANDARD.encode(&signature[..length]);
        assert_eq!(key.check(PAID, &short).unwrap_err().status, UPAY_E_SIGN, "{length} bytes");
    }
}

#[test]
fn keys_at_the_limits() {
    let exponent = [1, 0, 1];
    for bits in [KEY_BITS_MIN, KEY_BITS_MIN + 1, 3072, 4096, KEY_BITS_MAX] {
        assert!(made(&number(bits), &exponent).is_ok(), "{bits} bits");
    }
    for bits in [1, 8, 512, 1024, KEY_BITS_MIN - 1, KEY_BITS_MAX + 1, 16384] {
        assert_eq!(made(&number(bits), &exponent).err(), Some(UPAY_E_VALUE), "{bits} bits");
    }
    let modulus = number(2048);
    for good in [vec![3], number(33)] {
        assert!(made(&modulus, &good).is_ok(), "{good:?}");
    }
    for bad in [vec![], vec![0], vec![1], vec![2], vec![0, 3], vec![0x80], number(34), vec![1, 0, 0]] {
        assert_eq!(made(&modulus, &bad).err(), Some(UPAY_E_VALUE), "{bad:?}");
    }
    let mut even = modulus.clone();
    *even.last_mut().unwrap() = 0xFE;
    assert_eq!(made(&even, &exponent).err(), Some(UPAY_E_VALUE));
    assert_eq!(made(&modulus[1..], &exponent).err(), Some(UPAY_E_VALUE), "a negative number");
}

#[test]
fn a_key_is_read_however_it_was_copied() {
    let one_line = PUBLIC.replace('\n', "");
    let windows = PUBLIC.replace('\n', "\r\n");
    let with_words = format!("The gateway's key:\n\n{PUBLIC}\nand no more.");
    for pem in [one_line, windows, with_words, PUBLIC.replace('\n', "\n  ")] {
        check(&pem, PAID, PAID_SIGNATURE).unwrap();
    }
}

#[test]
fn what_is_no_usable_key_is_named() {
    let cut = &PUBLIC[..PUBLIC.len() / 2];
    let garbled = PUBLIC.replacen("MII", "MIJ", 1);
    let not_base64 = PUBLIC.replacen("MII", "!!!", 1);
    let certificate = PUBLIC.replace("PUBLIC KEY", "CERTIFICATE");
    let empty = "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----";
    let private = include_str!("../../../tests/data/notify/test_only_private_key.pem");
    let elliptic = include_str!("../../../tests/data/notify/public_key_ec.pem");
    for bad in ["", "garbage", "披萨", cut, &garbled, &not_base64, &certificate, empty, private, elliptic] {
        refused_key(bad);
    }
    assert!(refused_key(include_str!("../../../tests/data/notify/public_key_bits_1024.pem")).contains("2048 to 8192"));
}

/// Each form under the other's name, cut anywhere, or with something behind it.
#[test]
fn damaged_der_is_no_key() {
    let key = bare(&number(2048), &[1, 0, 1]);
    let bits = [vec![0], key.clone()].concat();
    let algorithm = element(0x30, &[0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 5, 0]);
    let info = element(0x30, &[algorithm, element(3, &bits)].concat());
    assert!(PublicKey::from_pem(&pem("PUBLIC KEY", &info)).is_ok());
    refused_key(&pem("PUBLIC KEY", &key));
    refused_key(&pem("RSA PUBLIC KEY", &info));
    for (label, der) in [("PUBLIC KEY", info), ("RSA PUBLIC KEY", key)] {
        for length in 0..der.len() {
            refused_key(&pem(label, &der[..length]));
        }
        refused_key(&pem(label, &[der.clone(), vec![0]].concat()));
        // Every other tag and length, with the right ones behind.
        for at in 0..4 {
            for byte in (0..=255).filter(|byte| *byte != der[at]) {
                let mut der = der.clone();
                der[at] = byte;
                refused_key(&pem(label, &der));
            }
        }
    }
}

#[test]
fn the_header_has_two_forms() {
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    let s = PAID_SIGNATURE.trim();
    for good in [s.to_owned(), format!("42 {s}"), format!("  42 \t {s} \r\n"), format!("{s}\n")] {
        key.check(PAID, &good).unwrap();
    }
    let url_safe = s.replace('+', "-").replace('/', "_");
    assert_ne!(url_safe, s);
    for bad in ["", " ", "42", "42 ", "RSA 42 ", "====", &s[..s.len() - 1], &s[1..], &url_safe] {
        assert_eq!(key.check(PAID, bad).unwrap_err().status, UPAY_E_SIGN, "{bad:?}");
    }
    for bad in [format!("{s} 42"), format!("42 {s} 42"), format!("RSA 42 {s}"), format!("{s},"), format!("{s}{s}")] {
        assert_eq!(key.check(PAID, &bad).unwrap_err().status, UPAY_E_SIGN, "{bad:?}");
    }
}
