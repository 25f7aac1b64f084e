//! The pod: as Kubernetes' restricted Pod Security Standard and the auditors want it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    self as core, Affinity, Capabilities, Container, ContainerPort, EmptyDirVolumeSource,
    EnvFromSource, EnvVar, EnvVarSource, Lifecycle, LifecycleHandler, LocalObjectReference,
    PodAffinityTerm, PodAntiAffinity, PodSecurityContext, PodSpec, PodTemplateSpec,
    ResourceRequirements, SeccompProfile, SecretEnvSource, SecretKeySelector, SecurityContext,
    SleepAction, Sysctl, TopologySpreadConstraint, Volume, VolumeMount, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use skyward_config::{Effect, ProbePort, Protocol, Spread, Toleration};

use super::environment::FIRST_UNPRIVILEGED_PORT;
use super::{Environment, canonical, objects, probes, storage};
use crate::release::Release;

/// The name of the service's port.
pub(super) const HTTP: &str = "http";

/// Seconds that a pod may take to end beyond what it needs, before it is killed.
const MARGIN: i64 = 5;

/// The pods' template.
pub(super) fn template(release: &Release, environment: &Environment) -> PodTemplateSpec {
    // The tool that made the release is not a property of its pods: a change of these labels restarts them.
    let mut labels = release.k3s.labels.clone();
    labels.extend(release.k3s.pod_labels.clone());
    labels.extend(release.selector());
    PodTemplateSpec {
        metadata: Some(metadata(release, labels)),
        spec: Some(spec(release, environment)),
    }
}

/// The annotation that holds a hash of each Secret that the pods use: a Secret that changes replaces them.
const SECRETS: &str = "skyward.dev/secrets";

/// The metadata of a pod's template.
pub(super) fn metadata(release: &Release, labels: BTreeMap<String, String>) -> ObjectMeta {
    let mut annotations = release.k3s.pod_annotations.clone();
    if !release.inputs.secrets.is_empty() {
        let hashes = release.inputs.secrets.iter().map(|(name, hash)| format!("{name}={hash}"));
        annotations.insert(SECRETS.to_owned(), hashes.collect::<Vec<_>>().join(","));
    }
    ObjectMeta {
        labels: Some(labels),
        annotations: (!annotations.is_empty()).then_some(annotations),
        ..ObjectMeta::default()
    }
}

fn spec(release: &Release, environment: &Environment) -> PodSpec {
    PodSpec {
        security_context: Some(security(release.user, environment)),
        containers: vec![container(release, environment)],
        termination_grace_period_seconds: Some(grace(release, environment)),
        topology_spread_constraints: spread(release).map(|constraint| vec![constraint]),
        affinity: (release.k3s.spread != Spread::None).then(|| apart(release)),
        ..common(release)
    }
}

/// The parts of a pod that are the same for every process of the release.
pub(super) fn common(release: &Release) -> PodSpec {
    let k3s = &release.k3s;
    let account = k3s.service_account.clone();
    let tolerations: Vec<_> = k3s.toleration.iter().map(toleration).collect();
    let selector = &k3s.node_selector;
    PodSpec {
        service_account_name: Some(account.unwrap_or_else(|| release.name().to_owned())),
        automount_service_account_token: Some(k3s.service_account_token),
        // Variables of every Service of the namespace would reach the process otherwise.
        enable_service_links: Some(false),
        image_pull_secrets: k3s.pull_secret.clone().map(|name| vec![LocalObjectReference { name }]),
        volumes: Some(std::iter::once(scratch(release)).chain(storage::volumes(release)).collect()),
        priority_class_name: k3s.priority_class.clone(),
        node_selector: (!selector.is_empty()).then(|| selector.clone()),
        tolerations: (!tolerations.is_empty()).then_some(tolerations),
        ..PodSpec::default()
    }
}

fn toleration(wanted: &Toleration) -> core::Toleration {
    let effect = match wanted.effect {
        Effect::Any => None,
        Effect::NoSchedule => Some("NoSchedule"),
        Effect::PreferNoSchedule => Some("PreferNoSchedule"),
        Effect::NoExecute => Some("NoExecute"),
    };
    core::Toleration {
        key: wanted.key.clone(),
        operator: Some(if wanted.value.is_some() { "Equal" } else { "Exists" }.into()),
        value: wanted.value.clone(),
        effect: effect.map(str::to_owned),
        toleration_seconds: None,
    }
}

/// A protocol as Kubernetes spells it.
pub(super) fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

/// Seconds from the moment that the pod is to end until it is killed: the hook, then SIGTERM and the drain.
fn grace(release: &Release, environment: &Environment) -> i64 {
    let drain = environment.drain_cap_ms.div_ceil(1000);
    i64::from(release.k3s.pre_stop_s) + i64::from(drain) + MARGIN
}

fn container(release: &Release, environment: &Environment) -> Container {
    let probes = probes::of(&release.service);
    let pre_stop = |seconds: u16| Lifecycle {
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction { seconds: seconds.into() }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    };
    Container {
        args: literals(&release.service.args),
        env: Some(variables(release, &environment.variables)),
        ports: Some(ports(release, environment)),
        resources: Some(resources(release)),
        startup_probe: probes.startup,
        readiness_probe: probes.readiness,
        liveness_probe: probes.liveness,
        lifecycle: (release.k3s.pre_stop_s > 0).then(|| pre_stop(release.k3s.pre_stop_s)),
        ..process(release, release.name())
    }
}

/// The parts of a container that are the same for every process of the release.
pub(super) fn process(release: &Release, name: &str) -> Container {
    let sources = release.k3s.env_from_secrets.iter().map(|secret| EnvFromSource {
        secret_ref: Some(SecretEnvSource { name: secret.clone(), optional: None }),
        ..EnvFromSource::default()
    });
    let sources: Vec<_> = sources.collect();
    let scratch =
        VolumeMount { name: "tmp".into(), mount_path: "/tmp".into(), ..VolumeMount::default() };
    Container {
        name: name.to_owned(),
        image: Some(release.image.clone()),
        image_pull_policy: Some("IfNotPresent".into()),
        env_from: (!sources.is_empty()).then_some(sources),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(std::iter::once(scratch).chain(storage::mounts(release)).collect()),
        ..Container::default()
    }
}

/// The ports that the container names: the service's, that of its probes where it is another, and further ones.
fn ports(release: &Release, environment: &Environment) -> Vec<ContainerPort> {
    let port = |name: &str, number: u16| ContainerPort {
        name: Some(name.into()),
        container_port: number.into(),
        protocol: Some("TCP".into()),
        ..ContainerPort::default()
    };
    let mut ports = vec![port(HTTP, environment.port)];
    ports.extend(environment.admin_port.map(|number| port(probes::ADMIN, number)));
    if let ProbePort::Other(number) = release.service.probes().port {
        ports.push(port(probes::HEALTH, number));
    }
    ports.extend(release.k3s.extra_port.iter().map(|port| ContainerPort {
        name: Some(port.name.clone()),
        container_port: port.target.into(),
        protocol: Some(protocol(port.protocol).into()),
        ..ContainerPort::default()
    }));
    ports
}

/// Texts as Kubernetes reads them; none where there are none.
pub(super) fn literals(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.iter().map(|text| literal(text)).collect())
}

/// All variables, by name: the plain ones that are given, and those from Secrets.
pub(super) fn variables(release: &Release, plain: &BTreeMap<String, String>) -> Vec<EnvVar> {
    let secrets = release.k3s.secrets.iter().filter(|(name, _)| !plain.contains_key(*name));
    let plain = plain.iter().map(|(name, value)| EnvVar {
        name: name.clone(),
        // The API server drops a value that is empty.
        value: (!value.is_empty()).then(|| literal(value)),
        value_from: None,
    });
    let secret = secrets.map(|(name, reference)| {
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
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// The user of the pods, and what they may not do.
pub(super) fn restricted(user: u32) -> PodSecurityContext {
    let id = Some(i64::from(user));
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: id,
        run_as_group: id,
        fs_group: id,
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".into(),
            localhost_profile: None,
        }),
        ..PodSecurityContext::default()
    }
}

fn security(user: u32, environment: &Environment) -> PodSecurityContext {
    let lowest = environment.lowest_port();
    let sysctls = (lowest < FIRST_UNPRIVILEGED_PORT).then(|| {
        vec![Sysctl {
            name: "net.ipv4.ip_unprivileged_port_start".into(),
            value: lowest.to_string(),
        }]
    });
    PodSecurityContext { sysctls, ..restricted(user) }
}

fn resources(release: &Release) -> ResourceRequirements {
    let k3s = &release.k3s;
    amounts(release, [&k3s.cpu, &k3s.cpu_limit], [&k3s.memory, &k3s.memory_limit])
}

/// The amounts that a container is promised, and its limits: CPU, memory, and the service's disk space.
pub(super) fn amounts(
    release: &Release,
    cpus: [&str; 2],
    memories: [&str; 2],
) -> ResourceRequirements {
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
        requests: Some(amounts(cpus[0], memories[0], &k3s.storage)),
        limits: Some(amounts(cpus[1], memories[1], &k3s.storage_limit)),
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
fn spread(release: &Release) -> Option<TopologySpreadConstraint> {
    let (topology, otherwise) = match release.k3s.spread {
        Spread::Prefer => ("kubernetes.io/hostname", "ScheduleAnyway"),
        Spread::Nodes => ("kubernetes.io/hostname", "DoNotSchedule"),
        Spread::Zones => ("topology.kubernetes.io/zone", "DoNotSchedule"),
        Spread::None => return None,
    };
    Some(TopologySpreadConstraint {
        max_skew: 1,
        topology_key: topology.into(),
        when_unsatisfiable: otherwise.into(),
        label_selector: Some(objects::pods(release)),
        match_label_keys: Some(vec!["pod-template-hash".into()]),
        ..TopologySpreadConstraint::default()
    })
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
