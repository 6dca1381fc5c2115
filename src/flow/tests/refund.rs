//! Section 6: refunds.

use super::*;
use crate::flow::limits::REFUND_MS_MAX;
use crate::flow::refund::{Refund, RefundOf};

const REFUSED: Resolution = Resolution::Refused(UPAY_E_REFUSED);

/// 60 of the order's 100.
fn r1() -> RefundOf {
    RefundOf { refund_request_no: "r1".into(), refund_amount: 60, returned_before: None }
}

fn refund(script: &[Result<Reply>]) -> Played {
    play(Refund::new(order(), r1(), limits()), script)
}

fn again(script: &[Result<Reply>]) -> Played {
    play(Refund::again(order(), r1(), limits()), script)
}

/// The answer to a query: this status, and so much left of 100.
fn left(order_status: &str, net_amount: u64) -> Result<Reply> {
    with("SUCCESS", order_status, &format!(r#""net_amount":"{net_amount}""#))
}

/// The same, and it names a refund with this status.
fn named(number: &str, order_status: &str, status: &str, net_amount: u64) -> Result<Reply> {
    let fields = format!(r#""refund_request_no":"{number}","status":"{status}","net_amount":"{net_amount}""#);
    with("SUCCESS", order_status, &fields)
}

/// A refund was made under this number before.
fn there() -> [Result<Reply>; 2] {
    [fail("UPAY_REFUND_ORDER_NOOP"), fail("REFUND_REQUEST_CONFLICT")]
}

mod the_answer_to_a_refund {
    use super::*;

    #[test]
    fn decides_where_it_is_final() {
        for (answer, resolution) in [
            (not_sent(), Resolution::NotSent(UPAY_E_CONNECT)),
            (said("REFUND_SUCCESS", "PARTIAL_REFUNDED"), Resolution::Refunded),
            (said("REFUND_SUCCESS", "REFUNDED"), Resolution::Refunded),
            (said("REFUND_SUCCESS", ""), Resolution::Refunded),
            (with("REFUND_SUCCESS", "PARTIAL_REFUNDED", r#""refund_request_no":"r1""#), Resolution::Refunded),
            (with("REFUND_SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"40""#), Resolution::Refunded),
            (fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"), REFUSED),
            (fail("A_CODE_OF_NEXT_YEAR"), REFUSED),
            (said("REFUND_FAIL", "PAID"), REFUSED),
            (said("FAIL", "REFUNDED"), REFUSED),
            (said("REFUND_ERROR", "REFUND_ERROR"), Resolution::Unknown),
            (top("400", "INVALID_PARAMS"), Resolution::Refused(UPAY_E_REQUEST)),
        ] {
            let played = refund(std::slice::from_ref(&answer));
            assert_eq!((played.end(), played.calls()), (resolution, vec![Call::Refund]), "{answer:?}");
        }
    }

    #[test]
    fn is_asked_about_in_doubt_and_sent_again_under_the_same_number() {
        for doubt in [
            lost(),
            top("500", "REQUEST_FAIL"),
            said("A_CODE_OF_NEXT_YEAR", ""),
            another_amount("REFUND_SUCCESS", "REFUNDED"),
            // Another refund's.
            with("REFUND_SUCCESS", "PARTIAL_REFUNDED", r#""refund_request_no":"r2""#),
            // Rule 11.
            fail("UNKNOWN_SYSTEM_ERROR"),
            failed("REFUND_FAIL", "MAINTENANCE_INPROGRESS"),
            top("400", "UPAY_REFUND_ORDER_NOOP"),
            // A refusal that its own status contradicts.
            said("REFUND_FAIL", "REFUND_INPROGRESS"),
            said("FAIL", "REFUND_ERROR"),
        ] {
            let played = refund(&[doubt.clone(), status("PAID"), said("REFUND_SUCCESS", "PARTIAL_REFUNDED")]);
            assert_eq!(played.end(), Resolution::Refunded, "{doubt:?}");
            assert_eq!(played.calls, [(Call::Refund, 0), (Call::Query, 2_100), (Call::Refund, 4_200)], "{doubt:?}");
        }
        let played = refund(&[lost()]);
        assert_eq!((played.end(), played.ended), (Resolution::Unknown, 30_000));
        assert_eq!(played.warned_of(UPAY_E_INTERRUPTED), Some(100));
    }

    #[test]
    fn that_says_done_and_does_not_prove_it_is_asked_about_at_once() {
        for unproved in [
            failed("REFUND_SUCCESS", ""),
            said("REFUND_SUCCESS", "PAID"),
            with("REFUND_SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"41""#),
        ] {
            let played = refund(&[unproved.clone(), left("PARTIAL_REFUNDED", 40)]);
            assert_eq!((played.end(), played.calls()), (Resolution::Refunded, vec![Call::Refund, Call::Query]));
            // It may be carried out still: no end before the time is up.
            let played = refund(&[unproved.clone(), left("PAID", 100)]);
            assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Unknown, 1), "{unproved:?}");
        }
    }

    #[test]
    fn in_progress_is_asked_about_until_it_ends() {
        let under_way = || said("REFUND_IN_PROGRESS", "REFUND_INPROGRESS");
        for (script, resolution) in [
            (vec![status("REFUND_INPROGRESS"), lost(), named("r1", "REFUNDED", "SUCCESS", 0)], Resolution::Refunded),
            // It may be by an earlier refund: the same number again tells.
            (
                vec![left("PARTIAL_REFUNDED", 40), fail("UPAY_REFUND_ORDER_NOOP"), left("PARTIAL_REFUNDED", 40)],
                Resolution::Refunded,
            ),
            // It may be carried out still.
            (vec![left("PAID", 100)], Resolution::Unknown),
        ] {
            let mut answers = vec![under_way()];
            answers.extend(script);
            assert_eq!(refund(&answers).end(), resolution);
        }
    }
}

mod a_number_that_is_there_already {
    use super::*;

    #[test]
    fn is_done_when_number_and_amounts_agree() {
        for there in there() {
            for shown in [
                left("PARTIAL_REFUNDED", 40),
                left("REFUNDED", 0),
                status("REFUNDED"),
                named("r1", "PARTIAL_REFUNDED", "SUCCESS", 40),
            ] {
                let played = refund(&[there.clone(), shown.clone()]);
                assert_eq!(
                    (played.end(), played.calls),
                    (Resolution::Refunded, vec![(Call::Refund, 0), (Call::Query, 100)])
                );
                let played = refund(&[lost(), lost(), there.clone(), lost(), shown]);
                let expected = [Call::Refund, Call::Query, Call::Refund, Call::Query, Call::Query];
                assert_eq!((played.end(), played.calls()), (Resolution::Refunded, expected.to_vec()));
            }
        }
    }

    #[test]
    fn is_refused_when_the_amounts_show_that_nothing_of_this_size_was_given_back() {
        for there in there() {
            for shown in [
                left("PAID", 100),
                status("PAID"),
                named("r1", "PAID", "FAIL_CANCELED", 100),
                left("PARTIAL_REFUNDED", 41),
                // Somebody's refund of the same number, and smaller.
                named("r1", "PARTIAL_REFUNDED", "SUCCESS", 70),
                named("r2", "PARTIAL_REFUNDED", "SUCCESS", 70),
            ] {
                let played = refund(&[there.clone(), shown.clone()]);
                assert_eq!((played.end(), played.count(Call::Refund)), (REFUSED, 1), "{shown:?}");
                assert!(played.ended >= 6_000, "seen twice, with the grace between");
                // With a request of ours in doubt it is not.
                assert_eq!(refund(&[lost(), lost(), there.clone(), shown]).end(), Resolution::Unknown);
            }
        }
    }

    #[test]
    fn that_nothing_was_given_back_has_to_be_seen_twice_with_nothing_else_between() {
        let [there, _] = there();
        let between = left("REFUND_INPROGRESS", 100);
        let played = refund(&[there.clone(), left("PAID", 100), between, left("PAID", 100)]);
        assert_eq!(played.end(), Resolution::Unknown);
        let open = status("PARTIAL_REFUNDED");
        let mut script = vec![there];
        for _ in 0..10 {
            script.extend([left("PAID", 100), left("PAID", 100), open.clone()]);
        }
        assert_eq!(refund(&script).end(), Resolution::Unknown);
    }

    #[test]
    fn a_query_without_an_answer_does_not_break_the_row() {
        let [there, _] = there();
        let played = refund(&[there, left("PAID", 100), lost(), lost(), left("PAID", 100)]);
        assert_eq!((played.end(), played.count(Call::Query)), (REFUSED, 4));
    }

    #[test]
    fn that_nothing_was_given_back_is_never_told_by_one_answer() {
        let [there, _] = there();
        let hasty = Limits { not_found_grace: 0, ..limits() };
        let played = play(Refund::new(order(), r1(), hasty), &[there, left("PAID", 100)]);
        assert_eq!((played.end(), played.count(Call::Query)), (REFUSED, 2));
    }

    #[test]
    fn is_unknown_when_it_cannot_be_told() {
        for there in there() {
            for shown in [
                lost(),
                status("PARTIAL_REFUNDED"),
                named("r2", "PARTIAL_REFUNDED", "SUCCESS", 40),
                named("r2", "REFUNDED", "SUCCESS", 0),
                left("PAID", 40),
                named("r1", "PAID", "SUCCESS", 100),
                left("REFUND_ERROR", 40),
                without_amount("SUCCESS", "PARTIAL_REFUNDED"),
                with("SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"-1""#),
                with("SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"99999999999999999999999""#),
            ] {
                let played = refund(&[there.clone(), shown.clone()]);
                assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Unknown, 1), "{shown:?}");
            }
            for status in ["FAIL_CANCELED", "IN_PROG", "REFUND_ERROR"] {
                let shown = named("r1", "PARTIAL_REFUNDED", status, 40);
                assert_eq!(refund(&[there.clone(), shown]).end(), Resolution::Unknown, "{status}");
            }
        }
    }

    #[test]
    fn what_other_refunds_gave_back_before_does_not_count() {
        let request = || RefundOf { returned_before: Some(30), ..r1() };
        let refund = |script: &[Result<Reply>]| play(Refund::new(order(), request(), limits()), script);
        for there in there() {
            assert_eq!(refund(&[there.clone(), left("PARTIAL_REFUNDED", 10)]).end(), Resolution::Refunded);
            assert_eq!(refund(&[there.clone(), left("PARTIAL_REFUNDED", 11)]).end(), REFUSED);
        }
        let too_little = with("REFUND_SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"40""#);
        assert_eq!(refund(&[too_little, left("PARTIAL_REFUNDED", 10)]).calls(), [Call::Refund, Call::Query]);
        let huge = RefundOf { returned_before: Some(u64::MAX), refund_amount: u64::MAX, ..r1() };
        let played =
            play(Refund::new(order(), huge, limits()), &[with("REFUND_SUCCESS", "REFUNDED", r#""net_amount":"0""#)]);
        assert_ne!(played.end(), Resolution::Refunded);
    }
}

mod the_answer_to_a_query {
    use super::*;

    #[test]
    fn ends_it_when_it_names_this_refund_and_its_success() {
        for net in [40, 0] {
            let played = refund(&[lost(), named("r1", "PARTIAL_REFUNDED", "SUCCESS", net)]);
            assert_eq!((played.end(), played.calls()), (Resolution::Refunded, vec![Call::Refund, Call::Query]));
        }
        let no_amounts = data(
            "SUCCESS",
            "",
            r#""client_sn":"c","status":"SUCCESS","refund_request_no":"r1","order_status":"REFUNDED""#,
        );
        assert_eq!(refund(&[lost(), no_amounts]).end(), Resolution::Refunded);
    }

    #[test]
    fn given_back_by_whomever_is_settled_by_the_same_number_again() {
        for shown in
            [left("PARTIAL_REFUNDED", 40), status("REFUNDED"), named("r2", "PARTIAL_REFUNDED", "SUCCESS", 40)]
        {
            let played = refund(&[lost(), shown.clone(), said("REFUND_SUCCESS", "REFUNDED")]);
            assert_eq!(
                (played.end(), played.calls()),
                (Resolution::Refunded, vec![Call::Refund, Call::Query, Call::Refund]),
                "{shown:?}"
            );
        }
    }

    #[test]
    fn with_another_end_of_this_refund_is_no_success() {
        for end in ["FAIL_CANCELED", "IN_PROG", "REFUND_ERROR"] {
            let played = refund(&[lost(), named("r1", "PARTIAL_REFUNDED", end, 40)]);
            assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Unknown, 1), "{end}");
        }
        assert_eq!(refund(&[lost(), named("r1", "PAID", "SUCCESS", 100)]).end(), Resolution::Unknown);
    }

    #[test]
    fn about_another_order_or_without_a_number_is_none() {
        for answer in [
            data("SUCCESS", "", r#""order_status":"REFUNDED","status":"SUCCESS","refund_request_no":"r1""#),
            data(
                "SUCCESS",
                "",
                r#""client_sn":"d","order_status":"REFUNDED","status":"SUCCESS","refund_request_no":"r1""#,
            ),
            another_amount("SUCCESS", "REFUNDED"),
            said("A_CODE_OF_NEXT_YEAR", "REFUNDED"),
            fail(GONE),
        ] {
            let played = refund(&[lost(), answer.clone(), lost()]);
            assert_eq!((played.end(), played.calls[2].0), (Resolution::Unknown, Call::Refund), "{answer:?}");
        }
    }
}

mod a_refusal_after_doubt {
    use super::*;

    #[test]
    fn is_no_end_while_the_doubtful_request_may_be_carried_out() {
        for refusal in
            [fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"), top("400", "INVALID_PARAMS"), said("REFUND_FAIL", "PAID")]
        {
            let answers = |call| match call {
                Call::Refund => refusal.clone(),
                _ => left("PAID", 100),
            };
            let played = talk(Refund::again(order(), r1(), limits()), ABSENT, |call, _| answers(call));
            assert_eq!((played.end(), played.ended), (Resolution::Unknown, 30_000), "{refusal:?}");
            let mut first = true;
            let played =
                talk(Refund::new(order(), r1(), limits()), ABSENT, |call, _| match std::mem::take(&mut first) {
                    true => lost(),
                    false => answers(call),
                });
            assert_eq!(played.end(), Resolution::Unknown, "{refusal:?}");
        }
        let played = again(&[not_sent()]);
        assert_eq!(played.end(), Resolution::Unknown);
    }

    #[test]
    fn is_an_end_after_ten_minutes_and_a_query_that_shows_the_order_without_it() {
        for (refusal, resolution) in [
            (fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"), REFUSED),
            (top("400", "INVALID_PARAMS"), Resolution::Refused(UPAY_E_REQUEST)),
        ] {
            for shown in ["PAID", "CANCELED", "PAY_CANCELED"] {
                let flow = Refund::left_over(order(), r1(), limits());
                let played = talk(flow, ABSENT, |call, _| match call {
                    Call::Refund => refusal.clone(),
                    _ => status(shown),
                });
                assert_eq!(played.end(), resolution, "{shown}");
                let (call, at) = *played.calls.last().unwrap();
                assert!(call == Call::Query && at >= REFUND_MS_MAX, "{shown} {at}");
            }
        }
    }

    #[test]
    fn is_no_end_when_the_order_may_have_been_given_back_by_it() {
        for shown in [
            left("PARTIAL_REFUNDED", 40),
            status("PARTIAL_REFUNDED"),
            status("REFUNDED"),
            lost(),
            status("REFUND_ERROR"),
        ] {
            let flow = Refund::left_over(order(), r1(), limits());
            let played = talk(flow, 2 * ABSENT, |call, _| match call {
                Call::Refund => fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"),
                _ => shown.clone(),
            });
            assert_eq!(played.end, None, "{shown:?}");
        }
    }

    #[test]
    fn counts_no_more_after_a_new_request_in_doubt() {
        let flow = Refund::left_over(order(), r1(), limits());
        let mut doubtful = 0;
        let played = talk(flow, 2 * ABSENT, |call, now| match call {
            Call::Refund if now > 9 * MINUTE_MS && doubtful == 0 => {
                doubtful = now;
                lost()
            }
            Call::Refund => fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"),
            _ => left("PAID", 100),
        });
        assert_eq!(played.end(), REFUSED);
        assert!(doubtful > 0 && played.calls.last().unwrap().1 >= doubtful + REFUND_MS_MAX);
    }

    #[test]
    fn in_progress_and_come_to_nothing_is_refused_after_ten_minutes() {
        let flow = Refund::left_over(order(), r1(), limits());
        let played = talk(flow, ABSENT, |call, _| match call {
            Call::Refund => said("REFUND_IN_PROGRESS", "REFUND_INPROGRESS"),
            _ => left("PAID", 100),
        });
        assert_eq!((played.end(), played.count(Call::Refund)), (REFUSED, 1));
        assert!(played.calls.last().unwrap().1 >= 30_000 + REFUND_MS_MAX);
    }
}

mod nobody_waits {
    use super::*;

    #[test]
    fn it_goes_on_until_there_is_an_end() {
        // Refund and query by turns, so that the 51st call is a refund.
        let mut script = vec![lost(); 50];
        script.push(said("REFUND_SUCCESS", "REFUNDED"));
        let played = play(Refund::left_over(order(), r1(), limits()), &script);
        assert_eq!((played.end(), played.calls.len()), (Resolution::Refunded, 51));
    }

    #[test]
    fn what_the_gateway_calls_unknown_is_asked_about_with_long_pauses() {
        let mut flow = Refund::left_over(order(), r1(), limits());
        assert_eq!(flow.step(FlowInput::Begin, 0), Next::SleepUntil(30_000));
        assert_eq!(flow.ends_at(), None);
        assert_eq!(flow.step(FlowInput::Timer, 30_000), Next::Send(Call::Refund));
        let unknown = said("REFUND_ERROR", "REFUND_ERROR");
        assert_eq!(flow.step(FlowInput::Heard(&unknown), 30_000), Next::SleepUntil(90_000));
        assert_eq!(flow.step(FlowInput::Timer, 90_000), Next::Send(Call::Query));
    }
}

#[test]
fn one_that_is_known_to_be_done_is_not_sent_again() {
    let played = play(Refund::concluded(order(), r1(), limits()), &[lost()]);
    assert_eq!((played.end(), played.calls.len()), (Resolution::Refunded, 0));
}

#[test]
fn the_phase_and_the_time_limit() {
    let mut flow = Refund::new(order(), r1(), limits());
    flow.step(FlowInput::Begin, 0);
    assert_eq!((flow.phase(), flow.ends_at()), (Phase::Sending, Some(30_000)));
    flow.step(FlowInput::Heard(&lost()), 100);
    assert_eq!(flow.phase(), Phase::Querying);
    assert!(!flow.give_up());
}
