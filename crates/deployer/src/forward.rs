//! The deployed service on this machine, through the API server's port forwarding.
//!
//! `pods` says which pod a connection goes to and opens the way there; `connection` carries one connection. A
//! connection that has begun stays with its pod; each new one goes to a pod that is ready then, so that a rollout
//! is not felt.

mod connection;
mod pods;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use skyward_terminal::program;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::api::{ApiServer, CallError};
use crate::event::{Event, Sink};
use crate::history::History;
use pods::Pods;

/// The connections at the same time; others wait to be accepted. Each is one more connection to the API server.
const CONNECTIONS: usize = 128;

/// The pause after a connection that could not be accepted: where file descriptors lack, it takes others to end.
const REFUSED: Duration = Duration::from_millis(200);

/// The reasons why nothing is forwarded.
#[derive(Debug, Error)]
pub enum ForwardError {
    /// The API server said no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Nothing is deployed.
    #[error(
        "forwarding to {release}: it has no revision and no ready pod in namespace {namespace}; `{}` makes one",
        program::command("deploy-k3s")
    )]
    NoRelease {
        /// Its name.
        release: String,
        /// The place where it was looked for.
        namespace: String,
    },
    /// The address cannot be listened on.
    #[error("listening on {address}: {reason}. Next step: {next}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        reason: String,
        /// The next step.
        next: &'static str,
    },
}

/// Listens on an address of this machine; port 0 takes a free one.
///
/// # Errors
/// The port is taken or the address is not this machine's.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ForwardError> {
    TcpListener::bind(address).await.map_err(|error| {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        let (reason, next) = match error.kind() {
            AddrInUse => (
                "another program listens there already".to_owned(),
                "choose another port: --port 8001, or --port 0 for a free one",
            ),
            AddrNotAvailable => (
                "this machine has no such address".to_owned(),
                "choose one of this machine's: --address",
            ),
            PermissionDenied => {
                ("you may not".to_owned(), "choose a port from 1024 up: --port 8000")
            }
            _ => (error.to_string(), "choose another port: --port, or another address: --address"),
        };
        ForwardError::Listen { address, reason, next }
    })
}

/// The address to open for a listener's.
pub fn url(listening: SocketAddr) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}/", SocketAddr::new(ip, listening.port()))
}

/// The way to a release's ready pods.
#[derive(Debug)]
pub struct Forward {
    pods: Arc<Pods>,
}

impl Forward {
    /// Looks for the release's pods, and tries the way to one of them: what is not allowed is said before anyone
    /// connects.
    ///
    /// # Errors
    /// The release is not there, pods cannot be listed, or their ports may not be forwarded.
    pub async fn open(
        api: &ApiServer,
        namespace: &str,
        release: &str,
        sink: &Sink<'_>,
    ) -> Result<Self, ForwardError> {
        let pods = Pods::new(api, namespace, release);
        let note = match pods.next(&[]).await? {
            Some(pod) => match pods.open(&pod).await {
                Ok(_) => None,
                Err(error) if error.is_lasting() => return Err(error.into()),
                Err(error) => Some(error.to_string()),
            },
            None if History::new(api, namespace, release).readable().await?.0.is_empty() => {
                return Err(ForwardError::NoRelease {
                    release: release.to_owned(),
                    namespace: namespace.to_owned(),
                });
            }
            None => Some(format!("{}; connections are closed until one is", pods.none_ready())),
        };
        if let Some(text) = note {
            sink.emit(Event::Note { text });
        }
        Ok(Self { pods: Arc::new(pods) })
    }

    /// Forwards each connection of the listener to a ready pod, until it is dropped.
    pub async fn serve(self, listener: TcpListener, sink: &Sink<'_>) {
        let mut connections = JoinSet::new();
        let (full, is_full) = watch::channel(false);
        loop {
            let open = connections.len();
            let was_full = full.send_replace(open >= CONNECTIONS);
            if open >= CONNECTIONS && !was_full {
                let text = format!("{open} connections are open; others wait until one ends");
                sink.emit(Event::Note { text });
            }
            tokio::select! {
                accepted = listener.accept(), if open < CONNECTIONS => match accepted {
                    Ok((client, from)) => {
                        let (pods, is_full) = (Arc::clone(&self.pods), is_full.clone());
                        connections.spawn(async move {
                            connection::carry(client, &pods, is_full).await.map_err(|why| (from, why))
                        });
                    }
                    Err(error) => {
                        sink.emit(Event::Note { text: format!("a connection was not accepted: {error}") });
                        // Such as too many open files: that does not pass within a moment.
                        sleep(REFUSED).await;
                    }
                },
                Some(ended) = connections.join_next() => if let Ok(Err((from, why))) = ended {
                    sink.emit(Event::Note { text: format!("the connection from {from} was closed: {why}") });
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_can_be_opened() {
        for (listening, opened) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
            ("0.0.0.0:80", "http://127.0.0.1:80/"),
            ("[::]:8000", "http://[::1]:8000/"),
            ("192.0.2.1:8000", "http://192.0.2.1:8000/"),
        ] {
            assert_eq!(url(listening.parse().unwrap()), opened);
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_what_to_do() {
        let taken = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = listen(address).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "listening on {address}: another program listens there already. Next step: choose another port: \
                 --port 8001, or --port 0 for a free one"
            )
        );
    }
}
