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
    get(service.address, "/notes/1").assert_problem(404);
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

/// The deadline of the request reaches to the end of its answer, so it ends a stream, and the client is told so by the
/// missing last chunk.
#[test]
fn events_are_sent_until_the_deadline_of_the_request() {
    let service = start();
    let (received, ended) = stream(service.address, "/ticks");
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(body.contains("data: 0\n\n") && body.contains("data: 1\n\n"), "{body}");
    assert!(!ended || !body.ends_with("0\r\n\r\n"), "a cut answer is not a whole one");
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
