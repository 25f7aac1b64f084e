//! The probes of the pods, as `service.health` says.
//!
//! They differ, so that a pod that is busy or ends is taken out of the Service and not restarted.

use k8s_openapi::api::core::v1::{HTTPGetAction, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skyward_config::{Ask, ProbePort, Service};

use super::pod::HTTP;

/// The name of the port of probes and metrics.
pub(super) const ADMIN: &str = "admin";

/// The name of the probes' port where it is neither of the service's.
pub(super) const HEALTH: &str = "health";

/// Seconds that a service may take to start, unless the configuration says otherwise: one that migrates its database first
/// still starts.
const START_S: u16 = 60;

/// The probes of a container.
#[derive(Debug, Default)]
pub(super) struct Probes {
    /// Every second, until the service has started.
    pub(super) startup: Option<Probe>,
    /// Out of the Service within six seconds where it says so, within nine where it no longer answers.
    pub(super) readiness: Option<Probe>,
    /// Restarted when it has not answered for half a minute.
    pub(super) liveness: Option<Probe>,
}

/// The probes of `service`; none where nothing is to be asked.
pub(super) fn of(service: &Service) -> Probes {
    let skyward_config::Probes { ask, port, start_s } = service.probes();
    let port = match port {
        ProbePort::Service => HTTP,
        ProbePort::Admin => ADMIN,
        ProbePort::Other(_) => HEALTH,
    };
    let (ready, live) = match ask {
        Ask::Nothing => return Probes::default(),
        Ask::Tcp => (tcp(port), tcp(port)),
        Ask::Http { ready, live } => (http(port, &ready), http(port, &live)),
    };
    Probes {
        startup: Some(timed(live.clone(), 1, start_s.unwrap_or(START_S).into())),
        readiness: Some(timed(ready, 3, 2)),
        liveness: Some(timed(live, 10, 3)),
    }
}

fn tcp(port: &str) -> Probe {
    let socket =
        TCPSocketAction { port: IntOrString::String(port.into()), ..TCPSocketAction::default() };
    Probe { tcp_socket: Some(socket), ..Probe::default() }
}

fn http(port: &str, path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(port.into()),
            scheme: Some("HTTP".into()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    }
}

fn timed(probe: Probe, period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failure_threshold),
        timeout_seconds: Some(if period_seconds > 2 { 2 } else { 1 }),
        ..probe
    }
}
