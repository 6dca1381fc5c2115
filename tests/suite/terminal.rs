//! How a terminal comes by its keys and keeps them: activation, check-in, the key before the newest; and calls of the
//! host's own making.

use std::thread;

use crate::host::{gateway, last_error, Client, Scratch, PATIENCE};
use crate::scenarios::{side_by_side, FEN};
use crate::simulator::row::Row;
use crate::simulator::terminal_story::{self, KeyAnswer, TerminalStory};
use crate::simulator::{scenario, Options, Simulator, DEFAULT_TERMINAL_SN, DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN};
use upay::abi::*;

const CODE: &str = "10000001";

fn paid_at_once() -> String {
    scenario::named("paid-at-once").barcode(0)
}

fn vendor() -> [(&'static str, &'static str); 4] {
    [
        ("vendor_sn", DEFAULT_VENDOR_SN),
        ("vendor_key", DEFAULT_VENDOR_KEY),
        ("app_id", "2026112000000001"),
        ("device_id", "till-1"),
    ]
}

fn pays(client: &Client) {
    assert_eq!(client.sale(FEN, &paid_at_once()).pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
}

/// The keys that requests were let in with, by number.
fn used(gateway: &Simulator, terminal_sn: &str) -> Vec<usize> {
    let ledger = gateway.ledger();
    let keys = &ledger.terminal(terminal_sn).unwrap().keys;
    keys.iter().filter(|key| key.used > 0).map(|key| key.number).collect()
}

fn files_of(directory: &std::path::Path) -> Vec<u8> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_activated_terminal_pays_now_and_after_a_restart_without_being_told_its_number() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = Client::make(&scratch.0, &gateway.url(), &vendor());
    assert_eq!(client.begin(), UPAY_E_MISSING);
    assert!(last_error().contains("terminal_sn"), "{}", last_error());
    assert_eq!(client.activate(CODE), UPAY_OK, "{}", last_error());
    let terminal_sn = client.get("terminal_sn").unwrap();
    assert_eq!(gateway.ledger().activations[0].terminal_sn.as_ref(), Some(&terminal_sn));
    assert_eq!(client.begin(), UPAY_OK, "{}", last_error());
    pays(&client);
    assert_eq!(client.activate(CODE), UPAY_E_STATE);
    client.stop();

    let files = files_of(&scratch.0);
    assert!(!holds(&files, DEFAULT_VENDOR_KEY) && !holds(&files, CODE), "kept what must not be kept");

    let again = Client::make(&scratch.0, &gateway.url(), &[]);
    assert_eq!(again.begin(), UPAY_OK, "{}", last_error());
    assert_eq!(again.get("terminal_sn").unwrap(), terminal_sn);
    assert_eq!(again.get("terminal_key"), Err(UPAY_E_KEY));
    pays(&again);
    assert_eq!(gateway.ledger().charged_fen, 2 * FEN);
}

#[test]
fn the_terminal_that_was_activated_last_is_the_one_that_starts() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let activate = |code: &str| {
        let client = Client::make(&scratch.0, &gateway.url(), &vendor());
        assert_eq!(client.activate(code), UPAY_OK, "{}", last_error());
        client.get("terminal_sn").unwrap()
    };
    let (first, second) = (activate("10000001"), activate("10000002"));
    assert_ne!(first, second);
    let client = Client::make(&scratch.0, &gateway.url(), &[]);
    assert_eq!(client.begin(), UPAY_OK, "{}", last_error());
    assert_eq!(client.get("terminal_sn").unwrap(), second);
    let other = Client::make(&scratch.0, &gateway.url(), &[("terminal_sn", &first)]);
    assert_eq!(other.begin(), UPAY_OK, "{}", last_error());
    pays(&client);
    pays(&other);
}

/// The earlier terminal's key signs for it, whether it was activated here or set by the host; and its number is not sent again.
#[test]
fn what_an_earlier_terminal_left_open_is_settled_after_a_new_activation() {
    for activated in [true, false] {
        settled_after_a_new_activation(activated);
    }
}

fn settled_after_a_new_activation(activated: bool) {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = if activated {
        let client = Client::make(&scratch.0, &gateway.url(), &vendor());
        assert_eq!(client.activate(CODE), UPAY_OK, "{}", last_error());
        assert_eq!(client.begin(), UPAY_OK, "{}", last_error());
        client
    } else {
        Client::start_in(&scratch.0, &gateway.url(), &[])
    };
    let order = client.sale(FEN, &scenario::named("never-paid").barcode(0));
    let client_sn = order.client_sn();
    let payment = order.pay();
    payment.wait("it is asked about", |heard, _| heard.iter().any(|heard| heard.phase == "querying"));
    client.stop();
    drop((order, client));
    let client = Client::make(&scratch.0, &gateway.url(), &vendor());
    assert_eq!(client.activate("10000002"), UPAY_OK, "{}", last_error());
    assert_eq!(client.begin(), UPAY_OK, "{}", last_error());
    assert_eq!(client.unfinished(), 1);
    let again = client.order_of(&client_sn);
    for (key, value) in [("total_amount", "1"), ("dynamic_id", paid_at_once().as_str()), ("subject", "again")] {
        assert_eq!(again.set(key, value), UPAY_OK);
    }
    assert_eq!(again.pay_unheard(), UPAY_E_DUPLICATE, "{}", last_error());
    assert_eq!(again.query().final_one("query").order_status, "CREATED");
    client.settle();
    let heard = client.watched.wait("its end is told", |heard, _| heard.iter().any(|heard| heard.is_final()));
    let end = heard.last().unwrap();
    assert_eq!((end.action, end.outcome), (UPAY_ACTION_WATCH, UPAY_OUTCOME_FAILED));
    pays(&client);
}

#[test]
fn a_key_that_could_not_be_kept_is_kept_by_its_own_terminals_next_start_and_by_no_other() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = Client::make(&scratch.0, &gateway.url(), &vendor());
    assert_eq!(client.activate("10000001"), UPAY_OK, "{}", last_error());
    let first = client.get("terminal_sn").unwrap();
    // Where the next terminal's journal has to go is something else already.
    let second = Client::make(&scratch.0, &gateway.url(), &vendor());
    let in_the_way = scratch.0.join(format!("terminal-{}.lock", first.parse::<u64>().unwrap() + 1));
    std::fs::create_dir(&in_the_way).unwrap();
    assert_eq!(second.activate("10000002"), UPAY_E_STORAGE);
    assert!(last_error().starts_with("activated as terminal "), "{}", last_error());
    let activated = second.get("terminal_sn").unwrap();
    assert!(in_the_way.ends_with(format!("terminal-{activated}.lock")), "{activated}");
    // The till goes back to the first one, whose keys stay.
    for (key, value) in [("terminal_sn", first.as_str()), ("terminal_key", "")] {
        assert_eq!(second.set(key, value), UPAY_OK);
    }
    assert_eq!(second.begin(), UPAY_OK, "{}", last_error());
    pays(&second);
}

#[test]
fn bad_input_of_an_activation_names_what_is_wrong_and_uses_no_code_up() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    for missing in ["vendor_sn", "vendor_key", "app_id", "device_id"] {
        let settings: Vec<_> = vendor().into_iter().filter(|(key, _)| *key != missing).collect();
        let client = Client::make(&scratch.0, &gateway.url(), &settings);
        assert_eq!(client.activate(CODE), UPAY_E_MISSING);
        assert!(last_error().contains(missing), "{}", last_error());
    }
    let client = Client::make(&scratch.0, &gateway.url(), &vendor());
    for bad in ["", "1 2", &"1".repeat(65)] {
        assert_eq!(client.activate(bad), UPAY_E_VALUE, "{bad}");
        assert!(last_error().starts_with("code: must"), "{}", last_error());
    }
    assert!(gateway.ledger().activations.is_empty());
    // What cannot be kept is not asked for.
    let file = scratch.0.with_extension("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(client.set("state_dir", file.to_str().unwrap()), UPAY_OK);
    assert_eq!(client.activate(CODE), UPAY_E_STORAGE);
    assert!(gateway.ledger().activations.is_empty());
    std::fs::remove_file(&file).unwrap();
    // Nothing is lost: mended, it works.
    assert_eq!(client.set("state_dir", scratch.0.to_str().unwrap()), UPAY_OK);
    assert_eq!(client.activate(CODE), UPAY_OK, "{}", last_error());
}

/// What a story leaves a till with that asks once.
fn brings_the_key(row: &TerminalStory) -> bool {
    let readable = matches!(row.answer, KeyAnswer::Flat | KeyAnswer::Nested | KeyAnswer::LooseTypes);
    row.done && readable && row.wire == crate::simulator::scenario::Wire::Whole
}

#[test]
fn every_story_of_an_activation_ends_with_a_terminal_that_pays_or_with_its_reason() {
    let gateway = gateway();
    side_by_side(terminal_story::all().map(|row| (row.name, row)), |row| {
        let scratch = Scratch::new();
        let client = Client::make(&scratch.0, &gateway.url(), &vendor());
        let code = row.tag(row.parameter.sample().min(1));
        let status = client.activate(&code);
        // A terminal of somebody else cannot be told from the own one by an activation.
        if brings_the_key(row) || row.answer == KeyAnswer::AnotherTerminal {
            assert_eq!(status, UPAY_OK, "{}: {}", row.name, last_error());
        } else {
            assert!((200..400).contains(&status), "{}: {status}", row.name);
            assert_eq!(client.begin(), UPAY_E_MISSING, "{}", row.name);
            return;
        }
        if brings_the_key(row) {
            assert_eq!(client.begin(), UPAY_OK, "{}: {}", row.name, last_error());
            pays(&client);
        }
    });
    assert_eq!(gateway.ledger().redirects_followed, 0);
}

#[test]
fn a_check_in_brings_a_key_that_is_used_from_then_on_also_after_a_restart() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let settings = [("device_id", "till-1"), ("auto_checkin", "off")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    pays(&client);
    assert_eq!(client.checkin(), UPAY_OK, "{}", last_error());
    pays(&client);
    assert_eq!(used(&gateway, DEFAULT_TERMINAL_SN), [1, 2]);
    client.stop();
    // The host still gives the first key.
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    assert_eq!(client.checkin(), UPAY_OK);
    assert_eq!(client.checkin(), UPAY_OK);
    client.stop();
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    pays(&client);
    let keys = gateway.ledger().terminal(DEFAULT_TERMINAL_SN).unwrap().keys.clone();
    assert_eq!(keys.len(), 4);
    assert_eq!(keys[0].used, 2, "one payment, one check-in");
    assert_eq!(keys[3].used, 1);
    assert_eq!(gateway.ledger().refused, 0);
}

#[test]
fn a_key_that_the_host_changes_counts_from_then_on() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let settings = [("device_id", "till-1"), ("auto_checkin", "off")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    assert_eq!(client.checkin(), UPAY_OK);
    client.stop();
    // A back-office tool has checked in since, twice: neither of the keys that are kept is valid.
    let office = Client::start_in(&Scratch::new().0, &gateway.url(), &settings);
    assert_eq!(office.checkin(), UPAY_OK);
    assert_eq!(office.checkin(), UPAY_OK);
    let newest = gateway.keys(DEFAULT_TERMINAL_SN).pop().unwrap();
    let settings = [("terminal_key", newest.as_str()), ("auto_checkin", "off")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    pays(&client);
}

#[test]
fn a_till_checks_in_by_itself_once_a_day_and_a_setting_turns_that_off() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let checkins = || gateway.ledger().terminal(DEFAULT_TERMINAL_SN).unwrap().checkins;
    let off = Client::start_in(&scratch.0, &gateway.url(), &[("device_id", "till-1"), ("auto_checkin", "off")]);
    pays(&off);
    off.stop();
    assert_eq!(checkins(), 0);
    for _ in 0..2 {
        let client = Client::start_in(&scratch.0, &gateway.url(), &[("device_id", "till-1")]);
        pays(&client);
        pays(&client);
        client.stop();
        assert_eq!(checkins(), 1);
    }
    // Without a place to keep the key, or a device_id, it does not.
    let client = Client::start_in(&Scratch::new().0, &gateway.url(), &[]);
    pays(&client);
    client.stop();
    let client = Client::make(&Scratch::new().0, &gateway.url(), &vendor());
    assert_eq!(client.activate(CODE), UPAY_OK);
    assert_eq!(client.begin(), UPAY_OK);
    pays(&client);
    client.stop();
    let checkins: u32 = gateway.ledger().terminals.iter().map(|terminal| terminal.checkins).sum();
    assert_eq!(checkins, 1, "a key that is new today is not renewed today");
}

#[test]
fn no_check_in_while_a_payment_is_under_way_and_a_payment_waits_for_a_check_in() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("auto_checkin", "off"), ("device_id", "[sim:slow-reply=10]")]);
    let held = client.sale(FEN, &scenario::named("held-then-paid").barcode(10));
    let ear = held.pay();
    assert_eq!(client.checkin(), UPAY_E_STATE);
    assert!(last_error().contains("payment is under way"), "{}", last_error());
    assert_eq!(ear.final_one("held").outcome, UPAY_OUTCOME_SUCCESS);

    thread::scope(|scope| {
        let checkin = scope.spawn(|| client.checkin());
        let begun = gateway.wait_for(|ledger| ledger.terminal(DEFAULT_TERMINAL_SN).unwrap().checkins == 1, PATIENCE);
        begun.expect("the check-in arrives");
        let joined = scope.spawn(|| client.checkin());
        let ear = client.sale(FEN, &paid_at_once()).pay();
        assert_eq!((checkin.join().unwrap(), joined.join().unwrap()), (UPAY_OK, UPAY_OK));
        assert_eq!(ear.final_one("waited").outcome, UPAY_OUTCOME_SUCCESS);
    });
    // The payment that waited went out under the new key, and so after the check-in.
    assert_eq!(gateway.ledger().terminal(DEFAULT_TERMINAL_SN).unwrap().keys[1].used, 1);
}

/// Every way in which a check-in can go wrong leaves a till that pays, today and after a restart.
#[test]
fn every_story_of_a_check_in_leaves_a_terminal_that_pays() {
    side_by_side(terminal_story::all().map(|row| (row.name, row)), |row| {
        let (gateway, scratch) = (gateway(), Scratch::new());
        let device_id = row.tag(row.parameter.sample().min(1));
        let settings = [("device_id", device_id.as_str()), ("auto_checkin", "off")];
        let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
        let status = client.checkin();
        let lost_once = row.parameter == crate::simulator::row::Parameter::Count
            && !matches!(row.answer, KeyAnswer::RequestError("400", ..));
        if brings_the_key(row) {
            assert_eq!(status, UPAY_OK, "{}: {}", row.name, last_error());
        } else if lost_once {
            // A second lost reply in a row would end the key that is here: only the host's own call tries again.
            assert!((200..300).contains(&status), "{}: {status}", row.name);
            assert!(gateway.ledger().terminal(DEFAULT_TERMINAL_SN).unwrap().checkins <= 1, "{}", row.name);
            assert_eq!(client.checkin(), UPAY_OK, "{}: {}", row.name, last_error());
        } else {
            assert!((200..400).contains(&status), "{}: {status}", row.name);
        }
        pays(&client);
        client.stop();
        let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
        pays(&client);
        assert_eq!(gateway.ledger().charged_fen, 2 * FEN, "{}", row.name);
    });
}

#[test]
fn a_check_in_whose_reply_takes_too_long_leaves_the_key_that_the_till_has() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let settings = [("device_id", "[sim:slow-reply=300]"), ("auto_checkin", "off"), ("reply_timeout_ms", "300")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    assert_eq!(client.checkin(), UPAY_E_NO_REPLY);
    assert_eq!(gateway.ledger().terminal(DEFAULT_TERMINAL_SN).unwrap().checkins, 1);
    client.stop();
    let client = Client::start_in(&scratch.0, &gateway.url(), &[("auto_checkin", "off")]);
    pays(&client);
}

#[test]
fn all_but_a_payment_is_signed_again_with_the_key_before_when_the_newest_is_refused() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let settings = [("device_id", "till-1"), ("auto_checkin", "off")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    let order = client.sale(FEN, &paid_at_once());
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    client.stop();
    // The host gives a key that was mistyped: the one that is kept from before it stands behind.
    let client = Client::start_in(&scratch.0, &gateway.url(), &settings);
    assert_eq!(client.checkin(), UPAY_OK);
    client.stop();
    let mistyped = [("terminal_key", "mistyped"), ("auto_checkin", "off")];
    let client = Client::start_in(&scratch.0, &gateway.url(), &mistyped);
    let refused = client.sale(FEN, &paid_at_once());
    let heard = refused.pay().final_one("pay");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_FAILED, UPAY_E_SIGN));
    let pays_seen = gateway.ledger().order(&refused.client_sn()).map_or(0, |order| order.pays);
    assert_eq!(pays_seen, 0, "a payment is not signed again");

    let same = client.order_of(&order.client_sn());
    assert_eq!(same.query().final_one("query").outcome, UPAY_OUTCOME_SUCCESS);
    // What was learned holds for the next payment.
    pays(&client);
    client.stop();
}

#[test]
fn a_check_in_of_a_till_that_is_stopped_ends_with_the_stop() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("auto_checkin", "off"), ("device_id", "[sim:slow-reply=300]")]);
    thread::scope(|scope| {
        let checkin = scope.spawn(|| client.checkin());
        let begun = gateway.wait_for(|ledger| ledger.terminal(DEFAULT_TERMINAL_SN).unwrap().checkins == 1, PATIENCE);
        begun.expect("the check-in arrives");
        client.stop();
        assert_eq!(checkin.join().unwrap(), UPAY_E_INTERRUPTED);
    });
    assert_eq!(client.checkin(), UPAY_E_CLOSED);
}

#[test]
fn an_activation_of_a_client_that_is_stopped_ends_with_the_stop() {
    let (gateway, scratch) = (gateway(), Scratch::new());
    let client = Client::make(&scratch.0, &gateway.url(), &vendor());
    thread::scope(|scope| {
        let activation = scope.spawn(|| client.activate("[sim:slow-reply=300]"));
        let begun = gateway.wait_for(|ledger| !ledger.activations.is_empty(), PATIENCE);
        begun.expect("the activation arrives");
        assert_eq!(client.begin(), UPAY_E_STATE);
        client.stop();
        assert_eq!(activation.join().unwrap(), UPAY_E_INTERRUPTED);
    });
    assert_eq!(client.activate(CODE), UPAY_E_CLOSED);
}

#[test]
fn a_call_of_the_hosts_own_making_is_signed_and_its_reply_is_read() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    let (echo, heard) = client.call("/echo/anything", r#"{"echo":"披萨😀","n":[1,2]}"#).unwrap();
    assert_eq!((echo.as_str(), heard.action, heard.outcome), ("披萨😀", UPAY_ACTION_CALL, UPAY_OUTCOME_SUCCESS));
    for bad in ["", "[]", "{", "\"text\""] {
        assert_eq!(client.call("/echo/x", bad).unwrap_err(), UPAY_E_VALUE, "{bad}");
        assert!(last_error().starts_with("json: must"), "{}", last_error());
    }
    for guarded in ["/upay/v2/pay", "/upay/v2/precreate", "/terminal/checkin", "/terminal/activate"] {
        assert_eq!(client.call(guarded, "{}").unwrap_err(), UPAY_E_VALUE, "{guarded}");
    }
    // A query of the host's own is read as the library reads one.
    let order = client.sale(FEN, &paid_at_once());
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    let body = format!(r#"{{"terminal_sn":"{DEFAULT_TERMINAL_SN}","client_sn":"{}"}}"#, order.client_sn());
    let (_, heard) = client.call("/upay/v2/query", &body).unwrap();
    assert_eq!((heard.outcome, heard.order_status.as_str()), (UPAY_OUTCOME_SUCCESS, "PAID"));
    client.stop();
    assert_eq!(client.call("/echo/x", "{}").unwrap_err(), UPAY_E_CLOSED);
}

#[test]
fn every_fault_of_a_call_is_a_status_and_is_not_repeated() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    side_by_side(terminal_story::all().map(|row| (row.name, row)), |row| {
        let tag = row.tag(row.parameter.sample().min(1));
        let answered = client.call("/echo/fault", &format!(r#"{{"echo":"{tag}"}}"#));
        match (answered, row.answer) {
            (Ok((_, heard)), KeyAnswer::RequestError("400", ..)) => {
                assert_eq!(heard.outcome, UPAY_OUTCOME_FAILED, "{}", row.name);
            }
            (Ok((_, heard)), KeyAnswer::RequestError(..)) => {
                assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_UNKNOWN, UPAY_E_GATEWAY), "{}", row.name);
            }
            (Ok((echo, _)), _) => {
                assert!(row.wire == crate::simulator::scenario::Wire::Whole, "{}", row.name);
                assert_eq!(echo, tag);
            }
            (Err(status), _) => assert!((200..300).contains(&status), "{}: {status}", row.name),
        }
    });
}

#[test]
fn an_order_is_found_by_the_gateways_number_and_by_another_terminals() {
    let terminal = |sn: &str| crate::simulator::Terminal { terminal_sn: sn.into(), terminal_key: "key".into() };
    let options =
        Options { port: 0, quiet: true, terminals: vec![terminal("t1"), terminal("t2")], ..Options::default() };
    let gateway = Simulator::start(options).unwrap();
    let start = |sn: &str| Client::start(&gateway.url(), &[("terminal_sn", sn), ("terminal_key", "key")]);
    let (one, two) = (start("t1"), start("t2"));
    let order = one.sale(FEN, &paid_at_once());
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    let sn = order.get("sn").unwrap();

    // Of another terminal, by our number and by the gateway's.
    let by_client_sn = two.order_of(&order.client_sn());
    let heard = by_client_sn.query().final_one("by client_sn");
    assert_eq!((heard.outcome, heard.order_status.as_str()), (UPAY_OUTCOME_SUCCESS, "PAID"));
    let by_sn = two.order(&[("sn", &sn)]);
    let heard = by_sn.query().final_one("by sn");
    assert_eq!((heard.outcome, heard.client_sn.as_str()), (UPAY_OUTCOME_SUCCESS, order.client_sn().as_str()));
    // A number that does not fit the other one proves nothing.
    let both = one.order_of(&order.client_sn());
    assert_eq!(both.set("sn", "1234567890123456"), UPAY_OK);
    assert_ne!(both.query().final_one("both").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(both.set("sn", ""), UPAY_OK);

    // A part goes back from the other terminal, and is asked about by its number.
    for (key, value) in [("refund_request_no", "part"), ("refund_amount", "250")] {
        assert_eq!(by_sn.set(key, value), UPAY_OK);
    }
    assert_eq!(by_sn.refund().final_one("refund").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(gateway.ledger().charged_fen, FEN - 250);
    let about = one.order_of(&order.client_sn());
    assert_eq!(about.set("refund_request_no", "part"), UPAY_OK);
    let heard = about.query().final_one("about the refund");
    assert_eq!((heard.outcome, heard.order_status.as_str()), (UPAY_OUTCOME_SUCCESS, "PARTIAL_REFUNDED"));
    assert_eq!(about.set("refund_request_no", "never"), UPAY_OK);
    let heard = about.query().final_one("about no refund");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER));
    assert_eq!(about.set("refund_request_no", ""), UPAY_OK);
    assert_eq!(about.query().final_one("about the order").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(about.set("wosai_store_id", "1"), UPAY_E_KEY);
}

#[test]
fn a_cancel_goes_to_revoke_where_a_setting_says_so() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[("cancel_path", "revoke")]);
    let order = client.sale(FEN, &paid_at_once());
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!(order.cancel().final_one("cancel").outcome, UPAY_OUTCOME_SUCCESS);
    assert_eq!((gateway.ledger().charged_fen, gateway.ledger().revokes), (0, 1));
}
