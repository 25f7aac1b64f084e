//! Carries a plan out: each step begins when what it needs is ready, as wide as the graph allows.
//!
//! Every step can be repeated: by a client token where AWS takes one, by a name that only one resource can have, or by looking
//! first. That is the kinds' matter; the graph knows only what comes before what.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use skyward_aws::Class;
use skyward_terminal::event::{Done, Failed, Progress};
use tokio::sync::Notify;

use crate::caller::CallError;
use crate::event::{self, Event, Sink};
use crate::plan::Plan;
pub use crate::resource::Settings;
use crate::resource::{Action, Execution, Step, StepContext};
use crate::stack::Id;
use crate::timeline::Span;

/// The result of a run of steps.
#[derive(Debug, Default)]
pub struct Report {
    /// The time that each step took.
    pub spans: Vec<Span>,
    /// The steps that were not done.
    pub failures: Vec<Failure>,
}

/// A step that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The resource.
    pub id: Id,
    /// The reason.
    pub error: CallError,
    /// It did not begin, because another had failed; or it failed for the credentials that another had failed for.
    pub is_skipped: bool,
}

/// The progress of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Waiting,
    /// The resource exists and is not ready.
    Made,
    Done,
    Failed,
}

/// The progress of a step, for those that wait for it. Tokio's own `watch` wakes them in a random order.
struct Signal {
    stage: Cell<Stage>,
    changed: Notify,
}

impl Signal {
    fn set(&self, stage: Stage) {
        self.stage.set(stage);
        self.changed.notify_waiters();
    }

    async fn reached(&self, enough: Stage) -> Stage {
        loop {
            let changed = self.changed.notified();
            if self.stage.get() >= enough {
                return self.stage.get();
            }
            changed.await;
        }
    }
}

struct Graph<'a> {
    run: &'a Execution<'a>,
    sink: &'a dyn Sink,
    plan: &'a Plan,
    critical: BTreeSet<usize>,
    stages: Vec<Signal>,
    report: RefCell<Report>,
    /// The span of each step, for the critical path.
    spans: RefCell<Vec<Option<usize>>>,
    /// A call was refused for its credentials, and so will be all others.
    has_no_credentials: Cell<bool>,
}

/// Carries out all steps of a plan that can be.
pub(crate) async fn execute(run: &Execution<'_>, plan: &Plan, sink: &dyn Sink) -> Report {
    let waiting = || Signal { stage: Cell::new(Stage::Waiting), changed: Notify::new() };
    let critical = plan.critical();
    for (index, step) in plan.steps.iter().enumerate() {
        sink.emit(Event::Planned(event::step(step, critical.contains(&index))));
    }
    let graph = Graph {
        run,
        sink,
        plan,
        critical,
        stages: plan.steps.iter().map(|_| waiting()).collect(),
        report: RefCell::default(),
        spans: RefCell::new(vec![None; plan.steps.len()]),
        has_no_credentials: Cell::new(false),
    };
    join_all((0..plan.steps.len()).map(|index| graph.step(index))).await;
    let spans = graph.spans.into_inner();
    let mut report = graph.report.into_inner();
    let skipped = report.failures.iter().filter(|one| one.is_skipped);
    let skipped = skipped.filter(|one| one.error != CallError::Interrupted);
    let skipped: Vec<&str> = skipped.map(|one| one.id.as_str()).collect();
    if !skipped.is_empty() {
        sink.emit(Event::note(format!("not done because of that: {}", skipped.join(", "))));
    }
    mark_critical(&plan.steps, &spans, &mut report.spans);
    report
}

impl Graph<'_> {
    async fn step(&self, index: usize) {
        let step = &self.plan.steps[index];
        let stage = if let Some(error) = self.wait(step).await {
            self.fail(step, error, true);
            Stage::Failed
        } else {
            self.carry_out(index, step).await
        };
        self.stages[index].set(stage);
    }

    /// Waits for the steps before; the reason where one of them is not done.
    async fn wait(&self, step: &Step) -> Option<CallError> {
        for before in &step.after {
            let needed = &self.plan.steps[*before];
            let enough = if step.begins_early(needed) { Stage::Made } else { Stage::Done };
            if self.stages[*before].reached(enough).await == Stage::Failed {
                let reason = format!("{} is not done", needed.id);
                let is_asked = self.run.caller.interrupt().is_raised();
                return Some(if is_asked {
                    CallError::Interrupted
                } else {
                    CallError::Failed(reason)
                });
            }
        }
        if self.run.caller.interrupt().is_raised() {
            return Some(CallError::Interrupted);
        }
        let why = || CallError::Failed("the credentials are refused".into());
        self.has_no_credentials.get().then(why)
    }

    async fn carry_out(&self, index: usize, step: &Step) -> Stage {
        let (run, stage) = (self.run, &self.stages[index]);
        let change = self.plan.changes.iter().find(|change| {
            change.id == step.id
                && (step.action != Action::Delete || change.physical == step.physical)
        });
        let differences = change.map(|change| change.differences.as_slice()).unwrap_or_default();
        let made = || stage.set(Stage::Made);
        self.sink.emit(Event::Started(event::step(step, self.critical.contains(&index))));
        let started = run.elapsed();
        let report = |step: &Step, state: &str, elapsed: Duration, usual: Duration| {
            self.sink.emit(Event::Progress(Progress {
                object: step.id.to_string(),
                action: step.action.to_string(),
                state: state.to_owned(),
                elapsed_s: Some(elapsed.as_secs_f64()),
                remaining_s: Some(usual.saturating_sub(elapsed).as_secs_f64()),
                ..Progress::default()
            }));
        };
        let context = StepContext::new(run, step, differences, &made, &report);
        let result = if step.action == Action::Delete {
            delete(&context).await
        } else {
            let resource = run.topology.get(&step.id);
            resource
                .expect("what is created is in the topology")
                .spec
                .inner()
                .ensure(&context)
                .await
        };
        let ended = run.elapsed();
        match result {
            Ok(()) => {
                self.done(index, step, started, ended);
                Stage::Done
            }
            Err(error) => {
                let is_about_all = error.class() == Some(Class::Credentials);
                let is_told = is_about_all && self.has_no_credentials.replace(true);
                self.fail(step, error, is_told);
                Stage::Failed
            }
        }
    }

    /// Keeps the time of a step that is done; what was interrupted or failed is not among the steps of a run.
    fn done(&self, index: usize, step: &Step, started: Duration, ended: Duration) {
        let mut report = self.report.borrow_mut();
        self.spans.borrow_mut()[index] = Some(report.spans.len());
        report.spans.push(Span {
            id: step.id.clone(),
            kind: step.kind,
            action: step.action.to_string(),
            started,
            ended,
            is_critical: false,
        });
        drop(report);
        self.sink.emit(Event::Done(Done {
            object: step.id.to_string(),
            action: step.action.to_string(),
            outcome: Some(event::outcome(step.action).to_owned()),
            seconds: Some(ended.saturating_sub(started).as_secs_f64()),
        }));
    }

    fn fail(&self, step: &Step, error: CallError, is_skipped: bool) {
        // What was not begun, or lost its credentials as another did before, is told in one line at the end.
        if error != CallError::Interrupted && !is_skipped {
            self.sink.emit(Event::Failed(Failed {
                object: step.id.to_string(),
                action: step.action.to_string(),
                reason: error.to_string(),
                next: Some(error.next_step()),
            }));
        }
        let id = step.id.clone();
        self.report.borrow_mut().failures.push(Failure { id, error, is_skipped });
    }
}

/// Deletes what the step names, and waits until it is gone.
async fn delete(step: &StepContext<'_>) -> Result<(), CallError> {
    (step.planned.kind.functions().delete)(step, step.replaced()).await?;
    let kept = step.run.observed.found.get(step.id());
    if kept.is_some_and(|found| Some(&found.physical) == step.planned.physical.as_ref()) {
        step.run.forget(step.id());
    }
    Ok(())
}

/// Marks the steps that the run as a whole waited for: the last that ended, what that waited for last, and so on.
fn mark_critical(steps: &[Step], index: &[Option<usize>], spans: &mut [Span]) {
    let ended = |step: &usize| index[*step].map(|span| spans[span].ended);
    let mut path = BTreeSet::new();
    let mut at = (0..steps.len()).filter(|step| index[*step].is_some()).max_by_key(ended);
    while let Some(step) = at.filter(|step| path.insert(*step)) {
        at = steps[step]
            .after
            .iter()
            .copied()
            .filter(|before| index[*before].is_some() && !steps[step].begins_early(&steps[*before]))
            .max_by_key(ended);
    }
    for step in path {
        if let Some(span) = index[step] {
            spans[span].is_critical = true;
        }
    }
}
