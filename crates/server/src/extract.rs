//! Extractors of the server: the client of a request, and the end of the process.

use crate::endpoint::{Connection, record};
use crate::lifecycle::{Lifecycle, Phase};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Tells when the service ends. Hooks and background tasks are given one; for a handler it is an extractor:
///
/// ```no_run
/// use skyward_server::Shutdown;
///
/// async fn wait_for_news(shutdown: Shutdown) -> &'static str {
///     tokio::select! {
///         () = shutdown.draining() => "no news; ask again",
///         () = std::future::pending() => "news",
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<Lifecycle>);

impl Shutdown {
    /// The shutdown of the process in `lifecycle`.
    pub(crate) fn new(lifecycle: Arc<Lifecycle>) -> Self {
        Self(lifecycle)
    }

    /// Tells whether the signal has come.
    pub fn is_ending(&self) -> bool {
        self.0.is_ending()
    }

    /// Waits for the signal. Connections are still accepted, for `drain_delay_ms`.
    pub async fn ending(&self) {
        self.0.reached(Phase::Leaving).await;
    }

    /// Waits until no more connections are accepted: what runs is to come to its end.
    pub async fn draining(&self) {
        self.0.reached(Phase::Draining).await;
    }

    /// Waits until the last request has been answered or cut.
    pub async fn drained(&self) {
        self.0.reached(Phase::Finishing).await;
    }
}

impl<S: Sync> FromRequestParts<S> for Shutdown {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get() {
            Some(Connection(connection)) => Ok(Self(Arc::clone(&connection.lifecycle))),
            None => Err((StatusCode::INTERNAL_SERVER_ERROR, "not served by skyward-server")),
        }
    }
}

/// The address of the client, as an extractor: that of the connection, or the one that a trusted proxy
/// (`trusted_proxies`) names in `X-Forwarded-For`. It is the address that the access log shows. The connection's own is
/// axum's `ConnectInfo<SocketAddr>`.
///
/// ```no_run
/// use skyward_server::ClientAddress;
///
/// async fn who(ClientAddress(address): ClientAddress) -> String {
///     address.to_string()
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        if let Some(Connection(connection)) = parts.extensions.get() {
            return Ok(Self(record::client(connection, &parts.headers)));
        }
        // Another server, such as that of a test, may still tell the peer.
        match parts.extensions.get() {
            Some(ConnectInfo::<SocketAddr>(peer)) => Ok(Self(peer.ip().to_canonical())),
            None => Err((StatusCode::INTERNAL_SERVER_ERROR, "the client's address is not known")),
        }
    }
}
