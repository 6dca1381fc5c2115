//! Who signed a request, and whether the signature is right.

/// A terminal that the simulator knows, with the key that it signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    pub terminal_sn: String,
    pub terminal_key: String,
}

/// Why a request was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignError {
    /// There is no header, more than one, or not of the form `<sn> <sign>`.
    Malformed,
    /// Nobody of that serial number is known.
    UnknownTerminal,
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

/// Finds the terminal that `authorization` names and checks its signature over `body`, byte by byte as received.
pub fn check<'a>(
    authorization: Option<&str>,
    body: &[u8],
    terminals: &'a [Terminal],
) -> Result<&'a Terminal, SignError> {
    let (terminal_sn, signature) =
        authorization.and_then(|value| value.split_once(' ')).ok_or(SignError::Malformed)?;
    // The second half is compared as it stands: a second space, upper case or a scheme word cannot match.
    if terminal_sn.is_empty() || signature.len() != 32 {
        return Err(SignError::Malformed);
    }
    let terminal =
        terminals.iter().find(|terminal| terminal.terminal_sn == terminal_sn).ok_or(SignError::UnknownTerminal)?;
    if sign(body, &terminal.terminal_key) == signature {
        Ok(terminal)
    } else {
        Err(SignError::Mismatch)
    }
}
