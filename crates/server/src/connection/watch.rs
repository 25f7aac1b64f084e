//! Wakes a connection's task when a deadline passes or the process begins to end.
//!
//! There is one timer for all deadlines, and it is moved only to an earlier time; it and the wait for the end
//! are polled only when they have to be registered. A request that is answered at once costs neither: hyper's
//! own header timeout would move its timer with every request, and a [`Notify`](tokio::sync::Notify) that is
//! polled takes a lock that all workers share.

use super::deadline::{self, Expiry};
use crate::clock::Tick;
use crate::endpoint::ConnectionContext as Connection;
use crate::lifecycle::Phase;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Sleep, sleep_until};

pin_project! {
    /// The watch over one connection. It must always be polled by the same task.
    pub(super) struct Watch<'a> {
        connection: &'a Connection,
        #[pin]
        timer: Sleep,
        // When it goes off, and whether it knows whom to wake.
        timer_at: Tick,
        timer_registered: bool,
        #[pin]
        change: OwnedNotified,
        // The phase that the registered change will end.
        phase: Option<Phase>,
    }
}

impl<'a> Watch<'a> {
    /// A watch over `connection`.
    pub(super) fn new(connection: &'a Connection) -> Self {
        let first = connection.progress.opened.after(connection.endpoint.deadlines.header);
        Self {
            connection,
            timer: sleep_until(first.instant().into()),
            timer_at: first,
            timer_registered: false,
            change: connection.lifecycle.change(),
            phase: None,
        }
    }

    /// Ready when a deadline has passed.
    pub(super) fn poll_expiry(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Expiry> {
        let mut this = self.project();
        let connection = *this.connection;
        let lifecycle = &connection.lifecycle;
        while *this.phase != Some(lifecycle.phase()) {
            this.change.set(lifecycle.change());
            // Looked at before the wait begins to count, so that a change in between is found by the loop.
            let phase = lifecycle.phase();
            if this.change.as_mut().poll(cx).is_pending() {
                *this.phase = Some(phase);
            }
        }
        let draining =
            if *this.phase >= Some(Phase::Draining) { lifecycle.draining_since() } else { None };
        connection.progress.note_moves();
        loop {
            let next =
                deadline::next(&connection.progress, &connection.endpoint.deadlines, draining);
            // Without a deadline the timer may go off, but never says that something is over.
            let (at, expiry) = next.unwrap_or((Tick(u64::MAX), Expiry::Idle));
            let is_early = this.timer.is_elapsed();
            if is_early && Tick::now() >= at {
                return Poll::Ready(expiry);
            }
            if is_early && next.is_none() {
                return Poll::Pending;
            }
            if is_early || *this.timer_at > at {
                this.timer.as_mut().reset(at.instant().into());
                *this.timer_at = at;
                *this.timer_registered = false;
            }
            if *this.timer_registered {
                return Poll::Pending;
            }
            *this.timer_registered = true;
            if this.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
