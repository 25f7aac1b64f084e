//! Why a request is not served, and with which status.

use axum::http::StatusCode;

/// A request that is answered with an error, after which its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status to answer.
    pub status: StatusCode,
    /// The reason, in the answer's problem details.
    pub detail: &'static str,
}

impl Refusal {
    /// 400 for `detail`.
    pub const fn bad_request(detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail }
    }

    const fn of(status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail }
    }
}

/// The head did not arrive within the header deadline.
pub const SLOW_HEAD: Refusal =
    Refusal::of(StatusCode::REQUEST_TIMEOUT, "the request head did not arrive in time");
/// The body stopped arriving.
pub const SLOW_BODY: Refusal =
    Refusal::of(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time");
/// The application did not answer within the request deadline.
pub const SLOW_ANSWER: Refusal =
    Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "no answer was ready in time");
/// As many connections as allowed are open.
pub const CROWDED: Refusal = Refusal::of(StatusCode::SERVICE_UNAVAILABLE, "too many connections");
/// The body is larger than allowed.
pub const LARGE_BODY: Refusal =
    Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "the request body is larger than allowed");
/// The request target is longer than allowed.
pub const LONG_TARGET: Refusal =
    Refusal::of(StatusCode::URI_TOO_LONG, "the request target is longer than allowed");
/// The head is larger than allowed.
pub const LARGE_HEAD: Refusal = Refusal::of(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the request head is larger than allowed",
);
/// The Host is none that this service answers for.
pub const FOREIGN_HOST: Refusal =
    Refusal::of(StatusCode::MISDIRECTED_REQUEST, "this service does not answer for that host");
/// CONNECT is for proxies.
pub const NO_TUNNEL: Refusal = Refusal::of(StatusCode::NOT_IMPLEMENTED, "this service is no proxy");
/// Neither HTTP/1.1 nor HTTP/1.0.
pub const OTHER_VERSION: Refusal = Refusal::of(
    StatusCode::HTTP_VERSION_NOT_SUPPORTED,
    "this service speaks HTTP/1.1 and HTTP/1.0",
);
/// The chunked body is malformed.
pub const BAD_CHUNK: Refusal = Refusal::bad_request("the chunked body is malformed");
