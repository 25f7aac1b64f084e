//! A load balancer on the tests' own machine, as kube-proxy is for a Service: connections go to the ready endpoints in turn.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::control_plane::ControlPlane;
use super::{block_on, runtime};

/// So long a change of the endpoints takes until it has its effect, as it does in kube-proxy (`minSyncPeriod`).
const DELAY: Duration = Duration::from_secs(1);

/// A balancer on loopback. It ends when it is dropped.
pub struct Balancer {
    pub address: SocketAddr,
    tasks: [AbortHandle; 3],
}

type Endpoints = Arc<Mutex<Vec<SocketAddr>>>;
type Change = (Instant, Vec<SocketAddr>);
type Changes = UnboundedSender<Change>;

impl Balancer {
    /// For a Service, in front of the port named `http` of its pods.
    pub fn start(control_plane: &ControlPlane, namespace: &str, service: &str) -> Self {
        let client = block_on(control_plane.client());
        let slices: Api<EndpointSlice> = Api::namespaced(client, namespace);
        let config =
            watcher::Config::default().labels(&format!("kubernetes.io/service-name={service}"));
        let endpoints = Endpoints::default();
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address");
        let (sender, receiver) = unbounded_channel();
        let tasks = [
            runtime().spawn(follow(slices, config, sender)).abort_handle(),
            runtime().spawn(update(receiver, Arc::clone(&endpoints))).abort_handle(),
            runtime().spawn(accept(listener, endpoints)).abort_handle(),
        ];
        Self { address, tasks }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Says what the endpoints are, and when that has its effect.
async fn follow(slices: Api<EndpointSlice>, config: watcher::Config, changes: Changes) {
    let (reader, writer) = reflector::store();
    let events = watcher(slices, config).default_backoff().reflect(writer);
    let mut events = std::pin::pin!(events);
    // What does not work is tried again.
    while let Ok(Some(_)) | Err(_) = events.try_next().await {
        let ready = reader.state().iter().flat_map(|slice| ready(slice)).collect();
        if changes.send((Instant::now() + DELAY, ready)).is_err() {
            return;
        }
    }
}

/// Puts the changes into effect, in their order.
async fn update(mut changes: UnboundedReceiver<Change>, endpoints: Endpoints) {
    while let Some((at, ready)) = changes.recv().await {
        tokio::time::sleep_until(at).await;
        *endpoints.lock().unwrap() = ready;
    }
}

/// The addresses of a slice that may get connections.
fn ready(slice: &EndpointSlice) -> Vec<SocketAddr> {
    let ports = slice.ports.iter().flatten();
    let port = ports.filter(|port| port.name.as_deref() == Some("http")).find_map(|port| port.port);
    let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else { return Vec::new() };
    let endpoints = slice.endpoints.iter().filter(|endpoint| {
        endpoint.conditions.as_ref().is_some_and(|conditions| conditions.ready == Some(true))
    });
    let addresses = endpoints.flat_map(|endpoint| &endpoint.addresses);
    addresses
        .filter_map(|address| Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, port)))
        .collect()
}

async fn accept(listener: TcpListener, endpoints: Endpoints) {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let ready = endpoints.lock().unwrap().clone();
        connections.spawn(async move {
            let turn = TURN.fetch_add(1, Ordering::SeqCst);
            // Nobody there, or not any more: the client sees its connection end.
            let Some(address) = ready.get(turn % ready.len().max(1)) else { return };
            let Ok(mut server) = TcpStream::connect(address).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
