//! One connection, from its first byte to its close.
//!
//! The bytes go through a [`gate`] to hyper, and from there as requests to the [`exchange`](crate::exchange). [`serve`] runs both and holds them to
//! their [`deadline`]s. There is one timer for all of them, and it is moved only to an earlier time: a request that is answered at once costs no timer
//! operation, unlike with hyper's own header timeout.

pub mod chunked;
pub mod deadline;
pub mod framing;
pub mod gate;
pub mod head;
pub mod progress;
pub mod refusal;
pub mod syntax;

use crate::clock::{self, Tick};
use crate::exchange::{Context, Exchange, record};
use crate::lifecycle::Phase;
use crate::problem;
use deadline::Expiry;
use gate::Gate;
use hyper::server::conn::http1;
use progress::Fault;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

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
    let answer = problem::raw(refusal.status, refusal.detail, &date);
    record::refused(context, &refusal, line, problem::body(refusal.status, refusal.detail).len());
    gate.answer_and_close(&answer, context.site.deadlines.write).await;
}

async fn run(http: &mut http1::Connection<Gate, Exchange>, context: &Context) -> End {
    let limits = &context.site.deadlines;
    let progress = &context.progress;
    let mut timer = pin!(sleep_until(progress.opened.after(limits.header).instant().into()));
    let mut change = pin!(context.lifecycle.change());
    std::future::poll_fn(|cx| {
        // Registered once, at the first poll; the phase itself is looked at in each.
        if change.as_mut().poll(cx).is_ready() {
            change.set(context.lifecycle.change());
            let _ = change.as_mut().poll(cx);
        }
        loop {
            if Pin::new(&mut *http).poll(cx).is_ready() {
                return Poll::Ready(End::Done);
            }
            if progress.refused.is_up() && progress.busy_since.get().is_none() {
                return Poll::Ready(End::Refused);
            }
            let expiry = ready!(poll_deadline(timer.as_mut(), context, cx));
            match expiry {
                Expiry::Idle => return Poll::Ready(End::Idle),
                Expiry::Header => return Poll::Ready(End::Refused),
                Expiry::Write => return Poll::Ready(End::Cut),
                Expiry::Body | Expiry::Request if progress.responding.is_up() => {
                    return Poll::Ready(End::Cut);
                }
                Expiry::Body => progress.set_fault(Fault::SlowBody),
                Expiry::Request if progress.body_since.get().is_some() => {
                    progress.set_fault(Fault::SlowBody);
                }
                Expiry::Request => progress.set_fault(Fault::SlowAnswer),
            }
            // The exchange finds the fault when hyper polls it again.
            progress.overdue_since.start();
        }
    })
    .await
}

/// Ready when a deadline has passed. The timer may be early, since it is not moved back when a deadline is.
fn poll_deadline(
    mut timer: Pin<&mut Sleep>,
    context: &Context,
    cx: &mut std::task::Context<'_>,
) -> Poll<Expiry> {
    let draining = if context.lifecycle.phase() >= Phase::Draining {
        context.lifecycle.draining_since()
    } else {
        None
    };
    loop {
        let (at, expiry) = deadline::next(&context.progress, &context.site.deadlines, draining);
        let instant = at.instant().into();
        if timer.deadline() > instant {
            timer.as_mut().reset(instant);
        }
        ready!(timer.as_mut().poll(cx));
        if Tick::now() >= at {
            return Poll::Ready(expiry);
        }
        timer.as_mut().reset(instant);
    }
}
