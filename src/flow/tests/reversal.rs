//! Rule 6: paid after the till heard "not paid". Steps a, b and c, and the ten minutes until a person hears.

use super::*;
use crate::flow::limits::PERSON_MS_MAX;
use crate::flow::watch::Watch;
use crate::gateway::request::reversal_no;
use crate::record::{Reversal, Told};

fn watch() -> Watch {
    Watch::new(order(), limits(), Told::NotOwed, Knowledge::default(), None)
}

/// In an earlier run the reversal came this far, and a person must hear by this time.
fn resumed(reversal: Reversal, person_by: Option<Millis>) -> Watch {
    let knowledge = Knowledge { named: true, reversal, ..Knowledge::default() };
    Watch::new(order(), limits(), Told::NotOwed, knowledge, person_by)
}

/// A gateway that answers each query with PAID, and cancels and refunds with these.
fn against(cancels: &Result<Reply>, refunds: &Result<Reply>) -> Played {
    talk(watch(), 60 * MINUTE_MS, |call, _| match call {
        Call::Cancel => cancels.clone(),
        Call::Refund => refunds.clone(),
        _ => status("PAID"),
    })
}

/// Answers that are no success, whatever their words.
fn refusals() -> Vec<Result<Reply>> {
    vec![
        fail("A_CODE_OF_NEXT_YEAR"),
        fail(""),
        fail(GONE),
        fail("UNKNOWN_SYSTEM_ERROR"),
        fail("TRADE_HAS_SUCCESS"),
        fail("REFUND_REQUEST_CONFLICT"),
        fail("SELLER_BALANCE_NOT_ENOUGH"),
        said("CANCEL_ERROR", "CANCEL_ERROR"),
        said("CANCEL_ABORT_ERROR", ""),
        said("REFUND_ERROR", ""),
        said("REFUND_FAIL", "PAID"),
        top("400", "INVALID_PARAMS"),
        top("400", "CLIENT_SN_CONFLICT"),
        top("400", "UNKNOWN_SYSTEM_ERROR"),
        said("A_CODE_OF_NEXT_YEAR", "PAID"),
        // A success that its own status contradicts.
        said("CANCEL_SUCCESS", "PAID"),
        said("REFUND_SUCCESS", "PAID"),
    ]
}

/// Nobody knows what came of it.
fn undecided() -> Vec<Result<Reply>> {
    vec![
        lost(),
        not_sent(),
        top("500", "MAINTENANCE_INPROGRESS"),
        said("CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS"),
        said("REFUND_IN_PROGRESS", "REFUND_INPROGRESS"),
        another_amount("CANCEL_SUCCESS", "CANCELED"),
    ]
}

mod step_a {
    use super::*;

    #[test]
    fn a_cancel_that_succeeds_ends_it() {
        for success in [said("CANCEL_SUCCESS", "CANCELED"), said("CANCEL_ABORT_SUCCESS", ""), fail(NOOP)] {
            let played = play(watch(), &[fail(GONE), status("PAID"), success]);
            assert_eq!(played.end(), Resolution::Returned);
            assert_eq!(played.calls, [(Call::Query, 30_000), (Call::Query, 90_100), (Call::Cancel, 90_200)]);
            assert!(played.late_payment_seen);
        }
    }

    #[test]
    fn paid_is_late_also_without_an_amount() {
        let played = play(watch(), &[without_amount("SUCCESS", "PAID"), said("CANCEL_SUCCESS", "")]);
        assert_eq!((played.end(), played.calls()), (Resolution::Returned, vec![Call::Query, Call::Cancel]));
    }

    #[test]
    fn a_cancel_that_the_state_forbids_is_followed_by_a_refund_at_once() {
        let played = against(&fail(FORBIDDEN), &said("REFUND_SUCCESS", "REFUNDED"));
        assert_eq!(played.end(), Resolution::Returned);
        assert_eq!(
            played.calls,
            [(Call::Query, 30_000), (Call::Cancel, 30_100), (Call::Query, 30_200), (Call::Refund, 32_300)]
        );
    }

    #[test]
    fn three_cancels_refused_in_any_words_are_followed_by_a_refund() {
        for refusal in refusals() {
            let played = against(&refusal, &said("REFUND_SUCCESS", "REFUNDED"));
            assert_eq!(played.end(), Resolution::Returned, "{refusal:?}");
            let cancel_query = [Call::Cancel, Call::Query];
            let mut expected = vec![Call::Query];
            expected.extend(cancel_query.repeat(3));
            expected.push(Call::Refund);
            assert_eq!(played.calls(), expected, "{refusal:?}");
            // With the pauses of a payment, and not of the watch.
            assert!(played.ended < 40_000, "{refusal:?}: {}", played.ended);
        }
    }

    #[test]
    fn refusals_of_different_kinds_count_together() {
        let script = [fail("A_CODE_OF_NEXT_YEAR"), said("CANCEL_ERROR", ""), top("400", "INVALID_PARAMS")];
        let mut cancels = script.iter();
        let played = talk(watch(), 60 * MINUTE_MS, |call, _| match call {
            Call::Cancel => cancels.next().cloned().expect("three cancels"),
            Call::Refund => said("REFUND_SUCCESS", "REFUNDED"),
            _ => status("PAID"),
        });
        assert_eq!(played.end(), Resolution::Returned);
    }

    #[test]
    fn a_refusal_counts_only_once_the_order_is_still_paid_after_it() {
        // Refused twice, and the second time it was carried out all the same.
        let script = [
            status("PAID"),
            fail(""),
            status("PAID"),
            fail(""),
            lost(),
            status("CANCEL_INPROGRESS"),
            status("CANCELED"),
        ];
        let played = play(watch(), &script);
        assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Returned, 0));
        // Queries without an answer put the count off, and lose nothing of it.
        let script = [status("PAID"), fail(""), lost(), status("PAY_ERROR"), status("PAID"), lost()];
        let played = talk_script(&script, 40_000);
        assert_eq!(played.knowledge.reversal, Reversal::ByCancel { refused: 1 });
    }

    #[test]
    fn a_cancel_whose_end_nobody_knows_is_sent_again_and_not_counted() {
        for answer in undecided() {
            let played = against(&answer, &lost());
            assert_eq!(played.count(Call::Refund), 0, "{answer:?}");
            assert!(played.count(Call::Cancel) > 20, "{answer:?}");
            let warned = played.warned_of(UPAY_E_REFUSED).expect("a person hears");
            assert!(warned <= 30_100 + PERSON_MS_MAX + CALL_MS, "{answer:?}: {warned}");
        }
    }

    #[test]
    fn an_order_that_can_still_be_paid_is_cancelled_and_not_refunded() {
        let script =
            [status("PAID"), fail(""), status("CREATED"), status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")];
        let played = play(watch(), &script);
        assert_eq!(played.calls(), [Call::Query, Call::Cancel, Call::Query, Call::Query, Call::Cancel]);
        assert_eq!(played.end(), Resolution::Returned);
    }

    #[test]
    fn the_pauses_of_a_payment_begin_with_the_first_step() {
        let played = talk(watch(), 200 * MINUTE_MS, |call, now| match call {
            Call::Query if now > 100 * MINUTE_MS => status("PAID"),
            _ => lost(),
        });
        let cancelled = played.calls.iter().position(|(call, _)| *call == Call::Cancel).unwrap();
        let (first, then) = (played.calls[cancelled].1, played.calls[cancelled + 1]);
        assert_eq!(then, (Call::Query, first + CALL_MS + 2_000));
    }

    #[test]
    fn an_order_of_unknown_amount_cannot_be_refunded_and_is_for_a_person() {
        let paid = data("SUCCESS", "", r#""client_sn":"c","order_status":"PAID""#);
        for refusal in refusals().into_iter().chain([fail(FORBIDDEN)]) {
            let flow = Watch::new(made_elsewhere(), limits(), Told::NotOwed, Knowledge::default(), None);
            let played = talk(flow, 20 * MINUTE_MS, |call, _| match call {
                Call::Cancel => refusal.clone(),
                _ => paid.clone(),
            });
            let cancels = if refusal == fail(FORBIDDEN) { 1 } else { 3 };
            assert_eq!((played.count(Call::Cancel), played.count(Call::Refund)), (cancels, 0), "{refusal:?}");
            assert!(played.warned_of(UPAY_E_REFUSED).expect("a person hears") < 40_000, "{refusal:?}");
        }
    }
}

/// As [`play`], of the watch and for so long.
fn talk_script(script: &[Result<Reply>], length: Millis) -> Played {
    let mut answers = script.iter();
    talk(watch(), length, |_, _| answers.next().cloned().unwrap_or_else(lost))
}

mod step_b {
    use super::*;

    #[test]
    fn a_refund_that_gives_all_back_ends_it() {
        let number = reversal_no(&order());
        for success in [
            said("REFUND_SUCCESS", "REFUNDED"),
            said("REFUND_SUCCESS", ""),
            with("REFUND_SUCCESS", "REFUNDED", &format!(r#""refund_request_no":"{number}","net_amount":"0""#)),
        ] {
            let played = against(&fail(FORBIDDEN), &success);
            assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Returned, 1), "{success:?}");
        }
    }

    #[test]
    fn a_refund_that_does_not_prove_it_is_asked_about() {
        for unproved in [
            said("REFUND_SUCCESS", "PARTIAL_REFUNDED"),
            said("REFUND_SUCCESS", "PAID"),
            with("REFUND_SUCCESS", "REFUNDED", r#""refund_request_no":"another""#),
            with("REFUND_SUCCESS", "REFUNDED", r#""net_amount":"40""#),
            failed("REFUND_SUCCESS", ""),
            said("REFUND_IN_PROGRESS", "REFUND_INPROGRESS"),
        ] {
            let script = [status("PAID"), fail(FORBIDDEN), status("PAID"), unproved.clone(), status("REFUNDED")];
            let played = play(watch(), &script);
            assert_eq!(played.end(), Resolution::Returned, "{unproved:?}");
            assert_eq!(played.calls()[3..], [Call::Refund, Call::Query], "{unproved:?}");
        }
    }

    #[test]
    fn three_refunds_refused_in_any_words_are_followed_by_a_person() {
        for refusal in refusals().into_iter().chain([fail("UPAY_TCP_ORDER_NOT_REFUNDABLE")]) {
            let played = against(&fail(FORBIDDEN), &refusal);
            assert_eq!((played.end, played.count(Call::Cancel)), (None, 1), "{refusal:?}");
            assert_eq!(played.count(Call::Refund), 3, "{refusal:?}");
            assert!(played.warned_of(UPAY_E_REFUSED).expect("a person hears") < 45_000, "{refusal:?}");
            assert_eq!(played.knowledge.reversal, Reversal::ByHand);
        }
    }

    #[test]
    fn a_refund_whose_end_nobody_knows_is_sent_again_and_not_counted() {
        for answer in undecided() {
            let played = against(&fail(FORBIDDEN), &answer);
            assert!(played.count(Call::Refund) > 20, "{answer:?}");
            let warned = played.warned_of(UPAY_E_REFUSED).expect("a person hears");
            assert!((PERSON_MS_MAX..=30_100 + PERSON_MS_MAX + CALL_MS).contains(&warned), "{answer:?}: {warned}");
        }
    }

    #[test]
    fn given_back_in_part_is_no_end_and_the_ten_minutes_hold() {
        for partly in ["PARTIAL_REFUNDED", "REFUND_INPROGRESS", "REFUND_ERROR", "CANCEL_INPROGRESS"] {
            let mut refunded = false;
            let played = talk(watch(), 60 * MINUTE_MS, |call, now| match call {
                Call::Cancel => fail(FORBIDDEN),
                Call::Refund => {
                    refunded = true;
                    said("REFUND_IN_PROGRESS", partly)
                }
                _ if now > 50 * MINUTE_MS => status("REFUNDED"),
                _ if refunded => status(partly),
                _ => status("PAID"),
            });
            assert_eq!((played.end(), played.count(Call::Refund)), (Resolution::Returned, 1), "{partly}");
            let warned = played.warned_of(UPAY_E_REFUSED).expect("a person hears");
            assert!((PERSON_MS_MAX..=30_100 + PERSON_MS_MAX + CALL_MS).contains(&warned), "{partly}: {warned}");
        }
    }
}

mod step_c {
    use super::*;

    #[test]
    fn the_library_only_asks_from_then_on_and_the_gateways_word_ends_it() {
        for end in ["REFUNDED", "CANCELED", "PAY_CANCELED"] {
            let mut refused = 0;
            let mut told_at = None;
            let played = talk(watch(), 600 * MINUTE_MS, |call, now| {
                if refused == 3 && told_at.is_some() {
                    assert_eq!(call, Call::Query);
                }
                match call {
                    Call::Cancel => fail(FORBIDDEN),
                    Call::Refund => {
                        refused += 1;
                        fail("SELLER_BALANCE_NOT_ENOUGH")
                    }
                    _ if now > 500 * MINUTE_MS => status(end),
                    _ if now > 400 * MINUTE_MS => status("CREATED"),
                    _ => {
                        told_at = (refused == 3).then_some(now);
                        status("PAID")
                    }
                }
            });
            assert_eq!(played.end(), Resolution::Returned, "{end}");
            assert_eq!(played.warnings.len(), 2, "once");
            // With the pauses of the watch again.
            assert!(played.calls.len() < 120, "{}", played.calls.len());
        }
    }

    #[test]
    fn what_was_tried_is_told_in_codes() {
        let played = against(&fail(FORBIDDEN), &said("REFUND_ERROR", "REFUND_ERROR"));
        assert_eq!(
            played.tried.as_deref(),
            Some("cancel: FAIL UPAY_CANCEL_INVALID_ORDER_STATE; refund: REFUND_ERROR")
        );
        let played = against(&top("400", "INVALID_PARAMS"), &lost());
        assert_eq!(
            played.tried,
            Some(format!("cancel: 400 INVALID_PARAMS; refund: no answer ({UPAY_E_INTERRUPTED})"))
        );
        let long = "某".repeat(5_000);
        let played = against(&fail(FORBIDDEN), &failed("REFUND_FAIL", &long));
        let tried = played.tried.unwrap();
        assert!(tried.len() < 1_000 && tried.is_ascii(), "{tried}");
        // While nobody has to act, there is nothing to tell.
        let flow = watch();
        assert_eq!(flow.tried(), None);
    }
}

mod ten_minutes {
    use super::*;

    #[test]
    fn a_person_hears_also_when_the_gateway_gives_no_answers_any_more() {
        let mut first = true;
        let played = talk(watch(), 60 * MINUTE_MS, |_, _| match std::mem::take(&mut first) {
            true => status("PAID"),
            false => lost(),
        });
        // Seen at 30 100.
        let warned = 30_100 + PERSON_MS_MAX;
        assert_eq!((played.end, played.warned_of(UPAY_E_REFUSED)), (None, Some(warned)));
        // The pauses of the watch begin anew.
        let after: Vec<_> = played.calls.iter().filter(|(_, at)| *at >= warned).take(2).collect();
        assert_eq!(after, [&(Call::Query, warned + 30_000), &(Call::Query, warned + 90_100)]);
    }

    #[test]
    fn a_timer_comes_for_it_however_long_the_pauses_are() {
        let slow = Limits { poll: limits::Pauses::parse("3600000").unwrap(), ..limits() };
        let mut flow = Watch::new(order(), slow, Told::NotOwed, Knowledge::default(), None);
        flow.step(FlowInput::Begin, 0);
        flow.step(FlowInput::Timer, 30_000);
        assert_eq!(flow.step(FlowInput::Heard(&status("PAID")), 30_000), Next::Send(Call::Cancel));
        assert_eq!(flow.step(FlowInput::Heard(&lost()), 40_000), Next::SleepUntil(30_000 + PERSON_MS_MAX));
        assert_eq!(flow.warning(), UPAY_OK);
        assert!(matches!(flow.step(FlowInput::Timer, 30_000 + PERSON_MS_MAX), Next::SleepUntil(_)));
        assert_eq!((flow.warning(), flow.knowledge().reversal), (UPAY_E_REFUSED, Reversal::ByHand));
    }

    #[test]
    fn no_step_begins_after_them() {
        let mut flow = watch();
        flow.step(FlowInput::Begin, 0);
        flow.step(FlowInput::Timer, 30_000);
        flow.step(FlowInput::Heard(&status("PAID")), 30_000);
        flow.step(FlowInput::Heard(&lost()), 30_100);
        assert_eq!(flow.step(FlowInput::Timer, 29_999 + PERSON_MS_MAX), Next::Send(Call::Query));
        assert!(matches!(flow.step(FlowInput::Heard(&status("PAID")), 30_000 + PERSON_MS_MAX), Next::SleepUntil(_)));
        assert_eq!(flow.warning(), UPAY_E_REFUSED);
    }

    #[test]
    fn they_go_on_over_a_restart() {
        let played =
            talk(resumed(Reversal::ByCancel { refused: 1 }, Some(START + 100_000)), 60 * MINUTE_MS, |_, _| lost());
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(100_000));
        assert_eq!(played.calls[0], (Call::Query, 2_000));
        // They were over before the start.
        let played = talk(resumed(Reversal::ByRefund { refused: 2 }, Some(0)), MINUTE_MS, |_, _| lost());
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(0));
        // Not on record: they begin with this run.
        let played = talk(resumed(Reversal::ByRefund { refused: 0 }, None), 60 * MINUTE_MS, |_, _| lost());
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(PERSON_MS_MAX));
        // Seen, and nothing was tried yet.
        let played = talk(resumed(Reversal::None, Some(START + 100_000)), 60 * MINUTE_MS, |_, _| lost());
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(100_000));
        assert!(played.late_payment_seen);
    }

    #[test]
    fn the_count_goes_on_over_a_restart() {
        let refused = |reversal| {
            talk(resumed(reversal, Some(START + 900_000)), 60 * MINUTE_MS, |call, _| match call {
                Call::Cancel | Call::Refund => fail("A_CODE_OF_NEXT_YEAR"),
                _ => status("PAID"),
            })
        };
        let played = refused(Reversal::ByCancel { refused: 2 });
        assert_eq!((played.count(Call::Cancel), played.count(Call::Refund)), (1, 3));
        let played = refused(Reversal::ByRefund { refused: 2 });
        assert_eq!((played.count(Call::Cancel), played.count(Call::Refund)), (0, 1));
        let played = refused(Reversal::ByHand);
        assert_eq!((played.count(Call::Cancel), played.count(Call::Refund)), (0, 0));
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(0));
    }

    #[test]
    fn an_order_that_is_only_perhaps_ours_waits_for_its_name_and_then_for_the_person() {
        let doubtful = || {
            let knowledge = Knowledge { owner: Owner::Doubtful, ..Knowledge::default() };
            Watch::new(order(), limits(), Told::NotOwed, knowledge, None)
        };
        let played = play(doubtful(), &[without_amount("SUCCESS", "PAID")]);
        assert_eq!((played.end, played.count(Call::Cancel), played.count(Call::Refund)), (None, 0, 0));
        assert_eq!(played.warned_of(UPAY_E_REFUSED), Some(30_100 + PERSON_MS_MAX));
        let played = play(
            doubtful(),
            &[without_amount("SUCCESS", "PAID"), status("PAID"), said("CANCEL_SUCCESS", "CANCELED")],
        );
        assert_eq!(played.end(), Resolution::Returned);
    }
}

#[test]
fn each_step_is_known_before_its_call_leaves() {
    let mut flow = watch();
    flow.step(FlowInput::Begin, 0);
    flow.step(FlowInput::Timer, 30_000);
    assert_eq!(flow.step(FlowInput::Heard(&status("PAID")), 30_000), Next::Send(Call::Cancel));
    let knowledge = flow.knowledge();
    assert_eq!((knowledge.reversal, knowledge.cancels), (Reversal::ByCancel { refused: 0 }, Cancels::Open));
    assert!(flow.late_payment_seen());
    flow.step(FlowInput::Heard(&fail(FORBIDDEN)), 30_100);
    // Three calls in a row: a pause comes before the refund.
    assert_eq!(flow.step(FlowInput::Heard(&status("PAID")), 30_200), Next::SleepUntil(32_200));
    assert_eq!(flow.step(FlowInput::Timer, 32_200), Next::Send(Call::Refund));
    assert_eq!(flow.knowledge().reversal, Reversal::ByRefund { refused: 0 });
}

#[test]
fn the_phase_says_what_is_under_way() {
    let mut flow = watch();
    flow.step(FlowInput::Begin, 0);
    assert_eq!(flow.phase(), Phase::Querying);
    flow.step(FlowInput::Timer, 30_000);
    flow.step(FlowInput::Heard(&status("PAID")), 30_000);
    assert_eq!(flow.phase(), Phase::Cancelling);
    flow.step(FlowInput::Heard(&lost()), 30_100);
    assert_eq!(flow.phase(), Phase::Querying);
}
