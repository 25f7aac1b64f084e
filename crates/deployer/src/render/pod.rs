//! The pod: as Kubernetes' restricted Pod Security Standard and the auditors want it.
//!
//! The probes differ, so that a pod that is busy or ends is taken out of the Service and not restarted.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource,
    HTTPGetAction, Lifecycle, LifecycleHandler, LocalObjectReference, PodAffinityTerm,
    PodAntiAffinity, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements,
    SeccompProfile, SecretKeySelector, SecurityContext, SleepAction, Sysctl,
    TopologySpreadConstraint, Volume, VolumeMount, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::environment::FIRST_UNPRIVILEGED_PORT;
use super::{Environment, canonical, objects};
use crate::release::Release;

/// The name of the service's port.
pub(super) const HTTP: &str = "http";

/// The name of the port of probes and metrics.
pub(super) const ADMIN: &str = "admin";

/// Seconds that a pod may take to end beyond what it needs, before it is killed.
const MARGIN: i64 = 5;

/// The pods' template.
pub(super) fn template(release: &Release, environment: &Environment) -> PodTemplateSpec {
    // The tool that made the release is not a property of its pods: a change of these labels restarts them.
    let mut labels = release.k3s.labels.clone();
    labels.extend(release.selector());
    PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
        spec: Some(spec(release, environment)),
    }
}

fn spec(release: &Release, environment: &Environment) -> PodSpec {
    let pull_secret = release.k3s.pull_secret.clone();
    PodSpec {
        service_account_name: Some(release.name().to_owned()),
        automount_service_account_token: Some(false),
        // Variables of every Service of the namespace would reach the process otherwise.
        enable_service_links: Some(false),
        security_context: Some(security(release.user, environment)),
        image_pull_secrets: pull_secret.map(|name| vec![LocalObjectReference { name }]),
        containers: vec![container(release, environment)],
        volumes: Some(vec![scratch(release)]),
        termination_grace_period_seconds: Some(grace(release, environment)),
        topology_spread_constraints: Some(vec![spread(release)]),
        affinity: Some(apart(release)),
        ..PodSpec::default()
    }
}

/// Seconds from the moment that the pod is to end until it is killed: the hook, then SIGTERM and the drain.
fn grace(release: &Release, environment: &Environment) -> i64 {
    let drain = environment.drain_cap_ms.div_ceil(1000);
    i64::from(release.k3s.pre_stop_s) + i64::from(drain) + MARGIN
}

fn container(release: &Release, environment: &Environment) -> Container {
    let port = |name: &str, number: u16| ContainerPort {
        name: Some(name.into()),
        container_port: number.into(),
        protocol: Some("TCP".into()),
        ..ContainerPort::default()
    };
    let args: Vec<_> = release.service.args.iter().map(|text| literal(text)).collect();
    let pre_stop = |seconds: u16| Lifecycle {
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction { seconds: seconds.into() }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    };
    Container {
        name: release.name().to_owned(),
        image: Some(release.image.clone()),
        image_pull_policy: Some("IfNotPresent".into()),
        args: (!args.is_empty()).then_some(args),
        env: Some(variables(release, environment)),
        ports: Some(vec![port(HTTP, environment.port), port(ADMIN, environment.admin_port)]),
        resources: Some(resources(release)),
        startup_probe: Some(startup()),
        readiness_probe: Some(readiness()),
        liveness_probe: Some(liveness()),
        lifecycle: (release.k3s.pre_stop_s > 0).then(|| pre_stop(release.k3s.pre_stop_s)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".into(),
            mount_path: "/tmp".into(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

/// All variables, by name.
fn variables(release: &Release, environment: &Environment) -> Vec<EnvVar> {
    let plain = environment.variables.iter().map(|(name, value)| EnvVar {
        name: name.clone(),
        // The API server drops a value that is empty.
        value: (!value.is_empty()).then(|| literal(value)),
        value_from: None,
    });
    let secret = release.k3s.secrets.iter().map(|(name, reference)| {
        // The configuration's grammar wants a `/`.
        let (secret, key) = reference.split_once('/').unwrap_or((reference, ""));
        let key = SecretKeySelector { name: secret.into(), key: key.into(), optional: None };
        EnvVar {
            name: name.clone(),
            value: None,
            value_from: Some(EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() }),
        }
    });
    let mut variables: Vec<_> = plain.chain(secret).collect();
    variables.sort_by(|one, other| one.name.cmp(&other.name));
    variables
}

/// Kubernetes replaces `$(NAME)` in variables and arguments, and reads `$$` as `$`; the configuration means its text.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

fn security(user: u32, environment: &Environment) -> PodSecurityContext {
    let id = Some(i64::from(user));
    let lowest = environment.lowest_port();
    let sysctls = (lowest < FIRST_UNPRIVILEGED_PORT).then(|| {
        vec![Sysctl {
            name: "net.ipv4.ip_unprivileged_port_start".into(),
            value: lowest.to_string(),
        }]
    });
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: id,
        run_as_group: id,
        fs_group: id,
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".into(),
            localhost_profile: None,
        }),
        sysctls,
        ..PodSecurityContext::default()
    }
}

fn resources(release: &Release) -> ResourceRequirements {
    let k3s = &release.k3s;
    let amounts = |cpu: &str, memory: &str, storage: &str| {
        let mut amounts = BTreeMap::from([
            ("cpu".to_owned(), canonical::cpu(cpu)),
            ("memory".to_owned(), canonical::bytes(memory)),
        ]);
        if release.disk_is_counted {
            amounts.insert("ephemeral-storage".to_owned(), canonical::bytes(storage));
        }
        amounts
    };
    ResourceRequirements {
        requests: Some(amounts(&k3s.cpu, &k3s.memory, &k3s.storage)),
        limits: Some(amounts(&k3s.cpu_limit, &k3s.memory_limit, &k3s.storage_limit)),
        ..ResourceRequirements::default()
    }
}

/// The one place that can be written to; it counts towards the pod's storage.
fn scratch(release: &Release) -> Volume {
    Volume {
        name: "tmp".into(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(canonical::bytes(&release.k3s.storage_limit)),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// The pods of one revision go to different nodes where there are any. By host name alone: the scheduler ignores, for
/// all constraints, a node that lacks the label of one of them, and small clusters have no zones.
fn spread(release: &Release) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".into(),
        when_unsatisfiable: "ScheduleAnyway".into(),
        label_selector: Some(objects::pods(release)),
        match_label_keys: Some(vec!["pod-template-hash".into()]),
        ..TopologySpreadConstraint::default()
    }
}

/// And rather to different nodes and zones than together, whichever their revision.
fn apart(release: &Release) -> Affinity {
    let term = |weight, topology: &str| WeightedPodAffinityTerm {
        weight,
        pod_affinity_term: PodAffinityTerm {
            label_selector: Some(objects::pods(release)),
            topology_key: topology.into(),
            ..PodAffinityTerm::default()
        },
    };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![
                term(100, "kubernetes.io/hostname"),
                term(50, "topology.kubernetes.io/zone"),
            ]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    }
}

/// Every second, for a minute: a service that migrates its database first still starts.
fn startup() -> Probe {
    probe("/livez", 1, 60)
}

/// Out of the Service within six seconds where it says so, within nine where it no longer answers.
fn readiness() -> Probe {
    probe("/readyz", 3, 2)
}

/// Restarted when it has not answered for half a minute.
fn liveness() -> Probe {
    probe("/livez", 10, 3)
}

/// Probes go to the second port: the service's own limits and allowed hosts do not concern them.
fn probe(path: &str, period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(ADMIN.into()),
            scheme: Some("HTTP".into()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failure_threshold),
        timeout_seconds: Some(if period_seconds > 2 { 2 } else { 1 }),
        ..Probe::default()
    }
}
