//! The cashier gives up.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Condvar, Mutex};

use crate::host::{gateway, Client, PATIENCE};
use crate::simulator::scenario;
use upay::abi::*;
use upay::ffi::{upay_event, upay_order_pay};

#[test]
fn a_pay_that_the_cashier_cancels_ends_at_once_and_both_hear_it() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("pay_timeout_ms", "3600000"), ("poll", "3600000")]);
    for name in ["never-paid", "held-never-paid"] {
        let order = client.sale(1, &scenario::named(name).barcode(350));
        let client_sn = order.client_sn();
        let pay = order.pay();
        gateway.wait_for(|ledger| ledger.order(&client_sn).is_some(), PATIENCE).expect("it is there");
        let cancel = order.cancel();
        let (pay, cancel) = (pay.final_one(name), cancel.final_one(name));
        assert_eq!((pay.outcome, pay.status), (UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED), "{name}");
        assert_eq!(
            (cancel.action, cancel.outcome, cancel.status),
            (UPAY_ACTION_CANCEL, UPAY_OUTCOME_SUCCESS, UPAY_OK)
        );
        assert_eq!(gateway.ledger().order(&client_sn).unwrap().charged_fen, 0);
    }
}

#[test]
fn a_customer_who_was_faster_has_paid_and_the_cancel_fails() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("pay_timeout_ms", "3600000"), ("poll", "3600000")]);
    let order = client.sale(1, &scenario::named("cancel-paid-just-before").barcode(0));
    let client_sn = order.client_sn();
    let pay = order.pay();
    gateway.wait_for(|ledger| ledger.order(&client_sn).is_some(), PATIENCE).expect("it is there");
    let cancel = order.cancel();
    assert_eq!(pay.final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    let cancel = cancel.final_one("cancel");
    assert_eq!((cancel.outcome, cancel.status), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    assert_eq!(gateway.ledger().charged_fen, 1);
}

#[test]
fn a_paid_order_is_cancelled_on_the_same_day_and_its_money_goes_back() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.sale(7, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(order.query().final_one("query").order_status, "PAID");
    assert_eq!(order.cancel().final_one("cancel").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, 0);
    assert_eq!(order.query().final_one("query").order_status, "CANCELED");
    assert_eq!(client.unfinished(), 0);
}

#[test]
fn an_order_that_nobody_knows_has_nothing_to_cancel_and_nothing_to_ask() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.order_of("never-sent");
    let query = order.query().final_one("query");
    assert_eq!((query.outcome, query.status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
    let cancel = order.cancel().final_one("cancel");
    assert_eq!((cancel.outcome, cancel.status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
}

#[test]
fn an_order_without_a_number_that_the_gateway_knows_is_neither_cancelled_nor_refunded() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.order(&[("refund_request_no", "r1"), ("refund_amount", "1")]);
    assert_eq!((order.cancel_unheard(), order.try_refund()), (UPAY_E_MISSING, UPAY_E_MISSING));
    assert_eq!(gateway.ledger().orders.len(), 0);
}

static HELD: Mutex<bool> = Mutex::new(true);
static LET_GO: Condvar = Condvar::new();

/// A window that is slow to show its news.
unsafe extern "C" fn hold(_event: *const upay_event, _user_data: *mut c_void) {
    let held = HELD.lock().unwrap();
    drop(LET_GO.wait_timeout_while(held, PATIENCE, |held| *held).unwrap());
}

#[test]
fn a_payment_whose_end_is_not_heard_yet_is_not_taken_back_by_a_cancel() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let paid_at_once = scenario::named("paid-at-once").barcode(0);
    let slow = client.sale(1, &paid_at_once);
    // SAFETY: the function can be called for ever.
    assert_eq!(unsafe { upay_order_pay(slow.handle, Some(hold), null_mut(), None) }, UPAY_OK);
    let order = client.sale(7, &paid_at_once);
    let pay = order.pay();
    client.settle();
    // "Paid" waits behind the slow window. The cashier has not seen it, and gives up.
    let cancel = order.cancel();
    *HELD.lock().unwrap() = false;
    LET_GO.notify_all();
    assert_eq!(pay.final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    let cancel = cancel.final_one("cancel");
    assert_eq!(
        (cancel.action, cancel.outcome, cancel.status),
        (UPAY_ACTION_CANCEL, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED)
    );
    assert_eq!(gateway.ledger().charged_fen, 8, "what the till was told is paid stays paid");
    // Who has heard it may take it back.
    assert_eq!(order.cancel().final_one("cancel").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, 1);
}

#[test]
fn a_payment_whose_end_is_not_heard_yet_is_not_taken_back_by_the_gateways_number_either() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.sale(7, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay_unheard(), UPAY_OK);
    client.settle();
    let sn = gateway.ledger().order(&order.client_sn()).unwrap().sn.clone().unwrap();
    let cancel = client.order(&[("sn", &sn)]).cancel().final_one("cancel");
    assert_eq!((cancel.outcome, cancel.status), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    assert_eq!(gateway.ledger().charged_fen, 7);
}

#[test]
fn a_till_that_only_waits_can_take_a_payment_back_once_it_was_told_that_it_stands() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.sale(7, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay_unheard(), UPAY_OK);
    client.settle();
    // The cashier gave up too late. What was paid is not asked for: a wait is for the newest action.
    let cancel = || {
        assert_eq!(order.cancel_unheard(), UPAY_OK);
        order.wait()
    };
    assert_eq!(cancel().status, UPAY_E_REFUSED);
    assert_eq!(cancel().outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, 0);
}
