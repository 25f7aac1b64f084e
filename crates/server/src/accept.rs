//! Accepting connections: one loop a port, on the main thread. It deals the service's connections out to the
//! workers in turn, so that each core has its share and one place counts them.

use crate::access_log::Log;
use crate::clock::{self, Tick};
use crate::connection::{self, gate, progress::Progress, refusal};
use crate::exchange::{Context, Site, record};
use crate::lifecycle::{Lifecycle, Phase};
use crate::listener::is_out_of_descriptors;
use crate::metrics::Metrics;
use crate::notice::Notices;
use crate::problem;
use crate::worker::Handover;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

/// Connections that were told 503 and are read empty at one time; more are closed right after the answer.
const TURNING_AWAY: usize = 64;
/// The first and the longest pause after the system could not accept.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Where accepted connections go.
#[derive(Debug)]
pub enum Dispatch {
    /// To workers, in turn.
    Workers(Vec<UnboundedSender<Handover>>),
    /// They are served on this thread.
    Here,
}

/// What every connection of a port is given.
#[derive(Clone, Debug)]
pub struct Port {
    /// What is served.
    pub site: Arc<Site>,
    /// The numbers of the process.
    pub metrics: Arc<Metrics>,
    /// Which of its workers serves.
    pub worker: usize,
    /// The log to write to.
    pub log: Arc<Log>,
    /// Whether the process is ending.
    pub lifecycle: Arc<Lifecycle>,
}

impl Port {
    fn context(&self, peer: SocketAddr) -> Arc<Context> {
        let address = peer.ip().to_canonical();
        Arc::new(Context {
            progress: Progress::new(Tick::now()),
            site: Arc::clone(&self.site),
            metrics: Arc::clone(&self.metrics),
            worker: self.worker,
            log: Arc::clone(&self.log),
            lifecycle: Arc::clone(&self.lifecycle),
            peer: address,
            peer_text: address.to_string().into(),
            request_line: Mutex::default(),
        })
    }

    /// Serves one connection that [`Acceptor`] has counted, and gives its place back.
    pub fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send {
        // Given back when dropped too, even before the first poll: at the end of the process, open connections are.
        let place = Place(self);
        async move {
            connection::serve(stream, place.0.context(peer)).await;
        }
    }

    fn take_place(&self) {
        self.site.open.fetch_add(1, Relaxed);
        if self.site.observed {
            self.metrics.open_connections.fetch_add(1, Relaxed);
        }
    }

    /// Gives back the place of a connection that could not be served.
    pub fn give_back(&self) {
        self.site.open.fetch_sub(1, Relaxed);
        if self.site.observed {
            self.metrics.open_connections.fetch_sub(1, Relaxed);
            self.lifecycle.note_closed();
        }
    }
}

/// A connection's place among those that are allowed.
struct Place(Arc<Port>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Accepts on one port.
#[derive(Debug)]
pub struct Acceptor {
    /// What to give each connection.
    pub port: Arc<Port>,
    /// How many may be open.
    pub max_connections: usize,
    /// Where they go.
    pub dispatch: Dispatch,
    /// Where to say that accepting fails.
    pub notices: Notices,
    /// Connections that were told 503 and are being read empty.
    pub turning_away: Arc<AtomicUsize>,
}

impl Acceptor {
    /// Accepts until `last` has come, then takes what the kernel has queued and closes the listener.
    pub async fn run(mut self, listener: TcpListener, last: Phase) {
        let lifecycle = Arc::clone(&self.port.lifecycle);
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
                        self.place(stream, peer, &mut turn);
                    }
                    Err(error) => self.back_off(&error, &mut pause).await,
                },
            }
        }
        // Connections in the kernel's queue would be reset by the close. A zero timeout polls once, and after
        // one turn of the event loop.
        tokio::task::yield_now().await;
        while let Ok(Ok((stream, peer))) = timeout(Duration::ZERO, listener.accept()).await {
            self.place(stream, peer, &mut turn);
        }
    }

    fn place(&mut self, stream: TcpStream, peer: SocketAddr, turn: &mut usize) {
        // An answer is one small write; waiting for more (Nagle) would only delay it.
        let _ = stream.set_nodelay(true);
        if self.port.site.open.load(Relaxed) >= self.max_connections {
            return self.turn_away(stream, peer);
        }
        self.port.take_place();
        match &self.dispatch {
            Dispatch::Here => drop(tokio::spawn(Arc::clone(&self.port).serve(stream, peer))),
            Dispatch::Workers(workers) => {
                *turn = (*turn + 1) % workers.len();
                // A worker outlives its acceptor; it could only fail to be moved between event loops.
                let sent = stream
                    .into_std()
                    .ok()
                    .and_then(|stream| workers[*turn].send((stream, peer)).ok());
                if sent.is_none() {
                    self.port.give_back();
                }
            }
        }
    }

    fn turn_away(&self, mut stream: TcpStream, peer: SocketAddr) {
        let context = self.port.context(peer);
        if context.site.observed {
            self.port.metrics.shed_connections.fetch_add(1, Relaxed);
        }
        let crowded = refusal::CROWDED;
        let body = problem::body(crowded.status, crowded.detail).len();
        let answer = problem::raw(
            crowded.status,
            crowded.detail,
            &clock::http_date(clock::unix_seconds()),
            true,
        );
        record::refused(&context, &crowded, b"", body);
        // A new connection has room for the answer.
        if stream.try_write(&answer).is_err() || self.turning_away.load(Relaxed) >= TURNING_AWAY {
            return;
        }
        let turning_away = Arc::clone(&self.turning_away);
        turning_away.fetch_add(1, Relaxed);
        tokio::spawn(async move {
            gate::close_slowly(&mut stream).await;
            turning_away.fetch_sub(1, Relaxed);
        });
    }

    async fn back_off(&self, error: &io::Error, pause: &mut Duration) {
        // A connection that its client has given up meanwhile is no trouble of ours.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::Interrupted
        ) {
            return;
        }
        self.port.metrics.accept_errors.fetch_add(1, Relaxed);
        let next = match error.raw_os_error() {
            Some(code) if is_out_of_descriptors(code) => {
                "raise the limit of open files, or lower --max-connections"
            }
            _ => "it is tried again",
        };
        self.notices.error_at_times(&format!("Cannot accept connections: {error}; {next}"));
        sleep(*pause).await;
        *pause = (*pause * 2).min(BACK_OFF.1);
    }
}
