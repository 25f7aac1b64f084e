//! Tests: Heads of requests, accepted and refused.

use super::*;
use axum::http::StatusCode;
use proptest::prelude::*;

fn rules() -> HeadLimits {
    HeadLimits { max_header_bytes: 16 * 1024, max_body_bytes: 1_000, allowed_hosts: Vec::new() }
}

fn scan(input: &str) -> Scan {
    Head::default().advance(input.as_bytes(), &rules())
}

fn status(input: &str, rules: &HeadLimits) -> Result<BodyKind, u16> {
    match Head::default().advance(input.as_bytes(), rules) {
        Scan::Complete { body, .. } => Ok(body),
        Scan::Refuse(refusal) => Err(refusal.status.as_u16()),
        Scan::More => panic!("{input:?} is not complete"),
    }
}

#[test]
fn lines() {
    for (input, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("GET / HTTP/1.0\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("BREW /pot HTTP/1.1\r\nhOST:a:80\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("GET http://a/b HTTP/1.1\r\nHost: other\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("GET / HTTP/1.1\nHost: a\n\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", Err(400)),
        ("GET /\r\n", Err(400)),
        ("GET  / HTTP/1.1\r\n", Err(400)),
        ("GET / HTTP/1.1 \r\n", Err(400)),
        (" GET / HTTP/1.1\r\n", Err(400)),
        ("G@T / HTTP/1.1\r\n", Err(400)),
        ("GET * HTTP/1.1\r\n", Err(400)),
        ("GET a HTTP/1.1\r\n", Err(400)),
        ("GET / http/1.1\r\n", Err(400)),
        ("\x16\x03\x01\r\n", Err(400)),
        ("GET / HTTP/2.0\r\n", Err(505)),
        ("PRI * HTTP/2.0\r\n\r\n", Err(505)),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", Ok(BodyKind::Sized(0))),
        ("GET / HTTP/1.9\r\n\r\n", Err(400)),
        ("GET / HTTP/1.10\r\n", Err(400)),
        ("GET / HTTP/0.9\r\n", Err(505)),
        ("GET / HTTP/3.0\r\n", Err(505)),
        ("CONNECT a:80 HTTP/1.1\r\n", Err(501)),
        ("GET / HTTP/1.1\r\n\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost:\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a b\r\n", Err(400)),
        ("GET http://a@b/ HTTP/1.1\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost : a\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\n: v\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n", Err(400)),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n", Err(400)),
    ] {
        assert_eq!(status(input, &rules()), expected, "{input:?}");
    }
}

/// A line feed may never come, so what cannot become a request is refused at its first byte.
#[test]
fn what_is_not_http_is_not_waited_for() {
    assert_eq!(scan("\x16"), Scan::Refuse(problem::TLS));
    assert_eq!(scan("\r\n\x16\x03\x01"), Scan::Refuse(problem::TLS));
    assert_eq!(
        scan("\x16\x03\x01\n"),
        Scan::Refuse(Refusal::bad_request("a line ends in a bare line feed"))
    );
    assert_eq!(scan("\0"), Scan::Refuse(MALFORMED));
    assert_eq!(scan(" "), Scan::Refuse(MALFORMED));
    for input in ["", "G", "\r", "\r\n", "\r\nG"] {
        assert_eq!(scan(input), Scan::More, "{input:?}");
    }
}

/// The fields that decide where a body ends, and with that where the next request begins.
#[test]
fn framing_is_never_ambiguous() {
    for (fields, expected) in [
        ("Content-Length: 5", Ok(BodyKind::Sized(5))),
        ("Content-Length:\t5 ", Ok(BodyKind::Sized(5))),
        ("Transfer-Encoding: Chunked", Ok(BodyKind::Chunked)),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", Err(400)),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", Err(400)),
        ("Content-Length: 5\r\nContent-Length: 5", Err(400)),
        ("Content-Length: 5\r\nContent-Length: 6", Err(400)),
        ("Content-Length: 5, 5", Err(400)),
        ("Content-Length: +5", Err(400)),
        ("Content-Length: -5", Err(400)),
        ("Content-Length: 0x5", Err(400)),
        ("Content-Length: 5 5", Err(400)),
        ("Content-Length:", Err(400)),
        ("Content-Length : 5", Err(400)),
        ("Content-Length: 1001", Err(413)),
        ("Content-Length: 99999999999999999999999", Err(413)),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Err(400)),
        ("Transfer-Encoding: chunked, chunked", Err(400)),
        ("Transfer-Encoding: gzip, chunked", Err(400)),
        ("Transfer-Encoding: identity", Err(400)),
        ("Transfer-Encoding: xchunked", Err(400)),
        ("Transfer-Encoding: \x0bchunked", Err(400)),
        ("Transfer-Encoding : chunked", Err(400)),
        ("Transfer-Encoding:", Err(400)),
    ] {
        assert_eq!(
            status(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"), &rules()),
            expected,
            "{fields:?}"
        );
    }
    assert_eq!(status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", &rules()), Err(400));
}

#[test]
fn limits() {
    let long =
        |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(length - 1));
    assert_eq!(status(&long(MAX_TARGET), &rules()), Ok(BodyKind::Sized(0)));
    assert_eq!(status(&long(MAX_TARGET + 1), &rules()), Err(414));
    assert_eq!(scan(&format!("GET /{}", "a".repeat(9_000))), Scan::Refuse(problem::LONG_TARGET));
    let large =
        |size: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(size));
    assert_eq!(status(&large(16_000), &rules()), Ok(BodyKind::Sized(0)));
    assert_eq!(status(&large(17_000), &rules()), Err(431));
    assert_eq!(scan(&large(500_000)[..20_000]), Scan::Refuse(problem::LARGE_HEAD));
    let many =
        |lines: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(lines - 1));
    assert_eq!(status(&many(MAX_LINES), &rules()), Ok(BodyKind::Sized(0)));
    assert_eq!(status(&many(MAX_LINES + 1), &rules()), Err(431));
}

#[test]
fn hosts_that_are_not_ours() {
    let rules = HeadLimits {
        allowed_hosts: vec!["example.org".into(), "*.apps.test".into(), "[::1]".into()],
        ..rules()
    };
    for (host, expected) in [
        ("example.org", true),
        ("EXAMPLE.org.:8000", true),
        ("a.apps.test", true),
        ("[::1]:8000", true),
        ("apps.test", false),
        ("evilapps.test", false),
        ("www.example.org", false),
        ("127.0.0.1", false),
    ] {
        let found = status(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), &rules);
        assert_eq!(found, if expected { Ok(BodyKind::Sized(0)) } else { Err(421) }, "{host}");
    }
    // The target's host counts; the header's is ignored.
    assert_eq!(
        status("GET http://example.org/ HTTP/1.1\r\nHost: evil\r\n\r\n", &rules),
        Ok(BodyKind::Sized(0))
    );
    assert_eq!(status("GET http://evil/ HTTP/1.1\r\nHost: example.org\r\n\r\n", &rules), Err(421));
    assert_eq!(status("GET / HTTP/1.0\r\n\r\n", &rules), Err(421));
}

proptest! {
    /// However the bytes arrive, the verdict is the same; nothing panics.
    #[test]
    fn pieces_make_no_difference(input in "(GET|POST|G T) /[a-z#]{0,3} HTTP/1.[012]\r\n(Host: [a-z ]{0,3}\r?\n|X[ :]{0,2}y\r\n|Content-Length: [0-9+]{1,5}\r\n){0,5}\r\n[a-z]{0,5}", cut in 1_usize..20) {
        let bytes = input.as_bytes();
        let at_once = Head::default().advance(bytes, &rules());
        let mut head = Head::default();
        let mut piecewise = Scan::More;
        let mut end = 0;
        while piecewise == Scan::More && end < bytes.len() {
            end = (end + cut).min(bytes.len());
            piecewise = head.advance(&bytes[..end], &rules());
        }
        prop_assert_eq!(at_once, piecewise);
    }

    #[test]
    fn noise_is_refused_or_waits(input in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Scan::Refuse(refusal) = Head::default().advance(&input, &rules()) {
            prop_assert!(refusal.status >= StatusCode::BAD_REQUEST);
        }
    }
}
