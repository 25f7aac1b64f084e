//! The errors that the server itself answers with, as problem details (RFC 9457).

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use std::fmt::Write as _;

/// A request that is answered with an error, after which its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status to answer.
    pub(crate) status: StatusCode,
    /// The reason, in the answer's problem details.
    pub(crate) detail: &'static str,
}

impl Refusal {
    /// 400 for `detail`.
    pub(crate) const fn bad_request(detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail }
    }

    const fn of(status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail }
    }
}

/// The head did not arrive within the header deadline.
pub(crate) const SLOW_HEAD: Refusal =
    Refusal::of(StatusCode::REQUEST_TIMEOUT, "the request head did not arrive in time");
/// The body stopped arriving.
pub(crate) const SLOW_BODY: Refusal =
    Refusal::of(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time");
/// The application did not answer within the request deadline.
pub(crate) const SLOW_ANSWER: Refusal =
    Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "no answer was ready in time");
/// As many connections as allowed are open.
pub(crate) const CROWDED: Refusal =
    Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "too many connections");
/// The body is larger than allowed.
pub(crate) const LARGE_BODY: Refusal =
    Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "the request body is larger than allowed");
/// The request target is longer than allowed.
pub(crate) const LONG_TARGET: Refusal =
    Refusal::of(StatusCode::URI_TOO_LONG, "the request target is longer than allowed");
/// The head is larger than allowed.
pub(crate) const LARGE_HEAD: Refusal = Refusal::of(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the request head is larger than allowed",
);
/// The Host is not one that this service answers for.
pub(crate) const FOREIGN_HOST: Refusal =
    Refusal::of(StatusCode::MISDIRECTED_REQUEST, "this service does not answer for that host");
/// CONNECT is for proxies.
pub(crate) const NO_TUNNEL: Refusal =
    Refusal::of(StatusCode::NOT_IMPLEMENTED, "this service is not a proxy");
/// No version of HTTP/1.
pub(crate) const OTHER_VERSION: Refusal = Refusal::of(
    StatusCode::HTTP_VERSION_NOT_SUPPORTED,
    "this service speaks HTTP/1.1 and HTTP/1.0",
);
/// A TLS handshake on the port of plain HTTP.
pub(crate) const TLS: Refusal =
    Refusal::bad_request("this port speaks plain HTTP, and a TLS handshake came");
/// As many connections of one client as allowed are open.
pub(crate) const CROWDED_CLIENT: Refusal =
    Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "too many connections from one address");
/// As many upgraded connections as allowed are open.
pub(crate) const CROWDED_UPGRADES: Refusal =
    Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "too many upgraded connections");
/// A handler panicked.
pub(crate) const PANICKED: Refusal =
    Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be handled");
/// The chunked body is malformed.
pub(crate) const BAD_CHUNK: Refusal = Refusal::bad_request("the chunked body is malformed");

/// The media type of a problem.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Seconds that a client is asked to wait after a 503.
pub(crate) const RETRY_AFTER_SECONDS: &str = "1";

/// The JSON of a problem. `detail` is this crate's own text: it needs no escaping, and never repeats what a
/// client sent.
pub(crate) fn body(status: StatusCode, detail: &str) -> String {
    let title = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    if detail.is_empty() {
        format!(r#"{{"type":"about:blank","title":"{title}","status":{code}}}"#)
    } else {
        format!(r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}"#)
    }
}

/// An error of a handler's as problem details (RFC 9457), in the form of the server's own. Handlers answer as they like;
/// this is for those that want the same form.
///
/// ```no_run
/// use axum::http::StatusCode;
/// use skyward_server::Problem;
///
/// async fn read() -> Result<String, Problem> {
///     Err(Problem::new(StatusCode::NOT_FOUND, "there is no such note"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// A problem of `status`; `detail` says what is wrong with this request, and may be empty.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl From<StatusCode> for Problem {
    fn from(status: StatusCode) -> Self {
        Self::new(status, "")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        response(self.status, &escaped(&self.detail))
    }
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            _ if character.is_control() => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A problem as the answer to a request.
pub(crate) fn response(status: StatusCode, detail: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    fill(&mut response, detail);
    response
}

/// Gives `response`, an error without a body, the body of its problem; its headers stay.
pub(crate) fn fill(response: &mut Response<Body>, detail: &str) {
    let status = response.status();
    let body = body(status, detail);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    *response.body_mut() = Body::from(body);
}

/// Writes a whole answer as bytes, for a connection on which there is no request to answer: a refused head, or a
/// connection too many. It always ends the connection. `date` is an IMF-fixdate (RFC 9110 §5.6.7);
/// `with_body` is false where a HEAD asked.
pub(crate) fn raw(status: StatusCode, detail: &str, date: &str, with_body: bool) -> Vec<u8> {
    let body = body(status, detail);
    let sent = if with_body { body.as_str() } else { "" };
    let retry = if status == StatusCode::SERVICE_UNAVAILABLE {
        format!("{RETRY_AFTER}: {RETRY_AFTER_SECONDS}\r\n")
    } else {
        String::new()
    };
    let reason = status.canonical_reason().unwrap_or("Error");
    format!(
        "HTTP/1.1 {} {reason}\r\n{CONTENT_TYPE}: application/problem+json\r\n{CONTENT_LENGTH}: {}\r\n{CONNECTION}: close\r\n{retry}date: {date}\r\n\r\n{sent}",
        status.as_u16(),
        body.len()
    )
    .into_bytes()
}

/// The methods of an `Allow` header with OPTIONS, which the server itself answers for every route.
pub(crate) fn allow_with_options(response: &Response<Body>) -> HeaderValue {
    let allowed =
        response.headers().get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let methods = allowed
        .split(',')
        .map(str::trim)
        .filter(|method| !method.is_empty() && *method != "OPTIONS");
    let list: Vec<&str> = methods.chain(["OPTIONS"]).collect();
    HeaderValue::try_from(list.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_makes_valid_json() {
        for code in 400..600 {
            let status = StatusCode::from_u16(code).unwrap();
            for detail in ["", "too slow"] {
                let problem: serde_json::Value =
                    serde_json::from_str(&body(status, detail)).unwrap();
                assert_eq!(problem["status"], code);
                assert_eq!(problem["type"], "about:blank");
            }
        }
    }

    #[test]
    fn a_detail_of_ones_own_is_escaped() {
        let detail = "a \"b\" \\ \n\u{7f}\u{e9}";
        let problem: serde_json::Value =
            serde_json::from_str(&body(StatusCode::NOT_FOUND, &escaped(detail))).unwrap();
        assert_eq!(problem["detail"], detail);
    }

    #[test]
    fn a_raw_answer_is_whole() {
        let text = String::from_utf8(raw(
            StatusCode::SERVICE_UNAVAILABLE,
            "",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            true,
        ))
        .unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 503 Service Unavailable\r\n")
                && head.contains("retry-after: 1\r\n"),
            "{head}"
        );
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len()))
                && head.contains("connection: close\r\n"),
            "{head}"
        );
    }

    #[test]
    fn options_is_always_allowed() {
        let response = Response::builder().header(ALLOW, "GET,HEAD").body(Body::empty()).unwrap();
        assert_eq!(allow_with_options(&response), "GET, HEAD, OPTIONS");
        assert_eq!(allow_with_options(&Response::new(Body::empty())), "OPTIONS");
    }
}
