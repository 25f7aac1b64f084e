//! The pods, and how old ones give way to new ones.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Environment, exceptions, metadata, pod};
use crate::manifest::Kind;
use crate::release::Release;

/// ReplicaSets of earlier revisions that are kept. The revisions to roll back to are recorded elsewhere; this one only
/// lets the newest of them find its ReplicaSet again.
const OLD_REPLICA_SETS: i32 = 2;

pub(super) fn deployment(release: &Release, environment: &Environment) -> Deployment {
    let k3s = &release.k3s;
    let strategy = DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    };
    let spec = DeploymentSpec {
        // Two that set the number would take turns.
        replicas: k3s.max_replicas.is_none().then(|| k3s.replicas.into()),
        selector: metadata::pods(release),
        strategy: Some(strategy),
        min_ready_seconds: (k3s.min_ready_s > 0).then(|| k3s.min_ready_s.into()),
        progress_deadline_seconds: Some(k3s.progress_deadline_s.into()),
        revision_history_limit: Some(OLD_REPLICA_SETS),
        template: pod::template(release, environment),
        ..DeploymentSpec::default()
    };
    let mut metadata = metadata::of(release, release.name());
    metadata.annotations = exceptions::annotations(Kind::Deployment, release, environment);
    Deployment { metadata, spec: Some(spec), ..Deployment::default() }
}
