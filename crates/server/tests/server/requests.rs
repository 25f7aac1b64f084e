//! What is answered.

use crate::support::{Client, InProcess, Process, ask, get};
use axum::Router;
use axum::routing::{get as on_get, post};

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn the_page() {
    let service = Process::start(&[]);
    let answer = ask(service.address, GET);
    assert_eq!((answer.status, answer.text()), (200, "Hello, World!"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some("13"));
    assert!(answer.header("date").is_some());
    let query = ask(service.address, "GET /?a=b HTTP/1.0\r\n\r\n");
    assert_eq!((query.status, query.text()), (200, "Hello, World!"));
    let absolute =
        ask(service.address, "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((absolute.status, absolute.text()), (200, "Hello, World!"));
}

#[test]
fn other_methods_and_paths() {
    let service = Process::start(&[]);
    let mut client = Client::connect(service.address);
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.try_answer(false).unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("13")));
    client.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.try_answer(false).unwrap();
    assert_eq!((head.status, head.header("content-type")), (404, Some("application/problem+json")));
    assert_ne!(head.header("content-length"), Some("0"));

    let mut refused = Client::connect(service.address);
    refused.send("HEAD / HTTP/1.1\r\n\r\n");
    assert_eq!(refused.try_answer(false).unwrap().status, 400);
    refused.assert_closed();

    client.send("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
    let options = client.answer();
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(options.header("content-length"), None);
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    let options = client.answer();
    assert_eq!((options.status, options.header("allow")), (204, Some("OPTIONS")));

    for method in ["DELETE", "PUT", "TRACE", "BREW", "get"] {
        client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = client.answer();
        answer.assert_problem(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"), "{method}");
    }
    client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().assert_problem(404);
    client.send("OPTIONS /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().assert_problem(404);
    // Through all that, the connection was kept.
    client.send(GET);
    assert_eq!(client.answer().status, 200);
}

/// Requests that two parsers could understand differently, and what is simply wrong. Each is answered, and
/// its connection closed without a reset.
#[test]
fn malformed_requests() {
    let service = Process::start(&[]);
    let long = "a".repeat(400_000);
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    let cases = [
        ("bare line feeds".into(), "GET / HTTP/1.1\nHost: a\n\n".into(), 400),
        ("no Host".into(), "GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("two Hosts".into(), "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into(), 400),
        ("empty Host".into(), "GET / HTTP/1.1\r\nHost: \r\n\r\n".into(), 400),
        ("invalid Host".into(), "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), 400),
        ("space before colon".into(), "GET / HTTP/1.1\r\nHost : a\r\n\r\n".into(), 400),
        ("folded line".into(), "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n".into(), 400),
        ("NUL".into(), "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n".into(), 400),
        ("bare carriage return".into(), "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n".into(), 400),
        ("no version".into(), "GET /\r\n\r\n".into(), 400),
        ("TLS".into(), "\x16\x03\x01\x02\0\x01\r\n".into(), 400),
        ("HTTP/2".into(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        ("HTTP/0.9".into(), "GET / HTTP/0.9\r\nHost: a\r\n\r\n".into(), 505),
        ("CONNECT".into(), "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n".into(), 501),
        ("long target".into(), format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414),
        ("large head".into(), format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        (
            "many lines".into(),
            format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(101)),
            431,
        ),
        ("large body".into(), post("Content-Length: 1048577") + &long, 413),
        (
            "CL, TE".into(),
            post("Content-Length: 4\r\nTransfer-Encoding: chunked") + "0\r\n\r\n",
            400,
        ),
        (
            "TE, CL".into(),
            post("Transfer-Encoding: chunked\r\nContent-Length: 4") + "0\r\n\r\n",
            400,
        ),
        ("two CL alike".into(), post("Content-Length: 4\r\nContent-Length: 4") + "abcd", 400),
        ("two CL".into(), post("Content-Length: 4\r\nContent-Length: 5") + "abcd", 400),
        ("CL list".into(), post("Content-Length: 4, 4") + "abcd", 400),
        ("CL sign".into(), post("Content-Length: +4") + "abcd", 400),
        ("CL hex".into(), post("Content-Length: 0x4") + "abcd", 400),
        (
            "TE twice".into(),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") + "0\r\n\r\n",
            400,
        ),
        ("TE other".into(), post("Transfer-Encoding: xchunked") + "0\r\n\r\n", 400),
        ("TE list".into(), post("Transfer-Encoding: identity, chunked") + "0\r\n\r\n", 400),
        (
            "TE on 1.0".into(),
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            400,
        ),
    ];
    let number = cases.len();
    for (what, request, status) in cases {
        let (what, request, status): (String, String, u16) = (what, request, status);
        let mut client = Client::connect(service.address);
        client.send(&request);
        let answer = client.answer();
        assert_eq!(answer.status, status, "{what}");
        answer.assert_problem(status);
        assert_eq!(answer.header("connection"), Some("close"), "{what}");
        client.assert_closed();
    }
    // Each was logged and counted, once.
    let lines = service.log(number);
    assert_eq!(lines.len(), number, "{lines:#?}");
    let counted: u64 = service
        .metrics()
        .lines()
        .filter(|line| line.starts_with("http_server_request_duration_seconds_count"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum();
    assert_eq!(counted, number as u64);
}

/// What no browser sends: each is answered as any malformed request.
#[test]
fn hosts_and_queries_that_are_not_urls() {
    let service = Process::start(&[]);
    for request in [
        "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /?q=\"a\" HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?q=<a> HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        ask(service.address, request).assert_problem(400);
    }
    let encoded = "GET /?q=%22a%22%3Ca%3E HTTP/1.1\r\nHost: a:65535\r\n\r\n";
    assert_eq!(ask(service.address, encoded).status, 200);
}

/// A client that can do more says so, and is served as one that cannot (RFC 9110 §2.5).
#[test]
fn a_later_minor_version() {
    let service = Process::start(&[]);
    let later = "GET / HTTP/1.2\r\nHost: a\r\n\r\n";
    let mut client = Client::connect(service.address);
    client.send(later);
    let answer = client.answer();
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
    // The connection is kept, also for several at once and one in pieces.
    client.send(format!("{later}{GET}{later}GET / HTTP/1.9\r\n"));
    (0..3).for_each(|_| assert_eq!(client.answer().text(), "Hello, World!"));
    client.send("Host: a\r\n\r\n");
    assert_eq!(client.answer().text(), "Hello, World!");
    assert!(service.log(1)[0].contains("\"GET / HTTP/1.2\" 200"));
}

/// A `ClientHello` need not have a line feed that could be waited for.
#[test]
fn tls_is_refused_at_its_first_byte() {
    let mut service = Process::start(&["--drain-delay-ms", "0"]);
    for hello in [&b"\x16"[..], b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"] {
        let mut client = Client::connect(service.address);
        client.send(hello);
        let answer = client.answer();
        answer.assert_problem(400);
        assert!(answer.text().contains("TLS"), "{answer:?}");
        client.assert_closed();
    }
    service.signal(rustix::process::Signal::TERM);
    let (_, _, errors) = service.wait();
    assert_eq!(errors.lines().count(), 1, "at times, not for each: {errors}");
    assert!(errors.contains("[WARNING]: A TLS handshake came from 127.0.0.1"), "{errors}");
}

#[test]
fn a_request_after_a_refused_one_is_not_served() {
    let service = Process::start(&[]);
    let mut client = Client::connect(service.address);
    client.send(format!("{GET}GET / HTTP/1.1\r\n\r\n{GET}"));
    assert_eq!(client.answer().status, 200);
    client.answer().assert_problem(400);
    client.assert_closed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let service = Process::start(&[]);
    let mut client = Client::connect(service.address);
    let mixed = format!("{GET}GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send(mixed.repeat(100));
    for _ in 0..100 {
        assert_eq!(client.answer().status, 200);
        assert_eq!(client.answer().status, 404);
    }
    // The first bytes of a next request do not hold up the answer to the last.
    client.send(format!("{GET}GET / HT"));
    assert_eq!(client.answer().status, 200);
    client.send("TP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    // Empty lines before a request are skipped.
    client.send(format!("\r\n\r\n{GET}"));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_request_in_single_bytes() {
    let service = Process::start(&[]);
    let mut client = Client::connect(service.address);
    for byte in GET.bytes() {
        client.send([byte]);
    }
    assert_eq!(client.answer().text(), "Hello, World!");
}

#[test]
fn a_client_that_has_said_all_is_still_answered() {
    let service = Process::start(&[]);
    let mut client = Client::connect(service.address);
    client.send(GET);
    client.stream().shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.answer().text(), "Hello, World!");
    client.assert_closed();
}

#[test]
fn hosts_that_are_not_ours() {
    let service = Process::start(&["--allowed-hosts", "example.org,*.apps.test"]);
    let with_host =
        |host: &str| ask(service.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(with_host("example.org:8000").status, 200);
    assert_eq!(with_host("a.apps.test").status, 200);
    with_host("evil.test").assert_problem(421);
    // Probes come by address.
    assert_eq!(get(service.admin, "/readyz").status, 200);
}

#[test]
fn probes() {
    let service = Process::start(&[]);
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = get(service.admin, path);
        assert_eq!((answer.status, answer.text()), (200, "ok\n"), "{path}");
        get(service.address, path).assert_problem(404);
    }
    get(service.admin, "/").assert_problem(404);
    ask(service.admin, "POST /livez HTTP/1.1\r\nHost: a\r\n\r\n").assert_problem(405);
    ask(service.admin, "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        .assert_problem(413);
    ask(service.admin, "GET /livez HTTP/1.1\r\n\r\n").assert_problem(400);
}

/// An application that takes bodies: what is between them and the next request must never be mistaken.
#[test]
fn bodies() {
    let app = Router::new()
        .route("/echo", post(async |body: String| body))
        .route("/", on_get(async || "page"));
    let service = InProcess::start(app, |settings| settings.max_body_bytes = Some(100));
    let mut client = Client::connect(service.address);
    client.send(format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello{GET}"));
    assert_eq!(client.answer().text(), "hello");
    assert_eq!(client.answer().text(), "page");
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n{GET}"
    ));
    assert_eq!(client.answer().text(), "abcde");
    assert_eq!(client.answer().text(), "page");
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.try_answer(false).unwrap().status, 100);
    client.send("hello");
    let answer = client.answer();
    assert_eq!((answer.text(), answer.header("connection")), ("hello", None));

    for (body, status) in [
        ("5\r\nhello0\r\n\r\n", 400),
        ("5\nhello\r\n0\r\n\r\n", 400),
        ("5 \r\nhello\r\n0\r\n\r\n", 400),
        ("-5\r\nhello\r\n0\r\n\r\n", 400),
        ("65\r\n", 413),
        ("fffffffffffffff\r\n", 413),
        ("ffffffffffffffff\r\n", 400),
    ] {
        let mut client = Client::connect(service.address);
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(format!("{body}{GET}"));
        client.answer().assert_problem(status);
        client.assert_closed();
    }
    let mut client = Client::connect(service.address);
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n{}",
        "x".repeat(101)
    ));
    client.answer().assert_problem(413);
    client.assert_closed();
    // What the application does not read ends the connection, and the answer says so: it is no request.
    for body in ["Content-Length: 90\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"] {
        let mut client = Client::connect(service.address);
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{body}"));
        let answer = client.answer();
        assert_eq!((answer.text(), answer.header("connection")), ("page", Some("close")));
        client.send(GET.repeat(3));
        client.assert_closed();
    }
    // What has all arrived is passed over.
    let mut client = Client::connect(service.address);
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{GET}"));
    assert_eq!((client.answer().header("connection"), client.answer().text()), (None, "page"));
}

/// axum has a limit of its own (2 MB) for what it reads into memory; the setting is the one that counts.
#[test]
fn a_body_as_large_as_allowed() {
    let length = 3 << 20;
    let app = Router::new()
        .route("/plain", post(async |body: String| body.len().to_string()))
        .route("/of/{name}", post(async |body: String| body.len().to_string()));
    let service = InProcess::start(app, |settings| settings.max_body_bytes = Some(length));
    let body = "x".repeat(usize::try_from(length).unwrap());
    for path in ["/plain", "/of/it"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        let answer = ask(service.address, head + &body);
        assert_eq!((answer.status, answer.text()), (200, length.to_string().as_str()), "{path}");
    }
}
