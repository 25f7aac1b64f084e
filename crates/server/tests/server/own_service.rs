//! A service of one's own: the example, and which limits apply to each of its parts.

#[expect(dead_code, reason = "its `main`; the test serves the application itself")]
#[path = "../../examples/notes.rs"]
mod notes;

use crate::support::{Answer, Client, InProcess, ask, get};
use std::io::Read as _;
use std::net::SocketAddr;

fn start() -> InProcess {
    InProcess::start(notes::app(), |settings| {
        settings.max_body_bytes = Some(100);
        settings.request_timeout_ms = Some(400);
    })
}

fn post(address: SocketAddr, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    ask(address, head + body)
}

/// All that arrives until the connection ends, and whether it ended as it should.
fn stream(address: SocketAddr, path: &str) -> (String, bool) {
    let mut client = Client::connect(address);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    let mut received = Vec::new();
    let ended = client.stream().read_to_end(&mut received);
    (String::from_utf8(received).unwrap(), ended.is_ok())
}

#[test]
fn state_path_parameters_and_json_bodies_are_served() {
    let service = start();
    let answer = post(service.address, r#"{"text":"milk"}"#);
    assert_eq!((answer.status, answer.text()), (201, r#"{"text":"milk"}"#));
    assert_eq!(get(service.address, "/notes/0").text(), r#"{"text":"milk"}"#);
    let missing = get(service.address, "/notes/1");
    missing.assert_problem(404);
    assert!(missing.text().contains("there is no such note"), "{missing:?}");
    assert_eq!(get(service.address, "/about/me").text(), "127.0.0.1 /about/me\n");
    let (_, log) = service.stop();
    assert_eq!(log.matches("\"GET /notes/0 HTTP/1.1\" 200 -").count(), 1, "{log}");
}

#[test]
fn a_json_body_has_the_limits_of_every_body() {
    let service = start();
    post(service.address, &format!(r#"{{"text":"{}"}}"#, "x".repeat(100))).assert_problem(413);
    // What the application says itself stays as it is.
    let answer = post(service.address, "{");
    assert_eq!(answer.status, 400);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(post(service.address, r#"{"txt":1}"#).status, 422);
}

#[test]
fn a_streamed_answer_arrives_in_chunks() {
    let service = start();
    for text in ["bread", "milk"] {
        assert_eq!(post(service.address, &format!(r#"{{"text":"{text}"}}"#)).status, 201);
    }
    let (received, ended) = stream(service.address, "/notes");
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert!(head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked"), "{head}");
    assert_eq!((body, ended), ("6\r\nbread\n\r\n5\r\nmilk\n\r\n0\r\n\r\n", true));
}

/// A stream lives while bytes flow, and is whole when the service ends it.
#[test]
fn events_are_sent_until_the_service_drains() {
    let mut service = start();
    let mut client = Client::connect(service.address);
    client.send("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut received = String::new();
    let mut buffer = [0; 1024];
    // Far longer than the deadline of the request, which ends when the answer begins.
    while !received.contains("data: 20\n\n") {
        let read = client.stream().read(&mut buffer).unwrap();
        assert!(read > 0, "{received}");
        received.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(received.contains("content-type: text/event-stream"), "{received}");
    service.begin_to_stop();
    client.stream().read_to_string(&mut received).unwrap();
    assert!(received.ends_with("0\r\n\r\n"), "{received}");
    let (_, log) = service.end();
    assert_eq!(log.matches("\"GET /ticks HTTP/1.1\" 200 -").count(), 1, "{log}");
}

/// The deadline of the server is 400 ms here; the route has another.
#[test]
fn a_route_has_a_deadline_of_its_own() {
    let service = start();
    let answer = get(service.address, "/digest");
    assert_eq!((answer.status, answer.text()), (200, "0"));
}

/// The layer is around plain paths, paths with parameters and those that are not found; not around what the server
/// itself refuses.
#[test]
fn a_layer_wraps_all_that_the_application_answers() {
    let service = start();
    for (path, status) in [("/", 200), ("/notes/7", 404), ("/nowhere", 404)] {
        let answer = get(service.address, path);
        assert_eq!(
            (answer.status, answer.header("x-served-by")),
            (status, Some("notes")),
            "{path}"
        );
    }
    let refused = ask(service.address, "GET / HTTP/1.1\r\n\r\n");
    assert_eq!((refused.status, refused.header("x-served-by")), (400, None));
    let large = post(service.address, &"x".repeat(101));
    assert_eq!((large.status, large.header("x-served-by")), (413, None));
}
