//! What a refused request or a broken connection means. Pure.

use std::error::Error;
use std::io;
use std::time::Duration;

use kube::core::Status;

use super::error::Reason;
use super::retry::Patience;

/// Why one attempt failed.
#[derive(Debug)]
pub(super) struct Fault {
    /// For people and for matching.
    pub(super) reason: Reason,
    /// Whether it may pass.
    pub(super) patience: Patience,
    /// The request may have been carried out: it was sent, and no answer came.
    pub(super) answer_lost: bool,
    /// The server did not answer at all.
    pub(super) silence: bool,
    /// What the server asked for.
    pub(super) retry_after: Option<Duration>,
}

impl Fault {
    fn answered(reason: Reason, patience: Patience) -> Self {
        Self { reason, patience, answer_lost: false, silence: false, retry_after: None }
    }

    /// No answer within the bound.
    pub(super) fn timeout(bound: Duration) -> Self {
        Self {
            reason: Reason::Timeout(format!("no answer within {} s", bound.as_secs())),
            patience: Patience::Long,
            answer_lost: true,
            silence: true,
            retry_after: None,
        }
    }
}

/// From an error of the client.
pub(super) fn of_client(error: kube::Error) -> Fault {
    match error {
        kube::Error::Api(status) => of_status(&status, None),
        error => of_transport(&error),
    }
}

/// From a connection that could not be made or broke.
pub(super) fn of_transport(error: &(dyn Error + 'static)) -> Fault {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let refused = last
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    Fault {
        reason: Reason::Unreachable(last.to_string()),
        patience: Patience::Long,
        answer_lost: !refused,
        silence: true,
        retry_after: None,
    }
}

/// From an answer that is not a success.
pub(super) fn of_answer(code: u16, body: &[u8], retry_after: Option<Duration>) -> Fault {
    let status = serde_json::from_slice::<Status>(body).unwrap_or_else(|_| {
        Status::failure(String::from_utf8_lossy(body).trim(), "").with_code(code)
    });
    of_status(&status, retry_after)
}

/// From what the server says.
pub(super) fn of_status(status: &Status, retry_after: Option<Duration>) -> Fault {
    let text = status.message.clone();
    let (reason, patience) = match status.code {
        401 => (Reason::Unauthorized, Patience::None),
        404 => (Reason::NotFound, Patience::None),
        409 if status.reason == "AlreadyExists" => (Reason::AlreadyExists, Patience::None),
        409 => (Reason::Changed, Patience::None),
        410 => (Reason::Gone, Patience::None),
        429 | 500 | 502 | 503 | 504 => (Reason::Unavailable(text), Patience::Long),
        _ => (Reason::Other(text), Patience::None),
    };
    Fault { retry_after, ..Fault::answered(reason, patience) }
}
