//! One question of the host's.

use super::*;
use crate::flow::query::Query;

#[test]
fn a_query_finds_only_what_names_the_order() {
    for (answer, resolution) in [
        (status("CREATED"), Resolution::Found),
        (data("SUCCESS", "", r#""order_status":"PAID""#), Resolution::NoAnswer(UPAY_E_REPLY)),
        (data("SUCCESS", "", r#""client_sn":"d""#), Resolution::NoAnswer(UPAY_E_REPLY)),
        (another_amount("SUCCESS", "PAID"), Resolution::NoAnswer(UPAY_E_REPLY)),
        (fail(GONE), Resolution::NotFound),
        (fail("TRADE_NOT_EXIST"), Resolution::NoAnswer(UPAY_E_REFUSED)),
        (fail("A_CODE_OF_NEXT_YEAR"), Resolution::NoAnswer(UPAY_E_REFUSED)),
        (said("A_CODE_OF_NEXT_YEAR", "PAID"), Resolution::NoAnswer(UPAY_E_REPLY)),
        (top("400", "ILLEGAL_SIGN"), Resolution::NoAnswer(UPAY_E_SIGN)),
        (top("500", "REQUEST_FAIL"), Resolution::NoAnswer(UPAY_E_GATEWAY)),
        (not_sent(), Resolution::NoAnswer(UPAY_E_CONNECT)),
        (lost(), Resolution::NoAnswer(UPAY_E_INTERRUPTED)),
    ] {
        let played = play(Query::new(order(), false), std::slice::from_ref(&answer));
        assert_eq!((played.end(), played.calls()), (resolution, vec![Call::Query]), "{answer:?}");
    }
}

#[test]
fn a_refund_that_the_channel_does_not_know_is_not_found() {
    assert_eq!(play(Query::new(order(), true), &[fail("TRADE_NOT_EXIST")]).end(), Resolution::NotFound);
}
