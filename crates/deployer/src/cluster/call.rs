//! One call: each attempt and all of them together bounded, repeated where that is safe.

use std::future::Future;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::{CallError, Reason, Verb};
use super::fault::{self, Fault};
use super::path::Request;
use super::retry::{Patience, Policy};
use super::{Cluster, Shared};

impl Cluster {
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
        let policy = &self.shared.settings.policy;
        let attempt = move || {
            let answer = attempt();
            async move { answer.await.map_err(fault::of_client) }
        };
        self.shared.repeat(verb, object, policy, attempt).await
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(
        &self,
        verb: Verb,
        object: &str,
        request: Request,
    ) -> Result<Vec<u8>, CallError> {
        self.shared.send(verb, object, &self.shared.settings.policy, request).await
    }

    /// As [`Cluster::send`], decoded.
    pub(super) async fn send_for<T: DeserializeOwned>(
        &self,
        verb: Verb,
        object: &str,
        request: Request,
    ) -> Result<T, CallError> {
        let body = self.send(verb, object, request).await?;
        decode(verb, object, &body)
    }
}

impl Shared {
    /// Sends a request within a policy and reads the whole answer.
    pub(super) async fn send(
        &self,
        verb: Verb,
        object: &str,
        policy: &Policy,
        request: Request,
    ) -> Result<Vec<u8>, CallError> {
        self.repeat(verb, object, policy, || self.exchange(request.clone())).await
    }

    /// Sends a request once.
    async fn exchange(&self, request: Request) -> Result<Vec<u8>, Fault> {
        let answer = self.client.send(request.map(Body::from)).await.map_err(fault::of_client)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| fault::of_transport(&error))?.to_bytes();
        if head.status.is_success() {
            return Ok(body.into());
        }
        let retry_after = head
            .headers
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        Err(fault::of_answer(head.status.as_u16(), &body, retry_after))
    }

    /// Makes attempts until one succeeds, fails for good, or the policy's time is over.
    async fn repeat<T, F, Fut>(
        &self,
        verb: Verb,
        object: &str,
        policy: &Policy,
        mut attempt: F,
    ) -> Result<T, CallError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Fault>>,
    {
        let begun = Instant::now();
        let mut maybe_done = false;
        for number in 1_u32.. {
            let left = policy.total.saturating_sub(begun.elapsed());
            let bound = policy.attempt.min(left);
            let fault = match tokio::time::timeout(bound, attempt()).await {
                Ok(Ok(answer)) => {
                    self.answered();
                    return Ok(answer);
                }
                Ok(Err(fault)) => fault,
                Err(_) => Fault::timeout(bound),
            };
            maybe_done |= fault.answer_lost;
            if !fault.silence {
                self.answered();
            }
            let elapsed = begun.elapsed();
            let wait = policy.wait(number, elapsed, fault.patience, fault.retry_after);
            let Some(wait) = wait else {
                let reason = self.explain(fault.reason);
                return Err(CallError { verb, object: object.to_owned(), reason, maybe_done });
            };
            if fault.patience == Patience::Long && fault.silence {
                self.silent(&fault.reason, policy.total.saturating_sub(elapsed));
            }
            tokio::time::sleep(wait).await;
        }
        unreachable!("the policy gives up within its time")
    }

    /// Says once that the server does not answer.
    fn silent(&self, reason: &Reason, left: Duration) {
        let mut since = self.silent_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if since.is_none() {
            *since = Some(Instant::now());
            self.tell(format!(
                "the API server at {} does not answer ({reason:?}); trying on for {} s",
                self.server,
                left.as_secs()
            ));
        }
    }

    /// Says once that the server answers again.
    fn answered(&self) {
        let mut since = self.silent_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(since) = since.take() {
            self.tell(format!(
                "the API server answers again, after {} s",
                since.elapsed().as_secs()
            ));
        }
    }

    fn tell(&self, text: String) {
        if let Some(notice) = &self.settings.notice {
            notice(text);
        }
    }

    /// A refusal whose cause we can see ourselves: an expired certificate.
    fn explain(&self, reason: Reason) -> Reason {
        match (reason, self.certificate_ends) {
            (Reason::Unauthorized, Some(ends)) if ends < jiff::Timestamp::now() => {
                Reason::CertificateExpired(ends.to_string())
            }
            (reason, _) => reason,
        }
    }
}

/// Reads an answer as JSON.
pub(super) fn decode<T: DeserializeOwned>(
    verb: Verb,
    object: &str,
    body: &[u8],
) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError {
        verb,
        object: object.to_owned(),
        reason: Reason::Other(format!("the answer is not what the API promises: {error}")),
        maybe_done: false,
    })
}
