//! What never left this machine: the payment failed, nothing happened, and the same order may be paid again.

use std::net::TcpListener;

use crate::host::{gateway, Client};
use crate::simulator::scenario;
use upay::abi::*;

fn refused_port() -> u16 {
    // Bound and let go: nobody listens there.
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn pay_at(url: &str, settings: &[(&str, &str)]) -> upay_status {
    let client = Client::start(url, settings);
    let order = client.sale(1, "130000000000000000");
    let heard = order.pay().final_one(url);
    assert_eq!(heard.outcome, UPAY_OUTCOME_FAILED, "{url}: {heard:?}");
    assert_eq!(client.unfinished(), 0);
    // Known not to have been sent: the same number may be tried again.
    let again = order.pay().final_one(url);
    assert_eq!(again.outcome, UPAY_OUTCOME_FAILED);
    heard.status
}

#[test]
fn each_way_in_which_nothing_leaves_has_its_status() {
    assert_eq!(pay_at("https://no-such-host.invalid", &[]), UPAY_E_RESOLVE);
    assert_eq!(pay_at(&format!("http://127.0.0.1:{}", refused_port()), &[]), UPAY_E_CONNECT);
    let proxy = format!("http://127.0.0.1:{}", refused_port());
    assert_eq!(pay_at("http://127.0.0.1:1", &[("proxy", &proxy)]), UPAY_E_PROXY);
    // A server that does not speak TLS.
    let gateway = gateway();
    let https = gateway.url().replace("http://", "https://");
    assert_eq!(pay_at(&https, &[]), UPAY_E_TLS);
    assert_eq!(gateway.ledger().requests, 0);
}

#[test]
fn a_client_sn_is_sent_once_for_ever_once_it_was_sent() {
    let gateway = gateway();
    let client = Client::start(&gateway.url(), &[]);
    for name in ["paid-at-once", "insufficient-fund", "request-lost-close"] {
        let order = client.sale(1, &scenario::named(name).barcode(0));
        let client_sn = order.client_sn();
        order.pay().final_one(name);
        assert_eq!(order.pay_unheard(), UPAY_E_DUPLICATE, "{name}");
        assert!(crate::host::last_error().starts_with("client_sn: "), "{}", crate::host::last_error());
        assert_eq!(gateway.ledger().order(&client_sn).unwrap().pays, 1, "{name}");
    }
}

/// What a stop breaks off has the stop's own end, also where nothing was sent yet: the next start tells the rest.
#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_a_stop_breaks_off_ends_closed_and_goes_on_at_the_next_start() {
    use socket2::{Domain, Socket, Type};
    // A listener whose queue is full: connects to it hang.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let queue: Vec<Socket> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // It cannot end at once, and that is what is wanted.
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    let url = format!("http://127.0.0.1:{}", address.as_socket().unwrap().port());
    let client = Client::start(&url, &[("connect_timeout_ms", "60000")]);
    let ear = client.sale(1, "130000000000000000").pay();
    ear.wait("it is under way", |heard, _| heard.iter().any(|heard| heard.phase == "sending"));
    client.stop();
    let heard = ear.final_one("stopped");
    assert_eq!((heard.outcome, heard.status), (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED));
    drop(queue);
}
