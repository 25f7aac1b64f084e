//! The marked release: a value for each key that the chart has, and the expression of Helm's that each becomes.

use std::collections::BTreeMap;

use skyward_config::{Ask, Health, HealthPaths, K3s, ProbePort, Service};

use crate::release::{IngressHost, Release};

/// Texts that are marks, and the expression for each.
pub(super) const TEXTS: [(&str, &str); 23] = [
    ("mark-name", "$.Values.service.name"),
    ("mark-namespace", "include \"skyward.namespace\" $"),
    ("mark-image", "$.Values.image"),
    ("mark-pull-secret", "$.Values.k3s.pull_secret"),
    ("mark-class", "$.Values.k3s.ingress_class"),
    ("mark-tls", "$.Values.k3s.tls_secret"),
    ("mark-host", "$.Values.k3s.host"),
    ("mark-helm", "$.Release.Service"),
    ("mark-client", "."),
    ("mark-account", "$.Values.k3s.service_account | default $.Values.service.name"),
    ("mark-priority", "$.Values.k3s.priority_class"),
    ("mark-service-type", "include \"skyward.serviceType\" $"),
    ("mark.further", "."),
    ("/mark-path", "."),
    ("mark-variables", "."),
    ("203.0.113.77/32", "."),
    ("40011m", "include \"skyward.cpu\" $.Values.k3s.cpu"),
    ("40012m", "include \"skyward.cpu\" $.Values.k3s.cpu_limit"),
    ("40013Ki", "include \"skyward.bytes\" $.Values.k3s.memory"),
    ("40014Ki", "include \"skyward.bytes\" $.Values.k3s.memory_limit"),
    ("40015Ki", "include \"skyward.bytes\" $.Values.k3s.storage"),
    ("40016Ki", "include \"skyward.bytes\" $.Values.k3s.storage_limit"),
    ("81", "include \"skyward.lowestPort\" $"),
];

/// Texts whose expression makes its quotes itself. Kubernetes reads `$(NAME)` and `$$` in them; the values mean their text.
pub(super) const LITERALS: [(&str, &str); 3] = [
    ("mark-argument", ". | replace \"$\" \"$$\" | toJson"),
    ("mark-variable-text", ". | replace \"$\" \"$$\" | toJson"),
    ("mark-token", "$.Values.k3s.service_account_token"),
];

/// Numbers that are marks, and the expression for each. The last of the time a pod has to end is the sum of several values.
pub(super) const NUMBERS: [(u32, &str); 16] = [
    (40001, "int64 $.Values.user"),
    (40002, "int $.Values.k3s.replicas"),
    (40003, "int $.Values.k3s.min_ready_s"),
    (40004, "int $.Values.k3s.progress_deadline_s"),
    (40005, "int $.Values.k3s.pre_stop_s"),
    (40009, "int $.Values.k3s.max_replicas"),
    (40041, "include \"skyward.count\" $.Values.k3s.max_surge"),
    (40042, "include \"skyward.count\" $.Values.k3s.max_unavailable"),
    (201, "int $.Values.k3s.target_cpu"),
    (202, "int $.Values.k3s.target_memory"),
    (81, "include \"skyward.port\" (list $ \"PORT\")"),
    (82, "include \"skyward.port\" (list $ \"ADMIN_PORT\")"),
    (8081, "include \"skyward.port\" (list $ \"PORT\")"),
    (8082, "include \"skyward.port\" (list $ \"ADMIN_PORT\")"),
    (MARKED_GRACE, "include \"skyward.grace\" $"),
    (MARKED_GRACE - 40005, "include \"skyward.grace\" $"),
];

/// The seconds that a marked pod has to end: its hook, 990 s of drain, and the margin.
const MARKED_GRACE: u32 = 40005 + 990 + 5;

/// A marked value that can be left out: the condition under which it is there, and how it is taken away.
pub(super) struct Switch {
    pub(super) condition: &'static str,
    pub(super) off: fn(&mut Release),
}

const fn switch(condition: &'static str, off: fn(&mut Release)) -> Switch {
    Switch { condition, off }
}

/// All of them; one within another comes after it.
pub(super) const SWITCHES: [Switch; 18] = [
    switch(AUTOSCALED, |release| release.k3s.max_replicas = Some(40009)),
    switch("$.Values.k3s.min_ready_s", |release| release.k3s.min_ready_s = 0),
    switch("lt (include \"skyward.lowestPort\" $ | int) 1024", |release| {
        move_ports(&mut release.service);
    }),
    switch("$.Values.k3s.pull_secret", |release| release.k3s.pull_secret = None),
    switch("$.Values.service.args", |release| release.service.args.clear()),
    switch("$.Values.disk_is_counted", |release| release.disk_is_counted = false),
    switch("$.Values.k3s.pre_stop_s", |release| release.k3s.pre_stop_s = 0),
    switch("$.Values.k3s.env_from_secrets", |release| release.k3s.env_from_secrets.clear()),
    switch("$.Values.k3s.pod_annotations", |release| release.k3s.pod_annotations.clear()),
    switch("$.Values.k3s.node_selector", |release| release.k3s.node_selector.clear()),
    switch("$.Values.k3s.priority_class", |release| release.k3s.priority_class = None),
    switch("$.Values.k3s.service_account_annotations", |release| {
        release.k3s.service_account_annotations.clear();
    }),
    switch("$.Values.k3s.target_memory", |release| release.k3s.target_memory = None),
    switch("$.Values.k3s.clients", |release| release.k3s.clients.clear()),
    switch("$.Values.k3s.ingress_class", |release| release.k3s.ingress_class = None),
    switch("$.Values.k3s.tls_secret", |release| release.k3s.tls_secret = None),
    switch("$.Values.k3s.host", |release| release.ingress_host = IngressHost::Any),
    switch("$.Values.k3s.egress", |release| release.k3s.egress.clear()),
];

/// The number of pods is the Deployment's own where no autoscaler sets it.
const AUTOSCALED: &str = "not $.Values.k3s.max_replicas";

/// Lists that have one marked item, which becomes a loop's body.
pub(super) const LISTS: [(&str, &str); 8] = [
    ("{{ . | replace \"$\" \"$$\" | toJson }}", "$.Values.service.args"),
    ("kubernetes.io/metadata.name: {{ . | quote }}", "$.Values.k3s.clients"),
    ("cidr: {{ . | quote }}", "$.Values.k3s.egress"),
    ("name: {{ . | quote }}", "$.Values.k3s.env_from_secrets"),
    // The names of an Ingress, of its certificate or of an HTTPRoute, and the paths of both kinds of route.
    ("host: {{ . | quote }}", "$.Values.k3s.hosts"),
    ("{{ . | quote }}", "$.Values.k3s.hosts"),
    ("path: {{ . | quote }}", "$.Values.k3s.paths"),
    ("value: {{ . | quote }}", "$.Values.k3s.paths"),
];

/// Maps that have one marked entry, which becomes a loop's body.
pub(super) const MAPS: [(&str, &str); 5] = [
    ("mark-label", "$.Values.k3s.labels"),
    ("mark-pod-label", "$.Values.k3s.pod_labels"),
    ("mark-pod-annotation", "$.Values.k3s.pod_annotations"),
    ("mark-node", "$.Values.k3s.node_selector"),
    ("mark-account-annotation", "$.Values.k3s.service_account_annotations"),
];

/// The key in place of the annotations of an Ingress, to which a redirect adds its own.
pub(super) const INGRESS_MARK: &str = "mark-ingress";

/// The key in place of the auditors' annotations, which depend on the values in their own way.
pub(super) const EXCEPTIONS_MARK: &str = "mark-exceptions";

/// The marks of the numbers of `service.health`, which the chart has as they are in the release.
const HEALTH_PORT: u16 = 40021;
const HEALTH_START: u16 = 40022;

/// Those marks, and the numbers of the release.
pub(super) fn constants(service: &Service) -> Vec<(u16, u16)> {
    let probes = service.probes();
    let port = match probes.port {
        ProbePort::Other(port) => Some((HEALTH_PORT, port)),
        ProbePort::Service | ProbePort::Admin => None,
    };
    port.into_iter().chain(probes.start_s.map(|start| (HEALTH_START, start))).collect()
}

/// The health checks of the release, their numbers as marks.
fn health(service: &Service) -> Option<Health> {
    let health = service.health.clone()?;
    let (Ask::Http { ready, live }, Health::Paths(paths)) = (service.probes().ask, &health) else {
        return Some(health);
    };
    Some(Health::Paths(HealthPaths {
        ready: Some(ready),
        live: Some(live),
        port: match service.probes().port {
            ProbePort::Service => None,
            ProbePort::Admin => Some(82),
            ProbePort::Other(_) => Some(HEALTH_PORT),
        },
        start_s: paths.start_s.map(|_| HEALTH_START),
    }))
}

/// Gives the marked service ports that need no privilege.
fn move_ports(service: &mut Service) {
    (service.port, service.admin_port) = (8081, 8082);
    if let Some(Health::Paths(paths)) = &mut service.health {
        paths.port = paths.port.map(|port| if port == 82 { 8082 } else { port });
    }
}

/// The release whose values are all marks. The health checks are those of the release: a chart has no value for them.
pub(super) fn marked(of: &Release) -> Release {
    let map = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    Release {
        service: Service {
            name: "mark-name".into(),
            port: 81,
            admin_port: 82,
            args: vec!["mark-argument".into()],
            drain_cap_ms: Some(990_000),
            health: health(&of.service),
            ..Service::default()
        },
        k3s: K3s {
            namespace: "mark-namespace".into(),
            pull_secret: Some("mark-pull-secret".into()),
            replicas: 40002,
            max_replicas: None,
            target_cpu: 201,
            cpu: "40011m".into(),
            cpu_limit: "40012m".into(),
            memory: "40013Ki".into(),
            memory_limit: "40014Ki".into(),
            storage: "40015Ki".into(),
            storage_limit: "40016Ki".into(),
            env: map("mark-variable", "mark-variable-text"),
            secrets: map("mark-secret-variable", "mark-secret/mark-key"),
            labels: map("mark-label", "mark-label-text"),
            ingress_class: Some("mark-class".into()),
            ingress_annotations: BTreeMap::new(),
            // Without a Gateway: its routes are written in as they are configured.
            https_redirect: of.k3s.gateway.is_none() || of.k3s.https_redirect,
            env_from_secrets: vec!["mark-variables".into()],
            pod_labels: map("mark-pod-label", "mark-pod-label-text"),
            pod_annotations: map("mark-pod-annotation", "mark-pod-annotation-text"),
            node_selector: map("mark-node", "mark-node-text"),
            priority_class: Some("mark-priority".into()),
            service_account: Some("mark-account".into()),
            service_account_annotations: map("mark-account-annotation", "mark-account-text"),
            service_account_token: false,
            hosts: vec!["mark.further".into()],
            paths: vec!["/mark-path".into()],
            network_policies: true,
            max_surge: "40041".into(),
            max_unavailable: "40042".into(),
            target_memory: Some(202),
            tls_secret: Some("mark-tls".into()),
            clients: vec!["mark-client".into()],
            egress: vec!["203.0.113.77/32".into()],
            min_ready_s: 40003,
            pre_stop_s: 40005,
            progress_deadline_s: 40004,
            // What has no mark is written into the templates as it is configured.
            ..of.k3s.clone()
        },
        image: "mark-image".into(),
        user: 40001,
        ingress_host: IngressHost::Named("mark-host".into()),
        inputs: of.inputs.clone(),
        disk_is_counted: true,
    }
}
