//! The end: what is under way is answered.

use crate::support::{Client, InProcess, Process, get, wait_for};
use axum::Router;
use axum::routing::get as on_get;
use rustix::process::Signal;
use skyward_server::{Drained, Outcome};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn ready_turns_while_requests_are_still_taken() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let mut service = Process::start(&["--drain-delay-ms", "1500"]);
        let mut kept = Client::connect(service.address);
        kept.send(GET);
        assert_eq!(kept.answer().header("connection"), None);
        service.signal(signal);
        wait_for("the readiness to turn", || get(service.admin, "/readyz").status == 503);
        get(service.admin, "/readyz").assert_problem(503);
        assert_eq!(get(service.admin, "/livez").status, 200);
        // New connections are still taken, and every answer ends its connection.
        assert_eq!(get(service.address, "/").status, 200);
        kept.send(GET);
        assert_eq!(kept.answer().header("connection"), Some("close"));
        kept.assert_closed();
        let (status, lines, errors) = service.wait();
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
        let text = lines.join("\n");
        assert!(
            text.contains(&format!(
                "[INFO]: {name}: draining; accepting for 1.5 s more, ending within 8.0 s"
            )),
            "{text}"
        );
        assert!(text.contains("2 answered, 0 cut"), "{text}");
        assert!(Client::try_connect(service.address).is_err(), "the port is free again");
    }
}

#[test]
fn idle_connections_are_closed() {
    let mut service = Process::start(&["--drain-delay-ms", "0"]);
    let mut fresh = Client::connect(service.address);
    let mut kept = Client::connect(service.address);
    kept.send(GET);
    assert_eq!(kept.answer().status, 200);
    service.signal(Signal::TERM);
    fresh.assert_closed();
    kept.assert_closed();
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn a_request_that_is_half_sent_is_answered() {
    let mut service = Process::start(&["--drain-delay-ms", "0"]);
    let mut client = Client::connect(service.address);
    client.send("GET / HTTP/1.1\r\nHost: a");
    // The service has read that much once it answers another connection, of the same or a later turn.
    (0..4).for_each(|_| drop(get(service.address, "/")));
    service.signal(Signal::TERM);
    wait_for("the listener to close", || Client::try_connect(service.address).is_err());
    client.send("\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.text(), answer.header("connection")), ("Hello, World!", Some("close")));
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut service = Process::start(&["--drain-delay-ms", "60000", "--drain-cap-ms", "60000"]);
        service.signal(Signal::TERM);
        wait_for("the drain to begin", || get(service.admin, "/readyz").status == 503);
        service.signal(second);
        assert_eq!(service.wait().0.code(), Some(code));
    }
}

fn slow_app(pause: Duration) -> Router {
    Router::new().route(
        "/",
        on_get(async move || {
            tokio::time::sleep(pause).await;
            "late"
        }),
    )
}

#[test]
fn what_is_under_way_is_answered() {
    let mut service = InProcess::start(slow_app(Duration::from_millis(800)), |_| {});
    let mut client = Client::connect(service.address);
    client.send(GET);
    std::thread::sleep(Duration::from_millis(100));
    service.begin_to_stop();
    let answer = client.answer();
    assert_eq!((answer.text(), answer.header("connection")), ("late", Some("close")));
    let (outcome, log) = service.end();
    assert_eq!(outcome, Outcome::Drained(Drained { answered: 1, cut: 0 }));
    assert!(log.contains("1 answered, 0 cut"), "{log}");
}

#[test]
fn the_cap_cuts_what_takes_too_long() {
    let mut service = InProcess::start(slow_app(Duration::from_mins(1)), |settings| {
        settings.drain_cap_ms = Some(300);
    });
    let mut client = Client::connect(service.address);
    client.send(GET);
    std::thread::sleep(Duration::from_millis(100));
    service.begin_to_stop();
    let (outcome, log) = service.end();
    assert_eq!(outcome, Outcome::Drained(Drained { answered: 0, cut: 1 }));
    assert!(log.contains("0 answered, 1 cut"), "{log}");
    assert!(client.try_answer(true).is_err());
}

/// Clients that ask without pause, on kept connections, while the service ends: whoever got a connection gets
/// whole answers.
#[test]
fn no_answer_is_lost_under_load() {
    for delay in ["0", "300"] {
        let mut service = Process::start(&["--drain-delay-ms", delay]);
        let answered = Arc::new(AtomicUsize::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (address, answered, over) =
                    (service.address, Arc::clone(&answered), Arc::clone(&over));
                std::thread::spawn(move || ask_until_refused(address, &answered, &over))
            })
            .collect();
        wait_for("load", || answered.load(SeqCst) > 500);
        service.signal(Signal::TERM);
        let (status, lines, _) = service.wait();
        over.store(true, SeqCst);
        for client in clients {
            client.join().unwrap();
        }
        assert_eq!(status.code(), Some(0), "{lines:?}");
        let logged = lines.iter().filter(|line| line.ends_with("\"GET / HTTP/1.1\" 200 -")).count();
        assert_eq!(
            logged,
            answered.load(SeqCst),
            "every answer is logged, and every logged one arrived"
        );
        assert!(lines.last().unwrap().contains("answered, 0 cut"), "{:?}", lines.last());
    }
}

/// Asks on one connection after the other until none is to be had.
fn ask_until_refused(address: SocketAddr, answered: &AtomicUsize, over: &AtomicBool) {
    while !over.load(SeqCst) {
        let Ok(mut client) = Client::try_connect(address) else { return };
        for number in 0.. {
            match client.try_send(GET).and_then(|()| client.try_answer(true)) {
                Ok(answer) => {
                    assert_eq!(answer.text(), "Hello, World!");
                    answered.fetch_add(1, SeqCst);
                    if answer.header("connection") == Some("close") {
                        break;
                    }
                }
                // A connection that the kernel still took as the listener closed: it is refused, if late.
                // Once it has had an answer, it gets them all.
                Err(error) if number == 0 && error.kind() == io::ErrorKind::ConnectionReset => {
                    return;
                }
                Err(error) => panic!("request {number}: {error}"),
            }
        }
    }
}
