//! One connection, from its first byte to its close.
//!
//! The bytes go through a [`gate`] to hyper, and from there as requests to the [`exchange`](crate::exchange).
//! [`serve`] runs both and holds them to their [`deadline`]s.

pub mod chunked;
pub mod deadline;
pub mod framing;
pub mod gate;
pub mod head;
pub mod progress;
pub mod refusal;
pub mod syntax;
mod watch;

use crate::clock;
use crate::exchange::{Context, Exchange, record};
use crate::problem;
use deadline::Expiry;
use gate::Gate;
use hyper::server::conn::http1;
use progress::Fault;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use tokio::net::TcpStream;
use watch::Watch;

/// hyper's largest head: above the gate's own limit, so that the gate decides.
const HYPER_BUFFER: usize = 64 * 1024;

/// How a connection comes to its end.
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
pub async fn serve(stream: TcpStream, context: Arc<Context>) {
    let gate = Gate::new(stream, Arc::clone(&context));
    let exchange = Exchange::new(Arc::clone(&context));
    let mut http = http1::Builder::new()
        .half_close(true)
        .max_buf_size(HYPER_BUFFER.max(2 * context.site.head_rules.max_header_bytes))
        .serve_connection(gate, exchange);
    let end = run(&mut http, &context).await;
    let gate = http.into_parts().io;
    match end {
        End::Done => gate.close().await,
        End::Idle => drop(gate),
        End::Cut => gate.reset(),
        End::Refused => refuse(gate, &context).await,
    }
}

async fn refuse(gate: Gate, context: &Context) {
    let (refusal, line) = gate.refusal();
    let date = clock::http_date(clock::unix_seconds());
    let with_body = !line.starts_with(b"HEAD ");
    let answer = problem::raw(refusal.status, refusal.detail, &date, with_body);
    let bytes = if with_body { problem::body(refusal.status, refusal.detail).len() } else { 0 };
    record::refused(context, &refusal, line, bytes);
    gate.answer_and_close(&answer, context.site.deadlines.write).await;
}

async fn run(http: &mut http1::Connection<Gate, Exchange>, context: &Context) -> End {
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
                Expiry::Body => progress.set_fault(Fault::SlowBody),
                Expiry::Request if progress.body_due.is_up() => progress.set_fault(Fault::SlowBody),
                Expiry::Request => progress.set_fault(Fault::SlowAnswer),
            }
            // The exchange finds the fault when hyper polls it again.
            progress.overdue_since.start();
        }
    })
    .await
}
