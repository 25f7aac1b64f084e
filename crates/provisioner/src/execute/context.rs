use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::batch::Batch;
use crate::caller::{Caller, Fault};
use crate::estimate::{Estimate, estimate};
use crate::event::{Event, Sink};
use crate::observe::Observed;
use crate::plan::{Action, Difference, Step};
use crate::topology::{Id, Names, STACK_TAG, Spec, Topology};
use skyward_aws::model::{NatGateway, Subnet, Tags, VpcEndpoint};
use skyward_aws::{DescribeNatGateways, DescribeSubnets, DescribeVpcEndpoints, Select};

/// What a run can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How long after a creation everyone who looks sees it: the answers of AWS are a few seconds old at times.
    pub settle: Duration,
    /// Where the jitter of retries comes from.
    pub seed: u64,
    /// The time, for the name of a snapshot.
    pub now: Timestamp,
    /// Deleting the database leaves a snapshot of it.
    pub has_final_snapshot: bool,
    /// A database or bucket may be deleted where that is the only way.
    pub may_replace: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(8),
            seed: 0,
            now: Timestamp::UNIX_EPOCH,
            has_final_snapshot: false,
            may_replace: false,
        }
    }
}

/// What the steps of a run share.
pub(crate) struct Run<'a> {
    pub(super) caller: &'a Caller<'a>,
    pub(super) topology: &'a Topology,
    pub(super) names: &'a Names,
    pub(super) observed: &'a Observed,
    pub(super) settings: &'a Settings,
    pub(super) sink: &'a dyn Sink,
    /// AWS's ids of what is there.
    ids: RefCell<BTreeMap<Id, String>>,
    begun: Instant,
    nats: Batch<NatGateway>,
    subnets: Batch<Subnet>,
    endpoints: Batch<VpcEndpoint>,
    /// Something was found that someone else made meanwhile: how it is set is not known.
    has_adopted: Cell<bool>,
    /// The launch template's version that this run made.
    newest: Cell<Option<i64>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        caller: &'a Caller<'a>,
        (topology, names): (&'a Topology, &'a Names),
        observed: &'a Observed,
        settings: &'a Settings,
        sink: &'a dyn Sink,
        begun: Instant,
    ) -> Self {
        let known = observed.found.values();
        let ids = known.map(|found| (found.id.clone(), found.physical.clone())).collect();
        Self {
            caller,
            topology,
            names,
            observed,
            settings,
            sink,
            ids: RefCell::new(ids),
            begun,
            nats: Batch::default(),
            subnets: Batch::default(),
            endpoints: Batch::default(),
            has_adopted: Cell::new(false),
            newest: Cell::new(None),
        }
    }

    /// Since the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// AWS's id of a resource that this step needs.
    pub(super) fn physical(&self, id: &Id) -> Result<String, Fault> {
        let ids = self.ids.borrow();
        ids.get(id).cloned().ok_or_else(|| Fault::Failed(format!("{id} is not there")))
    }

    /// AWS's ids of several.
    pub(super) fn physicals(&self, ids: &BTreeSet<Id>) -> Result<BTreeSet<String>, Fault> {
        ids.iter().map(|id| self.physical(id)).collect()
    }

    /// From now on the resource is this one.
    pub(super) fn remember(&self, id: &Id, physical: &str) {
        self.ids.borrow_mut().insert(id.clone(), physical.to_owned());
    }

    /// The resource is there no more.
    pub(super) fn forget(&self, id: &Id) {
        self.ids.borrow_mut().remove(id);
    }

    /// What is there and was not made by this run may be set otherwise.
    pub(super) fn adopted(&self) {
        self.has_adopted.set(true);
    }

    /// Whether another look is needed to know that all is as it should be.
    pub(crate) fn has_adopted(&self) -> bool {
        self.has_adopted.get()
    }

    /// The version that this run made of the launch template.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest.get()
    }

    /// This run has made a version of the launch template.
    pub(super) fn set_newest(&self, version: i64) {
        self.newest.set(Some(version));
    }

    /// Those of this stack.
    pub(super) fn select(&self) -> Select {
        Select::Stack(self.topology.stack.clone())
    }

    /// Whether these tags are the stack's.
    pub(super) fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(STACK_TAG).is_some_and(|stack| *stack == self.topology.stack)
    }

    /// All NAT gateways of the stack.
    pub(super) async fn nats(&self) -> Result<std::rc::Rc<Vec<NatGateway>>, Fault> {
        let call = DescribeNatGateways { select: self.select(), page: None };
        self.nats.now(self.caller.list(call)).await
    }

    /// All subnets of the stack.
    pub(super) async fn subnets(&self) -> Result<std::rc::Rc<Vec<Subnet>>, Fault> {
        let call = DescribeSubnets { select: self.select(), page: None };
        self.subnets.now(self.caller.list(call)).await
    }

    /// All endpoints of the stack.
    pub(super) async fn endpoints(&self) -> Result<std::rc::Rc<Vec<VpcEndpoint>>, Fault> {
        let call = DescribeVpcEndpoints { select: self.select(), page: None };
        self.endpoints.now(self.caller.list(call)).await
    }
}

/// One step under way.
pub(super) struct At<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) step: &'a Step,
    /// The fields that differ.
    pub(super) differences: &'a [Difference],
    pub(super) begun: Instant,
    pub(super) made: &'a dyn Fn(),
    told: RefCell<Option<(String, Instant)>>,
    /// Since when it is AWS that is waited for. Before, the step may have stood in line for its calls.
    waiting: Cell<Option<Instant>>,
}

impl<'a> At<'a> {
    pub(super) fn new(
        run: &'a Run<'a>,
        step: &'a Step,
        differences: &'a [Difference],
        made: &'a dyn Fn(),
    ) -> Self {
        Self {
            run,
            step,
            differences,
            begun: Instant::now(),
            made,
            told: RefCell::new(None),
            waiting: Cell::new(None),
        }
    }

    pub(super) fn id(&self) -> &'a Id {
        &self.step.id
    }

    /// What the resource is to be.
    pub(super) fn spec(&self) -> &'a Spec {
        let resource = self.run.topology.get(&self.step.id);
        &resource.expect("what is made is in the topology").spec
    }

    pub(super) fn tags(&self) -> Tags {
        self.run.topology.tags_of(&self.step.id)
    }

    /// AWS's id, where it is there and stays.
    pub(super) fn existing(&self) -> Option<String> {
        if self.step.action == Action::Create { None } else { self.step.physical.clone() }
    }

    /// Whether this field differs, or any whose name begins so.
    pub(super) fn differs(&self, field: &str) -> bool {
        self.differences.iter().any(|one| one.field.starts_with(field))
    }

    pub(super) fn estimate(&self) -> Estimate {
        estimate(self.step.kind, self.step.action)
    }

    /// Tells what AWS says of the resource, where it is news.
    pub(super) fn progress(&self, state: &str) {
        let mut told = self.told.borrow_mut();
        let is_news = told
            .as_ref()
            .is_none_or(|(last, when)| last != state || when.elapsed() >= Duration::from_secs(30));
        if !is_news {
            return;
        }
        *told = Some((state.to_owned(), Instant::now()));
        self.run.sink.emit(Event::Progress {
            id: self.step.id.clone(),
            state: state.to_owned(),
            elapsed_s: self.begun.elapsed().as_secs_f64(),
            expected_s: self.estimate().usual.as_secs_f64(),
        });
    }

    /// Waits until it is time for another look, and gives up where it has taken too long.
    pub(super) async fn pause(&self, state: &str) -> Result<(), Fault> {
        self.progress(state);
        let waiting = self.waiting.get().unwrap_or_else(Instant::now);
        self.waiting.set(Some(waiting));
        let elapsed = waiting.elapsed();
        let limit = self.estimate().limit;
        if elapsed > limit {
            let (id, minutes) = (&self.step.id, limit.as_secs() / 60);
            return Err(Fault::Failed(format!("{id} is {state} after {minutes} minutes")));
        }
        // On the run's full seconds: all who wait look together.
        let target = self.run.elapsed() + self.estimate().pause(elapsed);
        let target = Duration::from_secs(target.as_millis().div_ceil(1000).try_into().unwrap_or(0));
        self.run.caller.sleep(target.saturating_sub(self.run.elapsed())).await
    }
}
