use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::event::EVENTS;
use super::guard::guard;
use super::text::{bytes_in, not_null, put, text_in};
use super::upay_event;
use crate::abi::*;
use crate::error::Error;
use crate::event::{Encoding, Event};

/// Reads a notification, which the gateway posts to an order's notify_url: checks the gateway's
/// signature over the body (RSA PKCS #1 v1.5 with SHA-256), and makes an event of it. There is no
/// event without a valid signature. Needs no client.
///
/// The event has UPAY_ACTION_READ and the body's fields. Its text is UTF-8 and its message is
/// Chinese ("message_en" is there as well). Its outcome is the payment's, by order_status:
///
///   UPAY_OUTCOME_SUCCESS   PAID.
///   UPAY_OUTCOME_FAILED    PAY_CANCELED, CANCELED, REFUNDED: nothing is owed (UPAY_E_CANCELLED).
///   UPAY_OUTCOME_PENDING   CREATED, CANCEL_INPROGRESS, REFUND_INPROGRESS.
///   UPAY_OUTCOME_UNKNOWN   PARTIAL_REFUNDED, an error of the order, another status, or none
///                          (UPAY_E_UNRESOLVED).
///
/// A valid signature says who wrote the notification, not when. It may come twice, late, after a
/// newer one, or from somebody who has kept it. Before you hand over goods, compare client_sn and
/// total_amount with the order's, and accept an order once. In doubt use upay_order_query.
///
/// A client's journal and verdicts do not know of the notification.
///
/// body, length: the request's body, byte for byte as it arrived, at most 1048576 bytes. body may be
///   NULL only if length is 0.
/// authorization: the value of the request's Authorization header. It is the signature in base64, or
///   a terminal's number, a space and the signature. The number is not signed and is ignored, and so
///   is white space around the value. "" if the request has no such header: UPAY_E_SIGN.
/// public_key_pem: the gateway's public key, an RSA key of 2048 to 8192 bits, as PEM text with a
///   block BEGIN PUBLIC KEY or BEGIN RSA PUBLIC KEY. Get it from the gateway's owner in a way that
///   you trust, never from the request.
/// out: receives the event. Give it to upay_event_free.
/// Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT, and
///     UPAY_E_SIGN    This is not this key's signature of this body: answer as to a stranger.
///     UPAY_E_REPLY   The signature is valid, and the body is not a JSON object without duplicate
///                    members.
///     UPAY_E_VALUE   public_key_pem cannot be used, or the body is too long.
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
