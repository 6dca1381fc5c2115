//! Rules 6, 8 and 10: an order whose verdict was not final. The steps of a reversal are in `reversal`.

use super::*;
use crate::flow::limits::{ABSENT_MS_MAX, CANCEL_MS_MAX};
use crate::flow::watch::Watch;
use crate::record::Told;

const NOT_PAID: [Told; 3] = [Told::NotOwed, Told::Unknown, Told::Nothing];

fn watch(told: Told, knowledge: Knowledge) -> Watch {
    Watch::new(order(), limits(), told, knowledge, None)
}

fn fresh(told: Told) -> Watch {
    watch(told, Knowledge::default())
}

#[test]
fn it_asks_with_long_pauses() {
    let played = talk(fresh(Told::Unknown), 12 * MINUTE_MS, |_, _| lost());
    assert_eq!(
        played.calls,
        [(Call::Query, 30_000), (Call::Query, 90_100), (Call::Query, 390_200), (Call::Query, 690_300)]
    );
    assert_eq!((played.end, played.warnings), (None, vec![(UPAY_OK, 0)]));
}

#[test]
fn a_final_status_ends_it() {
    for told in [Told::NotOwed, Told::Unknown, Told::Nothing, Told::Paid] {
        for (order_status, resolution) in [
            ("PAY_CANCELED", Resolution::Refused(UPAY_E_REFUSED)),
            ("CANCELED", Resolution::Returned),
            ("REFUNDED", Resolution::Returned),
            ("PARTIAL_REFUNDED", Resolution::PartlyReturned),
        ] {
            let played = play(fresh(told), &[lost(), status("PAY_ERROR"), status(order_status)]);
            assert_eq!((played.end(), played.calls.len()), (resolution, 3), "{told:?} {order_status}");
        }
        if told != Told::NotOwed {
            let played = play(fresh(told), &[lost(), status("PAID")]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Paid, 0), "{told:?}");
        }
    }
}

#[test]
fn what_is_not_final_is_asked_about_for_ever() {
    for answer in [
        lost(),
        top("500", "REQUEST_FAIL"),
        status("PAY_ERROR"),
        status("CANCEL_INPROGRESS"),
        status("A_STATUS_OF_NEXT_YEAR"),
        without_amount("SUCCESS", "PAID"),
    ] {
        for told in [Told::Unknown, Told::Nothing, Told::Paid] {
            let played = play(fresh(told), std::slice::from_ref(&answer));
            assert_eq!((played.end, played.count(Call::Query)), (None, played.calls.len()), "{told:?} {answer:?}");
            assert_eq!(played.warnings, [(UPAY_OK, 0)]);
        }
    }
}

#[test]
fn what_nobody_waits_for_must_not_be_paid_any_more() {
    for told in NOT_PAID {
        let played = play(fresh(told), &[status("CREATED"), lost(), status("CREATED"), fail(NOOP)]);
        assert_eq!(played.end(), Resolution::Returned, "{told:?}");
        assert_eq!(
            played.calls,
            [(Call::Query, 30_000), (Call::Cancel, 30_100), (Call::Query, 90_200), (Call::Cancel, 90_300)],
            "{told:?}"
        );
        // It may just have been paid.
        let played = play(fresh(told), &[status("CREATED"), fail(FORBIDDEN), status("CREATED"), status("CANCELED")]);
        assert_eq!(played.calls(), [Call::Query, Call::Cancel, Call::Query, Call::Query], "{told:?}");
        assert_eq!((played.calls[2].1, played.calls[3].1), (30_200, 90_300), "{told:?}");
    }
    let played = play(fresh(Told::Unknown), &[status("CREATED"), fail(FORBIDDEN), status("PAID")]);
    assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Paid, 1));
}

#[test]
fn an_order_that_the_till_was_told_is_paid_is_only_asked_about() {
    let played = play(fresh(Told::Paid), &[status("CREATED")]);
    assert_eq!((played.end, played.count(Call::Cancel)), (None, 0));
    let played = play(watch(Told::Paid, knows(Cancels::Open)), &[status("PAID")]);
    assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Paid, 0));
    assert!(played.calls.last().unwrap().1 >= CANCEL_MS_MAX);
}

mod rule_8 {
    use super::*;

    #[test]
    fn paid_after_unknown_is_told_when_every_cancel_was_refused() {
        for told in [Told::Unknown, Told::Nothing] {
            let played = play(watch(told, knows(Cancels::Refused)), &[status("PAID")]);
            assert_eq!((played.end(), played.calls), (Resolution::Paid, vec![(Call::Query, 30_000)]));
        }
    }

    #[test]
    fn paid_while_a_cancel_is_in_doubt_is_cancelled_again() {
        let played = play(watch(Told::Unknown, knows(Cancels::Open)), &[status("PAID"), said("CANCEL_SUCCESS", "")]);
        assert_eq!((played.end(), played.calls()), (Resolution::Returned, vec![Call::Query, Call::Cancel]));
    }

    /// Three cancels, each with this answer; then only queries. Gives the newest of each with its time.
    fn ends_as_paid(answer: &Result<Reply>) -> (Millis, Millis) {
        let flow = watch(Told::Unknown, knows(Cancels::Open));
        let played = talk(flow, ABSENT_MS_MAX, |call, _| match call {
            Call::Cancel => answer.clone(),
            _ => status("PAID"),
        });
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Paid, 3), "{answer:?}");
        let newest = |call| played.calls.iter().rev().find(|(made, _)| *made == call).map_or(0, |(_, at)| *at);
        (newest(Call::Cancel), newest(Call::Query))
    }

    #[test]
    fn paid_while_a_cancel_is_in_doubt_ends_as_paid_although_further_cancels_are_refused() {
        for refusal in [fail(FORBIDDEN), fail("A_CODE_OF_NEXT_YEAR"), top("400", "INVALID_PARAMS")] {
            let (_, queried) = ends_as_paid(&refusal);
            // A refused cancel does not begin the ten minutes anew.
            assert!((CANCEL_MS_MAX..CANCEL_MS_MAX + 331_000).contains(&queried), "{refusal:?}");
        }
    }

    #[test]
    fn paid_while_a_cancel_is_in_doubt_ends_as_paid_ten_minutes_after_the_newest_that_is() {
        for open in [
            lost(),
            said("CANCEL_ERROR", ""),
            said("CANCEL_IN_PROGRESS", ""),
            fail("UNKNOWN_SYSTEM_ERROR"),
            fail(GONE),
            top("400", "CLIENT_SN_CONFLICT"),
        ] {
            let (cancelled, queried) = ends_as_paid(&open);
            assert!(queried >= cancelled + CALL_MS + CANCEL_MS_MAX, "{open:?}");
        }
    }

    #[test]
    fn only_a_query_that_left_after_the_ten_minutes_counts() {
        let mut flow = watch(Told::Paid, knows(Cancels::Open));
        flow.step(FlowInput::Begin, START);
        let ten_minutes = START + CANCEL_MS_MAX;
        assert_eq!(flow.step(FlowInput::Timer, ten_minutes - 1), Next::Send(Call::Query));
        assert!(matches!(flow.step(FlowInput::Heard(&status("PAID")), ten_minutes + 50), Next::SleepUntil(_)));
        assert_eq!(flow.step(FlowInput::Timer, ten_minutes + 60), Next::Send(Call::Query));
        assert_eq!(flow.step(FlowInput::Heard(&status("PAID")), ten_minutes + 90), Next::Done(Resolution::Paid));
    }

    #[test]
    fn an_order_that_was_made_elsewhere_keeps_the_rule() {
        let theirs = || data("SUCCESS", "", r#""client_sn":"c","total_amount":"7","order_status":"PAID""#);
        let flow = |cancels| Watch::new(made_elsewhere(), limits(), Told::Unknown, knows(cancels), None);
        assert_eq!(play(flow(Cancels::Refused), &[theirs()]).calls.len(), 1);
        let played = talk(flow(Cancels::Open), ABSENT_MS_MAX, |call, _| match call {
            Call::Cancel => fail(FORBIDDEN),
            _ => theirs(),
        });
        assert_eq!(played.end(), Resolution::Paid);
        assert!(played.calls.last().unwrap().1 >= CANCEL_MS_MAX);
    }
}

mod rule_10 {
    use super::*;

    #[test]
    fn an_order_that_no_answer_has_named_is_let_go_after_an_hour() {
        for told in NOT_PAID {
            let played = play(fresh(told), &[fail(GONE)]);
            assert_eq!(played.end(), Resolution::NeverArrived, "{told:?}");
            assert!((ABSENT_MS_MAX + 30_000..ABSENT_MS_MAX + 331_000).contains(&played.ended), "{}", played.ended);
            assert_eq!(played.warnings, [(UPAY_OK, 0)]);
        }
    }

    #[test]
    fn the_hour_begins_anew_with_any_other_answer_and_goes_on_without_one() {
        let half = ABSENT_MS_MAX / 2;
        for between in [status("CANCEL_INPROGRESS"), status("PAY_ERROR")] {
            let mut once = Some(between);
            let played = talk(fresh(Told::NotOwed), ABSENT_MS_MAX + half, |_, now| match now {
                now if now > half => once.take().unwrap_or_else(|| fail(GONE)),
                _ => fail(GONE),
            });
            assert_eq!(played.end, None);
        }
        let played = talk(fresh(Told::NotOwed), 2 * ABSENT_MS_MAX, |_, now| match now {
            now if now < half => fail(GONE),
            now if now < ABSENT_MS_MAX => lost(),
            _ => fail(GONE),
        });
        assert_eq!(played.end(), Resolution::NeverArrived);
        assert!(played.ended < ABSENT_MS_MAX + 331_000);
    }

    #[test]
    fn an_order_that_an_answer_has_named_stays_and_a_person_hears() {
        let named = Knowledge { named: true, ..Knowledge::default() };
        for told in NOT_PAID {
            let played = play(watch(told, named), &[fail(GONE)]);
            assert_eq!(played.end, None, "{told:?}");
            let warned = played.warned_of(UPAY_E_NO_ORDER).unwrap();
            assert!((ABSENT_MS_MAX + 30_000..ABSENT_MS_MAX + 331_000).contains(&warned), "{warned}");
            assert_eq!(played.warnings.len(), 2, "once");
        }
        // In this run too, and by number alone.
        for naming in
            [status("PAY_ERROR"), without_amount("SUCCESS", "CANCEL_INPROGRESS"), another_amount("SUCCESS", "")]
        {
            let played = play(fresh(Told::Unknown), &[naming.clone(), fail(GONE)]);
            assert_eq!((played.end, played.knowledge.named), (None, true), "{naming:?}");
            assert!(played.warned_of(UPAY_E_NO_ORDER).is_some());
        }
    }

    #[test]
    fn the_warning_goes_when_the_order_is_seen_again() {
        let named = Knowledge { named: true, ..Knowledge::default() };
        let played = talk(watch(Told::Unknown, named), 3 * ABSENT_MS_MAX, |_, now| match now {
            now if now < 2 * ABSENT_MS_MAX => fail(GONE),
            _ => status("CANCEL_INPROGRESS"),
        });
        let statuses: Vec<_> = played.warnings.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [UPAY_OK, UPAY_E_NO_ORDER, UPAY_OK]);
    }
}

#[test]
fn a_cashier_cannot_give_it_up() {
    assert!(!fresh(Told::Unknown).give_up());
}
