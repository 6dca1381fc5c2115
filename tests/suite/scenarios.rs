//! Each barcode of the simulator's table: the verdict against the ledger, in the callback form and in the pull form.

use crate::host::{gateway, Client, Heard, PATIENCE};
use crate::simulator::scenario::{self, Charged, Course, Scenario, Verdict};
use crate::simulator::Simulator;
use upay::abi::*;

pub const FEN: u64 = 1250;

fn told(heard: &Heard) -> Verdict {
    match heard.outcome {
        UPAY_OUTCOME_SUCCESS => Verdict::Paid,
        UPAY_OUTCOME_FAILED => Verdict::NotPaid,
        _ => Verdict::Unknown,
    }
}

/// The rules that hold for every payment, whatever the scenario.
pub fn check(gateway: &Simulator, row: &Scenario, client_sn: &str, heard: &Heard) {
    let name = row.name;
    let verdict = told(heard);
    assert!(row.told.contains(&verdict), "{name}: told {verdict:?} ({heard:?}), right is {:?}", row.told);
    // What was paid after the till heard "not paid" is given back by the watch: the wallet is asked once all is quiet.
    let settled = gateway.wait_for(
        |ledger| {
            let charged = ledger.order(client_sn).map_or(0, |order| order.charged_fen);
            match verdict {
                Verdict::Paid => charged == FEN,
                Verdict::NotPaid => charged == 0,
                Verdict::Unknown => true,
            }
        },
        PATIENCE,
    );
    let ledger = settled.unwrap_or_else(|last| panic!("{name}: told {verdict:?}, and {:?}", last.order(client_sn)));
    let order = ledger.order(client_sn).unwrap_or_else(|| panic!("{name}: the request never arrived"));
    let pays = order.pays + order.precreates;
    assert_eq!(pays, 1, "{name}: /pay was received {pays} times");
    assert_eq!(order.scenario, name);
    assert_eq!(ledger.redirects_followed, 0, "{name}");
    the_row_is_right(gateway, row, client_sn);
}

/// Tests every row of a table at the same time; fails with the names of those that failed.
pub fn side_by_side<R: Send>(rows: impl Iterator<Item = (&'static str, R)>, test: impl Fn(R) + Sync) {
    std::thread::scope(|scope| {
        let test = &test;
        let threads: Vec<_> = rows.map(|(name, row)| (name, scope.spawn(move || test(row)))).collect();
        let failed: Vec<_> =
            threads.into_iter().filter_map(|(name, thread)| thread.join().err().map(|_| name)).collect();
        assert!(failed.is_empty(), "{failed:?}");
    });
}

/// The gateway did what the row says: lost the request, and left the wallet as it says.
fn the_row_is_right(gateway: &Simulator, row: &Scenario, client_sn: &str) {
    let in_the_end = gateway.wait_for(
        |ledger| {
            let charged = ledger.order(client_sn).is_some_and(|order| order.charged_fen == FEN);
            let lost = ledger.lost().any(|lost| lost == client_sn);
            (row.charged == Charged::Depends || charged == (row.charged == Charged::Yes))
                && lost == (row.course == Course::Lost)
        },
        PATIENCE,
    );
    assert!(in_the_end.is_ok(), "{}: {:?}", row.name, in_the_end.unwrap_err().order(client_sn));
}

fn every_scenario(pay: impl Fn(&Client, &str) -> (String, Heard) + Sync) {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    side_by_side(scenario::all().map(|row| (row.name, row)), |row| {
        let (client_sn, heard) = pay(&client, &row.barcode(row.sample_parameter()));
        check(&gateway, row, &client_sn, &heard);
    });
    client.stop();
    // The simulator is strict about requests: one that it refused on its own account is a defect of the library.
    assert_eq!(gateway.ledger().refused, 0);
}

#[test]
fn every_barcode_ends_in_the_right_verdict_by_callback() {
    every_scenario(|client, barcode| {
        let order = client.sale(FEN, barcode);
        let ear = order.pay();
        (order.client_sn(), ear.final_one(barcode))
    });
}

#[test]
fn every_barcode_ends_in_the_right_verdict_by_waiting() {
    every_scenario(|client, barcode| {
        let order = client.sale(FEN, barcode);
        assert_eq!(order.pay_unheard(), UPAY_OK);
        (order.client_sn(), order.wait())
    });
}
