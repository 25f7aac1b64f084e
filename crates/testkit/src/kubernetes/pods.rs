//! The pods of a release, and what they answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use super::control_plane::ControlPlane;

/// A pod that has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub address: SocketAddr,
    pub image: String,
    pub ready: bool,
}

/// The pods of a namespace with a port `http` that run and are to go on running.
pub async fn running(control_plane: &ControlPlane, namespace: &str) -> Vec<Running> {
    let pods: Api<Pod> = Api::namespaced(control_plane.client().await, namespace);
    let pods = pods.list(&ListParams::default()).await.expect("pods").items;
    pods.into_iter().filter_map(as_running).collect()
}

fn as_running(pod: Pod) -> Option<Running> {
    // One that ends may still serve; the next requests go to others.
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let status = pod.status?;
    let container = pod.spec?.containers.pop()?;
    let mut ports = container.ports.iter().flatten();
    let http = ports.find(|port| port.name.as_deref() == Some("http"))?.container_port;
    let address = SocketAddr::new(status.pod_ip?.parse().ok()?, u16::try_from(http).ok()?);
    let ready =
        status.container_statuses.is_some_and(|all| all.iter().all(|container| container.ready));
    let image = container.image?;
    Some(Running { address, image, ready })
}

/// A server's answer on `/`: the status line and the body.
pub fn page(address: SocketAddr) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}
