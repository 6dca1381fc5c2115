//! A disk that fails: nothing leaves unrecorded, and a verdict that was told is written until the disk takes it.

use super::*;

fn full() -> Result<()> {
    Err(Error::new(UPAY_E_STORAGE, "the disk is full"))
}

#[test]
fn a_payment_that_the_disk_does_not_take_is_not_sent() {
    let mut desk = Desk::new();
    let pay = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.finds(None);
    desk.writes(full());
    assert_eq!((desk.status(pay), desk.finals(pay).len()), (UPAY_E_STORAGE, 0));
    assert!(!desk.wants_send());
    let again = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.writes(Ok(()));
    assert_eq!(desk.status(again), UPAY_OK);
    desk.sent(PAY);
}

#[test]
fn a_verdict_that_the_disk_does_not_take_is_written_again_until_it_does_also_at_a_stop() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    desk.writes(full());
    assert_eq!(desk.finals(pay), [PAID]);
    desk.passes(1_000);
    desk.writes(full());
    desk.feed(Input::Acknowledged(desk.token(pay)));
    desk.feed(Input::Stop);
    assert!(!desk.ended, "the verdict is tried once more");
    desk.writes(Ok(()));
    assert!(desk.ended);
    assert!(matches!(desk.record("a").stage, Stage::Ended(_)));
}

#[test]
fn paid_after_a_cancel_is_unknown_when_the_disk_does_not_take_it() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.is_in_progress("a");
    desk.cancels("a");
    desk.writes(Ok(()));
    desk.answer(CANCEL, &fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
    desk.answer(QUERY, &said("a", "SUCCESS", "PAID"));
    // The journal says that a cancel is under way: the next start would cancel again.
    desk.writes(full());
    assert_eq!(desk.finals(pay), [UNKNOWN]);
    assert_eq!(desk.session.unfinished(), 1);
}

#[test]
fn a_cancel_that_the_disk_does_not_take_does_not_leave() {
    let mut desk = Desk::new();
    desk.pays("a");
    desk.is_in_progress("a");
    desk.cancels("a");
    desk.writes(full());
    assert!(!desk.wants_send());
    desk.passes(2_000);
    desk.writes(Ok(()));
    desk.sent(CANCEL);
}

/// A write that fails may have reached the disk: the next start must not cancel what is paid.
#[test]
fn what_a_failed_cancel_may_have_written_is_taken_back_until_the_disk_takes_it() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    desk.writes(Ok(()));
    desk.feed(Input::Delivered(desk.token(pay)));
    let cancel = desk.cancels("a");
    desk.writes(full());
    assert_eq!(desk.status(cancel), UPAY_E_STORAGE);
    desk.passes(1_000);
    desk.writes(full());
    desk.passes(2_000);
    desk.writes(Ok(()));
    assert_eq!(desk.record("a").told, Told::Paid);
    assert!(matches!(desk.record("a").stage, Stage::Ended(_)));
}

#[test]
fn a_watch_goes_on_when_the_disk_does_not_take_the_cancel_that_was_to_take_it_over() {
    let mut desk = Desk::new();
    desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_FAIL_ERROR", "PAY_ERROR"));
    desk.writes(Ok(()));
    let cancel = desk.cancels("a");
    desk.writes(full());
    assert_eq!(desk.status(cancel), UPAY_E_STORAGE);
    desk.passes(1_000);
    desk.writes(Ok(()));
    desk.passes(30_000);
    desk.answer(QUERY, &said("a", "SUCCESS", "CANCELED"));
    desk.writes(Ok(()));
    assert_eq!(desk.watched(), [CANCELLED]);
}
