//! Rules 4, 5, 8 and 9: query, then cancel, to a verdict.

use super::*;
use crate::flow::limits::CANCEL_MS_MAX;
use crate::flow::pay::Pay;
use crate::flow::reconcile::Reconcile;

fn pay(script: &[Result<Reply>]) -> Played {
    play(Pay::new(order(), limits()), script)
}

fn cancel() -> Reconcile {
    Reconcile::by_cancel(order(), limits(), Knowledge::default())
}

/// The library's own cancel: a payment whose time was up after one query.
fn expired(script: &[Result<Reply>]) -> Played {
    let short = Limits { pay_timeout: 1, ..limits() };
    let mut answers = vec![lost(), status("CREATED")];
    answers.extend_from_slice(script);
    play(Pay::new(order(), short), &answers)
}

mod while_querying {
    use super::*;

    #[test]
    fn a_final_status_ends_it() {
        for (order_status, resolution) in [
            ("PAID", Resolution::Paid),
            ("PAY_CANCELED", Resolution::Refused(UPAY_E_REFUSED)),
            ("CANCELED", Resolution::Returned),
            ("REFUNDED", Resolution::Returned),
            ("PARTIAL_REFUNDED", Resolution::PartlyReturned),
        ] {
            let played = pay(&[lost(), lost(), status("A_STATUS_OF_NEXT_YEAR"), status(order_status)]);
            assert_eq!((played.end(), played.calls.len()), (resolution, 4), "{order_status}");
        }
    }

    #[test]
    fn a_status_counts_only_in_a_reply_that_names_the_order() {
        for order_status in ["PAID", "CANCELED", "PAY_CANCELED"] {
            let nameless = data("SUCCESS", "", &format!(r#""order_status":"{order_status}""#));
            assert_eq!(pay(&[lost(), nameless]).end(), Resolution::Unknown, "{order_status}");
        }
        // Without the amount, "paid" proves nothing, and is not cancelled because the time is up.
        let played = pay(&[lost(), without_amount("SUCCESS", "PAID")]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0));
    }

    #[test]
    fn what_is_not_final_is_asked_about_until_the_time_is_up_and_then_cancelled() {
        for order_status in ["CREATED", "CANCEL_INPROGRESS", "REFUND_INPROGRESS", "A_STATUS_OF_NEXT_YEAR"] {
            let mut script = vec![said("PAY_IN_PROGRESS", "CREATED")];
            script.extend(vec![status(order_status); 20]);
            script.extend([lost(), said("CANCEL_SUCCESS", "CANCELED")]);
            let played = pay(&script);
            assert_eq!((played.end(), played.count(Call::Query)), (Resolution::Expired, 20));
            // The time runs from the end of the pay call: 15 pauses of 2 s, then of 5 s. With the cancel they begin anew.
            assert_eq!(played.calls[21..], [(Call::Cancel, 60_100), (Call::Cancel, 62_200)]);
        }
    }

    #[test]
    fn an_order_that_the_gateway_itself_does_not_know_ends_unknown_and_is_not_cancelled() {
        for order_status in ["PAY_ERROR", "CANCEL_ERROR", "REFUND_ERROR", "INVALID_STATUS_CODE"] {
            let played = pay(&[lost(), status(order_status)]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{order_status}");
            assert_eq!(played.ended, 60_100);
            assert_eq!(played.warned_of(UPAY_E_UNRESOLVED), Some(2_200));
            // No answer takes nothing back; a status that is not an error does.
            let played = pay(&[lost(), status(order_status), lost()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{order_status}");
            let played = pay(&[lost(), status(order_status), status("CREATED")]);
            assert!(played.count(Call::Cancel) > 0, "{order_status}");
        }
    }

    #[test]
    fn no_such_order_counts_only_twice_in_a_row_with_the_grace_between() {
        let played = pay(&[lost(), fail(GONE)]);
        assert_eq!(played.end(), Resolution::NotFound);
        // Answered at 2200, 4300, 6400 and 8500: only the last is 6 s after the first.
        assert_eq!((played.count(Call::Query), played.ended), (4, 8_500));
        assert_eq!(played.warned_of(UPAY_E_NO_ORDER), Some(2_200));

        // Any other answer breaks the row, also one that does not help.
        let between = [
            status("CREATED"),
            status("PAY_ERROR"),
            status("A_STATUS_OF_NEXT_YEAR"),
            another_amount("SUCCESS", "CREATED"),
        ];
        for between in between {
            let played = pay(&[lost(), fail(GONE), fail(GONE), between, fail(GONE), fail(GONE), status("PAID")]);
            assert_eq!(played.end(), Resolution::Paid);
        }

        // No answer is not an answer: it neither counts nor breaks the row.
        let played = pay(&[lost(), fail("UPAY_ORDER_NOT_EXIST"), lost(), lost(), lost(), fail(GONE)]);
        assert_eq!((played.end(), played.count(Call::Query)), (Resolution::NotFound, 5));

        // Another code, however alike, is not that answer; nor is one that shows the order all the same.
        for other in [fail("TRADE_NOT_EXIST"), data("FAIL", GONE, r#""client_sn":"c","order_status":"CREATED""#)] {
            let played = pay(&[lost(), other.clone(), other.clone(), other.clone(), other, status("PAID")]);
            assert_eq!(played.end(), Resolution::Paid);
        }
    }

    #[test]
    fn one_answer_no_such_order_is_never_enough() {
        let hasty = Limits { not_found_grace: 0, ..limits() };
        let played = play(Pay::new(order(), hasty), &[lost(), fail(GONE)]);
        assert_eq!((played.end(), played.count(Call::Query)), (Resolution::NotFound, 2));
    }

    #[test]
    fn nothing_is_cancelled_unasked_because_its_time_is_up() {
        let short = Limits { pay_timeout: 1, ..limits() };
        let played = play(Pay::new(order(), short), &[lost(), status("PAID")]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Paid, 0));
    }

    #[test]
    fn without_any_answer_to_its_queries_a_payment_is_cancelled_in_time() {
        let played = pay(&[lost()]);
        assert_eq!((played.end(), played.ended), (Resolution::Unknown, 90_100));
        assert!(played.count(Call::Cancel) > 3);
        assert_eq!(played.knowledge.cancels, Cancels::Open);
    }
}

mod after_a_cancel {
    use super::*;

    #[test]
    fn a_cancel_decides_where_it_is_final() {
        for (answer, by_library, by_host) in [
            (said("CANCEL_SUCCESS", "CANCELED"), Resolution::Expired, Resolution::Cancelled),
            (said("CANCEL_ABORT_SUCCESS", "PAY_CANCELED"), Resolution::Expired, Resolution::Cancelled),
            (failed("CANCEL_SUCCESS", ""), Resolution::Expired, Resolution::Cancelled),
            (fail(NOOP), Resolution::Expired, Resolution::Cancelled),
            (said("CANCEL_ERROR", "CANCEL_ERROR"), Resolution::Unknown, Resolution::Unknown),
            (said("CANCEL_ABORT_ERROR", "CANCEL_ERROR"), Resolution::Unknown, Resolution::Unknown),
        ] {
            let played = play(cancel(), std::slice::from_ref(&answer));
            assert_eq!((played.end(), played.calls.len()), (by_host, 1), "{answer:?}");
            assert_eq!(expired(std::slice::from_ref(&answer)).end(), by_library, "{answer:?}");
        }
    }

    #[test]
    fn no_such_order_counts_twice_with_the_grace_between() {
        let played = play(cancel(), &[fail(GONE)]);
        assert_eq!((played.end(), played.calls()), (Resolution::NotFoundCancelled, vec![Call::Cancel; 2]));
        assert_eq!(played.calls[1].1, 6_100);
        assert_eq!(expired(&[fail(GONE)]).end(), Resolution::NotFound);
        // The row that began with the queries goes on.
        let short = Limits { pay_timeout: 4_000, ..limits() };
        let played = play(Pay::new(order(), short), &[lost(), fail(GONE)]);
        assert_eq!(
            played.calls,
            [(Call::Pay, 0), (Call::Query, 2_100), (Call::Cancel, 4_100), (Call::Cancel, 8_200)]
        );
        assert_eq!(played.end(), Resolution::NotFound);
    }

    #[test]
    fn a_second_no_such_order_counts_even_when_its_timer_is_late_and_the_time_is_short() {
        let short = Limits { cancel_timeout: 1_000, ..limits() };
        let mut flow = Reconcile::by_cancel(order(), short, Knowledge::default());
        assert_eq!(flow.step(FlowInput::Begin, 0), Next::Send(Call::Cancel));
        assert_eq!(flow.step(FlowInput::Heard(&fail(GONE)), 100), Next::SleepUntil(6_100));
        assert_eq!(flow.step(FlowInput::Timer, 6_200), Next::Send(Call::Cancel));
        assert_eq!(flow.step(FlowInput::Heard(&fail(GONE)), 6_300), Next::Done(Resolution::NotFoundCancelled));
    }

    #[test]
    fn a_cancel_without_an_answer_is_sent_again_until_its_time_is_up() {
        let unanswered = [
            lost(),
            not_sent(),
            top("500", "REQUEST_FAIL"),
            // By rule 11 no refusals.
            top("400", "REQUEST_FAIL"),
            top("400", NOOP),
            fail("UNKNOWN_SYSTEM_ERROR"),
            said("A_CODE_OF_NEXT_YEAR", ""),
        ];
        for answer in &unanswered {
            let played = play(cancel(), &[answer.clone(), answer.clone(), fail(NOOP)]);
            assert_eq!((played.end(), played.calls()), (Resolution::Cancelled, vec![Call::Cancel; 3]), "{answer:?}");
            let played = play(cancel(), std::slice::from_ref(answer));
            assert_eq!((played.end(), played.ended), (Resolution::Unknown, 30_000), "{answer:?}");
        }
    }

    #[test]
    fn a_cancel_that_the_state_forbids_is_asked_about_at_once_because_it_may_just_have_been_paid() {
        for code in [FORBIDDEN, "UPAY_TCP_ORDER_NOT_REFUNDABLE"] {
            let played = play(cancel(), &[fail(code), status("PAID")]);
            assert_eq!((played.end(), played.calls), (Resolution::Paid, vec![(Call::Cancel, 0), (Call::Query, 100)]));
        }
        // That question may be lost too.
        let played = play(cancel(), &[fail(FORBIDDEN), lost(), status("PAID")]);
        assert_eq!((played.end(), played.calls()), (Resolution::Paid, vec![Call::Cancel, Call::Query, Call::Query]));
        let played = play(cancel(), &[fail(FORBIDDEN), status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Cancelled, 2));
    }

    #[test]
    fn a_cancel_that_is_refused_in_new_words_is_asked_about_after_a_pause() {
        for answer in [fail("A_CODE_OF_NEXT_YEAR"), fail("TRADE_HAS_SUCCESS"), top("400", "INVALID_PARAMS")] {
            let played = play(cancel(), &[answer.clone(), status("PAID")]);
            assert_eq!(played.end(), Resolution::Paid, "{answer:?}");
            assert_eq!(played.calls, [(Call::Cancel, 0), (Call::Query, 2_100)], "{answer:?}");
            let played = play(cancel(), &[answer.clone(), status("CREATED"), fail(NOOP)]);
            assert_eq!(played.end(), Resolution::Cancelled, "{answer:?}");
        }
    }

    #[test]
    fn a_cancel_under_way_is_asked_about() {
        for word in ["CANCEL_IN_PROGRESS", "CANCEL_ABORT_IN_PROGRESS"] {
            let under_way = said(word, "CANCEL_INPROGRESS");
            let played = play(cancel(), &[under_way, status("CANCEL_INPROGRESS"), status("CANCELED")]);
            assert_eq!(
                (played.end(), played.calls()),
                (Resolution::Cancelled, vec![Call::Cancel, Call::Query, Call::Query])
            );
        }
        // "Cancelled" in a reply that calls the order anything else proves nothing.
        for order_status in ["PAID", "CREATED", "CANCEL_INPROGRESS", "PAY_ERROR"] {
            for word in ["CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS"] {
                let played = play(cancel(), &[said(word, order_status), status("CANCELED")]);
                assert_eq!((played.end(), played.count(Call::Query)), (Resolution::Cancelled, 1), "{order_status}");
            }
        }
    }

    #[test]
    fn what_a_query_says_after_a_cancel() {
        for (answer, resolution) in [
            (status("PAY_CANCELED"), Resolution::Cancelled),
            (status("REFUNDED"), Resolution::Cancelled),
            (status("PARTIAL_REFUNDED"), Resolution::PartlyReturned),
            (another_amount("SUCCESS", "PAID"), Resolution::Unknown),
        ] {
            let played = play(cancel(), &[said("CANCEL_IN_PROGRESS", ""), answer.clone()]);
            assert_eq!((played.end(), played.calls.len()), (resolution, 2), "{answer:?}");
        }
        for answer in [status("PAY_ERROR"), without_amount("SUCCESS", "PAID"), status("REFUND_INPROGRESS")] {
            let played = play(cancel(), &[said("CANCEL_IN_PROGRESS", ""), answer.clone()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 1), "{answer:?}");
        }
    }

    #[test]
    fn an_order_that_was_made_elsewhere_is_cancelled_by_its_number_alone() {
        let cancel = || Reconcile::by_cancel(made_elsewhere(), limits(), Knowledge::default());
        let theirs =
            || data("SUCCESS", "", r#""client_sn":"c","terminal_sn":"u","total_amount":"7","order_status":"PAID""#);
        assert_eq!(play(cancel(), &[fail(NOOP)]).end(), Resolution::Cancelled);
        assert_eq!(play(cancel(), &[fail(FORBIDDEN), theirs()]).end(), Resolution::Paid);
        // Rule 8 holds for it too.
        assert_eq!(play(cancel(), &[lost(), fail(FORBIDDEN), theirs()]).end(), Resolution::Unknown);
    }
}

mod rule_8 {
    use super::*;

    #[test]
    fn the_cancels_are_refused_only_when_each_of_them_was() {
        let real = [
            fail(FORBIDDEN),
            fail("A_CODE_OF_NEXT_YEAR"),
            fail(""),
            fail("TRADE_NOT_EXIST"),
            top("400", "INVALID_PARAMS"),
            top("400", "A_CODE_OF_NEXT_YEAR"),
        ];
        for refusal in &real {
            let played = play(cancel(), &[refusal.clone(), status("CREATED"), refusal.clone(), status("PAID")]);
            assert_eq!((played.end(), played.knowledge.cancels), (Resolution::Paid, Cancels::Refused), "{refusal:?}");
        }
        let open = [
            lost(),
            said("CANCEL_IN_PROGRESS", ""),
            said("CANCEL_ABORT_IN_PROGRESS", ""),
            said("CANCEL_SUCCESS", "PAID"),
            top("500", "REQUEST_FAIL"),
            top("400", "REQUEST_FAIL"),
            fail("UNKNOWN_SYSTEM_ERROR"),
            fail(GONE),
            said("A_CODE_OF_NEXT_YEAR", ""),
        ];
        for open in &open {
            // The newest is open, the earlier was refused; and the other way round.
            for script in [[fail(FORBIDDEN), open.clone()], [open.clone(), fail(FORBIDDEN)]] {
                let mut cancels = script.iter();
                let played = talk(cancel(), MINUTE_MS, |call, _| match call {
                    Call::Cancel => cancels.next().cloned().unwrap_or_else(|| fail(FORBIDDEN)),
                    _ if cancels.len() > 0 => status("CREATED"),
                    _ => status("PAID"),
                });
                assert_eq!(
                    (played.end(), played.knowledge.cancels),
                    (Resolution::Unknown, Cancels::Open),
                    "{open:?}"
                );
            }
        }
        for error in ["CANCEL_ERROR", "CANCEL_ABORT_ERROR"] {
            let played = play(cancel(), &[said(error, "")]);
            assert_eq!((played.end(), played.knowledge.cancels), (Resolution::Unknown, Cancels::Open));
        }
    }

    #[test]
    fn a_cancel_that_did_not_leave_is_no_cancel() {
        let played = play(cancel(), &[not_sent(), fail(FORBIDDEN), status("PAID")]);
        assert_eq!((played.end(), played.knowledge.cancels), (Resolution::Paid, Cancels::Refused));
        let played = play(cancel(), &[fail(FORBIDDEN), status("CREATED"), not_sent()]);
        assert_eq!((played.end(), played.knowledge.cancels), (Resolution::Unknown, Cancels::Refused));
        assert_eq!(play(cancel(), &[not_sent()]).knowledge.cancels, Cancels::None);
        let played = play(cancel(), &[lost(), not_sent()]);
        assert_eq!(played.knowledge.cancels, Cancels::Open);
    }

    #[test]
    fn paid_with_a_cancel_in_doubt_is_cancelled_again_and_unknown_when_the_time_is_up() {
        let played = play(cancel(), &[lost(), fail(FORBIDDEN), status("PAID")]);
        assert_eq!((played.end(), played.ended), (Resolution::Unknown, 30_000));
        let played = play(cancel(), &[said("CANCEL_IN_PROGRESS", ""), status("PAID"), fail(NOOP)]);
        assert_eq!(played.end(), Resolution::Cancelled);
        let played = play(cancel(), &[lost(), fail("A_CODE_OF_NEXT_YEAR"), status("PAID"), fail(NOOP)]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Cancelled, 3));
    }

    #[test]
    fn paid_is_the_last_word_once_no_cancel_can_be_carried_out_any_more() {
        let patient = Limits { cancel_timeout: 20 * MINUTE_MS, ..limits() };
        let flow = Reconcile::by_cancel(order(), patient, Knowledge::default());
        // The first cancel has no answer; all others are refused.
        let mut cancels = 0;
        let played = talk(flow, 30 * MINUTE_MS, |call, _| match call {
            Call::Cancel => {
                cancels += 1;
                if cancels == 1 {
                    lost()
                } else {
                    fail(FORBIDDEN)
                }
            }
            _ => status("PAID"),
        });
        assert_eq!(played.end(), Resolution::Paid);
        let (last, at) = *played.calls.last().unwrap();
        assert_eq!(last, Call::Query);
        assert!((CALL_MS + CANCEL_MS_MAX..CANCEL_MS_MAX + 10_000).contains(&at), "{at}");
    }
}

mod rule_9 {
    use super::*;

    fn left_over(cancels: Cancels, by_host: bool) -> Reconcile {
        Reconcile::left_over(order(), limits(), knows(cancels), by_host)
    }

    const ALL: [(Cancels, bool); 6] = [
        (Cancels::None, false),
        (Cancels::None, true),
        (Cancels::Refused, false),
        (Cancels::Refused, true),
        (Cancels::Open, false),
        (Cancels::Open, true),
    ];

    #[test]
    fn a_left_over_order_is_never_cancelled_when_no_query_was_answered() {
        let none = [
            lost(),
            not_sent(),
            top("500", "REQUEST_FAIL"),
            top("400", "ILLEGAL_SIGN"),
            fail("A_CODE_OF_NEXT_YEAR"),
            data("SUCCESS", "", r#""order_status":"CREATED""#),
        ];
        for (cancels, by_host) in ALL {
            for answer in &none {
                let played = play(left_over(cancels, by_host), std::slice::from_ref(answer));
                assert_eq!(played.end(), Resolution::Unknown, "{cancels:?} {by_host} {answer:?}");
                assert_eq!((played.count(Call::Cancel), played.ended), (0, 60_000), "{cancels:?} {by_host}");
                assert_eq!(played.knowledge.cancels, cancels);
            }
        }
    }

    #[test]
    fn a_left_over_order_is_asked_about_at_once() {
        for (cancels, by_host) in ALL {
            let played = play(left_over(cancels, by_host), &[status("CANCELED")]);
            assert_eq!(played.calls, [(Call::Query, 0)], "{cancels:?} {by_host}");
        }
    }

    #[test]
    fn a_left_over_payment_is_cancelled_when_its_time_is_up_once_a_query_was_answered() {
        for answered in [status("CREATED"), fail(GONE), status("CANCEL_INPROGRESS")] {
            let played = play(left_over(Cancels::None, false), &[answered.clone(), lost()]);
            assert!(played.count(Call::Cancel) > 0, "{answered:?}");
            assert_eq!(played.calls.iter().find(|(call, _)| *call == Call::Cancel), Some(&(Call::Cancel, 60_000)));
        }
        // An error of the gateway's does not clear it, and neither does an order that is not ours.
        for answered in [status("PAY_ERROR"), another_amount("SUCCESS", "CREATED")] {
            let played = play(left_over(Cancels::None, false), &[answered.clone(), lost()]);
            assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{answered:?}");
        }
    }

    #[test]
    fn a_cancel_that_was_begun_goes_on_as_soon_as_the_order_is_seen() {
        for (cancels, by_host) in ALL.into_iter().filter(|(cancels, by_host)| *by_host || *cancels != Cancels::None) {
            let played = play(left_over(cancels, by_host), &[status("CREATED"), fail(NOOP)]);
            let end = if by_host { Resolution::Cancelled } else { Resolution::Expired };
            assert_eq!(
                (played.end(), played.calls()),
                (end, vec![Call::Query, Call::Cancel]),
                "{cancels:?} {by_host}"
            );
        }
    }

    #[test]
    fn a_left_over_order_that_is_paid() {
        for (cancels, by_host) in ALL {
            let played = play(left_over(cancels, by_host), &[status("PAID"), fail(FORBIDDEN), status("PAID")]);
            let end = if cancels == Cancels::Open { Resolution::Unknown } else { Resolution::Paid };
            assert_eq!(played.end(), end, "{cancels:?} {by_host}");
            assert_eq!(played.count(Call::Cancel) > 0, cancels == Cancels::Open, "{cancels:?} {by_host}");
        }
    }

    #[test]
    fn a_left_over_order_that_is_cancelled_already() {
        assert_eq!(play(left_over(Cancels::Open, false), &[status("CANCELED")]).end(), Resolution::Expired);
        assert_eq!(play(left_over(Cancels::Open, true), &[status("CANCELED")]).end(), Resolution::Cancelled);
        assert_eq!(play(left_over(Cancels::None, false), &[status("CANCELED")]).end(), Resolution::Returned);
        assert_eq!(play(left_over(Cancels::None, true), &[fail(GONE)]).end(), Resolution::NotFoundCancelled);
    }

    #[test]
    fn the_host_may_still_cancel_it() {
        let mut flow = left_over(Cancels::None, false);
        assert_eq!(flow.step(FlowInput::Begin, 0), Next::Send(Call::Query));
        assert!(flow.give_up());
        assert_eq!(flow.step(FlowInput::Heard(&lost()), 100), Next::Send(Call::Cancel));
        assert_eq!(flow.step(FlowInput::Heard(&fail(NOOP)), 200), Next::Done(Resolution::Cancelled));
    }
}

#[test]
fn a_cancel_of_the_host_ends_as_cancelled_also_when_the_library_had_begun_it() {
    let mut flow = Reconcile::left_over(order(), limits(), knows(Cancels::Refused), false);
    flow.step(FlowInput::Begin, 0);
    assert_eq!(flow.step(FlowInput::Heard(&status("CREATED")), 100), Next::Send(Call::Cancel));
    flow.give_up();
    assert_eq!(flow.step(FlowInput::Heard(&fail(NOOP)), 200), Next::Done(Resolution::Cancelled));
}
