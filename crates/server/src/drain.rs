//! The end: from the first signal to the last answer.

use crate::app::Once;
use crate::clock::Seconds;
use crate::diagnostics::Diagnostics;
use crate::endpoint::Endpoint;
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::Metrics;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

/// A request to end the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
}

impl Stop {
    /// The signal's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// The exit code of a process that the signal has ended: 128 and its number.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
        }
    }
}

/// The result of a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Requests that were answered after the first stop.
    pub answered: u64,
    /// Requests that were still under way at the cap, and upgraded connections that were open; they were cut.
    pub cut: u64,
}

/// The end of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// After a drain.
    Drained(Drained),
    /// At once, by a second stop.
    Forced(Stop),
}

/// The most that is kept of the cap for what the application does after its last request.
const MOST_RESERVED: Duration = Duration::from_secs(1);
/// Time for the lines of what was cut to be written.
const CUTTING: Duration = Duration::from_millis(200);

/// All that a drain works with.
pub(crate) struct Drain {
    /// Time to keep accepting.
    pub(crate) delay: Duration,
    /// Time after which the server ends at the latest; both count from the first stop.
    pub(crate) cap: Duration,
    /// The phases to go through.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// The requests and connections under way.
    pub(crate) metrics: Arc<Metrics>,
    /// The connections that are upgraded.
    pub(crate) endpoint: Arc<Endpoint>,
    /// The lines that tell of it.
    pub(crate) diagnostics: Diagnostics,
    /// The application's hooks.
    pub(crate) before: Vec<Once>,
    /// The application's hooks.
    pub(crate) after: Vec<Once>,
    /// The application's tasks, by their names.
    pub(crate) background: Vec<(String, JoinHandle<()>)>,
}

impl Drain {
    /// Waits for the first stop, then drains; `accepting` ends once the listener is closed.
    pub(crate) async fn run(
        self,
        stops: &mut UnboundedReceiver<Stop>,
        accepting: JoinHandle<()>,
    ) -> Outcome {
        // The server itself holds a sender while this runs.
        let Some(first) = stops.recv().await else { return Outcome::Forced(Stop::Terminate) };
        tokio::select! {
            biased;
            Some(second) = stops.recv() => Outcome::Forced(second),
            drained = self.drain(first, accepting) => Outcome::Drained(drained),
        }
    }

    async fn drain(self, first: Stop, accepting: JoinHandle<()>) -> Drained {
        let (start, before) = (Instant::now(), self.metrics.answered());
        self.diagnostics.info(&format!(
            "{}: draining; accepting for {:.1} s more, ending within {:.1} s",
            first.name(),
            Seconds(self.delay),
            Seconds(self.cap)
        ));
        let has_more = !self.after.is_empty() || !self.background.is_empty();
        let reserved = if has_more { (self.cap / 4).min(MOST_RESERVED) } else { Duration::ZERO };
        let (last_request, end) = (start + self.cap - reserved, start + self.cap);
        self.lifecycle.enter(Phase::Leaving);
        let hooks = join_all("before_drain", self.before, last_request, &self.diagnostics);
        tokio::join!(hooks, sleep(self.delay));
        self.lifecycle.enter(Phase::Draining);
        let _ = timeout_at(last_request, async {
            let _ = accepting.await;
            while self.metrics.open_connections.load(Relaxed) > 0 {
                self.lifecycle.closed().await;
            }
        })
        .await;
        let upgraded = u64::try_from(self.endpoint.upgraded.load(Relaxed)).unwrap_or(0);
        let cut = self.metrics.active() + upgraded;
        let answered = self.metrics.answered() - before;
        self.lifecycle.enter(Phase::Finishing);
        if cut > 0 {
            let _ = timeout_at(Instant::now() + CUTTING, async {
                while self.metrics.active() > 0 {
                    self.lifecycle.closed().await;
                }
            })
            .await;
        }
        join_all("after_drain", self.after, end, &self.diagnostics).await;
        for (name, task) in self.background {
            if timeout_at(end, task).await.is_err() {
                self.diagnostics
                    .warning(&format!("The background task {name} did not end in time; it is cut"));
            }
        }
        let seconds = Seconds(start.elapsed());
        self.diagnostics
            .info(&format!("Drained in {seconds:.1} s: {answered} answered, {cut} cut"));
        Drained { answered, cut }
    }
}

/// Runs `hooks` one after the other, until `end` at the latest.
async fn join_all(name: &str, hooks: Vec<Once>, end: Instant, diagnostics: &Diagnostics) {
    for hook in hooks {
        // On a task of its own, so that a panic ends nothing else.
        let mut task = tokio::spawn(hook());
        if timeout_at(end, &mut task).await.is_err() {
            task.abort();
            diagnostics.warning(&format!("A hook, {name}, did not end in time; it is cut"));
        }
    }
}

/// Sends a stop for each SIGTERM and SIGINT. To be called inside a runtime.
///
/// # Errors
/// When the system refuses the handlers.
pub(crate) fn forward_signals(stop: &UnboundedSender<Stop>) -> io::Result<()> {
    for (kind, what) in
        [(SignalKind::terminate(), Stop::Terminate), (SignalKind::interrupt(), Stop::Interrupt)]
    {
        let mut signals = signal(kind)?;
        let stop = stop.clone();
        tokio::spawn(
            async move { while signals.recv().await.is_some() && stop.send(what).is_ok() {} },
        );
    }
    Ok(())
}
