use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio::sync::Notify;

use super::context::{At, Run};
use super::{bucket, database, delete, edge, groups, identity, instances, network, routes, ways};
use crate::caller::Fault;
use crate::estimate::estimate;
use crate::event::Event;
use crate::plan::{Action, Plan, Step};
use crate::timeline::Span;
use crate::topology::{Id, Spec};

/// What a run of steps came to.
#[derive(Debug, Default)]
pub struct Report {
    /// What took when.
    pub spans: Vec<Span>,
    /// What was not done.
    pub failures: Vec<Failure>,
}

/// A step that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of which resource.
    pub id: Id,
    /// Why not.
    pub fault: Fault,
    /// It was not even begun.
    pub is_skipped: bool,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Waiting,
    /// The resource exists, and is not ready.
    Made,
    Done,
    Failed,
}

/// How far a step is, for those that wait for it. Tokio's own `watch` wakes them in a random order.
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
    run: &'a Run<'a>,
    plan: &'a Plan,
    critical: BTreeSet<usize>,
    stages: Vec<Signal>,
    report: RefCell<Report>,
    /// Which span a step was, for the critical path.
    spans: RefCell<Vec<Option<usize>>>,
}

/// Carries out all steps of a plan that can be.
pub(crate) async fn execute(run: &Run<'_>, plan: &Plan) -> Report {
    let waiting = || Signal { stage: Cell::new(Stage::Waiting), changed: Notify::new() };
    let graph = Graph {
        run,
        plan,
        critical: plan.critical(),
        stages: plan.steps.iter().map(|_| waiting()).collect(),
        report: RefCell::default(),
        spans: RefCell::new(vec![None; plan.steps.len()]),
    };
    join_all((0..plan.steps.len()).map(|index| graph.step(index))).await;
    let spans = graph.spans.into_inner();
    let mut report = graph.report.into_inner();
    mark_critical(&plan.steps, &spans, &mut report.spans);
    report
}

impl Graph<'_> {
    async fn step(&self, index: usize) {
        let step = &self.plan.steps[index];
        let stage = if let Some(fault) = self.wait(step).await {
            self.fail(step, fault, true);
            Stage::Failed
        } else {
            self.carry_out(index, step).await
        };
        self.stages[index].set(stage);
    }

    /// Waits for what must be done before; the reason where that is not done.
    async fn wait(&self, step: &Step) -> Option<Fault> {
        for before in &step.after {
            let needed = &self.plan.steps[*before];
            let enough = if step.begins_early(needed) { Stage::Made } else { Stage::Done };
            if self.stages[*before].reached(enough).await == Stage::Failed {
                let reason = format!("{} is not done", needed.id);
                let is_asked = self.run.caller.interrupt().is_raised();
                return Some(if is_asked { Fault::Interrupted } else { Fault::Failed(reason) });
            }
        }
        self.run.caller.interrupt().is_raised().then_some(Fault::Interrupted)
    }

    async fn carry_out(&self, index: usize, step: &Step) -> Stage {
        let (run, stage) = (self.run, &self.stages[index]);
        let change = self.plan.changes.iter().find(|change| {
            change.id == step.id
                && (step.action != Action::Delete || change.physical == step.physical)
        });
        let differences = change.map(|change| change.differences.as_slice()).unwrap_or_default();
        let made = || stage.set(Stage::Made);
        run.sink.emit(Event::Started {
            id: step.id.clone(),
            kind: step.kind,
            action: step.action,
            expected_s: estimate(step.kind, step.action).usual.as_secs_f64(),
            is_critical: self.critical.contains(&index),
        });
        let started = run.elapsed();
        let at = At::new(run, step, differences, &made);
        let result = if step.action == Action::Delete {
            delete::delete(&at).await
        } else {
            ensure(&at).await
        };
        let ended = run.elapsed();
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
        match result {
            Ok(()) => {
                let seconds = ended.saturating_sub(started).as_secs_f64();
                let (id, action) = (step.id.clone(), step.action);
                run.sink.emit(Event::Done { id, action, seconds });
                Stage::Done
            }
            Err(fault) => {
                self.fail(step, fault, false);
                Stage::Failed
            }
        }
    }

    fn fail(&self, step: &Step, fault: Fault, is_skipped: bool) {
        if fault != Fault::Interrupted {
            self.run.sink.emit(Event::Failed {
                id: step.id.clone(),
                action: step.action,
                reason: fault.to_string(),
                next: if is_skipped { "see above".into() } else { fault.next_step() },
            });
        }
        let id = step.id.clone();
        self.report.borrow_mut().failures.push(Failure { id, fault, is_skipped });
    }
}

/// Makes a resource, or changes it, and waits until it is ready.
async fn ensure(at: &At<'_>) -> Result<(), Fault> {
    match at.spec() {
        Spec::Vpc(spec) => network::vpc(at, spec).await,
        Spec::DefaultSecurityGroup(spec) => groups::default(at, spec).await,
        Spec::Subnet(spec) => network::subnet(at, spec).await,
        Spec::InternetGateway(spec) => ways::internet_gateway(at, spec).await,
        Spec::Address(_) => ways::address(at).await,
        Spec::NatGateway(spec) => ways::nat_gateway(at, spec).await,
        Spec::RouteTable(spec) => routes::table(at, spec).await,
        Spec::Route(spec) => routes::route(at, spec).await,
        Spec::SecurityGroup(spec) => groups::group(at, spec).await,
        Spec::SecurityGroupRules(spec) => groups::rules(at, spec).await,
        Spec::VpcEndpoint(spec) => routes::endpoint(at, spec).await,
        Spec::FlowLog(spec) => network::flow_log(at, spec).await,
        Spec::LoadBalancer(spec) => edge::load_balancer(at, spec).await,
        Spec::TargetGroup(spec) => edge::target_group(at, spec).await,
        Spec::Listener(spec) => edge::listener(at, spec).await,
        Spec::Role(spec) => identity::role(at, spec).await,
        Spec::InstanceProfile(spec) => identity::profile(at, spec).await,
        Spec::LaunchTemplate(spec) => instances::template(at, spec).await,
        Spec::AutoScalingGroup(spec) => instances::group(at, spec).await,
        Spec::ScalingPolicy(spec) => instances::policy(at, spec).await,
        Spec::DbSubnetGroup(spec) => database::subnet_group(at, spec).await,
        Spec::DbCluster(spec) => database::cluster(at, spec).await,
        Spec::Bucket(spec) => bucket::bucket(at, spec).await,
    }
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
