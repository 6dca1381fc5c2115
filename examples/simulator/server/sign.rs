//! Who signed a request, and whether the signature is right.

/// A terminal that the simulator knows, with the key that it signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    pub terminal_sn: String,
    pub terminal_key: String,
}

/// A maker of tills, with the key that it activates terminals with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    pub vendor_sn: String,
    pub vendor_key: String,
}

/// Why a request was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// There is no header, more than one, or not of the form `<sn> <sign>`.
    Malformed,
    /// Nobody of that serial number is known.
    UnknownSigner,
    /// The signature is another one.
    Mismatch,
}

/// MD5 over the body's bytes followed by the key, in lower-case hex.
pub fn sign(body: &[u8], key: &str) -> String {
    let mut digest = md5::Context::new();
    digest.consume(body);
    digest.consume(key.as_bytes());
    format!("{:x}", digest.finalize())
}

/// The serial number and the signature of an `Authorization` header.
pub fn split(authorization: Option<&str>) -> Result<(&str, &str), SignError> {
    let (serial_number, signature) =
        authorization.and_then(|value| value.split_once(' ')).ok_or(SignError::Malformed)?;
    // The second half is compared as it stands: a second space, upper case or a scheme word cannot match.
    if serial_number.is_empty() || signature.len() != 32 {
        return Err(SignError::Malformed);
    }
    Ok((serial_number, signature))
}
