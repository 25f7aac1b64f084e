//! Asks the service for its page, its probes and its metrics.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Result;
use skyward_terminal::text::harmless;
use skyward_terminal::units;
use ureq::Agent;

use super::process::Process;
use crate::event::Check;

/// The addresses of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The service itself.
    pub service: SocketAddr,
    /// Probes and metrics.
    pub admin: SocketAddr,
}

impl Endpoints {
    /// The addresses to ask a service that listens on `host`: all addresses are asked by the loopback one.
    pub fn new(host: IpAddr, port: u16, admin_port: u16) -> Self {
        let host = match host {
            IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            host => host,
        };
        Self { service: SocketAddr::new(host, port), admin: SocketAddr::new(host, admin_port) }
    }
}

/// The time for the service to be ready, unless the caller says otherwise: compiled services need milliseconds.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// The time for one answer: probes of Kubernetes give up after one second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The times to wait.
#[derive(Clone, Copy, Debug)]
pub struct CheckTimeouts {
    /// For the service to be ready.
    pub ready: Duration,
    /// For each answer.
    pub answer: Duration,
}

impl Default for CheckTimeouts {
    fn default() -> Self {
        Self { ready: READY_TIMEOUT, answer: ANSWER_TIMEOUT }
    }
}

/// The most characters of an answer that are shown.
const LONGEST_SHOWN: usize = 80;
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Between two attempts while the service starts.
const PAUSE: Duration = Duration::from_micros(200);

/// Waits for `/readyz`, then asks for everything else; `report` receives each answer. Returns true where
/// all were right. `interrupted` tells when to give up.
pub fn checks(
    process: &mut Process,
    at: Endpoints,
    timeouts: CheckTimeouts,
    interrupted: &mut dyn FnMut() -> bool,
    report: &mut dyn FnMut(Check),
) -> Result<bool> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(timeouts.answer))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let start = wait_until_ready(&agent, process, at, timeouts, interrupted)?;
    let mut all = start.ok;
    let ready = start.ok;
    report(start);
    if !ready {
        return Ok(false);
    }
    let requests = [
        ("page", at.service, "/"),
        ("livez", at.admin, "/livez"),
        ("readyz", at.admin, "/readyz"),
        ("healthz", at.admin, "/healthz"),
        ("metrics", at.admin, "/metrics"),
    ];
    for (name, address, path) in requests {
        let check = ask(&agent, name, address, path);
        all &= check.ok;
        report(check);
    }
    let memory = process.memory();
    report(Check {
        name: "memory",
        path: None,
        status: None,
        ok: true,
        seconds: 0.0,
        detail: memory.map_or_else(
            || "unknown".to_owned(),
            |bytes| format!("{} resident", units::bytes(bytes)),
        ),
    });
    Ok(all)
}

fn wait_until_ready(
    agent: &Agent,
    process: &mut Process,
    at: Endpoints,
    timeouts: CheckTimeouts,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Check> {
    let started = process.started();
    loop {
        let check = ask(agent, "start", at.admin, "/readyz");
        let seconds = started.elapsed().as_secs_f64();
        if check.ok {
            return Ok(Check { seconds, detail: "ready".to_owned(), ..check });
        }
        let failed = |detail: String| Check { seconds, detail, ok: false, ..check.clone() };
        if let Some(ended) = process.ended()? {
            return Ok(failed(format!(
                "the program ended with exit code {} before it was ready; its output says why",
                ended.code
            )));
        }
        if started.elapsed() >= timeouts.ready {
            return Ok(failed(format!(
                "not ready after {} s: {}",
                timeouts.ready.as_secs(),
                check.detail
            )));
        }
        if interrupted() {
            return Ok(failed("interrupted".to_owned()));
        }
        std::thread::sleep(PAUSE);
    }
}

fn ask(agent: &Agent, name: &'static str, address: SocketAddr, path: &'static str) -> Check {
    let started = Instant::now();
    let answer = agent.get(format!("http://{address}{path}")).call().and_then(|mut response| {
        let body =
            response.body_mut().with_config().limit(LONGEST).lossy_utf8(true).read_to_string()?;
        Ok((response.status().as_u16(), body))
    });
    let seconds = started.elapsed().as_secs_f64();
    match answer {
        Ok((status, body)) => {
            let detail = if name == "metrics" { summary(&body) } else { shown(&body) };
            Check {
                name,
                path: Some(path),
                status: Some(status),
                ok: status == 200,
                seconds,
                detail,
            }
        }
        Err(error) => Check {
            name,
            path: Some(path),
            status: None,
            ok: false,
            seconds,
            detail: error.to_string(),
        },
    }
}

fn summary(metrics: &str) -> String {
    let samples = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    format!("{samples} samples")
}

/// The first line of `body`, shortened.
fn shown(body: &str) -> String {
    let line = body.trim().lines().next().unwrap_or_default();
    harmless(line).chars().take(LONGEST_SHOWN).collect()
}
