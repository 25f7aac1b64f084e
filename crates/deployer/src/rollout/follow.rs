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
use super::wording::one_line;
use super::{DeploymentRef, Outcome, Snapshot};
use crate::api::{ApiServer, CallError, Reason, Verb};
use crate::event::{self, Sink};

/// The time after which it is decided without news: some troubles fail by time alone.
const TICK: Duration = Duration::from_millis(500);

/// After so long without a word all watches are started again: a connection may be dead without being closed, and a list may
/// hang, which the client bounds by nothing.
const QUIET: Duration = Duration::from_secs(30);

/// The waits before all watches are started again after an error: they double from the first to the last.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// Follows the rollout until it is done, has failed or `deadline` has passed; says what it waits for whenever that changes.
///
/// Watches that end, a resource version that is too old (410) and an API server that is away for a while are survived. The
/// evidence of a failure is in the answer: the failing pod may be gone soon after.
///
/// # Errors
/// We may not look (401, 403), or the API server does not answer when the deadline passes.
pub async fn follow(
    api: &ApiServer,
    target: &DeploymentRef,
    deadline: Duration,
    sink: &Sink<'_>,
) -> Result<Outcome, CallError> {
    let begun = Instant::now();
    let mut follower = Follower::new(api, target, begun + deadline);
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
            collect(api, target, &follower.seen, &mut failure).await;
            Ok(Outcome::Failed(failure))
        }
        Verdict::Done(replicas) => {
            let state = match replicas {
                1 => "1 pod runs the new revision and is available".to_owned(),
                _ => format!("{replicas} pods run the new revision and are available"),
            };
            sink.emit(event::done(target.to_string(), "roll out", state, begun.elapsed()));
            Ok(Outcome::Ready { replicas })
        }
        Verdict::Waiting(_) => unreachable!("the loop continues while it waits"),
    }
}

/// A rollout that is being followed.
struct Follower<'c> {
    api: &'c ApiServer,
    target: &'c DeploymentRef,
    end: Instant,
    watches: Watches,
    store: Store,
    seen: Snapshot,
    /// When the API server was heard last.
    heard: Instant,
    /// The error of a watch that we need: until all is listed again, what is known may not be current.
    lost: Option<String>,
    /// When all watches are started again. A watch that only resumes gives no sign of life while nothing changes.
    restart: Option<Instant>,
    /// The wait before the next such start.
    pause: Duration,
    told: String,
}

impl<'c> Follower<'c> {
    fn new(api: &'c ApiServer, target: &'c DeploymentRef, end: Instant) -> Self {
        Self {
            api,
            target,
            end,
            watches: watches(&api.client(), target),
            store: Store::default(),
            seen: Snapshot::default(),
            heard: Instant::now(),
            lost: None,
            restart: None,
            pause: PAUSES[0],
            told: String::new(),
        }
    }

    /// The verdict now; none while what is known is not current.
    fn verdict(&mut self) -> Option<Verdict> {
        if self.restart.is_some() || !self.store.show(&mut self.seen) {
            return None;
        }
        self.pause = PAUSES[0];
        let now = Timestamp::now();
        self.seen.observe(self.target, now);
        if self.lost.take().is_some() {
            self.seen.timings.pardoned_since = Some(now);
        }
        Some(decide(&self.seen, self.target, now))
    }

    /// Waits for news, at most a tick.
    async fn hear(&mut self, sink: &Sink<'_>) -> Result<(), CallError> {
        let tick = TICK.min(self.end.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(tick, self.watches.next()).await {
            Ok(Some(Ok(news))) => self.take(news),
            Ok(Some(Err((source, error)))) => self.missed(source, error, sink).await?,
            Ok(None) | Err(_) => {}
        }
        let is_due = self.restart.is_some_and(|restart| restart <= Instant::now());
        if is_due || self.heard.elapsed() >= QUIET {
            self.watches = watches(&self.api.client(), self.target);
            self.store = Store::default();
            self.heard = Instant::now();
            self.restart = None;
        }
        Ok(())
    }

    fn take(&mut self, news: News) {
        // A list begins before the first call is made: that is no sign of life.
        let is_answer = !matches!(
            news,
            News::Deployment(watcher::Event::Init)
                | News::ReplicaSet(watcher::Event::Init)
                | News::Pod(watcher::Event::Init)
                | News::Event(watcher::Event::Init)
        );
        if is_answer {
            self.heard = Instant::now();
        }
        self.store.take(news);
    }

    /// A watch broke; it tries again by itself, unless we may not watch at all.
    async fn missed(
        &mut self,
        source: Source,
        error: watcher::Error,
        sink: &Sink<'_>,
    ) -> Result<(), CallError> {
        // Events tell why; without them the status still tells what.
        if source == Source::Event {
            return Ok(());
        }
        let status = match &error {
            // It says that it lists again by itself.
            watcher::Error::WatchError(status) if status.code == 410 => return Ok(()),
            watcher::Error::WatchError(status)
            | watcher::Error::InitialListFailed(kube::Error::Api(status))
            | watcher::Error::WatchStartFailed(kube::Error::Api(status))
            | watcher::Error::WatchFailed(kube::Error::Api(status)) => Some(status),
            _ => None,
        };
        if let Some(status) = status.filter(|status| matches!(status.code, 401 | 403)) {
            // In the cluster's own words; such an answer is not asked for again.
            let refuse = || async { Err::<(), _>(kube::Error::Api(status.clone())) };
            let object = format!("{source:?}s in namespace {}", self.target.namespace);
            return self.api.call(Verb::Watch, &object, refuse).await;
        }
        let reason = match status {
            Some(status) => {
                format!("the API server answers {}: {}", status.code, one_line(&status.message))
            }
            None => format!("the API server does not answer: {}", innermost(&error)),
        };
        self.tell(reason.clone(), sink);
        self.lost = Some(reason);
        if self.restart.is_none() {
            self.restart = Some(Instant::now() + self.pause);
            self.pause = (self.pause * 2).min(PAUSES[1]);
        }
        Ok(())
    }

    /// The deadline has passed.
    fn at_the_end(&mut self, deadline: Duration) -> Result<Verdict, CallError> {
        let is_known = self.seen.timings.begun.is_some();
        if self.lost.is_some() || !is_known {
            let reason = self.lost.take().unwrap_or_else(|| "no answer to a list".to_owned());
            return Err(CallError {
                verb: Verb::Watch,
                object: self.target.to_string(),
                reason: Reason::Unreachable(reason),
                maybe_done: false,
            });
        }
        Ok(timed_out(&self.seen, self.target, deadline, Timestamp::now()))
    }

    /// Tells what is waited for, where that is new.
    fn tell(&mut self, state: String, sink: &Sink<'_>) {
        if state != self.told {
            self.told.clone_from(&state);
            let left = self.end.saturating_duration_since(Instant::now());
            sink.emit(event::waiting(self.target.to_string(), state, left));
        }
    }
}
