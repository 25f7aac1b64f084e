//! One call: each attempt and all of them together bounded, repeated where that is safe.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::{CallError, Reason, Verb};
use super::fault::{self, AttemptError};
use super::path::Request;
use super::retry::RetryPolicy;
use super::{ApiServer, Closed, Guard, Shared};

/// The name of the API server where calls are shown.
const PEER: &str = "kubernetes";

/// A call, and the bounds that it is made in.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) verb: Verb,
    pub(super) object: &'a str,
    pub(super) policy: &'a RetryPolicy,
    pub(super) guard: Option<&'a Arc<dyn Guard>>,
}

impl ApiServer {
    /// Makes a call of the caller's own: each attempt is bounded, and made again where the fault may pass. `attempt` must
    /// be safe to make twice: see [`CallError::maybe_done`].
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn call<T, F, Fut>(
        &self,
        verb: Verb,
        object: &str,
        mut attempt: F,
    ) -> Result<T, CallError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, kube::Error>>,
    {
        let operation = format!("{verb} {object}");
        let attempt = |number| {
            let (answer, call) = (attempt(), self.shared.calls.begin(PEER, &operation));
            async move {
                let answer = answer.await;
                call.attempt(number).end(if answer.is_ok() { "ok" } else { "failed" });
                answer.map_err(fault::of_client)
            }
        };
        self.shared.repeat(self.how(verb, object), attempt).await
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(
        &self,
        verb: Verb,
        object: &str,
        request: Request,
    ) -> Result<Vec<u8>, CallError> {
        self.shared.send(self.how(verb, object), request).await
    }

    /// As [`ApiServer::send`], decoded.
    pub(super) async fn send_for<T: DeserializeOwned>(
        &self,
        verb: Verb,
        object: &str,
        request: Request,
    ) -> Result<T, CallError> {
        let body = self.send(verb, object, request).await?;
        decode(verb, object, &body)
    }

    fn how<'a>(&'a self, verb: Verb, object: &'a str) -> Call<'a> {
        let guard = self.guard.as_ref().filter(|_| verb.writes());
        Call { verb, object, policy: &self.policy, guard }
    }
}

impl Shared {
    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&self, how: Call<'_>, request: Request) -> Result<Vec<u8>, CallError> {
        self.repeat(how, |number| self.send_once(request.clone(), number)).await
    }

    /// Sends a request once.
    async fn send_once(&self, request: Request, number: u32) -> Result<Vec<u8>, AttemptError> {
        let is_dry = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
        let dry = if is_dry { " (dry run)" } else { "" };
        let operation = format!("{} {}{dry}", request.method(), request.uri().path());
        let call = self.calls.begin(PEER, &operation).attempt(number);
        let answer =
            self.connection.client.send(request.map(Body::from)).await.map_err(fault::of_client)?;
        let (head, body) = answer.into_parts();
        let call = call.status(head.status.as_u16());
        let body = body.collect().await.map_err(|error| fault::of_transport(&error))?.to_bytes();
        if head.status.is_success() {
            call.end("ok");
            return Ok(body.into());
        }
        call.end(head.status.canonical_reason().unwrap_or("failed"));
        // The API server's are seconds (apiserver, util/flowcontrol and endpoints/handlers); a proxy's date is passed over.
        let retry_after = head
            .headers
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        Err(fault::of_answer(head.status.as_u16(), &body, retry_after))
    }

    /// Makes attempts until one succeeds, fails for good, or the policy's time is over.
    async fn repeat<T, F, Fut>(&self, how: Call<'_>, mut attempt: F) -> Result<T, CallError>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, AttemptError>>,
    {
        let begun = Instant::now();
        let mut maybe_done = false;
        let mut number = 0_u32;
        loop {
            number += 1;
            let left = how.policy.total.saturating_sub(begun.elapsed());
            let fault = match bounded(how, left, || attempt(number)).await {
                Ok(answer) => {
                    self.answered();
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            maybe_done |= fault.answer_lost;
            let elapsed = begun.elapsed();
            let Some(wait) = how.policy.wait(number, elapsed, fault.retryable, fault.retry_after)
            else {
                let reason = self.explain(fault, number, elapsed);
                return Err(CallError {
                    verb: how.verb,
                    object: how.object.to_owned(),
                    reason,
                    maybe_done,
                });
            };
            if fault.silence {
                self.silent(&fault.reason, how.policy.total.saturating_sub(elapsed));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Says once that the server does not answer.
    fn silent(&self, reason: &Reason, left: Duration) {
        let mut since = self.silent_since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none() {
            *since = Some(Instant::now());
            self.tell(format!(
                "the API server at {} does not answer ({reason}); trying on for {} s",
                self.connection.server,
                left.as_secs()
            ));
        }
    }

    /// Says once that the server answers again.
    fn answered(&self) {
        let mut since = self.silent_since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = since.take() {
            self.tell(format!(
                "the API server answers again, after {:.1} s",
                since.elapsed().as_secs_f64()
            ));
        }
    }

    fn tell(&self, text: String) {
        if let Some(listener) = &self.listener {
            listener(text);
        }
    }

    /// Adds what only we know: the server's address, how long it was tried, when our certificate ended.
    fn explain(&self, fault: AttemptError, attempts: u32, elapsed: Duration) -> Reason {
        let tried = match attempts {
            1 => String::new(),
            attempts => format!(" ({attempts} attempts in {:.1} s)", elapsed.as_secs_f64()),
        };
        match fault.reason {
            Reason::Unreachable(text) => Reason::Unreachable(format!(
                "{} cannot be reached{}: {text}{tried}",
                self.connection.server,
                self.connection.by_proxy()
            )),
            Reason::Timeout(text) => Reason::Timeout(format!(
                "{} does not answer{}: {text}{tried}",
                self.connection.server,
                self.connection.by_proxy()
            )),
            Reason::Unavailable(text) => Reason::Unavailable(format!("{text}{tried}")),
            Reason::Unauthorized | Reason::CertificateExpired(_) => {
                match self.connection.certificate_ends {
                    Some(ends) if ends < jiff::Timestamp::now() => {
                        Reason::CertificateExpired(format!("at {ends}"))
                    }
                    _ => fault.reason,
                }
            }
            reason => reason,
        }
    }
}

/// One attempt, no longer than the policy, the rest of the call's time and the guard allow.
async fn bounded<T, F, Fut>(how: Call<'_>, left: Duration, attempt: F) -> Result<T, AttemptError>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, AttemptError>>,
{
    let mut bound = how.policy.attempt.min(left);
    if let Some(guard) = how.guard {
        bound = bound.min(guard.time_left().map_err(|closed| match closed {
            Closed::ForNow(why) => AttemptError::lock_stale(why),
            Closed::ForGood(why) => AttemptError::lock_lost(why),
        })?);
    }
    match tokio::time::timeout(bound, attempt()).await {
        Ok(answer) => answer,
        Err(_) => Err(AttemptError::timeout(bound)),
    }
}

/// Reads an answer as JSON.
pub(super) fn decode<T: DeserializeOwned>(
    verb: Verb,
    object: &str,
    body: &[u8],
) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|error| {
        let text = format!("the answer is not what the API promises: {error}");
        CallError::before(verb, object, Reason::Other(text))
    })
}
