//! The endpoints at which the service is reached from outside. Pure, but for asking the resolver.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::Value;
use skyward_terminal::program;

use crate::api::{IngressClass, NodeAddress};
use crate::release::{IngressHost, Release};

/// The time for a resolver to answer; without an answer the hint says so.
const LOOKUP: Duration = Duration::from_secs(3);

/// One address behind which an Ingress controller listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IngressEndpoint {
    /// An IP address or a host name.
    pub(super) host: String,
    /// The port; none where it is the scheme's own.
    pub(super) port: Option<u16>,
}

/// The route to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// None from outside; why, where an Ingress was asked for.
    Inside(Option<String>),
    /// The Ingress is of no class that is there.
    NoController(String),
    /// Through this controller.
    Through(String),
}

/// Returns true where there is an Ingress.
pub(super) fn is_wanted(release: &Release) -> bool {
    release.ingress_host != IngressHost::None && release.k3s.gateway.is_none()
}

/// Decides by the classes that the cluster has.
pub(super) fn route(release: &Release, classes: &[IngressClass]) -> Route {
    if let Some(gateway) = &release.k3s.gateway {
        let text = format!("its HTTPRoute is for the Gateway {gateway}, whose address leads to it");
        return Route::Inside(Some(text));
    }
    if !is_wanted(release) {
        return Route::Inside(None);
    }
    if classes.is_empty() {
        let text = "the cluster lists no IngressClass, so the Ingress leads nowhere until an Ingress controller is \
            installed (k3s brings Traefik)";
        return Route::Inside(Some(text.to_owned()));
    }
    let names = || classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
    let class = match &release.k3s.ingress_class {
        Some(wanted) => match classes.iter().find(|class| class.name == *wanted) {
            Some(class) => Some(class),
            None => {
                return Route::NoController(format!(
                    "there is no IngressClass {wanted}; set k3s.ingress_class to one of: {}",
                    names()
                ));
            }
        },
        // Without a default, some controllers take an Ingress without a class all the same.
        None => classes.iter().find(|class| class.default).or(match classes {
            [only] => Some(only),
            _ => None,
        }),
    };
    match class {
        Some(class) => {
            Route::Through(format!("IngressClass {} ({})", class.name, class.controller))
        }
        None => Route::NoController(format!(
            "no IngressClass is the default; set k3s.ingress_class to one of: {}",
            names()
        )),
    }
}

/// The number of different endpoints that are ready.
pub(super) fn ready_endpoints(slices: &[EndpointSlice]) -> usize {
    let ready = slices.iter().flat_map(|slice| &slice.endpoints).filter(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        // Not told means ready, by the API's own definition.
        conditions.is_none_or(|conditions| conditions.ready.unwrap_or(true))
    });
    // A pod with two address families is in two slices.
    let pods: BTreeSet<String> = ready
        .map(|endpoint| {
            let target = endpoint.target_ref.as_ref().and_then(|target| target.uid.clone());
            target.unwrap_or_else(|| endpoint.addresses.join(" "))
        })
        .collect();
    pods.len()
}

/// The addresses in an Ingress's status.
pub(super) fn of_status(release: &Release, ingress: &Value) -> Vec<IngressEndpoint> {
    let addresses = ingress.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    addresses
        .into_iter()
        .flatten()
        .filter_map(|address| {
            let text = |name: &str| address.get(name)?.as_str().filter(|text| !text.is_empty());
            let host = text("ip").or_else(|| text("hostname"))?.to_owned();
            let usual = usual_port(release);
            let ports: Vec<u16> = address
                .get("ports")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|port| port.get("error").is_none())
                .filter_map(|port| u16::try_from(port.get("port")?.as_u64()?).ok())
                .collect();
            let port = (!ports.is_empty() && !ports.contains(&usual)).then(|| ports[0]);
            Some(IngressEndpoint { host, port })
        })
        .collect()
}

/// The ready nodes' addresses.
pub(super) fn of_nodes(nodes: &[NodeAddress]) -> Vec<IngressEndpoint> {
    let ready = nodes.iter().filter(|node| node.ready);
    ready
        .filter_map(|node| node.external.clone().or_else(|| node.internal.clone()))
        .map(|host| IngressEndpoint { host, port: None })
        .collect()
}

/// The origin of an answer of some status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Our pods.
    Ours,
    /// An Ingress controller, for itself: it has no route, or no pod to lead to.
    Controllers,
    /// Our pods, if they answer so without the controller too.
    Either,
}

/// The origin of an answer of this status.
pub(super) fn proves(status: u16) -> Proof {
    match status {
        200..400 => Proof::Ours,
        404 | 502 | 503 | 504 => Proof::Controllers,
        _ => Proof::Either,
    }
}

fn usual_port(release: &Release) -> u16 {
    if is_tls(release) { 443 } else { 80 }
}

/// Returns true where TLS is spoken.
pub(super) fn is_tls(release: &Release) -> bool {
    release.k3s.tls_secret.is_some()
}

impl IngressEndpoint {
    /// `host:port`, or the host alone where the port is the scheme's own.
    pub(super) fn authority(&self, host: &str) -> String {
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => host.to_owned(),
        };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// The address to open.
    pub(super) fn address(&self, release: &Release) -> String {
        let scheme = if is_tls(release) { "https" } else { "http" };
        let host = match &release.ingress_host {
            IngressHost::Named(host) => host,
            IngressHost::Any | IngressHost::None => &self.host,
        };
        format!("{scheme}://{}/", self.authority(host))
    }

    /// The proof that an answer is, as a sentence.
    pub(super) fn proof(&self, release: &Release, status: u16) -> String {
        let host = match &release.ingress_host {
            IngressHost::Named(host) => format!(" with Host {host}"),
            IngressHost::Any | IngressHost::None => String::new(),
        };
        let tls = if is_tls(release) { " over TLS (certificate not verified)" } else { "" };
        format!("GET /{host}{tls} through the Ingress at {self} was answered {status}")
    }
}

impl fmt::Display for IngressEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority(&self.host))
    }
}

/// The hint for a service that is only inside the cluster.
pub(super) fn forward(release: &Release) -> String {
    let port = release.service.port;
    let forward = program::command("deploy-k3s forward");
    format!("from this machine: `{forward}`, then http://127.0.0.1:{port}/")
}

/// The hint where this machine does not find the host's address, or finds another one: nip.io needs a resolver on the internet,
/// and many drop answers with private addresses (protection against rebinding).
pub(super) async fn name_hint(release: &Release, endpoint: &IngressEndpoint) -> Option<String> {
    let IngressHost::Named(host) = &release.ingress_host else { return None };
    let lookup = tokio::net::lookup_host((host.as_str(), 80));
    let found: Vec<IpAddr> = match tokio::time::timeout(LOOKUP, lookup).await {
        Ok(Ok(addresses)) => addresses.map(|address| address.ip()).collect(),
        _ => Vec::new(),
    };
    hint(host, &endpoint.host, &found)
}

fn hint(host: &str, endpoint: &str, found: &[IpAddr]) -> Option<String> {
    let Ok(ip) = endpoint.parse::<IpAddr>() else {
        return found
            .is_empty()
            .then(|| format!("{host} is not known here; let its DNS record lead to {endpoint}"));
    };
    if found.contains(&ip) {
        return None;
    }
    let why = match found.first() {
        None => "this machine cannot resolve it".to_owned(),
        Some(other) => format!("here it leads to {other}"),
    };
    Some(format!("{host}: {why}; a line for the hosts file: {ip} {host}"))
}

#[cfg(test)]
mod tests;
