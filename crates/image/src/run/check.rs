//! Asks the service for its page, its health checks and its metrics, as `service.health` says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Result;
use skyward_config::{Ask, ProbePort, Service};
use skyward_terminal::units;
use ureq::Agent;

use super::process::Process;
use super::question::{self, Question};
use super::sockets;
use crate::event::Check;

/// The addresses of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The service itself.
    pub service: SocketAddr,
    /// Its health checks.
    pub probes: SocketAddr,
}

impl Endpoints {
    /// The addresses to ask a service on this machine: one that listens on all addresses is asked by the loopback one.
    pub fn new(service: &Service) -> Self {
        let host = match service.host {
            IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            host => host,
        };
        let probes = match service.probes().port {
            ProbePort::Service => service.port,
            ProbePort::Admin => service.admin_port,
            ProbePort::Other(port) => port,
        };
        Self { service: SocketAddr::new(host, service.port), probes: SocketAddr::new(host, probes) }
    }
}

/// The time for the service to be ready, unless the caller says otherwise: compiled services need milliseconds.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// The time for one answer: probes of Kubernetes give up after one second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The time for a service that nothing is asked of to listen: what never does may still be right.
const UNASKED_TIMEOUT: Duration = Duration::from_secs(2);

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

/// Between two attempts while the service starts.
const PAUSE: Duration = Duration::from_micros(200);

/// Waits until the service is ready, then asks for everything else; `report` receives each answer. Returns true where
/// all were right. `interrupted` tells when to give up.
pub fn checks(
    process: &mut Process,
    service: &Service,
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
    let at = Endpoints::new(service);
    let asking = Asking { agent, at, service, ask: service.probes().ask };
    let start = asking.wait_until_ready(process, timeouts, interrupted)?;
    let mut all = start.ok;
    report(start);
    if !all {
        return Ok(false);
    }
    for question in asking.questions() {
        let check = question.ask(&asking.agent);
        all &= check.ok;
        report(check);
    }
    if let Some(check) = asking.listens_to_itself_alone(process.id()) {
        all = false;
        report(check);
    }
    let memory = process.memory();
    let memory = memory.map(|bytes| format!("{} resident", units::bytes(bytes)));
    report(Check::told("memory", true, memory.unwrap_or_else(|| "unknown".to_owned())));
    Ok(all)
}

/// A service that is asked.
struct Asking<'a> {
    agent: Agent,
    at: Endpoints,
    service: &'a Service,
    ask: Ask,
}

impl Asking<'_> {
    /// The question whose answer says that the service is ready.
    fn start(&self) -> Check {
        match &self.ask {
            Ask::Http { ready, .. } => {
                let question = Question::new("start", self.at.probes, ready);
                question.must_be_200().ask(&self.agent)
            }
            Ask::Tcp | Ask::Nothing => {
                let connected = TcpStream::connect_timeout(&self.at.service, ANSWER_TIMEOUT);
                let detail = match &connected {
                    Ok(_) => String::new(),
                    Err(error) => format!("connecting to {}: {error}", self.at.service),
                };
                Check::told("start", connected.is_ok(), detail)
            }
        }
    }

    /// All that is asked of a service that is ready.
    fn questions(&self) -> Vec<Question> {
        let Endpoints { service, probes } = self.at;
        let page = Question::new("page", service, "/");
        match &self.ask {
            Ask::Http { .. } if self.service.has_own_probes() => vec![
                page.must_be_200(),
                Question::new("livez", probes, "/livez").must_be_200(),
                Question::new("readyz", probes, "/readyz").must_be_200(),
                Question::new("healthz", probes, "/healthz").must_be_200(),
                Question::new("metrics", probes, "/metrics").must_be_200(),
            ],
            // A service may have no page at all.
            Ask::Http { ready, live } => vec![
                page.must_not_fail(),
                Question::new("live", probes, live).must_be_200(),
                Question::new("ready", probes, ready).must_be_200(),
            ],
            Ask::Tcp | Ask::Nothing => vec![page],
        }
    }

    fn wait_until_ready(
        &self,
        process: &mut Process,
        timeouts: CheckTimeouts,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Check> {
        let started = process.started();
        let is_unasked = self.ask == Ask::Nothing;
        let timeout = if is_unasked { UNASKED_TIMEOUT } else { timeouts.ready };
        loop {
            let check = self.start();
            let seconds = started.elapsed().as_secs_f64();
            if check.ok && !is_unasked {
                return Ok(Check { seconds, detail: "ready".to_owned(), ..check });
            }
            let failed = |detail: String| Check { seconds, detail, ok: false, ..check.clone() };
            if let Some(ended) = process.ended()? {
                return Ok(failed(format!(
                    "the program ended with exit code {} before it was ready; its output says why",
                    ended.code
                )));
            }
            if is_unasked && (check.ok || started.elapsed() >= timeout) {
                let lost = "not asked (service.health is \"none\"): nobody knows whether it serves";
                return Ok(Check { seconds, detail: lost.to_owned(), ok: true, ..check });
            }
            if started.elapsed() >= timeout {
                let advice = self.advice(&check, process.id());
                let (limit, detail) = (timeout.as_secs(), &check.detail);
                return Ok(failed(format!("not ready after {limit} s: {detail}{advice}")));
            }
            if interrupted() {
                return Ok(failed("interrupted".to_owned()));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The next step for a service that did not become ready.
    fn advice(&self, check: &Check, pid: u32) -> String {
        if let Some(status) = check.status {
            return question::advice(status)
                .map_or_else(String::new, |next| format!(". Next step: {next}"));
        }
        let listening = sockets::listening(pid);
        let port = self.at.probes.port();
        if listening.iter().any(|address| address.port() == port) {
            return String::new();
        }
        let there: Vec<_> = listening.iter().map(ToString::to_string).collect();
        if there.is_empty() {
            return "; the program listens on no port. Next step: read its output, or give it longer \
                (service.health.start_s)"
                .to_owned();
        }
        format!(
            "; the program listens on {} instead. Next step: set service.port or service.health to where it answers",
            there.join(" and ")
        )
    }

    /// The finding that the service can be reached from its own machine or pod alone, though it is not told to be so.
    fn listens_to_itself_alone(&self, pid: u32) -> Option<Check> {
        if self.service.host.is_loopback() {
            return None;
        }
        let listening = sockets::listening(pid);
        let mut ports = vec![self.at.service.port(), self.at.probes.port()];
        ports.dedup();
        let alone = ports.into_iter().find_map(|port| {
            let mut on_port = listening.iter().filter(|address| address.port() == port).peekable();
            let first = *on_port.peek()?;
            on_port.all(|address| address.ip().is_loopback()).then_some(first)
        })?;
        let detail = format!(
            "on {alone} only: nothing outside its container or pod reaches it. Next step: let the program listen on \
             0.0.0.0 (or ::); for this machine alone set service.host = \"127.0.0.1\""
        );
        Some(Check::told("listen", false, detail))
    }
}
