//! The objects around the pods, each in one function, and the metadata that all have.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, ExternalMetricSource, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget, PodsMetricSource,
    ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{Namespace, Service, ServiceAccount, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use skyward_config::{Access, Metric, MetricSource, ServiceType};

use super::pod::HTTP;
use super::{Environment, canonical, exceptions, pod, route};
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
    let annotations = &release.k3s.service_account_annotations;
    let mut metadata = self::metadata(release, release.name());
    metadata.annotations = (!annotations.is_empty()).then(|| annotations.clone());
    ServiceAccount {
        metadata,
        automount_service_account_token: Some(release.k3s.service_account_token),
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
    let further = release.k3s.extra_port.iter().map(|port| ServicePort {
        name: Some(port.name.clone()),
        port: port.port.unwrap_or(port.target).into(),
        protocol: Some(pod::protocol(port.protocol).into()),
        target_port: Some(IntOrString::String(port.name.clone())),
        ..ServicePort::default()
    });
    let spec = ServiceSpec {
        type_: Some(
            match release.k3s.service_type {
                ServiceType::ClusterIp => "ClusterIP",
                ServiceType::NodePort => "NodePort",
                ServiceType::LoadBalancer => "LoadBalancer",
            }
            .into(),
        ),
        selector: Some(release.selector()),
        ports: Some(std::iter::once(port).chain(further).collect()),
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
pub(super) const OLD_REPLICA_SETS: i32 = 2;

/// The pods, and the way in which old ones give way to new ones.
pub(super) fn deployment(release: &Release, environment: &Environment) -> Deployment {
    let k3s = &release.k3s;
    let spec = DeploymentSpec {
        // Two that set the number would take turns.
        replicas: k3s.max_replicas.is_none().then(|| k3s.replicas.into()),
        selector: pods(release),
        strategy: Some(strategy(release)),
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

/// The way in which old pods give way to new ones. What has a volume for one pod alone ends before the next one starts.
pub(super) fn strategy(release: &Release) -> DeploymentStrategy {
    if release.k3s.volume.iter().any(|volume| volume.access == Access::Single) {
        return DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None };
    }
    let count = |text: &str| {
        text.parse().map_or_else(|_| IntOrString::String(text.to_owned()), IntOrString::Int)
    };
    DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(count(&release.k3s.max_surge)),
            max_unavailable: Some(count(&release.k3s.max_unavailable)),
        }),
    }
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
    let metric = |name: &str, percent: u8| {
        let target = MetricTarget {
            type_: "Utilization".into(),
            average_utilization: Some(percent.into()),
            ..MetricTarget::default()
        };
        MetricSpec {
            type_: "Resource".into(),
            resource: Some(ResourceMetricSource { name: name.into(), target }),
            ..MetricSpec::default()
        }
    };
    let cpu = metric("cpu", release.k3s.target_cpu);
    let memory = release.k3s.target_memory.map(|percent| metric("memory", percent));
    let further = release.k3s.metric.iter().map(self::metric);
    let spec = HorizontalPodAutoscalerSpec {
        scale_target_ref: CrossVersionObjectReference {
            api_version: Some(Kind::Deployment.api_version().into()),
            kind: Kind::Deployment.as_str().into(),
            name: release.name().to_owned(),
        },
        min_replicas: Some(release.k3s.replicas.into()),
        max_replicas: release.k3s.max_replicas?.into(),
        metrics: Some(std::iter::once(cpu).chain(memory).chain(further).collect()),
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

/// A metric of the configuration.
fn metric(metric: &Metric) -> MetricSpec {
    let labels = &metric.labels;
    let match_labels = (!labels.is_empty()).then(|| labels.clone());
    let selector = match_labels
        .map(|labels| LabelSelector { match_labels: Some(labels), ..LabelSelector::default() });
    let identifier = MetricIdentifier { name: metric.name.clone(), selector };
    let amount = |text: &Option<String>| text.as_deref().map(canonical::amount);
    let target = MetricTarget {
        type_: if metric.total.is_some() { "Value" } else { "AverageValue" }.into(),
        average_value: amount(&metric.per_pod),
        value: amount(&metric.total),
        ..MetricTarget::default()
    };
    match metric.source {
        MetricSource::Pods => MetricSpec {
            type_: "Pods".into(),
            pods: Some(PodsMetricSource { metric: identifier, target }),
            ..MetricSpec::default()
        },
        MetricSource::External => MetricSpec {
            type_: "External".into(),
            external: Some(ExternalMetricSource { metric: identifier, target }),
            ..MetricSpec::default()
        },
    }
}

/// The route from outside, where there is one.
pub(super) fn ingress(release: &Release) -> Option<Ingress> {
    let host = match &release.ingress_host {
        IngressHost::None => return None,
        IngressHost::Any => None,
        IngressHost::Named(host) => Some(host.clone()),
    };
    let rule = |host| IngressRule { host, http: Some(all_paths(release)) };
    let further = release.k3s.hosts.iter().cloned().map(Some);
    let rules = std::iter::once(host.clone()).chain(further).map(rule).collect();
    let tls = release.k3s.tls_secret.as_ref().map(|secret| {
        vec![IngressTLS {
            secret_name: Some(secret.clone()),
            hosts: host.is_some().then(|| hosts(release)),
        }]
    });
    let spec = IngressSpec {
        ingress_class_name: release.k3s.ingress_class.clone(),
        rules: Some(rules),
        tls,
        ..IngressSpec::default()
    };
    let mut metadata = self::metadata(release, release.name());
    let annotations = route::annotations(release);
    metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    Some(Ingress { metadata, spec: Some(spec), ..Ingress::default() })
}

/// The host names that lead to the service.
pub(super) fn hosts(release: &Release) -> Vec<String> {
    let first = match &release.ingress_host {
        IngressHost::Named(host) => Some(host.clone()),
        IngressHost::Any | IngressHost::None => None,
    };
    first.into_iter().chain(release.k3s.hosts.iter().cloned()).collect()
}

fn all_paths(release: &Release) -> HTTPIngressRuleValue {
    let service = IngressServiceBackend {
        name: release.name().to_owned(),
        port: Some(ServiceBackendPort { name: Some(HTTP.into()), number: None }),
    };
    let path = |path: &String| HTTPIngressPath {
        path: Some(path.clone()),
        path_type: "Prefix".into(),
        backend: IngressBackend { service: Some(service.clone()), resource: None },
    };
    HTTPIngressRuleValue { paths: release.k3s.paths.iter().map(path).collect() }
}
