//! The number of pods, and of those that may be away.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Environment, exceptions, metadata};
use crate::manifest::Kind;
use crate::release::Release;

/// One pod at a time may be evicted. A pod that is not ready never holds up a drain of its node.
pub(super) fn disruption_budget(release: &Release) -> PodDisruptionBudget {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
        selector: Some(metadata::pods(release)),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget {
        metadata: metadata::of(release, release.name()),
        spec: Some(spec),
        ..PodDisruptionBudget::default()
    }
}

/// An autoscaler, where the most pods are given. It then owns the Deployment's `replicas`, which is left out there.
pub(super) fn autoscaler(
    release: &Release,
    environment: &Environment,
) -> Option<HorizontalPodAutoscaler> {
    let target = MetricTarget {
        type_: "Utilization".into(),
        average_utilization: Some(release.k3s.target_cpu.into()),
        ..MetricTarget::default()
    };
    let cpu = MetricSpec {
        type_: "Resource".into(),
        resource: Some(ResourceMetricSource { name: "cpu".into(), target }),
        ..MetricSpec::default()
    };
    let spec = HorizontalPodAutoscalerSpec {
        scale_target_ref: CrossVersionObjectReference {
            api_version: Some(Kind::Deployment.api_version().into()),
            kind: Kind::Deployment.as_str().into(),
            name: release.name().to_owned(),
        },
        min_replicas: Some(release.k3s.replicas.into()),
        max_replicas: release.k3s.max_replicas?.into(),
        metrics: Some(vec![cpu]),
        ..HorizontalPodAutoscalerSpec::default()
    };
    let mut metadata = metadata::of(release, release.name());
    metadata.annotations =
        exceptions::annotations(Kind::HorizontalPodAutoscaler, release, environment);
    Some(HorizontalPodAutoscaler {
        metadata,
        spec: Some(spec),
        ..HorizontalPodAutoscaler::default()
    })
}
