//! The services of k3s for systemd and `OpenRC`, as k3s's own installer writes them (`install.sh`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::HEAD;

/// The command of a unit: `k3s server` or `k3s agent`.
fn verb(unit: &str) -> &'static str {
    if unit == "k3s" { "server" } else { "agent" }
}

/// A unit of systemd.
pub(super) fn systemd(unit: &str) -> String {
    let verb = verb(unit);
    format!(
        "{HEAD}[Unit]
Description=Lightweight Kubernetes ({verb})
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/systemd/system/{unit}.service.env
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-modprobe br_netfilter
ExecStartPre=-modprobe overlay
ExecStart=/usr/local/bin/k3s {verb}

[Install]
WantedBy=multi-user.target
"
    )
}

/// A service of `OpenRC`.
pub(super) fn openrc(unit: &str) -> String {
    let verb = verb(unit);
    format!(
        "#!/sbin/openrc-run
{HEAD}description=\"Lightweight Kubernetes ({verb})\"

depend() {{
    after network-online
    want cgroups
}}

start_pre() {{
    rm -f /tmp/k3s.*
    modprobe br_netfilter 2>/dev/null || true
    modprobe overlay 2>/dev/null || true
}}

supervisor=supervise-daemon
name={unit}
command=\"/usr/local/bin/k3s\"
command_args=\"{verb} >>/var/log/{unit}.log 2>&1\"
output_log=/var/log/{unit}.log
error_log=/var/log/{unit}.log
pidfile=\"/run/{unit}.pid\"
respawn_delay=5
respawn_max=0
"
    )
}

/// The rotation of the log that `OpenRC` writes.
pub(super) fn logrotate(unit: &str) -> String {
    format!(
        "{HEAD}/var/log/{unit}.log {{
\tmissingok
\tnotifempty
\tcopytruncate
}}
"
    )
}

/// The environment. Each line begins with `before`, which is `export ` for a shell; systemd and shells read single quotes alike.
pub(super) fn environment(variables: &BTreeMap<String, String>, before: &str) -> String {
    let mut text = HEAD.to_owned();
    for (name, value) in variables {
        let quoted = value.replace('\'', "'\"'\"'");
        let _ = writeln!(text, "{before}{name}='{quoted}'");
    }
    text
}

/// Flags of `k3s server` that `k3s agent` has not (`pkg/cli/cmds/server.go` and `agent.go`): their beginnings, or whole.
const OF_SERVERS: [&str; 24] = [
    "advertise-",
    "bind-address",
    "cluster-",
    "datastore-",
    "default-local-storage-path",
    "disable",
    "egress-selector-mode",
    "embedded-registry",
    "enable-pprof",
    "etcd-",
    "flannel-backend",
    "flannel-external-ip",
    "flannel-ipv6-masq",
    "helm-job-image",
    "kine-",
    "kube-apiserver-arg",
    "kube-c",
    "kube-scheduler-arg",
    "secrets-encryption",
    "service-",
    "servicelb-namespace",
    "supervisor-",
    "system-default-registry",
    "tls-san",
];

/// Returns true for a key that agents do not know. `disable-default-registry-endpoint` and `disable-apiserver-lb` are known to both.
pub(super) fn is_of_servers(key: &str) -> bool {
    !["disable-default-registry-endpoint", "disable-apiserver-lb"].contains(&key)
        && OF_SERVERS.iter().any(|beginning| key.starts_with(beginning))
}
