//! One step of a plan under way, and what the steps of a run share.

mod unused;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use skyward_aws::model::Tags;
use skyward_aws::{Call, CreateTags, DeleteTags, Paged, Select};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::found::is_of;
use super::{Action, Difference, Observed, Step, Topology};
use crate::caller::{CallError, Caller};
use crate::estimate::Estimate;
use crate::stack::{Id, Names, RESOURCE_TAG};

/// The delay after which everyone who looks sees what was made: the answers of AWS are a few seconds old at times.
pub(crate) const SETTLE: Duration = Duration::from_secs(8);
/// A state that does not change is reported again after this long.
const REPORT_AGAIN: Duration = Duration::from_secs(30);
/// The pause between looks at what somebody else has made and is not visible yet.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The number of settling times for which what somebody else has made may stay invisible.
const LATE: u32 = 8;

/// The settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The delay after which everyone who looks sees what was made.
    pub settle: Duration,
    /// The seed of the retries' jitter.
    pub seed: u64,
    /// The time, for the name of a snapshot.
    pub now: Timestamp,
    /// Deleting the database leaves a snapshot of it.
    pub has_final_snapshot: bool,
    /// Destroying deletes what the stack's resources have left as well: snapshots, logs, network interfaces.
    pub removes_leftovers: bool,
    /// A database or bucket may be deleted where that is the only way.
    pub may_replace: bool,
    /// The version of the launch template that the instances are to have. None: the newest.
    pub version: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle: SETTLE,
            seed: 0,
            now: Timestamp::UNIX_EPOCH,
            has_final_snapshot: false,
            removes_leftovers: false,
            may_replace: false,
            version: None,
        }
    }
}

/// One look at a list, shared by all who wait for something in it at the same time.
#[derive(Default)]
struct Batch {
    last: RefCell<Option<(Instant, Rc<dyn Any>)>>,
    look: Mutex<()>,
}

impl Batch {
    /// The items of now, by a look that began no earlier than this call.
    async fn now<T: 'static>(
        &self,
        look: impl Future<Output = Result<Vec<T>, CallError>>,
    ) -> Result<Rc<Vec<T>>, CallError> {
        let asked = Instant::now();
        let _one_at_a_time = self.look.lock().await;
        if let Some((begun, items)) = &*self.last.borrow()
            && *begun >= asked
        {
            return Ok(Rc::clone(items).downcast().expect("a call's items have one type"));
        }
        let begun = Instant::now();
        let items = Rc::new(look.await?);
        *self.last.borrow_mut() = Some((begun, Rc::clone(&items) as Rc<dyn Any>));
        Ok(items)
    }
}

/// Takes what AWS says of a resource that is waited for: the step, the state, how long it has taken, how long it usually takes.
pub(crate) type Report<'a> = dyn Fn(&Step, &str, Duration, Duration) + 'a;

/// The state that the steps of a run share.
pub(crate) struct Execution<'a> {
    pub(crate) caller: &'a Caller<'a>,
    pub(crate) topology: &'a Topology,
    pub(crate) names: &'a Names,
    pub(crate) observed: &'a Observed,
    pub(crate) settings: &'a Settings,
    /// AWS's ids of what exists.
    ids: RefCell<BTreeMap<Id, String>>,
    begun: Instant,
    batches: RefCell<BTreeMap<&'static str, Rc<Batch>>>,
    /// Something was found that someone else made meanwhile: how it is set is not known.
    has_adopted: Cell<bool>,
    /// The versions that this run has made of resources that have versions.
    versions: RefCell<BTreeMap<Id, i64>>,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        caller: &'a Caller<'a>,
        (topology, names): (&'a Topology, &'a Names),
        observed: &'a Observed,
        settings: &'a Settings,
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
            ids: RefCell::new(ids),
            begun,
            batches: RefCell::default(),
            has_adopted: Cell::new(false),
            versions: RefCell::default(),
        }
    }

    /// The time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// AWS's id of a resource that a step needs.
    pub(crate) fn physical(&self, id: &Id) -> Result<String, CallError> {
        let ids = self.ids.borrow();
        ids.get(id).cloned().ok_or_else(|| CallError::Failed(format!("{id} does not exist")))
    }

    /// AWS's ids of several.
    pub(crate) fn physicals(&self, ids: &BTreeSet<Id>) -> Result<BTreeSet<String>, CallError> {
        ids.iter().map(|id| self.physical(id)).collect()
    }

    /// From now on the resource is this one.
    pub(crate) fn remember(&self, id: &Id, physical: &str) {
        self.ids.borrow_mut().insert(id.clone(), physical.to_owned());
    }

    /// The resource does not exist any more.
    pub(crate) fn forget(&self, id: &Id) {
        self.ids.borrow_mut().remove(id);
    }

    /// Something that exists was not made by this run, and may be set otherwise.
    pub(crate) fn adopted(&self) {
        self.has_adopted.set(true);
    }

    /// Another look is needed to know that all is as it should be.
    pub(crate) fn has_adopted(&self) -> bool {
        self.has_adopted.get()
    }

    /// The version that this run made of a resource.
    pub(crate) fn version_of(&self, id: &Id) -> Option<i64> {
        self.versions.borrow().get(id).copied()
    }

    /// This run has made a version of a resource.
    pub(crate) fn remember_version(&self, id: &Id, version: i64) {
        self.versions.borrow_mut().insert(id.clone(), version);
    }

    /// The filter for what carries the stack's tag.
    pub(crate) fn of_stack(&self) -> Select {
        Select::Stack(self.topology.stack.clone())
    }

    /// These tags are the stack's.
    pub(crate) fn is_ours(&self, tags: &Tags) -> bool {
        is_of(self.names, tags)
    }

    /// A list of the stack, as it is now. Steps that ask for the same list at the same time share one call.
    pub(crate) async fn all<C: Paged>(&self, call: C) -> Result<Rc<Vec<C::Item>>, CallError>
    where
        C::Item: 'static,
    {
        let name = C::OPERATION.name();
        let batch = Rc::clone(self.batches.borrow_mut().entry(name).or_default());
        batch.now(self.caller.list(call)).await
    }

    /// The first of an answer that is a list, of which there is one at most.
    pub(crate) async fn first<C, T>(&self, call: C) -> Result<Option<T>, CallError>
    where
        C: Call<Output = Vec<T>>,
    {
        Ok(self.caller.find(call).await?.and_then(|found| found.into_iter().next()))
    }
}

/// One step under way.
pub(crate) struct StepContext<'a> {
    pub(crate) run: &'a Execution<'a>,
    pub(crate) planned: &'a Step,
    /// The fields that differ.
    pub(crate) differences: &'a [Difference],
    pub(crate) begun: Instant,
    /// The resource exists: steps that need no more may begin.
    pub(crate) made: &'a dyn Fn(),
    report: &'a Report<'a>,
    reported: RefCell<Option<(String, Instant)>>,
    /// Since when it is AWS that is waited for. Before, the step may have queued for its calls.
    waiting: Cell<Option<Instant>>,
}

impl<'a> StepContext<'a> {
    pub(crate) fn new(
        run: &'a Execution<'a>,
        planned: &'a Step,
        differences: &'a [Difference],
        made: &'a dyn Fn(),
        report: &'a Report<'a>,
    ) -> Self {
        Self {
            run,
            planned,
            differences,
            begun: Instant::now(),
            made,
            report,
            reported: RefCell::new(None),
            waiting: Cell::new(None),
        }
    }

    pub(crate) fn id(&self) -> &'a Id {
        &self.planned.id
    }

    /// The tags that the resource should have.
    pub(crate) fn tags(&self) -> Tags {
        self.run.topology.tags_of(self.id())
    }

    /// AWS's id, where the resource exists and stays.
    pub(crate) fn existing(&self) -> Option<String> {
        if self.planned.action == Action::Create { None } else { self.planned.physical.clone() }
    }

    /// AWS's id of the resource that this one replaces.
    pub(crate) fn replaced(&self) -> &str {
        self.planned.physical.as_deref().unwrap_or_default()
    }

    /// This field differs, or one whose name begins so.
    pub(crate) fn differs(&self, field: &str) -> bool {
        self.differences.iter().any(|one| one.field.starts_with(field))
    }

    /// Something but tags differs.
    pub(crate) fn differs_beside_tags(&self) -> bool {
        self.differences.iter().any(|one| !one.field.starts_with("tags."))
    }

    /// These tags are those of this resource.
    pub(crate) fn is_it(&self, tags: &Tags) -> bool {
        self.run.is_ours(tags) && tags.get(RESOURCE_TAG).is_some_and(|id| id == self.id().as_str())
    }

    pub(crate) fn estimate(&self) -> Estimate {
        self.planned.kind.estimate(self.planned.action)
    }

    /// Reports what AWS says of the resource, where it is news.
    pub(crate) fn progress(&self, state: &str) {
        let mut reported = self.reported.borrow_mut();
        let is_news = reported
            .as_ref()
            .is_none_or(|(last, when)| last != state || when.elapsed() >= REPORT_AGAIN);
        if is_news {
            *reported = Some((state.to_owned(), Instant::now()));
            (self.report)(self.planned, state, self.begun.elapsed(), self.estimate().usual);
        }
    }

    /// Waits until it is time for another look, and gives up where it has taken too long.
    pub(crate) async fn pause(&self, state: &str) -> Result<(), CallError> {
        self.progress(state);
        let waiting = self.waiting.get().unwrap_or_else(Instant::now);
        self.waiting.set(Some(waiting));
        let elapsed = waiting.elapsed();
        let limit = self.estimate().limit;
        if elapsed > limit {
            let (id, minutes) = (self.id(), limit.as_secs() / 60);
            return Err(CallError::Failed(format!("{id} is {state} after {minutes} minutes")));
        }
        // On the run's full seconds: all who wait look together.
        let target = self.run.elapsed() + self.estimate().pause(elapsed);
        let target = Duration::from_secs(target.as_millis().div_ceil(1000).try_into().unwrap_or(0));
        self.run.caller.sleep(target.saturating_sub(self.run.elapsed())).await
    }

    /// The creation succeeded, and nothing of it can be seen.
    pub(crate) fn invisible(&self) -> CallError {
        CallError::Failed(format!("{} was created and cannot be seen", self.id()))
    }

    /// Waits a moment for what someone else made to become visible.
    pub(crate) async fn look_again(&self) -> Result<(), CallError> {
        self.progress("made by someone else, and not visible yet");
        self.run.caller.sleep(LOOK_AGAIN).await
    }

    /// Returns true where what someone else made should have become visible by now.
    pub(crate) fn is_late(&self) -> bool {
        self.begun.elapsed() > self.run.settings.settle * LATE
    }

    /// Adopts what has the name of this resource already: an interrupted run made it, or one that runs at the same time. It
    /// may not be visible yet, nor its tags; one that is seen without them for a while is someone else's.
    pub(crate) async fn adopt<T>(
        &self,
        what: &str,
        name: &str,
        look: impl AsyncFn() -> Result<Option<(T, Tags)>, CallError>,
    ) -> Result<T, CallError> {
        let (begun, settle) = (Instant::now(), self.run.settings.settle);
        loop {
            match look().await? {
                Some((found, tags)) if self.run.is_ours(&tags) => {
                    // What AWS makes with one of our resources is nobody else's.
                    if !self.planned.kind.rules().comes_along {
                        self.run.adopted();
                    }
                    return Ok(found);
                }
                Some(_) if begun.elapsed() > settle => {
                    let has_data = self.planned.kind.rules().data.is_some();
                    let (what, name) = (what.into(), name.into());
                    return Err(CallError::Foreign { what, name, has_data });
                }
                None if begun.elapsed() > settle * 4 => {
                    let reason = format!("the {what} {name} exists and cannot be seen");
                    return Err(CallError::Failed(reason));
                }
                _ => self.look_again().await?,
            }
        }
    }

    /// Sets the tags where they differ.
    pub(crate) async fn update_tags<R: super::Resource>(
        &self,
        physical: &str,
    ) -> Result<(), CallError> {
        if self.differs("tags.") { R::set_tags(self, physical).await } else { Ok(()) }
    }

    /// Sets its tags by the call that `set` makes of them, and takes away those that it should have no more by the one that `remove` makes
    /// of their names, where there are any.
    pub(crate) async fn change_tags<S: Call<Output = ()>, R: Call<Output = ()>>(
        &self,
        set: impl FnOnce(Tags) -> S,
        remove: impl FnOnce(Vec<String>) -> R,
    ) -> Result<(), CallError> {
        self.run.caller.change(set(self.tags())).await?;
        let removed = self.differences.iter().filter(|one| one.desired.is_null());
        let names = removed.filter_map(|one| one.field.strip_prefix("tags.").map(str::to_owned));
        let names: Vec<_> = names.collect();
        if names.is_empty() { Ok(()) } else { self.run.caller.change(remove(names)).await }
    }

    /// Sets tags as EC2 does for all of its resources.
    pub(crate) async fn set_ec2_tags(&self, physical: &str) -> Result<(), CallError> {
        let resources = || vec![physical.to_owned()];
        self.change_tags(
            |tags| CreateTags { resources: resources(), tags },
            |names| DeleteTags { resources: resources(), names },
        )
        .await
    }
}
