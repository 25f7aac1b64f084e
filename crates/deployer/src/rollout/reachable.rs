//! Proves that the service answers: endpoints, Ingress, a request through it.

use std::time::Duration;

use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::endpoint::{self, IngressEndpoint, Proof, Route};
use super::page::{self, Answer};
use crate::api::{ApiServer, CallError};
use crate::event::{self, Sink};
use crate::manifest::{Kind, ObjectId};
use crate::release::Release;

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(400);

/// The time for which the API server's proxy is tried: a NetworkPolicy may close the pods to it for good.
const PROXY_PATIENCE: Duration = Duration::from_secs(8);

/// The address of the service, and what of it was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// The address to open; none where the service is only inside the cluster.
    pub address: Option<String>,
    /// The proofs, one sentence each.
    pub verified: Vec<String>,
    /// Hints on reaching it, such as a line for the hosts file.
    pub hints: Vec<String>,
    /// The reason why it does not answer; `None` where it does.
    pub problem: Option<String>,
}

/// Proves that the service answers, within `deadline`: enough endpoints are ready, and a GET of `/` is answered, through the
/// Ingress where one leads anywhere, else through the API server's service proxy.
///
/// An answer of 200 to 399 proves it, and so does the very answer that the service itself gives through the proxy (it may want
/// a login), except those which an Ingress controller gives for itself: 404, 502, 503, 504. TLS is spoken where the Ingress has
/// a Secret for it; its certificate is not verified, because this is about the way and not about trust, and k3s serves its
/// own until the Secret is there.
///
/// # Errors
/// The API server does not answer, or we may not read `EndpointSlices` or the Ingress.
pub async fn reachable(
    api: &ApiServer,
    release: &Release,
    deadline: Duration,
    sink: &Sink<'_>,
) -> Result<Reach, CallError> {
    let mut search =
        Search { api, release, end: Instant::now() + deadline, told: String::new(), sink };
    let mut reach = Reach::default();
    if !search.ready_pods(&mut reach, deadline).await? {
        return Ok(reach);
    }
    let classes =
        if endpoint::is_wanted(release) { api.ingress_classes().await? } else { Vec::new() };
    match endpoint::route(release, &classes) {
        Route::Inside(hint) => {
            search.through_proxy(&mut reach).await;
            reach.hints.extend(hint);
            reach.hints.push(endpoint::forward(release));
        }
        Route::NoController(problem) => reach.problem = Some(problem),
        Route::Through(controller) => {
            search.through_ingress(&mut reach, &controller, deadline).await?;
        }
    }
    Ok(reach)
}

/// The attempt to reach a release.
struct Search<'s> {
    api: &'s ApiServer,
    release: &'s Release,
    end: Instant,
    told: String,
    sink: &'s Sink<'s>,
}

impl Search<'_> {
    /// Waits until as many endpoints are ready as the release has pods at least.
    async fn ready_pods(
        &mut self,
        reach: &mut Reach,
        deadline: Duration,
    ) -> Result<bool, CallError> {
        let Release { k3s, .. } = self.release;
        let labels = format!("kubernetes.io/service-name={}", self.release.name());
        let needed = usize::from(k3s.replicas);
        loop {
            let slices: Vec<EndpointSlice> =
                self.api.list(Some(self.release.namespace()), &labels).await?;
            let ready = endpoint::ready_endpoints(&slices);
            if ready >= needed {
                let service = self.release.name();
                reach.verified.push(format!("Service {service} has {ready} ready endpoints"));
                return Ok(true);
            }
            let state = format!("{ready} of {needed} endpoints ready");
            if Instant::now() >= self.end {
                reach.problem = Some(format!(
                    "Service {} has {state} after {} s; see whether its selector and the pods' labels agree",
                    self.release.name(),
                    deadline.as_secs()
                ));
                return Ok(false);
            }
            self.tell("Service", &state);
            sleep(PAUSE).await;
        }
    }

    /// Asks the service through the API server. What fails here is no failure of the service: the permission may lack, or a
    /// NetworkPolicy keep the API server out.
    async fn through_proxy(&mut self, reach: &mut Reach) {
        let end = self.end.min(Instant::now() + PROXY_PATIENCE);
        let why = loop {
            let why = match page::through_proxy(&self.api.client(), self.release).await {
                Answer::Status(status) if status < 500 => {
                    reach.verified.push(format!(
                        "Service {} answered {status} to GET / through the API server",
                        self.release.name()
                    ));
                    return;
                }
                Answer::Refused(why) => break why,
                Answer::Status(status) => format!("it answered {status}"),
                Answer::None(why) => why,
            };
            if Instant::now() >= end {
                break why;
            }
            self.tell("Service", &format!("no page through the API server yet: {why}"));
            sleep(PAUSE).await;
        };
        reach.hints.push(format!("GET / was not proved through the API server's proxy: {why}"));
    }

    /// Waits for the Ingress to have an address, then for the page through it.
    async fn through_ingress(
        &mut self,
        reach: &mut Reach,
        controller: &str,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let name = self.release.name().to_owned();
        let Some(endpoints) = self.ingress_endpoints(reach).await? else {
            reach.problem = Some(format!(
                "Ingress {name} got no address within {} s; see whether {controller} runs and serves its class",
                deadline.as_secs()
            ));
            return Ok(());
        };
        let first = &endpoints[0];
        reach.address = Some(first.address(self.release));
        loop {
            let mut last = String::new();
            for endpoint in &endpoints {
                match page::through(endpoint, self.release).await {
                    Answer::Status(status) if self.is_ours(status).await => {
                        reach.address = Some(endpoint.address(self.release));
                        reach.verified.push(endpoint.proof(self.release, status));
                        reach.hints.extend(endpoint::name_hint(self.release, endpoint).await);
                        return Ok(());
                    }
                    Answer::Status(status) => last = format!("{endpoint} answers {status}"),
                    Answer::Refused(why) | Answer::None(why) => last = format!("{endpoint}: {why}"),
                }
            }
            if Instant::now() >= self.end {
                reach.problem = Some(format!(
                    "the page does not come through the Ingress within {} s: {last}; see {controller}'s log",
                    deadline.as_secs()
                ));
                return Ok(());
            }
            self.tell("Ingress", &last);
            sleep(PAUSE).await;
        }
    }

    /// Returns true for an answer that our pods gave: a page, or just what the service itself answers.
    async fn is_ours(&self, status: u16) -> bool {
        match endpoint::proves(status) {
            Proof::Ours => true,
            Proof::Controllers => false,
            Proof::Either => {
                let own = page::through_proxy(&self.api.client(), self.release).await;
                own == Answer::Status(status)
            }
        }
    }

    /// The addresses that the Ingress has, or the nodes', where its controller does not publish any.
    async fn ingress_endpoints(
        &mut self,
        reach: &mut Reach,
    ) -> Result<Option<Vec<IngressEndpoint>>, CallError> {
        let id = ObjectId {
            kind: Kind::Ingress,
            namespace: Some(self.release.namespace().to_owned()),
            name: self.release.name().to_owned(),
        };
        // Half of the time is for the page.
        let half = self.end.saturating_duration_since(Instant::now()) / 2;
        let end = Instant::now() + half;
        loop {
            let ingress = self.api.get(&id).await?;
            let endpoints = ingress
                .map(|ingress| endpoint::of_status(self.release, &ingress))
                .unwrap_or_default();
            if !endpoints.is_empty() {
                return Ok(Some(endpoints));
            }
            if Instant::now() >= end {
                break;
            }
            self.tell("Ingress", "no address yet");
            sleep(PAUSE).await;
        }
        let nodes = self.api.addresses_of_nodes().await?;
        let endpoints = endpoint::of_nodes(&nodes);
        if endpoints.is_empty() {
            return Ok(None);
        }
        reach.hints.push("the Ingress has no address of its own; the nodes' were tried".to_owned());
        Ok(Some(endpoints))
    }

    fn tell(&mut self, kind: &str, state: &str) {
        let on = format!("{kind} {}", self.release.name());
        let line = format!("{on}: {state}");
        if line != self.told {
            self.told = line;
            let left = self.end.saturating_duration_since(Instant::now());
            self.sink.emit(event::waiting(on, state, left));
        }
    }
}
