//! What a stop or a crash leaves over: resolved by the next start, reported to the watcher, and never sent twice.

use std::ptr::null_mut;

use crate::host::{gateway, Client, Scratch};
use crate::simulator::scenario;
use crate::simulator::{DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};
use upay::abi::*;
use upay::ffi::upay_client_watch;

#[test]
fn what_a_stop_leaves_over_is_resolved_by_the_next_start_and_reported() {
    let gateway = gateway();
    let scratch = Scratch::new();
    let held = scenario::named("held-then-paid").barcode(350);
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let order = client.sale(1, &held);
    let client_sn = order.client_sn();
    let ear = order.pay();
    gateway.wait_for(|ledger| ledger.order(&client_sn).is_some(), crate::host::PATIENCE).expect("it is held");
    assert_eq!(client.unfinished(), 1);
    client.stop();
    let heard = ear.final_one("stopped");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED));

    // The customer never finishes, so the next start ends it by a cancel.
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("pay_timeout_ms", "300")]);
    let heard = client.watched.wait("the watcher hears", |heard, _| heard.iter().any(|heard| heard.is_final()));
    let last = heard.last().unwrap();
    assert_eq!((last.action, last.outcome, &last.client_sn), (UPAY_ACTION_WATCH, UPAY_OUTCOME_FAILED, &client_sn));
    assert_eq!(client.unfinished(), 0);
    let ledger = gateway.ledger();
    let order = ledger.order(&client_sn).unwrap();
    assert_eq!((order.pays, order.charged_fen), (1, 0));
}

#[test]
fn a_verdict_that_the_host_has_heard_is_not_told_again() {
    let gateway = gateway();
    let scratch = Scratch::new();
    for _ in 0..3 {
        let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
        let order = client.sale(1, &scenario::named("paid-at-once").barcode(0));
        assert_eq!(order.pay().final_one("paid").outcome, UPAY_OUTCOME_SUCCESS);
        assert_eq!(client.unfinished(), 0);
        client.stop();
        let heard = client.watched.wait("the watcher is let go", |_, drops| drops == 1);
        assert!(heard.is_empty(), "{heard:?}");
    }
}

#[test]
fn a_verdict_that_nobody_took_is_told_by_the_next_start() {
    let gateway = gateway();
    let scratch = Scratch::new();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let order = client.sale(1, &scenario::named("paid-at-once").barcode(0));
    let client_sn = order.client_sn();
    assert_eq!(order.pay_unheard(), UPAY_OK);
    gateway
        .wait_for(
            |ledger| ledger.order(&client_sn).is_some_and(|order| order.charged_fen == 1),
            crate::host::PATIENCE,
        )
        .expect("paid");
    // Closed in the journal, though nobody has waited for the event.
    client.settle();
    client.stop();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let heard = client.watched.wait("told again", |heard, _| !heard.is_empty());
    assert_eq!(
        (heard[0].action, heard[0].outcome, &heard[0].client_sn),
        (UPAY_ACTION_WATCH, UPAY_OUTCOME_SUCCESS, &client_sn)
    );
}

#[test]
fn what_the_next_start_says_is_paid_is_not_taken_back_before_it_is_heard() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let order = client.sale(1, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay_unheard(), UPAY_OK);
    client.settle();
    client.stop();
    let terminal = [("terminal_sn", DEFAULT_TERMINAL_SN), ("terminal_key", DEFAULT_TERMINAL_KEY)];
    let client = Client::make(&scratch.0, &gateway.url(), &terminal);
    // In the pull form, and nobody pulls.
    // SAFETY: nothing is to be called.
    assert_eq!(unsafe { upay_client_watch(client.handle, None, null_mut(), None) }, UPAY_OK);
    assert_eq!(client.begin(), UPAY_OK);
    let same = client.order_of(&order.client_sn());
    let cancel = same.cancel().final_one("cancel");
    assert_eq!((cancel.outcome, cancel.status), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    assert_eq!(gateway.ledger().charged_fen, 1);
    assert_eq!(same.cancel().final_one("cancel").outcome, UPAY_OUTCOME_SUCCESS);
}

#[test]
fn paid_after_the_till_said_failed_is_reversed_and_reported() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    // Arrives 3 s after it was sent; the till has heard "no such order" twice by then.
    let order = client.sale(1, &scenario::named("late-arrival-paid").barcode(30));
    let client_sn = order.client_sn();
    let heard = order.pay().final_one("failed");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
    assert_eq!(client.unfinished(), 1);
    let heard = client.watched.wait("reversed", |heard, _| heard.iter().any(|heard| heard.is_final()));
    assert!(heard.iter().any(|heard| !heard.is_final() && heard.order_status == "PAID"), "{heard:?}");
    assert_eq!(heard.last().unwrap().outcome, UPAY_OUTCOME_FAILED);
    let ledger = gateway.ledger();
    let order = ledger.order(&client_sn).unwrap();
    assert_eq!((order.paid_ever, order.charged_fen, order.pays), (true, 0, 1));
    assert_eq!(client.unfinished(), 0);
}

#[test]
fn what_was_unknown_is_reported_when_it_is_known() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.sale(1, &scenario::named("fail-error-then-paid").barcode(10));
    let heard = order.pay().final_one("unknown");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED));
    let heard = client.watched.wait("known", |heard, _| heard.iter().any(|heard| heard.is_final()));
    assert_eq!(heard.last().unwrap().outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, 1);
}

#[test]
fn an_untold_cancel_is_told_as_what_became_of_the_money() {
    let gateway = gateway();
    for (story, outcome) in [("paid-at-once", UPAY_OUTCOME_FAILED), ("cancel-paid-just-before", UPAY_OUTCOME_SUCCESS)]
    {
        let scratch = Scratch::new();
        let client =
            Client::start_in(&scratch.0, &gateway.url(), &[("poll", "3600000"), ("pay_timeout_ms", "3600000")]);
        let order = client.sale(1, &scenario::named(story).barcode(0));
        let client_sn = order.client_sn();
        if story == "paid-at-once" {
            assert_eq!(order.pay().final_one(story).outcome, UPAY_OUTCOME_SUCCESS);
        } else {
            assert_eq!(order.pay_unheard(), UPAY_OK);
            gateway
                .wait_for(|ledger| ledger.order(&client_sn).is_some(), crate::host::PATIENCE)
                .expect("it is there");
        }
        assert_eq!(order.cancel_unheard(), UPAY_OK);
        client.settle();
        // Stopped before anybody took the events.
        client.stop();
        let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
        let heard = client.watched.wait("told again", |heard, _| !heard.is_empty());
        assert_eq!((heard[0].action, heard[0].outcome), (UPAY_ACTION_WATCH, outcome), "{story}");
        let charged = gateway.ledger().order(&client_sn).unwrap().charged_fen;
        assert_eq!(charged == 1, outcome == UPAY_OUTCOME_SUCCESS, "{story}");
    }
}

#[test]
fn what_is_watched_and_was_not_heard_is_told_at_once_by_the_next_start() {
    let gateway = gateway();
    let scratch = Scratch::new();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("watch", "3600000")]);
    let order = client.sale(1, &scenario::named("request-lost-close").barcode(0));
    // Nobody takes the final event; that there is one, the log tells.
    let client_sn = order.client_sn();
    crate::host::log_says(&format!("{client_sn}: action {UPAY_ACTION_PAY} ended"), || {
        assert_eq!(order.pay_unheard(), UPAY_OK);
    });
    client.stop();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("watch", "3600000")]);
    let heard = client.watched.wait("told again", |heard, _| !heard.is_empty());
    assert_eq!((heard[0].outcome, heard[0].status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
    assert_eq!(client.unfinished(), 1);
}

/// A lower bound, which a slow machine keeps as well.
#[test]
#[allow(clippy::disallowed_methods)] // A test's own measure; the library's clock is not for others.
fn what_is_left_over_is_asked_about_at_no_more_than_twenty_requests_a_second() {
    const ORDERS: usize = 60;
    const GAP_MS: u64 = 50;
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("poll", "3600000"), ("pay_timeout_ms", "3600000")]);
    for _ in 0..ORDERS {
        assert_eq!(client.sale(1, &scenario::named("never-paid").barcode(0)).pay_unheard(), UPAY_OK);
    }
    let sent = |orders: usize| gateway.wait_for(|ledger| ledger.orders.len() == orders, crate::host::PATIENCE);
    let before = sent(ORDERS).expect("all are sent").requests;
    client.stop();

    let begun = std::time::Instant::now();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("pay_timeout_ms", "500")]);
    client.settle();
    let took_ms = begun.elapsed().as_millis() as u64;
    let requests = gateway.ledger().requests - before;
    assert!(requests as usize >= 2 * ORDERS, "each is asked about and cancelled: {requests}");
    assert!(took_ms >= (requests - 1) * GAP_MS, "{requests} requests in {took_ms} ms");
    assert_eq!(gateway.ledger().charged_fen, 0);
}
