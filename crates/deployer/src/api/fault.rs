//! Interprets refused requests and broken connections. Pure: `status` reads what the API server says, `transport` what the
//! connection did.

mod status;
mod transport;

use std::time::Duration;

use kube::core::Status;

use super::error::Reason;
use super::retry::Retryable;

pub(super) use status::of_status;
pub(super) use transport::of_transport;

/// The reason why one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttemptError {
    /// For people and for matching.
    pub(super) reason: Reason,
    /// The time for which it may be worth another attempt.
    pub(super) retryable: Retryable,
    /// The request may have been carried out: it was sent, and no answer came.
    pub(super) answer_lost: bool,
    /// The server did not answer at all.
    pub(super) silence: bool,
    /// The wait that the server asked for.
    pub(super) retry_after: Option<Duration>,
}

impl AttemptError {
    /// The server has answered.
    fn answered(reason: Reason, retryable: Retryable) -> Self {
        Self { reason, retryable, answer_lost: false, silence: false, retry_after: None }
    }

    /// No answer within the bound.
    pub(super) fn timeout(bound: Duration) -> Self {
        Self {
            reason: Reason::Timeout(format!("no answer within {} s", tenths(bound))),
            retryable: Retryable::Long,
            answer_lost: true,
            silence: true,
            retry_after: None,
        }
    }

    /// Not sent: the lock was not renewed in time. It may still be, because nobody else may have taken it.
    pub(super) fn lock_stale(why: String) -> Self {
        Self::answered(Reason::LockLost(why), Retryable::Long)
    }

    /// Not sent: another has the lock.
    pub(super) fn lock_lost(why: String) -> Self {
        Self::answered(Reason::LockLost(why), Retryable::None)
    }
}

/// Seconds to one digit after the point, and to none where that is zero.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

/// From an error of the client.
pub(super) fn of_client(error: kube::Error) -> AttemptError {
    match error {
        kube::Error::Api(status) => of_status(&status),
        kube::Error::Auth(error) => {
            AttemptError::answered(Reason::Credentials(error.to_string()), Retryable::None)
        }
        kube::Error::SerdeError(error) => AttemptError::answered(
            Reason::Other(format!("the answer is not what the API promises: {error}")),
            Retryable::None,
        ),
        kube::Error::BuildRequest(error) => {
            AttemptError::answered(Reason::Invalid(error.to_string()), Retryable::None)
        }
        error => of_transport(&error),
    }
}

/// From an answer that is not a success, with its `Retry-After`.
pub(super) fn of_answer(code: u16, body: &[u8], retry_after: Option<Duration>) -> AttemptError {
    // A proxy's page, or the API server's own overload protection, is no Status.
    let status = serde_json::from_slice::<Status>(body).unwrap_or_else(|_| {
        Status::failure(String::from_utf8_lossy(body).trim(), "").with_code(code)
    });
    let fault = of_status(&status);
    AttemptError { retry_after: retry_after.or(fault.retry_after), ..fault }
}

#[cfg(test)]
mod tests;
