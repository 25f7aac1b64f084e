//! Accepting connections: one loop a port, on the main thread. It deals the service's connections out to the
//! workers in turn, so that each core has its share and one place counts them.

use crate::clock::{self, Tick};
use crate::connection::{Handler, stream};
use crate::diagnostics::Diagnostics;
use crate::endpoint::record;
use crate::lifecycle::{Essential, Phase};
use crate::listener::is_out_of_descriptors;
use crate::problem::{self, Refusal};
use crate::worker::Handover;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

/// Connections that were told 503 and are read empty at one time; more are closed right after the answer.
const MAX_REJECTED_OPEN: usize = 64;
/// Connections that may be open beyond the limit, in place of as many that were asked to close.
const MOST_EVICTED: usize = 64;
/// The first and the longest pause after the system could not accept.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The place where accepted connections are served.
#[derive(Debug)]
pub(crate) enum Dispatch {
    /// To workers, in turn.
    Workers(Vec<UnboundedSender<Handover>>),
    /// By all threads of this runtime; the handlers take turns, so that their logs do.
    Shared(Vec<Arc<Handler>>),
    /// They are served on this thread.
    Here,
}

/// Accepts on one port.
#[derive(Debug)]
pub(crate) struct Acceptor {
    /// Serves the connections that stay on this thread, and counts all.
    pub(crate) handler: Arc<Handler>,
    /// The most connections that may be open.
    pub(crate) max_connections: usize,
    /// The place where they are served.
    pub(crate) dispatch: Dispatch,
    /// The lines that tell of connections that could not be accepted.
    pub(crate) diagnostics: Diagnostics,
    /// Connections that were told 503 and are being read empty.
    pub(crate) rejected: Arc<AtomicUsize>,
}

impl Acceptor {
    /// Accepts until `last` has come, then takes what the kernel has queued and closes the listener.
    pub(crate) async fn run(mut self, listener: TcpListener, last: Phase) {
        let _essential = Essential;
        let lifecycle = Arc::clone(&self.handler.lifecycle);
        let mut reached = std::pin::pin!(lifecycle.reached(last));
        let mut turn = 0;
        let mut pause = BACK_OFF.0;
        loop {
            tokio::select! {
                biased;
                () = &mut reached => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        pause = BACK_OFF.0;
                        self.dispatch(stream, peer, &mut turn);
                    }
                    Err(error) => self.back_off(&error, &mut pause).await,
                },
            }
        }
        // Connections in the kernel's queue would be reset by the close. A zero timeout polls once, and after
        // one turn of the event loop.
        tokio::task::yield_now().await;
        while let Ok(Ok((stream, peer))) = timeout(Duration::ZERO, listener.accept()).await {
            self.dispatch(stream, peer, &mut turn);
        }
    }

    fn dispatch(&mut self, stream: TcpStream, peer: SocketAddr, turn: &mut usize) {
        // An answer is one small write; waiting for more (Nagle) would only delay it.
        let _ = stream.set_nodelay(true);
        if !self.has_room() {
            return self.reject(stream, peer, problem::CROWDED);
        }
        if !self.handler.endpoint.register.clients.enter(peer.ip()) {
            return self.reject(stream, peer, problem::CROWDED_CLIENT);
        }
        self.handler.acquire();
        match &self.dispatch {
            Dispatch::Shared(handlers) => {
                *turn = (*turn + 1) % handlers.len();
                tokio::spawn(Arc::clone(&handlers[*turn]).serve(stream, peer));
            }
            Dispatch::Here => drop(tokio::spawn(Arc::clone(&self.handler).serve(stream, peer))),
            Dispatch::Workers(workers) => {
                *turn = (*turn + 1) % workers.len();
                // A worker outlives its acceptor; it could only fail to be moved between event loops.
                let sent = stream
                    .into_std()
                    .ok()
                    .and_then(|stream| workers[*turn].send((stream, peer)).ok());
                if sent.is_none() {
                    self.handler.release(peer.ip());
                }
            }
        }
    }

    /// Tells whether one more connection may be open, if need be in place of one that is idle.
    fn has_room(&self) -> bool {
        let open = self.handler.endpoint.open.load(Relaxed);
        if open < self.max_connections {
            return true;
        }
        // Those that were asked to close are still open for a moment.
        let has_evicted = open < self.max_connections + MOST_EVICTED
            && self.handler.endpoint.register.evict(Tick::now());
        if has_evicted && self.handler.endpoint.observed {
            self.handler.metrics.evicted_connections.fetch_add(1, Relaxed);
        }
        has_evicted
    }

    fn reject(&self, mut stream: TcpStream, peer: SocketAddr, crowded: Refusal) {
        let context = self.handler.context(peer);
        if context.endpoint.observed {
            self.handler.metrics.shed_connections.fetch_add(1, Relaxed);
        }
        let body = problem::body(crowded.status, crowded.detail).len();
        let answer = problem::raw(
            crowded.status,
            crowded.detail,
            &clock::http_date(clock::unix_seconds()),
            true,
        );
        record::refused(&context, &crowded, b"", body);
        // A new connection has room for the answer.
        if stream.try_write(&answer).is_err() || self.rejected.load(Relaxed) >= MAX_REJECTED_OPEN {
            return;
        }
        let rejected = Arc::clone(&self.rejected);
        rejected.fetch_add(1, Relaxed);
        tokio::spawn(async move {
            stream::close_slowly(&mut stream).await;
            rejected.fetch_sub(1, Relaxed);
        });
    }

    async fn back_off(&self, error: &io::Error, pause: &mut Duration) {
        // A connection that its client has given up meanwhile is not our trouble.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::Interrupted
        ) {
            return;
        }
        self.handler.metrics.accept_errors.fetch_add(1, Relaxed);
        let next = match error.raw_os_error() {
            Some(code) if is_out_of_descriptors(code) => {
                "raise the limit of open files, or lower --max-connections"
            }
            _ => "accepting is tried again",
        };
        self.diagnostics.error_at_times(&format!("Cannot accept connections: {error}; {next}"));
        sleep(*pause).await;
        *pause = (*pause * 2).min(BACK_OFF.1);
    }
}
