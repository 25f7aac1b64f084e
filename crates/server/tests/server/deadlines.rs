//! How long a client, and the application, may take. Short deadlines are set; what is asserted is who is cut
//! and how, never how fast.

use crate::support::{Client, InProcess, Process};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use skyward_server::Outcome;
use std::io::Read as _;
use std::time::Duration;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_slow_head() {
    let service = Process::start(&["--header-timeout-ms", "200"]);
    let mut client = Client::connect(service.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX: \"");
    client.answer().assert_problem(408);
    client.assert_closed();
    // Also one that never stops coming, and one after an answered request.
    let mut client = Client::connect(service.address);
    client.send(format!("{GET}GET"));
    assert_eq!(client.answer().status, 200);
    for _ in 0..1_000 {
        std::thread::sleep(Duration::from_millis(5));
        if client.try_send("x").is_err() {
            break;
        }
    }
    client.try_answer(true).expect("the answer is not lost in a reset").assert_problem(408);
    let log = service.log(3);
    assert_eq!(
        log.iter().filter(|line| line.ends_with("\"GET / HTTP/1.1\" 408 -")).count(),
        1,
        "{log:?}"
    );
    assert!(service.metrics().contains("http_response_status_code=\"408\",le=\"+Inf\"} 2"));
}

#[test]
fn a_silent_connection() {
    let service = Process::start(&["--header-timeout-ms", "200", "--idle-timeout-ms", "300"]);
    Client::connect(service.address).assert_closed();
    let mut client = Client::connect(service.address);
    client.send(GET);
    assert_eq!(client.answer().status, 200);
    client.assert_closed();
}

#[test]
fn a_kept_connection_outlives_the_header_deadline() {
    let service = Process::start(&["--header-timeout-ms", "100"]);
    let mut client = Client::connect(service.address);
    for _ in 0..3 {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn app() -> Router {
    // 64 MiB: more than the sockets' buffers hold.
    let large = || async { Body::from(Bytes::from(vec![b'x'; 64 << 20])) };
    let sleepy = || async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        "late"
    };
    Router::new()
        .route("/echo", post(async |body: String| body))
        .route("/large", get(large))
        .route("/sleepy", get(sleepy))
        .route("/", get(async || "page"))
}

#[test]
fn a_slow_body() {
    let service = InProcess::start(app(), |settings| settings.body_timeout_ms = Some(200));
    for head in [
        "Content-Length: 10\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        "Content-Length: 10\r\n\r\n",
    ] {
        let mut client = Client::connect(service.address);
        client.send(format!("POST /echo HTTP/1.1\r\nHost: a\r\n{head}"));
        client.answer().assert_problem(408);
        client.assert_closed();
    }
    let (_, log) = service.stop();
    assert_eq!(log.matches("\"POST /echo HTTP/1.1\" 408 -").count(), 3, "{log}");
}

#[test]
fn a_body_in_drops_meets_the_deadline_of_the_request() {
    let service = InProcess::start(app(), |settings| settings.request_timeout_ms = Some(400));
    let mut client = Client::connect(service.address);
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    for _ in 0..1_000 {
        std::thread::sleep(Duration::from_millis(5));
        if client.try_send("x").is_err() {
            break;
        }
    }
    client.answer().assert_problem(408);
}

#[test]
fn an_application_that_takes_too_long() {
    let service = InProcess::start(app(), |settings| settings.request_timeout_ms = Some(200));
    let mut client = Client::connect(service.address);
    client.send("GET /sleepy HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer();
    answer.assert_problem(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    client.assert_closed();
}

#[test]
fn a_client_that_does_not_read() {
    let service = InProcess::start(app(), |settings| settings.write_timeout_ms = Some(300));
    let mut client = Client::connect(service.address);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    // It is cut, or else this stop would not end before the cap.
    std::thread::sleep(Duration::from_millis(100));
    let (outcome, log) = service.stop();
    let Outcome::Drained(drained) = outcome else { panic!("{outcome:?}") };
    assert_eq!(drained.cut, 0);
    assert_eq!(log.matches("\"GET /large HTTP/1.1\" 499 -").count(), 1, "{log}");
    let mut received = Vec::new();
    assert!(client.stream().read_to_end(&mut received).is_err(), "a cut answer is no whole one");
}

#[test]
fn a_client_that_reads_slowly_is_not_cut() {
    let service = InProcess::start(app(), |settings| settings.write_timeout_ms = Some(1_500));
    let mut client = Client::connect(service.address);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.len()), (200, 64 << 20));
}
