//! The systemd unit of the service, hardened, with every value quoted as systemd reads it.

use std::fmt::Write as _;

use skyward_config::Aws;

use super::{DATABASE, Service, database_port};
use crate::stack::Names;

/// The file that holds the database's URL, on the tmpfs of the unit's own folder.
pub(super) const URL_FILE: &str = "/run/skyward/database-url";
/// The program that writes it.
pub(super) const URL_PROGRAM: &str = "/opt/skyward/database-url";

/// The ports below this one are open to those alone that have a capability for them.
const FIRST_OPEN_PORT: u16 = 1024;
/// The seconds after its own end at the latest after which the service is killed.
const BEYOND_DRAIN_S: u64 = 5;

/// The settings that are always the same. The service sees the image's files as its root, as it does in a container, with the
/// system's names in it, and may write to `/tmp` alone.
const ALWAYS: &str = "\
MountAPIVFS=yes
BindReadOnlyPaths=-/etc/resolv.conf -/etc/hosts -/etc/nsswitch.conf -/etc/localtime
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
UMask=0077
LimitNOFILE=65536
Restart=always
RestartSec=1
";

/// The unit of a service whose files are in this folder.
pub(super) fn of(service: &Service, aws: &Aws, names: &Names, root: &str) -> String {
    let config = &service.config;
    let mut text = format!(
        "[Unit]\nDescription={}\nAfter=network-online.target\nWants=network-online.target\nStartLimitIntervalSec=0\n\n[Service]\nType=exec\n",
        specifiers(&config.name)
    );
    let mut line = |line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("a String takes any text");
        text.push('\n');
    };
    line(format_args!("RootDirectory={root}"));
    if aws.database_url_file {
        line(format_args!("RootDirectoryStartOnly=yes"));
        line(format_args!("RuntimeDirectory=skyward"));
        line(format_args!("RuntimeDirectoryMode=0700"));
        line(format_args!("ExecStartPre=+{URL_PROGRAM}"));
    }
    let command: Vec<String> =
        service.release.command.iter().chain(&config.args).map(|one| argument(one)).collect();
    line(format_args!("ExecStart={}", command.join(" ")));
    for (name, value) in environment(service, aws, names) {
        line(format_args!("Environment={}", quoted(&format!("{name}={value}"))));
    }
    let capability =
        if service_port(service, aws) < FIRST_OPEN_PORT { "CAP_NET_BIND_SERVICE" } else { "" };
    line(format_args!("CapabilityBoundingSet={capability}"));
    line(format_args!("AmbientCapabilities={capability}"));
    let stop_s = config.settings().drain_cap_ms().div_ceil(1000) + BEYOND_DRAIN_S;
    line(format_args!("TimeoutStopSec={stop_s}"));
    if !service.has_authorities {
        line(format_args!("BindReadOnlyPaths=-/etc/pki -/etc/ssl"));
    }
    text.push_str(ALWAYS);
    text.push_str("\n[Install]\nWantedBy=multi-user.target\n");
    text
}

fn service_port(service: &Service, aws: &Aws) -> u16 {
    aws.port.unwrap_or(service.config.port)
}

/// The service's variables: its settings and those of `service.env`, the port where it is another, and the places of its data.
fn environment(service: &Service, aws: &Aws, names: &Names) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| all.push((name.to_owned(), value));
    add("DATABASE_HOST", "{{DATABASE_HOST}}".into());
    add("DATABASE_READER_HOST", "{{DATABASE_READER_HOST}}".into());
    add("DATABASE_PORT", database_port(aws).to_string());
    add("DATABASE_NAME", DATABASE.into());
    add("DATABASE_SECRET_ARN", "{{DATABASE_SECRET_ARN}}".into());
    add("ASSETS_BUCKET", names.bucket("assets"));
    add("AWS_REGION", aws.region.clone());
    if aws.database_url_file {
        add("DATABASE_URL_FILE", URL_FILE.into());
    }
    let mut config = service.config.clone();
    config.port = service_port(service, aws);
    // What the configuration says comes last, and so it holds.
    all.extend(config.environment());
    all
}

/// A value in the form of `systemd.syntax(7)`: in quotes, with C's escapes; `%` begins a specifier.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in specifiers(text).chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => {
                for byte in letter.to_string().bytes() {
                    let _ = write!(quoted, "\\x{byte:02x}");
                }
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The same as an argument of a command, where `$` begins a variable.
fn argument(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}
