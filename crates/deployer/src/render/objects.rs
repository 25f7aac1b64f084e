//! The objects around the pods, each in one function, and the metadata that all have.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{Namespace, Service, ServiceAccount, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::HTTP;
use super::{Environment, exceptions, pod};
use crate::manifest::Kind;
use crate::release::{IngressHost, Release};

/// The metadata of the object `name` in the release's namespace.
///
/// There is no `app.kubernetes.io/version`: the image is named by digest, whose 64 digits do not fit into a label, and
/// a label that changes with each image would change every object for nothing.
pub(super) fn metadata(release: &Release, name: impl Into<String>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(release.namespace().to_owned()),
        labels: Some(release.labels()),
        ..ObjectMeta::default()
    }
}

/// Chooses the release's pods.
pub(super) fn pods(release: &Release) -> LabelSelector {
    LabelSelector { match_labels: Some(release.selector()), ..LabelSelector::default() }
}

/// The namespace, which admits no pod that is not restricted: Kubernetes' Pod Security Standards.
pub(super) fn namespace(release: &Release) -> Namespace {
    let mut labels = release.labels();
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".into());
        labels.insert(format!("pod-security.kubernetes.io/{mode}-version"), "latest".into());
    }
    let metadata = ObjectMeta {
        name: Some(release.namespace().to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    Namespace { metadata, ..Namespace::default() }
}

/// The pods' own account. It may do nothing, and no token of it is handed out.
pub(super) fn service_account(release: &Release) -> ServiceAccount {
    ServiceAccount {
        metadata: self::metadata(release, release.name()),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// The pods' address within the cluster.
pub(super) fn service(release: &Release) -> Service {
    let port = ServicePort {
        name: Some(HTTP.into()),
        port: 80,
        protocol: Some("TCP".into()),
        target_port: Some(IntOrString::String(HTTP.into())),
        ..ServicePort::default()
    };
    let spec = ServiceSpec {
        type_: Some("ClusterIP".into()),
        selector: Some(release.selector()),
        ports: Some(vec![port]),
        ..ServiceSpec::default()
    };
    Service {
        metadata: self::metadata(release, release.name()),
        spec: Some(spec),
        ..Service::default()
    }
}

/// ReplicaSets of earlier revisions that are kept. The revisions to roll back to are recorded elsewhere; this one only
/// lets the newest of them find its ReplicaSet again.
const OLD_REPLICA_SETS: i32 = 2;

/// The pods, and the way in which old ones give way to new ones.
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
        selector: pods(release),
        strategy: Some(strategy),
        min_ready_seconds: (k3s.min_ready_s > 0).then(|| k3s.min_ready_s.into()),
        progress_deadline_seconds: Some(k3s.progress_deadline_s.into()),
        revision_history_limit: Some(OLD_REPLICA_SETS),
        template: pod::template(release, environment),
        ..DeploymentSpec::default()
    };
    let mut metadata = self::metadata(release, release.name());
    metadata.annotations = exceptions::annotations(Kind::Deployment, release, environment);
    Deployment { metadata, spec: Some(spec), ..Deployment::default() }
}

/// One pod at a time may be evicted. A pod that is not ready never holds up a drain of its node.
pub(super) fn disruption_budget(release: &Release) -> PodDisruptionBudget {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
        selector: Some(pods(release)),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget {
        metadata: self::metadata(release, release.name()),
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
    let mut metadata = self::metadata(release, release.name());
    metadata.annotations =
        exceptions::annotations(Kind::HorizontalPodAutoscaler, release, environment);
    Some(HorizontalPodAutoscaler {
        metadata,
        spec: Some(spec),
        ..HorizontalPodAutoscaler::default()
    })
}

/// The route from outside, where there is one.
pub(super) fn ingress(release: &Release) -> Option<Ingress> {
    let host = match &release.ingress_host {
        IngressHost::None => return None,
        IngressHost::Any => None,
        IngressHost::Named(host) => Some(host.clone()),
    };
    let tls = release.k3s.tls_secret.as_ref().map(|secret| {
        vec![IngressTLS {
            secret_name: Some(secret.clone()),
            hosts: host.clone().map(|host| vec![host]),
        }]
    });
    let spec = IngressSpec {
        ingress_class_name: release.k3s.ingress_class.clone(),
        rules: Some(vec![IngressRule { host, http: Some(all_paths(release)) }]),
        tls,
        ..IngressSpec::default()
    };
    let mut metadata = self::metadata(release, release.name());
    let annotations = &release.k3s.ingress_annotations;
    metadata.annotations = (!annotations.is_empty()).then(|| annotations.clone());
    Some(Ingress { metadata, spec: Some(spec), ..Ingress::default() })
}

fn all_paths(release: &Release) -> HTTPIngressRuleValue {
    let service = IngressServiceBackend {
        name: release.name().to_owned(),
        port: Some(ServiceBackendPort { name: Some(HTTP.into()), number: None }),
    };
    HTTPIngressRuleValue {
        paths: vec![HTTPIngressPath {
            path: Some("/".into()),
            path_type: "Prefix".into(),
            backend: IngressBackend { service: Some(service), resource: None },
        }],
    }
}
