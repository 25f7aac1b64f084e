//! One connection, from its first byte to its close.
//!
//! The bytes go through a guarded [`stream`] to hyper, and from there as requests to the [`request`](crate::request) service.
//! [`serve`] runs both and holds them to their [`deadline`]s.

pub(crate) mod chunked;
pub(crate) mod deadline;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod stream;
pub(crate) mod syntax;
mod watch;

use crate::access_log::Log;
use crate::clock::{self, Tick};
use crate::endpoint::{ConnectionContext, Endpoint};
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::problem;
use crate::progress::{Progress, RequestFault};
use crate::request::{RequestService, record};
use deadline::Expiry;
use hyper::server::conn::http1;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
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
    /// The number of the worker.
    pub(crate) worker: usize,
    /// The log to write to.
    pub(crate) log: Arc<Log>,
    /// The phase of the process.
    pub(crate) lifecycle: Arc<Lifecycle>,
}

impl Handler {
    /// The context of a connection with `peer`.
    pub(crate) fn context(&self, peer: SocketAddr) -> Arc<ConnectionContext> {
        let address = peer.ip().to_canonical();
        Arc::new(ConnectionContext {
            progress: Progress::new(Tick::now()),
            endpoint: Arc::clone(&self.endpoint),
            metrics: Arc::clone(&self.metrics),
            worker: self.worker,
            log: Arc::clone(&self.log),
            lifecycle: Arc::clone(&self.lifecycle),
            peer: address,
            peer_text: address.to_string().into(),
            request_line: Mutex::default(),
        })
    }

    /// Serves one connection that [`Self::acquire`] has counted, and releases it.
    pub(crate) fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send {
        // Released when dropped too, even before the first poll: at the end of the process, open connections are.
        let permit = Permit(self);
        async move {
            serve(stream, permit.0.context(peer)).await;
        }
    }

    /// Counts a connection as open.
    pub(crate) fn acquire(&self) {
        self.endpoint.open.fetch_add(1, Relaxed);
        if self.endpoint.observed {
            self.metrics.open_connections.fetch_add(1, Relaxed);
        }
    }

    /// Counts a connection as closed.
    pub(crate) fn release(&self) {
        self.endpoint.open.fetch_sub(1, Relaxed);
        if self.endpoint.observed {
            self.metrics.open_connections.fetch_sub(1, Relaxed);
            self.lifecycle.note_closed();
        }
    }
}

/// One of the connections that may be open.
struct Permit(Arc<Handler>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
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
    /// The client does not take its answer.
    Cut,
}

/// Serves `stream` until its end.
async fn serve(stream: TcpStream, context: Arc<ConnectionContext>) {
    let stream = GuardedStream::new(stream, Arc::clone(&context));
    let requests = RequestService::new(Arc::clone(&context));
    let mut http = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HYPER_BUFFER.max(2 * context.endpoint.head_limits.max_header_bytes))
        .serve_connection(stream, requests);
    let end = run(&mut http, &context).await;
    let stream = http.into_parts().io;
    match end {
        End::Done => stream.close().await,
        End::Idle => drop(stream),
        End::Cut => stream.reset(),
        End::Refused => refuse(stream, &context).await,
    }
}

async fn refuse(stream: GuardedStream, context: &ConnectionContext) {
    let (refusal, line) = stream.refusal();
    let date = clock::http_date(clock::unix_seconds());
    let with_body = !line.starts_with(b"HEAD ");
    let answer = problem::raw(refusal.status, refusal.detail, &date, with_body);
    let bytes = if with_body { problem::body(refusal.status, refusal.detail).len() } else { 0 };
    record::refused(context, &refusal, line, bytes);
    stream.answer_and_close(&answer, context.endpoint.deadlines.write).await;
}

async fn run(
    http: &mut http1::Connection<GuardedStream, RequestService>,
    context: &ConnectionContext,
) -> End {
    let progress = &context.progress;
    let mut watch = pin!(Watch::new(context));
    std::future::poll_fn(|cx| {
        loop {
            if Pin::new(&mut *http).poll(cx).is_ready() {
                return Poll::Ready(End::Done);
            }
            if progress.refused.is_up() && progress.busy_since.get().is_none() {
                return Poll::Ready(End::Refused);
            }
            match ready!(watch.as_mut().poll_expiry(cx)) {
                Expiry::Idle => return Poll::Ready(End::Idle),
                Expiry::Header => return Poll::Ready(End::Refused),
                Expiry::Write => return Poll::Ready(End::Cut),
                Expiry::Body | Expiry::Request if progress.responding.is_up() => {
                    return Poll::Ready(End::Cut);
                }
                Expiry::Body => progress.set_fault(RequestFault::SlowBody),
                Expiry::Request if progress.body_due.is_up() => {
                    progress.set_fault(RequestFault::SlowBody);
                }
                Expiry::Request => progress.set_fault(RequestFault::SlowAnswer),
            }
            // The request finds the fault when hyper polls it again.
            progress.overdue_since.start();
        }
    })
    .await
}
