//! Rules 11 and 12, and whose an order is: what may be another's is never cancelled and never called paid.

use super::*;
use crate::flow::pay::Pay;
use crate::flow::reconcile::Reconcile;
use crate::flow::watch::Watch;
use crate::record::{Reversal, Told};

/// When ours left, by the gateway's clock: the conflict is answered 100 ms later.
const SENT_MS: u64 = 1_700_000_000_000;
const TEN_MINUTES_MS: u64 = 600_000;

fn conflict() -> Result<Reply> {
    dated(fail("CLIENT_SN_CONFLICT"), SENT_MS + CALL_MS)
}

fn pay(script: &[Result<Reply>]) -> Played {
    play(Pay::new(order(), limits()), script)
}

fn watch(told: Told, owner: Owner) -> Watch {
    let knowledge = Knowledge { owner, sent_ms: Some(SENT_MS), ..Knowledge::default() };
    Watch::new(order(), limits(), told, knowledge, None)
}

/// The found order, made at this time by the gateway's clock.
fn found(order_status: &str, ctime: u64) -> Result<Reply> {
    with("SUCCESS", order_status, &format!(r#""ctime":"{ctime}""#))
}

mod rule_12 {
    use super::*;

    #[test]
    fn an_order_that_is_older_by_more_than_ten_minutes_used_the_number_before() {
        let old = SENT_MS - TEN_MINUTES_MS - 1;
        for order_status in ["PAID", "CREATED", "CANCELED", "PAY_ERROR", "PARTIAL_REFUNDED", "A_STATUS_OF_NEXT_YEAR"]
        {
            let played = pay(&[conflict(), found(order_status, old)]);
            assert_eq!(played.end(), Resolution::Refused(UPAY_E_REFUSED), "{order_status}");
            assert_eq!(played.calls(), [Call::Pay, Call::Query]);
        }
        // Whatever its amount.
        let theirs = format!(r#""client_sn":"c","total_amount":"7","ctime":"{old}","order_status":"PAID""#);
        assert_eq!(pay(&[conflict(), data("SUCCESS", "", &theirs)]).end(), Resolution::Refused(UPAY_E_REFUSED));
        // By when it ended, where it is not said when it was made; and in words.
        let ended = with("SUCCESS", "PAID", &format!(r#""finish_time":{old}"#));
        assert_eq!(pay(&[conflict(), ended]).end(), Resolution::Refused(UPAY_E_REFUSED));
        let words = with("SUCCESS", "PAID", r#""ctime":"2015-11-01 18:01:00""#);
        assert_eq!(pay(&[conflict(), words]).end(), Resolution::Refused(UPAY_E_REFUSED));
    }

    #[test]
    fn an_order_within_ten_minutes_may_be_ours_and_its_status_decides() {
        for ctime in [SENT_MS - TEN_MINUTES_MS, SENT_MS, SENT_MS + 1_000] {
            let played = pay(&[conflict(), found("CREATED", ctime), found("PAID", ctime)]);
            assert_eq!((played.end(), played.knowledge.owner), (Resolution::Paid, Owner::Ours), "{ctime}");
            let mut script = vec![conflict()];
            script.extend(vec![found("CREATED", ctime); 20]);
            script.push(fail(NOOP));
            assert_eq!(pay(&script).end(), Resolution::Expired, "{ctime}");
        }
    }

    #[test]
    fn without_a_time_it_is_unknown_and_not_touched() {
        let no_clock = fail("CLIENT_SN_CONFLICT");
        for (conflict, answer) in [
            (conflict(), status("PAID")),
            (conflict(), status("CREATED")),
            (conflict(), with("SUCCESS", "PAID", r#""ctime":"yesterday""#)),
            (no_clock.clone(), found("PAID", SENT_MS)),
            (no_clock.clone(), found("CREATED", SENT_MS)),
            (no_clock, found("PAID", SENT_MS - 2 * TEN_MINUTES_MS)),
            // The number is in use, so "not found" is no end.
            (self::conflict(), fail(GONE)),
        ] {
            let played = pay(&[conflict, answer.clone()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{answer:?}");
            assert_eq!(played.knowledge.owner, Owner::InConflict, "{answer:?}");
        }
    }

    #[test]
    fn a_time_near_ours_without_the_amount_does_not_make_it_ours() {
        for order_status in ["CREATED", "PAID"] {
            let fields = format!(r#""client_sn":"c","ctime":"{SENT_MS}","order_status":"{order_status}""#);
            let played = pay(&[conflict(), data("SUCCESS", "", &fields)]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{order_status}");
            assert_eq!(played.knowledge.owner, Owner::InConflict);
        }
    }

    #[test]
    fn a_time_that_comes_later_decides() {
        let old = found("PAID", SENT_MS - 2 * TEN_MINUTES_MS);
        assert_eq!(pay(&[conflict(), status("PAID"), old]).end(), Resolution::Refused(UPAY_E_REFUSED));
        assert_eq!(pay(&[conflict(), status("PAID"), found("PAID", SENT_MS)]).end(), Resolution::Paid);
    }

    #[test]
    fn the_watch_neither_calls_it_paid_nor_cancels_it_and_tells_a_person() {
        for told in [Told::Unknown, Told::Nothing, Told::NotOwed] {
            for answer in [status("PAID"), another_amount("SUCCESS", "PAID"), status("PARTIAL_REFUNDED")] {
                let played = play(watch(told, Owner::InConflict), std::slice::from_ref(&answer));
                assert_eq!(
                    (played.end, played.count(Call::Query)),
                    (None, played.calls.len()),
                    "{told:?} {answer:?}"
                );
                assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(30_100), "{told:?} {answer:?}");
            }
            let played = play(watch(told, Owner::InConflict), &[status("CREATED")]);
            assert_eq!((played.end, played.count(Call::Cancel)), (None, 0), "{told:?}");
        }
    }

    #[test]
    fn the_watch_goes_by_the_time_once_an_answer_tells_it() {
        let old = found("PAID", SENT_MS - 2 * TEN_MINUTES_MS);
        let played = play(watch(Told::Unknown, Owner::InConflict), &[old]);
        assert_eq!(played.end(), Resolution::Refused(UPAY_E_REFUSED));
        let played = play(watch(Told::Unknown, Owner::InConflict), &[found("PAID", SENT_MS)]);
        assert_eq!(played.end(), Resolution::Paid);
    }

    #[test]
    fn the_watch_never_forgets_a_number_that_is_in_use() {
        let played = play(watch(Told::Unknown, Owner::InConflict), &[fail(GONE)]);
        assert_eq!(played.end, None);
        assert!(played.warned_of(UPAY_E_NO_ORDER).is_some());
    }
}

mod owner {
    use super::*;

    fn doubtful() -> [Result<Reply>; 3] {
        let own = |fields: &str| data("PAY_SUCCESS", "", fields);
        [
            own(r#""client_sn":"c","terminal_sn":"t","total_amount":"500","order_status":"PAID""#),
            own(r#""client_sn":"c","terminal_sn":"u","total_amount":"100","order_status":"PAID""#),
            own(r#""client_sn":"d","terminal_sn":"t","total_amount":"100","order_status":"PAID""#),
        ]
    }

    #[test]
    fn an_order_that_may_be_anothers_is_not_cancelled_before_an_answer_has_named_ours() {
        for answer in doubtful() {
            let played = pay(&[answer.clone(), lost()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{answer:?}");
            assert_eq!(played.knowledge.owner, Owner::Doubtful);
            // A reply that lacks the amount names nothing.
            let played = pay(&[answer.clone(), without_amount("SUCCESS", "CREATED")]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{answer:?}");

            let mut flow = Pay::new(order(), limits());
            flow.step(FlowInput::Begin, 0);
            flow.give_up();
            assert_eq!(flow.step(FlowInput::Heard(&answer), 1), Next::Send(Call::Query), "{answer:?}");
            assert_eq!(flow.warning(), UPAY_E_REPLY);
            assert_eq!(flow.step(FlowInput::Heard(&status("CREATED")), 2), Next::Send(Call::Cancel), "{answer:?}");
        }
    }

    #[test]
    fn after_three_calls_in_a_row_comes_a_pause() {
        let mut flow = Pay::new(order(), limits());
        flow.step(FlowInput::Begin, 0);
        flow.give_up();
        assert_eq!(flow.step(FlowInput::Heard(&conflict()), 100), Next::Send(Call::Query));
        assert_eq!(flow.step(FlowInput::Heard(&found("CREATED", SENT_MS)), 200), Next::Send(Call::Cancel));
        assert_eq!(flow.step(FlowInput::Heard(&fail(FORBIDDEN)), 300), Next::SleepUntil(2_300));
        assert_eq!(flow.step(FlowInput::Timer, 2_300), Next::Send(Call::Query));
    }

    #[test]
    fn the_cashier_who_gives_another_order_up_hears_that_it_is_unknown() {
        let mut flow = Pay::new(order(), limits());
        flow.step(FlowInput::Begin, 0);
        flow.give_up();
        flow.step(FlowInput::Heard(&conflict()), 1);
        assert_eq!(
            flow.step(FlowInput::Heard(&another_amount("SUCCESS", "CREATED")), 2),
            Next::Done(Resolution::Unknown)
        );
    }

    #[test]
    fn a_cancel_of_the_hosts_asks_first_whose_the_order_is() {
        for owner in [Owner::Doubtful, Owner::InConflict, Owner::AnotherAmount] {
            let knowledge = Knowledge { owner, sent_ms: Some(SENT_MS), ..Knowledge::default() };
            let cancel = || Reconcile::by_cancel(order(), limits(), knowledge);
            let played = play(cancel(), &[found("CREATED", SENT_MS), fail(NOOP)]);
            assert_eq!((played.end(), played.calls()), (Resolution::Cancelled, vec![Call::Query, Call::Cancel]));
            let played = play(cancel(), &[lost()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0));
        }
    }

    #[test]
    fn the_watch_does_not_cancel_it_either_until_an_answer_names_number_and_amount() {
        for owner in [Owner::Doubtful, Owner::AnotherAmount] {
            for told in [Told::Unknown, Told::NotOwed] {
                let played = play(watch(told, owner), &[without_amount("SUCCESS", "CREATED")]);
                assert_eq!((played.end, played.count(Call::Cancel)), (None, 0), "{owner:?} {told:?}");
                let played = play(watch(told, owner), &[status("CREATED"), fail(NOOP)]);
                assert_eq!((played.end(), played.knowledge.owner), (Resolution::Returned, Owner::Ours));
            }
        }
    }

    #[test]
    fn another_amount_is_never_paid_and_never_cancelled() {
        let played = pay(&[lost(), another_amount("SUCCESS", "PAID")]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0));
        assert_eq!(played.knowledge.owner, Owner::AnotherAmount);
        // What says less takes nothing back.
        let played = pay(&[lost(), another_amount("SUCCESS", "PAID"), without_amount("SUCCESS", "CREATED")]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0));
        let theirs = r#""client_sn":"c","terminal_sn":"u","total_amount":"100","order_status":"CREATED""#;
        let played = pay(&[lost(), another_amount("SUCCESS", "PAID"), data("SUCCESS", "", theirs)]);
        assert_eq!(played.knowledge.owner, Owner::AnotherAmount);
    }

    #[test]
    fn another_terminal_in_the_answer_to_a_query_is_a_doubt() {
        let theirs =
            data("SUCCESS", "", r#""client_sn":"c","terminal_sn":"u","total_amount":"100","order_status":"CREATED""#);
        let played = pay(&[lost(), theirs]);
        assert_eq!((played.end(), played.knowledge.owner), (Resolution::Unknown, Owner::Doubtful));
        assert_eq!(played.count(Call::Cancel), 0);
    }

    #[test]
    fn paid_with_another_amount_is_told_to_a_person_once_and_asked_about_on() {
        for told in [Told::NotOwed, Told::Unknown, Told::Nothing] {
            for owner in [Owner::Ours, Owner::AnotherAmount, Owner::Doubtful] {
                let script = [another_amount("SUCCESS", "PAID"), lost(), another_amount("SUCCESS", "PAID")];
                let played = play(watch(told, owner), &script);
                assert_eq!((played.end, played.count(Call::Query)), (None, played.calls.len()), "{told:?}");
                assert_eq!(played.warnings, [(UPAY_OK, 0), (UPAY_E_REFUSED, 30_100)], "{told:?}");
                assert_eq!(played.knowledge.owner, Owner::AnotherAmount);
            }
            // Nobody is told of what is not paid.
            let played = play(watch(told, Owner::Ours), &[another_amount("SUCCESS", "CREATED")]);
            assert_eq!(played.warnings, [(UPAY_OK, 0)], "{told:?}");
        }
        // The till was told that it is paid: nobody has to act.
        let played = play(watch(Told::Paid, Owner::Ours), &[another_amount("SUCCESS", "PAID")]);
        assert_eq!(played.warnings, [(UPAY_OK, 0)]);
    }

    #[test]
    fn after_not_paid_a_person_who_was_told_acts_alone() {
        let played = play(watch(Told::NotOwed, Owner::Ours), &[another_amount("SUCCESS", "PAID"), status("PAID")]);
        assert_eq!((played.end, played.count(Call::Query)), (None, played.calls.len()));
        assert_eq!((played.knowledge.reversal, played.late_payment_seen), (Reversal::ByHand, true));
        let played =
            play(watch(Told::NotOwed, Owner::Ours), &[another_amount("SUCCESS", "PAID"), status("REFUNDED")]);
        assert_eq!(played.end(), Resolution::Returned);
    }
}
