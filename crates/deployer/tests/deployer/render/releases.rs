//! Releases to render.

use std::collections::BTreeMap;

use skyward_config::{K3s, Service};
use skyward_deployer::release::{IngressHost, Release};

/// The configuration's defaults, with an image by digest.
pub(crate) fn defaults() -> Release {
    Release {
        service: Service::default(),
        k3s: K3s::default(),
        image: format!("registry.example.com/acme/web@sha256:{}", "5f".repeat(32)),
        user: 65532,
        ingress_host: IngressHost::Named("skyward-service.10-0-0-5.nip.io".into()),
        disk_is_counted: true,
    }
}

/// An Ingress with everything that it can have.
pub(crate) fn with_tls() -> Release {
    let mut release = defaults();
    release.k3s.tls_secret = Some("web-tls".into());
    release.k3s.ingress_class = Some("traefik".into());
    release.k3s.ingress_annotations =
        map(&[("traefik.ingress.kubernetes.io/router.entrypoints", "websecure")]);
    release.ingress_host = IngressHost::Named("web.example.com".into());
    release
}

/// An autoscaler, and no Ingress.
pub(crate) fn with_autoscaler() -> Release {
    let mut release = defaults();
    release.k3s.max_replicas = Some(5);
    release.k3s.target_cpu = 70;
    release.ingress_host = IngressHost::None;
    release
}

/// Everything that reaches into the pod, with the texts that are easy to get wrong.
pub(crate) fn with_everything() -> Release {
    let mut release = with_tls();
    release.service.name = "web".into();
    release.service.args = vec!["--flag=on".into(), "a $(POD) $$ \"quoted\"".into()];
    release.service.env = map(&[("GREETING", "from the service"), ("NUMBER", "1e3")]);
    release.service.port = 80;
    release.service.trusted_proxies = Some(vec!["10.42.0.0/16".into(), "fd00::/8".into()]);
    release.service.max_body_bytes = Some(1 << 40);
    release.service.drain_delay_ms = Some(0);
    release.service.drain_cap_ms = Some(12_001);
    release.k3s = K3s {
        namespace: "web-staging".into(),
        pull_secret: Some("registry".into()),
        replicas: 3,
        max_replicas: Some(1000),
        cpu: "1000m".into(),
        cpu_limit: "2000".into(),
        memory: "1024Ki".into(),
        memory_limit: "2048Mi".into(),
        storage: "1000Mi".into(),
        storage_limit: "1024Gi".into(),
        env: map(&[
            ("GREETING", "multi\nline, and\ttabs: # \u{1} \\ \"ümläut 🦀"),
            ("EMPTY", ""),
            ("CLOCK", "12:30:45"),
            ("GROUPED", "1_000"),
            ("TILDE", "~"),
            ("SWITCH", "on"),
            ("SKYWARD_SERVICE__ADMIN_PORT", "9100"),
            ("SKYWARD_SERVICE__DRAIN_CAP_MS", "20500"),
        ]),
        secrets: map(&[
            ("DATABASE_URL", "database/url"),
            ("SKYWARD_SERVICE__LOG_FORMAT", "log.settings/the_format"),
        ]),
        labels: map(&[("example.com/team", "web"), ("tier", "1"), ("empty", ""), ("on", "y")]),
        clients: vec!["kube-system".into(), "monitoring".into()],
        egress: vec!["10.1.2.3/8".into(), "192.0.2.7".into(), "FD00:0::1/8".into()],
        min_ready_s: 0,
        pre_stop_s: 0,
        ..release.k3s
    };
    release
}

/// The least of everything: what may be left out is.
pub(crate) fn with_nothing() -> Release {
    let mut release = defaults();
    release.k3s.clients = Vec::new();
    release.k3s.replicas = 1;
    release.image = "web:latest".into();
    release.disk_is_counted = false;
    release.ingress_host = IngressHost::Any;
    release
}

/// An autoscaler that may go down to one pod; the image by a tag that is fixed.
pub(crate) fn with_little() -> Release {
    let mut release = with_nothing();
    release.k3s.max_replicas = Some(2);
    release.image = "localhost:5000/web:1".into();
    release
}

/// All of the above, with names.
pub(crate) fn all() -> [(&'static str, Release); 6] {
    [
        ("defaults", defaults()),
        ("tls", with_tls()),
        ("autoscaler", with_autoscaler()),
        ("everything", with_everything()),
        ("nothing", with_nothing()),
        ("little", with_little()),
    ]
}

pub(crate) fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
