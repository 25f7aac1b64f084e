//! The values that the chart has: which keys of the configuration, their forms and their values in the release.

use serde_json::{Value, json};
use skyward_config::{K3s, Service};

use crate::release::{IngressHost, Release};
use crate::render;

/// The keys of `[service]` that the chart has, in the order of `values.yaml`.
const SERVICE: [&str; 25] = [
    "name",
    "host",
    "port",
    "admin_port",
    "log_format",
    "args",
    "env",
    "header_timeout_ms",
    "idle_timeout_ms",
    "body_timeout_ms",
    "write_timeout_ms",
    "request_timeout_ms",
    "min_rate_bytes",
    "max_connections",
    "max_connections_per_client",
    "max_upgrades",
    "upgrade_idle_timeout_ms",
    "max_header_bytes",
    "max_body_bytes",
    "drain_delay_ms",
    "drain_grace_ms",
    "drain_cap_ms",
    "trusted_proxies",
    "allowed_hosts",
    "threads",
];

/// Those of `[k3s]`.
const K3S: [&str; 40] = [
    "namespace",
    "pull_secret",
    "replicas",
    "max_replicas",
    "target_cpu",
    "target_memory",
    "cpu",
    "cpu_limit",
    "memory",
    "memory_limit",
    "storage",
    "storage_limit",
    "env",
    "secrets",
    "env_from_secrets",
    "labels",
    "pod_labels",
    "pod_annotations",
    "node_selector",
    "priority_class",
    "service_account",
    "service_account_annotations",
    "service_account_token",
    "ingress",
    "host",
    "hosts",
    "paths",
    "ingress_class",
    "ingress_annotations",
    "tls_secret",
    "https_redirect",
    "service_type",
    "network_policies",
    "clients",
    "egress",
    "max_surge",
    "max_unavailable",
    "min_ready_s",
    "pre_stop_s",
    "progress_deadline_s",
];

/// One value of the chart.
pub(super) struct Key {
    /// The table that it is in; none at the top.
    pub(super) section: Option<&'static str>,
    /// Its name there.
    pub(super) name: &'static str,
    /// Its form, as JSON Schema.
    pub(super) schema: Value,
    /// Its value in the release; none where it is left out.
    pub(super) value: Option<Value>,
    /// True where the templates need it.
    pub(super) is_required: bool,
}

impl Key {
    /// Its meaning, in one paragraph.
    pub(super) fn meaning(&self) -> &str {
        self.schema["description"].as_str().unwrap_or_default()
    }
}

/// All values, in the order of `values.yaml`.
pub(super) fn keys(release: &Release) -> Vec<Key> {
    let document = skyward_config::schema();
    let forms = &document["$defs"];
    let mut keys = top(release, &forms["Image"]["properties"]);
    let defaults = [json!(Service::default()), json!(K3s::default())];
    let values = [json!(release.service), k3s(release)];
    let sections = [("service", "Service", &SERVICE[..]), ("k3s", "K3s", &K3S[..])];
    for (((section, form, names), defaults), values) in
        sections.into_iter().zip(defaults).zip(values)
    {
        let key = |name: &&'static str| Key {
            section: Some(section),
            name,
            schema: adapted(section, name, inlined(forms, &forms[form]["properties"][*name])),
            value: values.get(*name).cloned(),
            // What is optional in the configuration has no default there.
            is_required: defaults.get(*name).is_some(),
        };
        // The routes of a Gateway are written into the templates as they are configured.
        let is_there = |name: &&&str| match **name {
            "admin_port" => release.service.has_admin_port(),
            "https_redirect" => release.k3s.gateway.is_none(),
            _ => true,
        };
        keys.extend(names.iter().filter(is_there).map(key));
    }
    keys
}

/// The values of a release beside the two sections.
fn top(release: &Release, image: &Value) -> Vec<Key> {
    let key = |name, schema: Value, value: Value, meaning: &str| {
        let mut schema = schema;
        schema["description"] = json!(meaning);
        Key { section: None, name, schema, value: Some(value), is_required: true }
    };
    vec![
        key(
            "image",
            json!({
                "type": "string",
                "pattern": reference(image["tags"]["items"]["pattern"].as_str().unwrap_or_default()),
                "errorMessage": "an image is [registry[:port]/]repository[:tag][@sha256:…], the repository in lower case",
            }),
            json!(release.image),
            "The image as the nodes pull it; by digest, so that it never changes under a tag.",
        ),
        key(
            "user",
            image["user"].clone(),
            json!(release.user),
            "The user and group id that the pods run as.",
        ),
        key(
            "disk_is_counted",
            json!({"type": "boolean"}),
            json!(release.disk_is_counted),
            "Whether the nodes count disk space; if not, a pod that asks for some is never scheduled.",
        ),
    ]
}

/// The pattern of an image reference; `tag` is that of the configuration. A first part is a registry only with a dot, a
/// port, or the name of this machine (distribution, `reference/normalize.go`).
fn reference(tag: &str) -> String {
    let host = r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{1,5}";
    let part = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*";
    let tag = tag.trim_start_matches('^').trim_end_matches('$');
    format!("^(({host})/)?{part}(/{part})*(:{tag})?(@sha256:[0-9a-f]{{64}})?$")
}

/// `[k3s]` with what was settled since: the Ingress host, and the networks in their canonical form.
fn k3s(release: &Release) -> Value {
    let mut k3s = release.k3s.clone();
    k3s.host = match &release.ingress_host {
        IngressHost::Named(host) => Some(host.clone()),
        IngressHost::Any | IngressHost::None => None,
    };
    k3s.egress = k3s.egress.iter().filter_map(|text| render::canonical_network(text)).collect();
    let mut value = json!(k3s);
    value["ingress"] =
        json!(if release.ingress_host == IngressHost::None { "none" } else { "any-host" });
    value
}

/// The form without references: Helm's older validators follow none into other parts of a document.
fn inlined(forms: &Value, form: &Value) -> Value {
    let mut form = form.clone();
    if let Some(name) = form["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let meaning = form["description"].clone();
        form = forms[name].clone();
        form["description"] = meaning;
    }
    if let Some(form) = form.as_object_mut() {
        form.remove("default");
    }
    form
}

/// The form of a value of the chart that is not quite the key of the configuration.
fn adapted(section: &str, name: &str, mut form: Value) -> Value {
    match (section, name) {
        ("service", "port" | "admin_port") => {
            form["minimum"] = json!(1);
            form["errorMessage"] = json!("a port is a whole number from 1 to 65535");
            // That 0 takes a free one is nothing for a pod, which names its ports.
            let meaning =
                form["description"].as_str().and_then(|text| text.split(" 0 takes").next());
            form["description"] = json!(meaning);
        }
        ("service", "name") => {
            let meaning =
                form["description"].as_str().and_then(|text| text.split(" Without").next());
            form["description"] = json!(meaning);
        }
        ("k3s", "namespace") => {
            form["description"] = json!(
                "The namespace of the objects, which is made. Empty: Helm's own (`--namespace`), which must be there."
            );
            form = json!({"description": form["description"], "anyOf": [{"const": ""}, form]});
        }
        ("k3s", "ingress") => {
            form = json!({
                "enum": ["any-host", "none"],
                "description": "Where `host` gives no name: an Ingress for every name, or none.",
            });
        }
        ("k3s", "egress") => {
            form["items"]["pattern"] = json!("^[0-9A-Fa-f:.]+/[0-9]{1,3}$");
            form["items"]["errorMessage"] = json!(
                "a network is an address with a prefix length, such as 10.0.0.0/8 or 192.0.2.7/32"
            );
        }
        _ => {}
    }
    form
}
