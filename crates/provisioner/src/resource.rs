//! The vocabulary of the provisioner: resources, and all that the engine may ask of a kind of resource.
//!
//! A kind is one file in `kind` that implements `Resource`. The engine (`topology`, `observe`, `plan`, `execute`) works on
//! [`Spec`] and [`Kind`], which hide the type: it names no kind, so that a new one changes nothing in it.

mod any_kind;
mod change;
mod found;
pub(crate) mod grants;
mod leftover;
mod reader;
mod spec;
mod step;
mod template;
mod unique;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use skyward_aws::model::Tags;
use skyward_config::{Aws, Run};

use crate::caller::CallError;
use crate::estimate::Estimate;
use crate::price::Bill;
use crate::stack::{Id, Names, Networks, Place, RESOURCE_TAG};
use crate::workload::Workload;

pub use any_kind::Kind;
pub use change::{Action, Difference, Step};
pub use found::{Foreign, Found, Observed, Outputs, Readiness};
pub(crate) use found::{Observation, hidden};
pub(crate) use grants::request_tag;
pub(crate) use grants::{Area, Callers, Grants, PolicyStack, Scope, grants};
pub(crate) use leftover::Leftover;
pub(crate) use reader::Reader;
pub use spec::Spec;
pub use step::Settings;
pub(crate) use step::{Execution, StepContext};
pub(crate) use template::{Template, attribute, key_values, logical_name, reference, references};
pub(crate) use unique::{Unique, ensure_one};

/// The names that the file of a kind is written in.
pub(crate) mod prelude {
    pub(crate) use std::collections::{BTreeMap, BTreeSet};
    pub(crate) use std::rc::Rc;
    pub(crate) use std::time::Duration;

    pub(crate) use serde::Serialize;
    pub(crate) use serde_json::{Value, json};
    pub(crate) use skyward_aws::model::{self, Tags};
    pub(crate) use skyward_aws::{Class, Select};
    pub(crate) use skyward_config::Aws;
    pub(crate) use tokio::time::Instant;

    pub(crate) use super::grants::*;
    pub(crate) use super::{
        Action, Difference, Execution, Finding, Found, Kind, Leftover, NameLimit, Observation,
        Outputs, QuotaUse, Reader, Readiness, Resource, Stack, StepContext, Template, Topology,
        Unique, Wanted, ZoneOffer, attribute, ensure_one, key_values, logical_name, reference,
        references,
    };
    pub(crate) use crate::caller::{CallError, RetryPolicy};
    pub(crate) use crate::estimate::Estimate;
    pub(crate) use crate::price::{Amount, Bill, HOURS, Section};
    pub(crate) use crate::stack::{Id, LETTERS, Names, STACK_TAG, each_zone};
}

/// A resource as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Desired {
    /// Its name within the stack.
    pub id: Id,
    /// The resource itself.
    pub spec: Spec,
    /// The resources that must be ready before it can be made: those that its spec refers to, and those that it does not work
    /// without.
    pub needs: BTreeSet<Id>,
}

/// A stack as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topology {
    /// The stack's name.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The resources, each after those that it needs.
    pub resources: Vec<Desired>,
    /// The tags that every resource carries beside `skyward:resource` and `Name`: `skyward:stack`, and the configuration's.
    pub tags: BTreeMap<String, String>,
}

impl Topology {
    /// A stack that should have no resources: the aim of `destroy`.
    pub fn empty(stack: &str, region: &str) -> Self {
        let (stack, region) = (stack.to_owned(), region.to_owned());
        Self { stack, region, resources: Vec::new(), tags: BTreeMap::new() }
    }

    /// The resource of this id.
    pub fn get(&self, id: &Id) -> Option<&Desired> {
        self.resources.iter().find(|resource| resource.id == *id)
    }

    /// The specs of one type, with their ids.
    pub fn all<R: 'static>(&self) -> impl Iterator<Item = (&Id, &R)> {
        self.resources.iter().filter_map(|one| Some((&one.id, one.spec.get::<R>()?)))
    }

    /// The spec of this id, where it has this type.
    pub fn spec<R: 'static>(&self, id: &Id) -> Option<&R> {
        self.get(id)?.spec.get()
    }

    /// All tags of a resource.
    pub fn tags_of(&self, id: &Id) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert(RESOURCE_TAG.to_owned(), id.to_string());
        tags.insert("Name".to_owned(), format!("{}-{}", self.stack, id.as_str().replace('/', "-")));
        tags
    }
}

/// The configuration that the desired resources follow from.
pub(crate) struct Stack<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) place: &'a Place,
    pub(crate) workload: &'a Workload,
    /// The outputs of the resources that exist, as far as they are known.
    pub(crate) known: &'a Outputs,
    pub(crate) names: Names,
    pub(crate) networks: Networks,
}

/// One desired resource, as its kind describes it.
pub(crate) struct Wanted<R> {
    pub(crate) id: Id,
    pub(crate) spec: R,
    /// The resources that it does not work without, beside those that its spec refers to.
    pub(crate) also_needs: BTreeSet<Id>,
}

impl<R> Wanted<R> {
    pub(crate) fn new(id: impl Into<Id>, spec: R) -> Self {
        Self { id: id.into(), spec, also_needs: BTreeSet::new() }
    }

    /// Adds resources that it needs without referring to them.
    pub(crate) fn needing<I: Into<Id>>(mut self, needs: impl IntoIterator<Item = I>) -> Self {
        self.also_needs.extend(needs.into_iter().map(Into::into));
        self
    }
}

/// A quota that a kind counts against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuotaUse {
    /// AWS's name of the quota.
    pub(crate) quota: &'static str,
    /// The things counted, in the plural.
    pub(crate) what: &'static str,
    /// The number of them that one resource counts as.
    pub(crate) each: usize,
    /// The stack's existing ones count among those needed: another apply may be making them at this moment.
    pub(crate) counts_all: bool,
}

/// The longest name that AWS takes for a resource.
pub(crate) struct NameLimit<'a> {
    pub(crate) name: &'a str,
    pub(crate) longest: usize,
}

/// The zones that offer what a kind needs, and what a zone lacks that is not among them.
pub(crate) struct ZoneOffer {
    pub(crate) zones: BTreeSet<String>,
    pub(crate) lack: String,
}

/// A problem that would make the plan fail, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The value, name, call or quota that is wrong, and why.
    pub problem: String,
    /// The next step for the reader.
    pub next: String,
}

impl Finding {
    pub(crate) fn new(problem: impl Into<String>, next: impl Into<String>) -> Self {
        Self { problem: problem.into(), next: next.into() }
    }

    /// A call that was not answered.
    pub(crate) fn of(error: &CallError) -> Self {
        Self::new(error.to_string(), error.next_step())
    }
}

/// A resource of one kind, as it should be or as it was found: its type is what is compared field by field, and the functions
/// beside it are all that the engine knows of the kind.
///
/// References to other resources are [`Id`]s in both; what was found and is not the stack's has AWS's own id for one.
#[allow(async_fn_in_trait, reason = "only this crate implements and calls it")]
pub(crate) trait Resource:
    fmt::Debug + Clone + PartialEq + Serialize + Send + Sync + 'static
{
    /// The kind's name in JSON, such as `nat-gateway`.
    const ID: &'static str;
    /// The kind as AWS's documentation writes it, in the singular.
    const NAME: &'static str;
    /// Its resources carry tags of their own.
    const HAS_TAGS: bool = true;
    /// The data that is lost when it is deleted, as the end of a warning. Such a resource is only deleted where that is asked for.
    const DATA: Option<&'static str> = None;
    /// AWS makes it with another resource, and it goes with that: it cannot be deleted by itself.
    const COMES_ALONG: bool = false;
    /// The reason for which it is "created" although something of it exists already.
    const CREATE_REASON: Option<&'static str> = None;
    /// While it is being made, AWS tells its settings one after the other: differences then mean nothing.
    const SETTLES_LATE: bool = false;
    /// Fields that AWS chooses where the desired resource leaves them empty.
    const LEFT_TO_AWS: &'static [&'static str] = &[];
    /// The kinds that must be gone before one of these can be deleted, by AWS's own rules; and for an end in order, so that
    /// nothing loses its connection or its log while it still works.
    const GONE_FIRST: &'static [Kind] = &[];
    /// The kinds of which a resource needs only to exist, and not to be ready, for one of these to begin.
    const STARTS_EARLY: &'static [Kind] = &[];
    /// Only where the instances run this is there one.
    const ONLY_WITH: Option<Run> = None;
    /// The kind whose update makes an update of this one necessary, and why.
    const FOLLOWS: Option<(Kind, &'static str)> = None;
    /// The quotas that it counts against.
    const QUOTAS: &'static [QuotaUse] = &[];
    /// The rights that the kind's calls need in IAM.
    const GRANTS: &'static [Grants];

    /// An account's answers about this kind, before they are made sense of.
    type Answer: 'static;

    /// The resources of this kind that a configuration asks for.
    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>>;

    /// The resources that it refers to. A resource may need others without referring to them.
    fn refs(&self) -> Vec<&Id>;

    /// Asks for what there is. The number of calls does not depend on how much that is, and a call that several kinds make
    /// is made once: see [`Reader`].
    async fn read(reader: &Reader<'_>) -> Self::Answer;

    /// Puts the answer in terms of the topology.
    fn find(answer: &Self::Answer, observation: &mut Observation<'_>);

    /// AWS changes this field of a resource that exists. A field that it does not change costs a new resource.
    fn is_in_place(field: &str) -> bool {
        field != "name"
    }

    /// It disappears with something else that is deleted, without a call of its own. The two functions tell which
    /// resources are being deleted and which exist.
    fn goes_along(&self, _is_deleted: &dyn Fn(&Id) -> bool, _exists: &dyn Fn(&Id) -> bool) -> bool {
        Self::COMES_ALONG
    }

    /// Creates it, or changes what differs, and waits until it is ready. Every step can be repeated after an interruption.
    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError>;

    /// Deletes the resource that AWS calls so, and waits until it is gone.
    async fn delete(step: &StepContext<'_>, physical: &str) -> Result<(), CallError>;

    /// Sets the tags of a resource that exists; other people's tags stay.
    async fn set_tags(step: &StepContext<'_>, physical: &str) -> Result<(), CallError> {
        if Self::HAS_TAGS { step.set_ec2_tags(physical).await } else { Ok(()) }
    }

    /// The time that an action usually takes.
    fn estimate(_action: Action) -> Estimate {
        Estimate::QUICK
    }

    /// The properties that a person wants to see before it is made, in a few words.
    fn detail(&self) -> String {
        String::new()
    }

    /// The zone that it lies in.
    fn zone(&self) -> Option<&str> {
        None
    }

    /// The limits on its name.
    fn name_limit(&self) -> Option<NameLimit<'_>> {
        None
    }

    /// The zones that offer what the kind needs, where not all do.
    async fn offered_in(_reader: &Reader<'_>, _aws: &Aws) -> Option<ZoneOffer> {
        None
    }

    /// The part of the kind's quota that others in the account use, where AWS does not say it.
    async fn used_by_others(_reader: &Reader<'_>) -> Option<i64> {
        None
    }

    /// Finds what would make this change fail, before anything is made.
    async fn check(
        &self,
        _reader: &Reader<'_>,
        _aws: &Aws,
        _change: (Action, &[Difference]),
    ) -> Vec<Finding> {
        Vec::new()
    }

    /// Asks, after an apply, for what the resource offers to its users.
    async fn outputs(_reader: &Reader<'_>, _aws: &Aws, _outputs: &mut Outputs) {}

    /// Asks for what may be left of the kind although the resource itself is gone.
    async fn leftovers(_reader: &Reader<'_>) -> Vec<Leftover> {
        Vec::new()
    }

    /// Adds what it costs to a bill.
    fn price(&self, _topology: &Topology, _bill: &mut Bill) {}

    /// Adds what it is in CloudFormation: one resource, several or none.
    fn template(&self, id: &Id, template: &mut Template<'_>);
}
