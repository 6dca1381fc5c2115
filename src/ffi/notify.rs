use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::event::EVENTS;
use super::guard::guard;
use super::text::{bytes_in, not_null, put, text_in};
use super::upay_event;
use crate::abi::*;
use crate::client::{Encoding, Event};
use crate::error::Error;

/// Reads what the gateway posts to an order's notify_url, for a host that receives it: checks the gateway's signature
/// (RSA PKCS #1 v1.5 with SHA-256) over the body, and makes an event of it, without a client. There is never an event
/// without a right signature.
///
/// The event has UPAY_ACTION_READ, and as its fields the body's; text is UTF-8, and upay_event_message is Chinese
/// (message_en is there as well). Its outcome is the payment's, by order_status:
///
/// UPAY_OUTCOME_SUCCESS: PAID.
/// UPAY_OUTCOME_FAILED with UPAY_E_CANCELLED: PAY_CANCELED, CANCELED, REFUNDED. Nothing is owed.
/// UPAY_OUTCOME_PENDING: CREATED, CANCEL_INPROGRESS, REFUND_INPROGRESS.
/// UPAY_OUTCOME_UNKNOWN with UPAY_E_UNRESOLVED: PARTIAL_REFUNDED, an error of the order, another status, or none.
///
/// A right signature says who wrote it, not when: it may come twice, late, behind a newer one, or from somebody who has
/// kept it. Before goods are handed over compare client_sn and total_amount with the order's, take an order once, and ask
/// with upay_order_query when in doubt. The journal and the verdicts of a client know nothing of it.
///
/// body, length: the request's body, byte for byte as it arrived, at most 1048576 bytes; NULL only when length is 0.
/// authorization: the value of its Authorization header: the signature in base64, or a terminal's number, a space and the
/// signature. The number is not signed and not looked at. White space around it does not count. Pass "" when the request
/// has no such header: UPAY_E_SIGN.
/// public_key_pem: the gateway's public key, an RSA key of 2048 to 8192 bits as PEM text: a block BEGIN PUBLIC KEY or
/// BEGIN RSA PUBLIC KEY. Take it from the gateway's owner by a way that you trust, never from the request.
/// out: the event; yours, to be given to upay_event_free.
/// Errors: UPAY_E_SIGN (not this key's signature of this body: answer as to a stranger), UPAY_E_REPLY (rightly signed, and
/// not a JSON object whose members stand once each), UPAY_E_VALUE (public_key_pem cannot be used, or body is too long), UPAY_E_ARGUMENT, UPAY_E_LIMIT.
///
/// # Safety
/// `body` has `length` readable bytes, `authorization` and `public_key_pem` are NULL or end with a NUL, `out` can be
/// written.
#[no_mangle]
pub unsafe extern "C" fn upay_verify_notify(
    body: *const c_void,
    length: usize,
    authorization: *const c_char,
    public_key_pem: *const c_char,
    out: *mut *mut upay_event,
) -> upay_status {
    guard(|| {
        not_null("out", out)?;
        not_null("authorization", authorization)?;
        // SAFETY: the caller's promise.
        let public_key_pem = unsafe { text_in("public_key_pem", public_key_pem, Encoding::Utf8) }?;
        // SAFETY: the caller's promise.
        let body = unsafe { bytes_in(body, length) }?;
        // SAFETY: the caller's promise. A stranger wrote it: whatever it is, it is not the host's mistake.
        let authorization = unsafe { text_in("authorization", authorization, Encoding::Utf8) }
            .map_err(|error| Error::new(UPAY_E_SIGN, error.message))?;
        let event = Event::of_notification(body, &authorization, &public_key_pem)?;
        let handle = EVENTS.insert(Arc::new(event))?;
        // SAFETY: checked above.
        unsafe { put(out, handle) };
        Ok(())
    })
}
