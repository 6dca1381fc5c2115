//! The customer scans the till's code: each story of the simulator's table, verdict against ledger.

use crate::host::{gateway, Client, Heard, PATIENCE};
use crate::scenarios::{check, side_by_side, FEN};
use crate::simulator::row::Row;
use crate::simulator::scenario;
use upay::abi::*;

/// The wallets of the simulator; any but 6.
const WEIXIN: &str = "3";

fn order(client: &Client, subject: &str) -> crate::host::Order {
    client.order(&[("total_amount", &FEN.to_string()), ("subject", subject), ("payway", WEIXIN)])
}

#[test]
fn every_story_of_a_precreate_ends_in_the_right_verdict() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("precreate_timeout_ms", "6000")]);
    side_by_side(scenario::precreates().map(|row| (row.name, row)), |row| {
        let order = order(&client, &row.tag(row.sample_parameter()));
        let ear = order.precreate();
        if row.name == scenario::waits_for_scan().name {
            let heard = ear.wait(row.name, |heard, _| heard.iter().any(|heard| !heard.qr_code.is_empty()));
            gateway.scan_and_pay(&heard.last().unwrap().qr_code).expect("the code is good");
        }
        check(&gateway, row, &order.client_sn(), &ear.final_one(row.name));
    });
    client.stop();
    assert_eq!(gateway.ledger().refused, 0);
}

#[test]
fn the_code_is_there_as_soon_as_it_is_made_and_a_cancel_makes_it_worthless() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("poll", "3600000"), ("precreate_timeout_ms", "3600000")]);
    let order = order(&client, "披萨");
    let ear = order.precreate();
    let heard = ear.wait("the code", |heard, _| heard.iter().any(|heard| !heard.qr_code.is_empty()));
    let shown: &Heard = heard.last().unwrap();
    assert_eq!((shown.action, shown.outcome), (UPAY_ACTION_PRECREATE, UPAY_OUTCOME_PENDING));
    assert_eq!(order.cancel().final_one("cancel").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(ear.final_one("precreate").status, UPAY_E_CANCELLED);
    assert!(gateway.scan_and_pay(&shown.qr_code).is_err());
}

#[test]
fn a_code_on_the_screen_survives_a_restart_as_an_order_that_is_resolved() {
    let gateway = gateway();
    let scratch = crate::host::Scratch::new();
    let client =
        Client::start_in(&scratch.0, &gateway.url(), &[("poll", "3600000"), ("precreate_timeout_ms", "3600000")]);
    let order = order(&client, "披萨");
    let ear = order.precreate();
    let heard = ear.wait("the code", |heard, _| heard.iter().any(|heard| !heard.qr_code.is_empty()));
    client.stop();
    gateway.scan_and_pay(&heard.last().unwrap().qr_code).expect("the customer pays while the till is off");
    let client = Client::start_in(&scratch.0, &gateway.url(), &[]);
    let heard = client.watched.wait("resolved", |heard, _| heard.iter().any(|heard| heard.is_final()));
    assert_eq!(heard.last().unwrap().outcome, UPAY_OUTCOME_SUCCESS);
    assert!(gateway.wait_for(|ledger| ledger.charged_fen == FEN, PATIENCE).is_ok());
}

#[test]
fn what_precreate_cannot_take_is_named_and_nothing_is_lost() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let order = client.order(&[("total_amount", "1"), ("subject", "披萨")]);
    assert_eq!(order.try_precreate(), UPAY_E_MISSING);
    assert!(crate::host::last_error().starts_with("payway: "), "{}", crate::host::last_error());
    assert_eq!(order.set("payway", "6"), UPAY_OK);
    assert_eq!(order.try_precreate(), UPAY_E_VALUE);
    assert_eq!(gateway.ledger().requests, 0);
    assert_eq!(order.set("payway", WEIXIN), UPAY_OK);
    assert_eq!(order.try_precreate(), UPAY_OK);
}
