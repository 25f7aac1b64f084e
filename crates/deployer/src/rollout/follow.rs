//! Follows a rollout: watches, decides at every change and tick, and collects the evidence of a failure.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::watcher;
use tokio::time::Instant;

use super::decide::{Verdict, decide, timed_out};
use super::evidence::collect;
use super::page::innermost;
use super::watch::{News, Source, Store, Watches, watches};
use super::{Outcome, Snapshot, Target};
use crate::cluster::{CallError, Cluster, Reason, Verb};
use crate::event::{Event, Sink};

/// How often it is decided without news: some troubles fail by time alone.
const TICK: Duration = Duration::from_millis(500);

/// After so long without a word all watches are started anew: a connection may be dead without being closed, and a list may
/// hang, which the client bounds by nothing.
const QUIET: Duration = Duration::from_secs(30);

/// Follows the rollout until it is done, has failed or `deadline` has passed; says what it waits for whenever that changes.
///
/// Watches that end, a resource version that is too old (410) and an API server that is away for a while are survived. The
/// evidence of a failure is in the answer: the failing pod may be gone soon after.
///
/// # Errors
/// We may not look (401, 403), or the API server does not answer when the deadline passes.
pub async fn follow(
    cluster: &Cluster,
    target: &Target,
    deadline: Duration,
    sink: &mut dyn Sink,
) -> Result<Outcome, CallError> {
    let begun = Instant::now();
    let mut follower = Follower::new(cluster, target, begun + deadline);
    let verdict = loop {
        if let Some(verdict) = follower.verdict() {
            match verdict {
                Verdict::Waiting(state) => follower.tell(state, sink),
                verdict => break verdict,
            }
        }
        if Instant::now() >= follower.end {
            break follower.at_the_end(deadline)?;
        }
        follower.hear(sink).await?;
    };
    match verdict {
        Verdict::Failed(mut failure) => {
            collect(cluster, target, &follower.seen, &mut failure).await;
            Ok(Outcome::Failed(failure))
        }
        Verdict::Done(replicas) => {
            let state = match replicas {
                1 => "1 pod runs the new revision and is available".to_owned(),
                _ => format!("{replicas} pods run the new revision and are available"),
            };
            let seconds = begun.elapsed().as_secs_f64();
            sink.emit(Event::Ready { on: target.to_string(), state, seconds });
            Ok(Outcome::Ready { replicas })
        }
        Verdict::Waiting(_) => unreachable!("the loop goes on while it waits"),
    }
}

/// A rollout that is being followed.
struct Follower<'c> {
    cluster: &'c Cluster,
    target: &'c Target,
    end: Instant,
    watches: Watches,
    store: Store,
    seen: Snapshot,
    /// When the API server was heard last.
    heard: Instant,
    /// Why it is not heard, since the last error of a watch that we need.
    lost: Option<String>,
    told: String,
}

impl<'c> Follower<'c> {
    fn new(cluster: &'c Cluster, target: &'c Target, end: Instant) -> Self {
        Self {
            cluster,
            target,
            end,
            watches: watches(&cluster.client(), target),
            store: Store::default(),
            seen: Snapshot::default(),
            heard: Instant::now(),
            lost: None,
            told: String::new(),
        }
    }

    /// What is decided now; nothing while what is known is not current.
    fn verdict(&mut self) -> Option<Verdict> {
        if self.lost.is_some() || !self.store.show(&mut self.seen) {
            return None;
        }
        let now = Timestamp::now();
        self.seen.notice(self.target, now);
        Some(decide(&self.seen, self.target, now))
    }

    /// Waits for news, at most a tick.
    async fn hear(&mut self, sink: &mut dyn Sink) -> Result<(), CallError> {
        let tick = TICK.min(self.end.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(tick, self.watches.next()).await {
            Ok(Some(Ok(news))) => self.take(news),
            Ok(Some(Err((source, error)))) => self.missed(source, error, sink).await?,
            Ok(None) | Err(_) => {}
        }
        if self.heard.elapsed() >= QUIET {
            self.watches = watches(&self.cluster.client(), self.target);
            self.heard = Instant::now();
        }
        Ok(())
    }

    fn take(&mut self, news: News) {
        // `Init` comes before the first call is made: it is no sign of life.
        let is_answer = !matches!(
            news,
            News::Deployment(watcher::Event::Init)
                | News::ReplicaSet(watcher::Event::Init)
                | News::Pod(watcher::Event::Init)
                | News::Event(watcher::Event::Init)
        );
        if is_answer {
            self.heard = Instant::now();
            self.lost = None;
        }
        self.store.take(news);
    }

    /// A watch broke; it tries again by itself, unless we may not watch at all.
    async fn missed(
        &mut self,
        source: Source,
        error: watcher::Error,
        sink: &mut dyn Sink,
    ) -> Result<(), CallError> {
        // Events tell why; without them the status still tells what.
        if source == Source::Event {
            return Ok(());
        }
        let status = match &error {
            watcher::Error::InitialListFailed(kube::Error::Api(status))
            | watcher::Error::WatchStartFailed(kube::Error::Api(status))
            | watcher::Error::WatchFailed(kube::Error::Api(status)) => Some(status),
            watcher::Error::WatchError(status) => Some(status),
            _ => None,
        };
        match status {
            Some(status) if matches!(status.code, 401 | 403) => {
                // The cluster's own words for it: such an answer is not asked for again.
                let refuse = || async { Err::<(), _>(kube::Error::Api(status.clone())) };
                let object = format!("{source:?}s in namespace {}", self.target.namespace);
                self.cluster.call(Verb::Watch, &object, refuse).await
            }
            // It is there and says so: the watcher lists anew.
            Some(status) if status.code == 410 => Ok(()),
            _ => {
                let reason = innermost(&error);
                self.tell(format!("the API server does not answer: {reason}"), sink);
                self.lost = Some(reason);
                Ok(())
            }
        }
    }

    /// The deadline has passed.
    fn at_the_end(&mut self, deadline: Duration) -> Result<Verdict, CallError> {
        let known = self.seen.noticed.begun.is_some();
        if self.lost.is_some() || !known {
            let reason = self.lost.take().unwrap_or_else(|| "no answer to a list".to_owned());
            return Err(CallError {
                verb: Verb::Watch,
                object: self.target.to_string(),
                reason: Reason::Unreachable(reason),
                maybe_done: false,
            });
        }
        Ok(timed_out(&self.seen, self.target, deadline))
    }

    /// Tells what is waited for, where that is new.
    fn tell(&mut self, state: String, sink: &mut dyn Sink) {
        if state != self.told {
            self.told.clone_from(&state);
            let remaining_s = self.end.saturating_duration_since(Instant::now()).as_secs();
            sink.emit(Event::Waiting { on: self.target.to_string(), state, remaining_s });
        }
    }
}
