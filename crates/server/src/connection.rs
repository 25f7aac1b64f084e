//! One connection, from its first byte to its close.
//!
//! The bytes go through a guarded [`stream`] to hyper, and from there as requests to the [`request`](crate::request) service.
//! [`serve`] runs both and holds them to their [`deadline`]s. What an upgrade makes of it is a [`tunnel`].

pub(crate) mod chunked;
pub(crate) mod deadline;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod stream;
pub(crate) mod syntax;
pub(crate) mod tunnel;
mod watch;

use crate::access_log::Log;
use crate::clock::{self, Tick};
use crate::diagnostics::Diagnostics;
use crate::endpoint::matched::Matched;
use crate::endpoint::record;
use crate::endpoint::{ConnectionContext, Endpoint};
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::Metrics;
use crate::problem;
use crate::progress::{Cut, Progress, RequestFault};
use crate::request::RequestService;
use deadline::Expiry;
use hyper::server::conn::http1;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, ready};
use stream::GuardedStream;
use tokio::net::TcpStream;
use watch::Watch;

/// hyper's largest head: above the stream's own limit, so that the stream decides.
const HYPER_BUFFER: usize = 64 * 1024;

/// Serves the connections of one endpoint on one worker.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    /// The endpoint.
    pub(crate) endpoint: Arc<Endpoint>,
    /// The numbers of the process.
    pub(crate) metrics: Arc<Metrics>,
    /// The log to write to.
    pub(crate) log: Arc<Log>,
    /// The phase of the process.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// The service's own lines.
    pub(crate) diagnostics: Diagnostics,
}

impl Handler {
    /// The context of a connection with `peer`.
    pub(crate) fn context(&self, peer: SocketAddr) -> Arc<ConnectionContext> {
        let address = peer.ip().to_canonical();
        Arc::new(ConnectionContext {
            progress: Progress::new(Tick::now()),
            endpoint: Arc::clone(&self.endpoint),
            metrics: Arc::clone(&self.metrics),
            log: Arc::clone(&self.log),
            lifecycle: Arc::clone(&self.lifecycle),
            diagnostics: self.diagnostics.clone(),
            peer: address,
            socket: SocketAddr::new(address, peer.port()),
            peer_text: address.to_string().into(),
            matched: Matched::default(),
            unwritten: Mutex::default(),
            waker: OnceLock::new(),
        })
    }

    /// Serves one connection that [`Self::acquire`] has counted, and releases it.
    pub(crate) fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send {
        clock::look(Tick::now());
        let context = self.context(peer);
        let place = self.endpoint.register.enter(&context);
        // Released when dropped too, even before the first poll: at the end of the process, open connections are.
        let permit = Permit { handler: self, peer: context.peer, place };
        serve(GuardedStream::new(stream, Arc::clone(&context), permit), context)
    }

    /// Counts a connection as open.
    pub(crate) fn acquire(&self) {
        self.endpoint.open.fetch_add(1, Relaxed);
        if self.endpoint.observed {
            self.metrics.open_connections.fetch_add(1, Relaxed);
        }
    }

    /// Counts a connection with `peer` as closed.
    pub(crate) fn release(&self, peer: IpAddr) {
        self.endpoint.register.clients.leave(peer);
        self.endpoint.open.fetch_sub(1, Relaxed);
        if self.endpoint.observed {
            self.metrics.open_connections.fetch_sub(1, Relaxed);
            self.lifecycle.note_closed();
        }
    }
}

/// One of the connections that may be open.
#[derive(Debug)]
pub(crate) struct Permit {
    handler: Arc<Handler>,
    peer: IpAddr,
    place: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.handler.endpoint.register.leave(self.place);
        self.handler.release(self.peer);
    }
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// hyper is done with it.
    Done,
    /// Nothing is owed.
    Idle,
    /// The next request is refused.
    Refused,
    /// An answer does not reach its end.
    Cut,
}

/// Serves `stream` until its end. Not an `async fn`: that would keep room for the stream beside the connection made of it.
fn serve(
    stream: GuardedStream,
    context: Arc<ConnectionContext>,
) -> impl Future<Output = ()> + Send {
    let requests = RequestService::new(Arc::clone(&context));
    let mut http = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HYPER_BUFFER.max(2 * context.endpoint.head_limits.max_header_bytes))
        .serve_connection(stream, requests)
        .with_upgrades();
    async move {
        let end = run(&mut http, &context).await;
        // An upgraded connection is the application's.
        let Some(parts) = http.into_parts() else { return };
        // A request that is under way ends here, before the end that its client sees.
        drop(parts.service);
        record::lost(&context);
        let stream = parts.io;
        match end {
            End::Idle => drop(stream),
            End::Cut => stream.reset(),
            // In a box: what the end needs would be in the memory of every connection that is open.
            End::Done => Box::pin(stream.close()).await,
            End::Refused => Box::pin(refuse(stream, context)).await,
        }
    }
}

async fn refuse(stream: GuardedStream, context: Arc<ConnectionContext>) {
    let (refusal, line) = stream.refusal();
    let date = clock::http_date(clock::unix_seconds());
    let with_body = !line.starts_with(b"HEAD ");
    let answer = problem::raw(refusal.status, refusal.detail, &date, with_body);
    let bytes = if with_body { problem::body(refusal.status, refusal.detail).len() } else { 0 };
    record::refused(&context, &refusal, line, bytes);
    if refusal == problem::TLS {
        context.diagnostics.warning_at_times(&format!(
            "A TLS handshake came from {} to the port of plain HTTP; the client, or the load balancer in front, is to speak HTTP here",
            context.peer
        ));
    }
    stream.answer_and_close(&answer, context.endpoint.deadlines.write).await;
}

async fn run(
    http: &mut http1::UpgradeableConnection<GuardedStream, RequestService>,
    context: &ConnectionContext,
) -> End {
    let progress = &context.progress;
    // Probes are answered to the last.
    let last = if context.endpoint.observed { Phase::Finishing } else { Phase::Over };
    let mut watch = pin!(Watch::new(context));
    std::future::poll_fn(|cx| {
        context.waker.get_or_init(|| cx.waker().clone());
        loop {
            if Pin::new(&mut *http).poll(cx).is_ready() {
                return Poll::Ready(End::Done);
            }
            if progress.refused.is_up() && progress.busy_since.get().is_none() {
                return Poll::Ready(End::Refused);
            }
            if progress.evicted.is_up() && progress.idle().is_some() {
                return Poll::Ready(End::Idle);
            }
            if context.lifecycle.phase() >= last {
                return Poll::Ready(match progress.busy_since.get() {
                    Some(_) => End::Cut,
                    None => End::Idle,
                });
            }
            match ready!(watch.as_mut().poll_expiry(cx)) {
                Expiry::Idle => return Poll::Ready(End::Idle),
                Expiry::Header => return Poll::Ready(End::Refused),
                Expiry::Stall => {
                    progress.cut_for(Cut::Stalled);
                    return Poll::Ready(End::Cut);
                }
                Expiry::Body if !progress.responding.is_up() => {
                    progress.set_fault(RequestFault::SlowBody);
                }
                Expiry::Write | Expiry::Body => {
                    progress.cut_for(Cut::SlowClient);
                    return Poll::Ready(End::Cut);
                }
                Expiry::Request => progress.set_fault(RequestFault::SlowAnswer),
            }
            // The request finds the fault when hyper polls it again.
            progress.overdue_since.start();
        }
    })
    .await
}
