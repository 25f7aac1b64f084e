//! Keeps a snapshot current and decides at every change.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::jiff::Timestamp;
use kube::Api;

use super::{Failure, Outcome, Snapshot, Target, Verdict, decide};
use crate::event::{Event, Sink};

/// Follows the rollout until it is done, has failed or `deadline` has passed.
pub async fn follow(
    client: &kube::Client,
    target: &Target,
    deadline: Duration,
    sink: &mut dyn Sink,
) -> Result<Outcome, kube::Error> {
    let start = Instant::now();
    let on = format!("Deployment {}", target.name);
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &target.namespace);
    let mut told = String::new();
    loop {
        let seen = Snapshot {
            deployment: deployments.get_opt(&target.name).await?,
            ..Snapshot::default()
        };
        match decide(&seen, target, Timestamp::now()) {
            Verdict::Done(replicas) => return Ok(Outcome::Ready { replicas }),
            Verdict::Failed(failure) => return Ok(Outcome::Failed(failure)),
            Verdict::Waiting(state) if start.elapsed() > deadline => {
                let reason = format!("{on}: not done after {} s: {state}", deadline.as_secs());
                return Ok(Outcome::Failed(Box::new(Failure { reason, ..Failure::default() })));
            }
            Verdict::Waiting(state) if state != told => {
                told.clone_from(&state);
                let remaining_s = deadline.saturating_sub(start.elapsed()).as_secs();
                sink.emit(Event::Waiting { on: on.clone(), state, remaining_s });
            }
            Verdict::Waiting(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
