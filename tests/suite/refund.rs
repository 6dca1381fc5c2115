//! Refunds: each story of the simulator's table, verdict against ledger; no number moves money twice, and none is lost.

use crate::host::{gateway, Client, Heard, Order, Scratch, PATIENCE};
use crate::scenarios::{side_by_side, FEN};
use crate::simulator::refund_story::{self, RefundStory, RefundVerdict};
use crate::simulator::row::Row;
use crate::simulator::scenario::{self, Charged};
use crate::simulator::Simulator;
use upay::abi::*;

const PART: u64 = 250;

fn paid(client: &Client) -> Order {
    let order = client.sale(FEN, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    order
}

fn story(name: &str) -> &'static RefundStory {
    refund_story::all().find(|row| row.name == name).expect("a story of that name")
}

fn told(heard: &Heard) -> RefundVerdict {
    match heard.outcome {
        UPAY_OUTCOME_SUCCESS => RefundVerdict::Refunded,
        UPAY_OUTCOME_FAILED => RefundVerdict::NotRefunded,
        _ => RefundVerdict::Unknown,
    }
}

fn check(gateway: &Simulator, row: &RefundStory, client_sn: &str, heard: &Heard) {
    let name = row.name;
    let verdict = told(heard);
    assert!(row.told.contains(&verdict), "{name}: told {verdict:?} ({heard:?}), right is {:?}", row.told);
    let told_right = |moved: u32| match verdict {
        RefundVerdict::Refunded => moved == 1,
        RefundVerdict::NotRefunded => moved == 0,
        RefundVerdict::Unknown => moved <= 1,
    };
    // An unknown one may still be under way: the money is where the row says in the end.
    let settled = gateway.wait_for(
        |ledger| {
            let moved =
                ledger.order(client_sn).and_then(|order| order.refund("one")).map_or(0, |refund| refund.moved);
            told_right(moved) && (moved == 1) == (row.moved == Charged::Yes)
        },
        PATIENCE,
    );
    let ledger = settled.unwrap_or_else(|last| panic!("{name}: told {verdict:?}, and {:?}", last.order(client_sn)));
    let refund = ledger.order(client_sn).and_then(|order| order.refund("one"));
    assert_eq!(refund.expect("the request arrived").story, name);
}

#[test]
fn every_story_of_a_refund_ends_in_the_right_verdict() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    side_by_side(refund_story::all().map(|row| (row.name, row)), |row| {
        let order = paid(&client);
        assert_eq!(order.set("refund_request_no", "one"), UPAY_OK);
        assert_eq!(order.set("refund_amount", &PART.to_string()), UPAY_OK);
        assert_eq!(order.set("operator", &row.tag(row.parameter.sample())), UPAY_OK);
        check(&gateway, row, &order.client_sn(), &order.refund().final_one(row.name));
    });
    client.stop();
    assert_eq!(gateway.ledger().refused, 0);
}

#[test]
fn refunds_are_partial_and_repeated_until_nothing_is_left() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = paid(&client);
    let refund = |number: &str, fen: u64| {
        assert_eq!(order.set("refund_request_no", number), UPAY_OK);
        assert_eq!(order.set("refund_amount", &fen.to_string()), UPAY_OK);
        order.refund().final_one(number)
    };
    assert_eq!(refund("one", PART).outcome, UPAY_OUTCOME_SUCCESS);
    // The same number again is the same refund.
    assert_eq!(refund("one", PART).outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, FEN - PART);
    let too_much = refund("two", FEN);
    assert_eq!((too_much.outcome, too_much.status), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    let rest = refund("three", FEN - PART);
    assert_eq!((rest.outcome, rest.order_status.as_str()), (UPAY_OUTCOME_SUCCESS, "REFUNDED"));
    assert_eq!(gateway.ledger().charged_fen, 0);
    // A number belongs to one refund for ever.
    order.set("refund_request_no", "one");
    order.set("refund_amount", "1");
    assert_eq!(order.try_refund(), UPAY_E_VALUE);
    assert!(crate::host::last_error().starts_with("refund_request_no: "), "{}", crate::host::last_error());
    // By whichever number the order is called.
    let by_sn =
        client.order(&[("sn", &order.get("sn").unwrap()), ("refund_request_no", "one"), ("refund_amount", "1")]);
    assert_eq!(by_sn.try_refund(), UPAY_E_VALUE);
}

#[test]
fn a_refund_that_a_stop_breaks_off_is_finished_by_the_next_start() {
    let gateway = gateway();
    let scratch = Scratch::new();
    let client =
        Client::start_in(&scratch.0, &gateway.url(), &[("poll", "3600000"), ("cancel_timeout_ms", "3600000")]);
    let order = paid(&client);
    let client_sn = order.client_sn();
    order.set("refund_request_no", "one");
    order.set("refund_amount", &PART.to_string());
    order.set("operator", &story("request-lost").tag(1));
    let ear = order.refund();
    let seen = gateway.wait_for(
        |ledger| {
            ledger.order(&client_sn).and_then(|order| order.refund("one")).is_some_and(|refund| refund.received == 1)
        },
        PATIENCE,
    );
    assert!(seen.is_ok(), "the request arrived");
    client.stop();
    assert_eq!(ear.final_one("refund").status, UPAY_E_CLOSED);
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let heard = client.watched.wait("finished", |heard, _| heard.iter().any(|heard| heard.is_final()));
    let last = heard.last().unwrap();
    assert_eq!((last.action, last.outcome), (UPAY_ACTION_REFUND, UPAY_OUTCOME_SUCCESS));
    assert_eq!(gateway.ledger().charged_fen, FEN - PART);
    assert_eq!(client.unfinished(), 0);
}

#[test]
fn what_was_paid_after_failed_goes_back_by_a_refund_after_midnight() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("watch", "3000")]);
    let order = client.sale(FEN, &scenario::named("late-arrival-paid").barcode(15));
    let client_sn = order.client_sn();
    let heard = order.pay().final_one("failed");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
    // It arrives and is paid before the watch looks; then it is the next day.
    gateway
        .wait_for(|ledger| ledger.order(&client_sn).is_some_and(|order| order.charged_fen == FEN), PATIENCE)
        .expect("late");
    gateway.advance_to_midnight();
    let heard = client.watched.wait("reversed", |heard, _| heard.iter().any(|heard| heard.is_final()));
    assert_eq!(heard.last().unwrap().outcome, UPAY_OUTCOME_FAILED, "{heard:?}");
    let ledger = gateway.ledger();
    let order = ledger.order(&client_sn).unwrap();
    assert_eq!((order.charged_fen, order.refunds.len()), (0, 1));
    assert_eq!(client.unfinished(), 0);
}

#[test]
fn bad_input_of_a_refund_is_named_and_nothing_is_sent() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.order(&[]);
    for (key, bad) in
        [("refund_amount", "0"), ("refund_amount", "1.5"), ("refund_request_no", "123456789012345678901")]
    {
        assert_eq!(order.set(key, bad), UPAY_E_VALUE, "{key} {bad}");
        assert!(crate::host::last_error().starts_with(key), "{}", crate::host::last_error());
    }
    assert_eq!(order.try_refund(), UPAY_E_MISSING);
    order.set("refund_request_no", "12345678901234567890");
    assert_eq!(order.try_refund(), UPAY_E_MISSING);
    assert_eq!(gateway.ledger().requests, 0);
}
