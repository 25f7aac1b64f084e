//! The deadlines of a route, where it has others than the server.

use crate::endpoint::Connection;
use crate::progress::Limit;
use axum::extract::Request;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Deadlines for the routes that this layer is put around, in place of the server's.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use skyward_server::Deadline;
/// use std::time::Duration;
///
/// # async fn report() {}
/// # async fn export() {}
/// # async fn feed() {}
/// let router: Router = Router::new()
///     .route("/report", get(report).layer(Deadline::within(Duration::from_secs(90))))
///     .route("/export", get(export).layer(Deadline::off()))
///     .route("/feed", get(feed).layer(Deadline::default().no_stall()));
/// ```
///
/// The time that a client takes counts apart: what it sends and takes has `body_timeout_ms`, `write_timeout_ms` and
/// `min_rate_bytes` on every route. An inner layer wins over an outer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// The time for the beginning of the answer.
    pub(crate) answer: Limit,
    /// The time between two parts of the answer.
    pub(crate) stall: Limit,
}

impl Deadline {
    /// The answer is to begin within `time` of the request's head, in place of `request_timeout_ms`. An answer that does
    /// not is 503.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { answer: Limit::After(time), stall: Limit::Outer }
    }

    /// The answer may begin at any time.
    #[must_use]
    pub fn off() -> Self {
        Self { answer: Limit::Off, stall: Limit::Outer }
    }

    /// An answer that has begun is to go on within `time`, in place of `idle_timeout_ms`. One that does not is cut.
    #[must_use]
    pub fn stall(self, time: Duration) -> Self {
        Self { stall: Limit::After(time), ..self }
    }

    /// An answer that has begun may pause for any time.
    #[must_use]
    pub fn no_stall(self) -> Self {
        Self { stall: Limit::Off, ..self }
    }
}

impl<S> Layer<S> for Deadline {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited { inner, deadline: *self }
    }
}

/// A service whose requests have a [`Deadline`] of their own.
#[derive(Clone, Debug)]
pub struct Limited<S> {
    inner: S,
    deadline: Deadline,
}

impl<S: Service<Request>> Service<Request> for Limited<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> S::Future {
        if let Some(Connection(connection)) = request.extensions().get() {
            connection.progress.limit(self.deadline.answer, self.deadline.stall);
        }
        self.inner.call(request)
    }
}
