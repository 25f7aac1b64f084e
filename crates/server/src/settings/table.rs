//! The settings, one row each: flag, variable and help are made of the same row.

use super::Settings;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Connections that may be open where nothing else is said.
pub const DEFAULT_CONNECTIONS: usize = 4_096;

/// One thing that can be set.
pub struct Setting {
    /// The flag without its dashes.
    pub key: &'static str,
    /// What its value is, for the help.
    pub value: &'static str,
    /// What it does, with its default.
    pub help: &'static str,
    /// Puts a value in; the error is the reason alone.
    pub apply: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    /// The environment variable: `SKYWARD_SERVICE__ADMIN_PORT` for `admin-port`. The double underscore keeps
    /// it apart from what Kubernetes sets for a Service called "skyward".
    pub fn variable(&self) -> String {
        format!("{}{}", super::read::PREFIX, self.key.replace('-', "_").to_uppercase())
    }
}

const fn row(
    key: &'static str,
    value: &'static str,
    help: &'static str,
    apply: fn(&mut Settings, &str) -> Result<(), String>,
) -> Setting {
    Setting { key, value, help, apply }
}

/// All of them, in the order of the help.
pub const SETTINGS: [Setting; 18] = [
    row("host", "ADDRESS", "address to listen on, no name [0.0.0.0]", |to, text| {
        set(&mut to.host, host(text))
    }),
    row("port", "PORT", "port of the service; 0 picks a free one [8000]", |to, text| {
        set(&mut to.port, port(text))
    }),
    row(
        "admin-port",
        "PORT",
        "port of /livez, /readyz, /healthz and /metrics [9000]",
        |to, text| set(&mut to.admin_port, port(text)),
    ),
    row("name", "NAME", "name in the service's own lines [skyward-service]", |to, text| {
        set(&mut to.name, name(text))
    }),
    row("log-format", "FORMAT", "default, common, combined or json [default]", |to, text| {
        set(&mut to.log_format, text.parse())
    }),
    row("header-timeout-ms", "MS", "for a request's head to arrive [10000]", |to, text| {
        set(&mut to.deadlines.header, duration(text, 1))
    }),
    row(
        "idle-timeout-ms",
        "MS",
        "between two requests; longer than the load balancer's [120000]",
        |to, text| set(&mut to.deadlines.idle, duration(text, 1)),
    ),
    row("body-timeout-ms", "MS", "between two parts of a request's body [15000]", |to, text| {
        set(&mut to.deadlines.body, duration(text, 1))
    }),
    row(
        "write-timeout-ms",
        "MS",
        "between two parts of an answer that the client takes [15000]",
        |to, text| set(&mut to.deadlines.write, duration(text, 1)),
    ),
    row(
        "request-timeout-ms",
        "MS",
        "from a request's head to the end of its answer [30000]",
        |to, text| set(&mut to.deadlines.request, duration(text, 1)),
    ),
    row("max-connections", "N", "open at one time; one more is answered 503 [4096]", |to, text| {
        set(&mut to.max_connections, number(text, 1..=1_000_000).map(Some))
    }),
    row(
        "max-header-bytes",
        "BYTES",
        "of a request's head; more is answered 431 or 414 [16384]",
        |to, text| set(&mut to.max_header_bytes, number(text, 256..=65_536)),
    ),
    row(
        "max-body-bytes",
        "BYTES",
        "of a request's body; more is answered 413 [1048576]",
        |to, text| set(&mut to.max_body_bytes, number(text, 0..=u64::MAX)),
    ),
    row("drain-delay-ms", "MS", "to go on accepting after SIGTERM or SIGINT [1000]", |to, text| {
        set(&mut to.drain_delay, duration(text, 0))
    }),
    row("drain-cap-ms", "MS", "after the signal, to end at the latest [8000]", |to, text| {
        set(&mut to.drain_cap, duration(text, 0))
    }),
    row(
        "trusted-proxies",
        "CIDR,…",
        "proxies whose X-Forwarded-For is believed [none]",
        |to, text| set(&mut to.trusted_proxies, list(text, str::parse)),
    ),
    row(
        "allowed-hosts",
        "HOST,…",
        "hosts to answer for, *.HOST for all below; else 421 [all]",
        |to, text| set(&mut to.allowed_hosts, list(text, allowed_host)),
    ),
    row(
        "drain-grace-ms",
        "MS",
        "for an idle connection's last request, once no longer accepting [500]",
        |to, text| set(&mut to.deadlines.drain_grace, duration(text, 0)),
    ),
];

fn set<T>(to: &mut T, value: Result<T, String>) -> Result<(), String> {
    *to = value?;
    Ok(())
}

fn host(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| {
        format!("`{text}` is no IP address; names are not looked up here, take 127.0.0.1, 0.0.0.0 (all) or :: (all, IPv6 too)")
    })
}

fn port(text: &str) -> Result<u16, String> {
    number(text, 0..=u16::MAX)
}

fn number<T: FromStr + PartialOrd + std::fmt::Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|value| digits && range.contains(value));
    value.ok_or_else(|| {
        format!("`{text}` is no whole number from {} to {}", range.start(), range.end())
    })
}

fn duration(text: &str, least: u64) -> Result<Duration, String> {
    number(text, least..=3_600_000)
        .map(Duration::from_millis)
        .map_err(|reason| reason + " (milliseconds)")
}

fn name(text: &str) -> Result<String, String> {
    let letters =
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if letters && (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') {
        Ok(text.into())
    } else {
        Err(format!("`{text}` is no DNS label: up to 63 of a-z, 0-9 and -, no - at either end"))
    }
}

fn list<T>(text: &str, part: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(part).collect()
}

fn allowed_host(text: &str) -> Result<String, String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let name = text.strip_prefix("*.").unwrap_or(text);
    match crate::connection::syntax::host_name(name.as_bytes()) {
        Some(host) if host.len() == name.len() => Ok(text.to_ascii_lowercase()),
        _ => Err(format!(
            "`{text}` is no host; write it as example.org, *.example.org or 192.0.2.7, without a port"
        )),
    }
}
