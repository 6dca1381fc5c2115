//! What an earlier run left over: told again, asked about, and cancelled only after an answer.

use super::*;
use crate::record::{Cancels, Resolution};

fn record(client_sn: &str) -> Record {
    Record::new(OrderKey::ClientSn(client_sn.into()), UPAY_ACTION_PAY, Some("100".into()), 1)
}

#[test]
fn a_verdict_that_nobody_heard_is_told_to_the_watcher_and_stands_until_then() {
    let mut desk = Desk::new();
    desk.feed(Input::LeftOver(vec![Record {
        stage: Stage::Ended(Resolution::Paid),
        told: Told::Paid,
        ..record("a")
    }]));
    assert_eq!(desk.watched(), [PAID]);
    let cancel = desk.cancels("a");
    assert_eq!(desk.finals(cancel), [STANDS]);
}

#[test]
fn an_order_is_not_cancelled_before_a_query_about_it_was_answered() {
    let mut desk = Desk::new();
    desk.feed(Input::LeftOver(vec![record("a")]));
    desk.feed(Input::Due);
    for _ in 0..100 {
        if !desk.wants_send() {
            break;
        }
        desk.lose(QUERY);
        desk.passes(2_000);
    }
    desk.writes(Ok(()));
    assert_eq!(desk.watched(), [UNKNOWN]);
    assert_eq!(desk.record("a").knowledge.cancels, Cancels::None);
}

#[test]
fn a_stop_that_meets_a_start_begins_nothing() {
    let mut desk = Desk::new();
    desk.feed(Input::Stop);
    desk.feed(Input::LeftOver(vec![record("a")]));
    assert!(desk.ended && desk.todo.is_empty() && desk.heard.is_empty());
}

#[test]
fn what_is_left_over_is_asked_about_at_the_pace_of_the_rate_limit() {
    let mut desk = Desk::new();
    desk.feed(Input::LeftOver((0..100).map(|n| record(&n.to_string())).collect()));
    desk.passes(1_000);
    let sent = desk.todo.iter().filter(|effect| matches!(effect, Effect::Send(..))).count();
    assert!((1..=21).contains(&sent), "{sent}");
    assert_eq!(desk.session.unfinished(), 100);
}
