//! What a real cluster (Kubernetes 1.36, containerd 1.7) said of Deployments, good and bad, some seconds after each was
//! applied. Fields that no rule looks at were taken out, in the template and in the ReplicaSet's alike.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use skyward_deployer::rollout::{DeploymentRef, Snapshot, Verdict, decide};

/// What was seen of the Deployment `name`.
pub(crate) fn snapshot(name: &str) -> (Snapshot, DeploymentRef) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/deployer/rollout/seen/{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let seen: Value = serde_json::from_str(&text).expect("JSON");
    let target = DeploymentRef::of(&seen["deployment"]).expect("a Deployment");
    let seen = Snapshot {
        deployment: serde_json::from_value(seen["deployment"].clone()).expect("a Deployment"),
        replica_sets: serde_json::from_value(seen["replicaSets"].clone()).expect("ReplicaSets"),
        pods: serde_json::from_value(seen["pods"].clone()).expect("pods"),
        events: serde_json::from_value(seen["events"].clone()).expect("events"),
        ..Snapshot::default()
    };
    (seen, target)
}

/// The moment of the first look.
pub(crate) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

/// The verdict when the same has been seen for so many seconds.
pub(crate) fn verdict(seen: &mut Snapshot, target: &DeploymentRef, seconds: i64) -> Verdict {
    seen.observe(target, start());
    let now = start() + SignedDuration::from_secs(seconds);
    seen.observe(target, now);
    decide(seen, target, now)
}

/// The verdict on one line, and what to do on another.
pub(crate) fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Waiting(state) => format!("waiting: {state}"),
        Verdict::Done(pods) => format!("done: {pods}"),
        Verdict::Failed(failure) => {
            format!("failed: {}\n       next: {}", failure.reason, failure.next)
        }
    }
}
