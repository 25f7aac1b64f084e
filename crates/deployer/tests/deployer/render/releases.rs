//! Releases to render.

use std::collections::BTreeMap;

use skyward_config::{ConfigArgs, Health, HealthPaths, K3s, Service};
use skyward_deployer::release::{IngressHost, Release};

/// The configuration's defaults, with an image by digest.
pub(crate) fn defaults() -> Release {
    Release {
        service: Service::default(),
        k3s: K3s::default(),
        image: format!("registry.example.com/acme/web@sha256:{}", "5f".repeat(32)),
        user: 65532,
        ingress_host: IngressHost::Named("skyward-service.10-0-0-5.nip.io".into()),
        inputs: skyward_deployer::release::Inputs::default(),
        disk_is_counted: true,
    }
}

/// A service that has one port, and answers there in its own way.
pub(crate) fn with_one_port() -> Release {
    let paths =
        HealthPaths { ready: Some("/health".into()), start_s: Some(120), ..HealthPaths::default() };
    let health = Some(Health::Paths(paths));
    Release { service: Service { health, ..Service::default() }, ..defaults() }
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

/// The keys of [`with_processes`].
const PROCESSES: &str = r#"
namespace = "web"
replicas = 1
env_from_secrets = ["database"]
secrets = { TOKEN = "api/token" }
secret_files = { "/etc/tls/tls.key" = "tls.web/tls.key" }
pod_labels = { "example.com/injected" = "yes" }
pod_annotations = { "example.com/scrape" = "true" }
node_selector = { "kubernetes.io/arch" = "amd64" }
priority_class = "important"
service_account_annotations = { "eks.amazonaws.com/role-arn" = "arn:aws:iam::1:role/web" }
service_account_token = true
spread = "zones"
hosts = ["www.example.com"]
paths = ["/api", "/web"]
service_type = "load-balancer"
tls_secret = "web-tls"
[[toleration]]
key = "dedicated"
value = "web"
effect = "no-schedule"
[[toleration]]
[[extra_port]]
name = "grpc"
target = 9090
port = 9091
[[extra_port]]
name = "dns"
target = 5353
protocol = "udp"
[[allow_from]]
namespace = "*"
labels = { app = "probe" }
ports = [8000]
[[allow_from]]
[[allow_to]]
namespace = "database"
labels = { app = "postgres" }
ports = [5432]
[[allow_to]]
network = "10.1.2.3/8"
ports = [53]
protocol = "udp"
[[volume]]
name = "data"
path = "/var/lib/web"
size = "1024Mi"
class = "local-path"
[[job]]
name = "migrate"
args = ["migrate", "$(now)"]
env = { RUST_LOG = "debug" }
[[job]]
name = "announce"
when = "after"
command = ["/announce"]
retries = 3
[[job]]
name = "clean"
when = "schedule"
schedule = "30 3 * * *"
time_zone = "Europe/Berlin"
[[worker]]
name = "mailer"
args = ["mail"]
env = { TOKEN = "plain" }
memory_limit = "128Mi"
"#;

/// Jobs, workers, files and volumes, and all that says where the pods run and whom they reach.
pub(crate) fn with_processes() -> Release {
    let mut release = defaults();
    release.service.name = "web".into();
    release.ingress_host = IngressHost::Named("web.example.com".into());
    release.k3s = toml(PROCESSES);
    release.inputs.files = [
        ("/etc/app/config.toml".to_owned(), b"greeting = \"hello {{ name }}\"\n".to_vec()),
        ("/srv/logo.png".to_owned(), vec![0x89, b'P', b'N', b'G', 0xff]),
    ]
    .into();
    release.inputs.secrets = map(&[("api", "0123456789"), ("database", "abcdef0123")]);
    release
}

/// A Gateway instead of the Ingress, no network policies, and a volume of several pods.
pub(crate) fn with_gateway() -> Release {
    let mut release = defaults();
    release.k3s = toml(
        r#"
        gateway = "infra/public"
        hosts = ["www.example.com"]
        network_policies = false
        service_account = "given"
        spread = "none"
        service_type = "node-port"
        max_surge = "25%"
        max_unavailable = "1"
        max_replicas = 4
        target_memory = 75
        [[volume]]
        name = "shared"
        path = "/srv/shared"
        size = "1Gi"
        access = "shared"
    "#,
    );
    release
}

/// A Gateway with a redirect from one of its listeners to the other, and an autoscaler with metrics of its own.
pub(crate) fn with_listeners() -> Release {
    let mut release = defaults();
    release.k3s = toml(
        r#"
        gateway = "public"
        gateway_listeners = { http = "web", https = "websecure" }
        https_redirect = true
        paths = ["/api", "/web"]
        max_replicas = 4
        [[metric]]
        name = "requests_per_second"
        per_pod = "1500"
        [[metric]]
        name = "queue|length"
        source = "external"
        labels = { queue = "mail" }
        total = "30000m"
    "#,
    );
    release
}

/// A redirect of Traefik's, and all keys that are values of the chart and mostly left out.
pub(crate) fn with_values() -> Release {
    let mut release = with_tls();
    release.k3s = K3s {
        tls_secret: release.k3s.tls_secret,
        ingress_annotations: map(&[
            ("traefik.ingress.kubernetes.io/router.middlewares", "web-auth@kubernetescrd"),
            ("example.com/note", "kept"),
        ]),
        ..toml(
            r#"
            https_redirect = true
            env_from_secrets = ["database", "mail"]
            pod_labels = { "example.com/injected" = "yes" }
            pod_annotations = { "example.com/scrape" = "true" }
            node_selector = { "kubernetes.io/arch" = "amd64" }
            priority_class = "important"
            service_account_annotations = { "eks.amazonaws.com/role-arn" = "arn:aws:iam::1:role/web" }
            service_account_token = true
            hosts = ["www.example.com", "example.org"]
            paths = ["/api", "/web"]
            service_type = "load-balancer"
            max_surge = "25%"
            max_unavailable = "2"
            max_replicas = 4
            target_memory = 75
            tls_secret = "web-tls"
        "#,
        )
    };
    release
}

/// A redirect of nginx's, and what else can be given to others to decide.
pub(crate) fn with_nginx() -> Release {
    let mut release = with_tls();
    release.k3s = toml(
        r#"
        https_redirect = true
        tls_secret = "web-tls"
        ingress_class = "nginx-internal"
        service_account = "given"
        service_type = "node-port"
        network_policies = false
        hosts = ["www.example.com"]
    "#,
    );
    release
}

/// `[k3s]` as it is written, of an image with the binary that a job of it starts.
fn toml(text: &str) -> K3s {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("image.binaries = [\"announce\"]\n[k3s]\n{}", text.replace("[[", "[[k3s."));
    std::fs::write(folder.path().join("skyward.toml"), text).expect("a file");
    let loaded = ConfigArgs::default().load_from(folder.path(), []);
    loaded.unwrap_or_else(|error| panic!("{error}")).config.k3s
}

/// Those whose objects the auditors' exceptions are written for: what more a configuration asks for is its own.
pub(crate) fn audited() -> Vec<(&'static str, Release)> {
    let own = ["processes", "gateway", "one-port", "listeners", "values", "nginx"];
    all().into_iter().filter(|(name, _)| !own.contains(name)).collect()
}

/// All of the above, with names.
pub(crate) fn all() -> Vec<(&'static str, Release)> {
    vec![
        ("defaults", defaults()),
        ("tls", with_tls()),
        ("autoscaler", with_autoscaler()),
        ("everything", with_everything()),
        ("nothing", with_nothing()),
        ("little", with_little()),
        ("one-port", with_one_port()),
        ("processes", with_processes()),
        ("gateway", with_gateway()),
        ("listeners", with_listeners()),
        ("values", with_values()),
        ("nginx", with_nginx()),
    ]
}

pub(crate) fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
