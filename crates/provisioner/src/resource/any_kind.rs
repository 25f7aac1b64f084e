//! A kind of resource, without the type of its resources.

use std::fmt;

use futures_util::future::LocalBoxFuture;
use serde::{Serialize, Serializer};
use skyward_config::{Aws, Run};

use super::{
    Action, Desired, Grants, Leftover, Observation, Outputs, QuotaUse, Reader, Resource, Spec,
    Stack, StepContext, ZoneOffer,
};
use crate::caller::CallError;
use crate::estimate::Estimate;

/// Makes sense of a kind's answers.
pub(crate) type Finder = Box<dyn Fn(&mut Observation<'_>)>;

/// A kind of resource.
#[derive(Clone, Copy)]
pub struct Kind(&'static Functions);

/// A kind's functions, as [`Resource`] describes them, without the type of its resources.
///
/// The constants are behind a function too: kinds name each other in them.
pub(crate) struct Functions {
    id: &'static str,
    name: &'static str,
    rules: fn() -> Rules,
    is_in_place: fn(&str) -> bool,
    estimate: fn(Action) -> Estimate,
    pub(crate) desired: fn(&Stack<'_>) -> Vec<Desired>,
    pub(crate) read: for<'a> fn(&'a Reader<'a>) -> LocalBoxFuture<'a, Finder>,
    pub(crate) delete:
        for<'a> fn(&'a StepContext<'a>, &'a str) -> LocalBoxFuture<'a, Result<(), CallError>>,
    pub(crate) offered_in:
        for<'a> fn(&'a Reader<'a>, &'a Aws) -> LocalBoxFuture<'a, Option<ZoneOffer>>,
    pub(crate) used_by_others: for<'a> fn(&'a Reader<'a>) -> LocalBoxFuture<'a, Option<i64>>,
    pub(crate) outputs:
        for<'a> fn(&'a Reader<'a>, &'a Aws, &'a mut Outputs) -> LocalBoxFuture<'a, ()>,
    pub(crate) leftovers: for<'a> fn(&'a Reader<'a>) -> LocalBoxFuture<'a, Vec<Leftover>>,
}

/// A kind's constants, as [`Resource`] describes them.
pub(crate) struct Rules {
    pub(crate) has_tags: bool,
    pub(crate) data: Option<&'static str>,
    pub(crate) comes_along: bool,
    pub(crate) create_reason: Option<&'static str>,
    pub(crate) settles_late: bool,
    pub(crate) left_to_aws: &'static [&'static str],
    pub(crate) gone_first: &'static [Kind],
    pub(crate) starts_early: &'static [Kind],
    pub(crate) only_with: Option<Run>,
    pub(crate) follows: Option<(Kind, &'static str)>,
    pub(crate) quotas: &'static [QuotaUse],
    pub(crate) grants: &'static [Grants],
}

impl Functions {
    const fn of<R: Resource>() -> Self {
        Self {
            id: R::ID,
            name: R::NAME,
            rules: || Rules {
                has_tags: R::HAS_TAGS,
                data: R::DATA,
                comes_along: R::COMES_ALONG,
                create_reason: R::CREATE_REASON,
                settles_late: R::SETTLES_LATE,
                left_to_aws: R::LEFT_TO_AWS,
                gone_first: R::GONE_FIRST,
                starts_early: R::STARTS_EARLY,
                only_with: R::ONLY_WITH,
                follows: R::FOLLOWS,
                quotas: R::QUOTAS,
                grants: R::GRANTS,
            },
            is_in_place: R::is_in_place,
            estimate: R::estimate,
            desired: desired::<R>,
            read: |reader| {
                Box::pin(async {
                    let answer = R::read(reader).await;
                    let finder: Finder = Box::new(move |observation| R::find(&answer, observation));
                    finder
                })
            },
            delete: |step, physical| Box::pin(R::delete(step, physical)),
            offered_in: |reader, aws| Box::pin(R::offered_in(reader, aws)),
            used_by_others: |reader| Box::pin(R::used_by_others(reader)),
            outputs: |reader, aws, outputs| Box::pin(R::outputs(reader, aws, outputs)),
            leftovers: |reader| Box::pin(R::leftovers(reader)),
        }
    }
}

fn desired<R: Resource>(stack: &Stack<'_>) -> Vec<Desired> {
    let wanted = R::desired(stack).into_iter().map(|wanted| {
        let mut needs = wanted.also_needs;
        needs.extend(wanted.spec.refs().into_iter().cloned());
        Desired { id: wanted.id, spec: Spec::new(wanted.spec), needs }
    });
    wanted.collect()
}

impl Kind {
    /// The kind of these resources.
    pub(crate) const fn of<R: Resource>() -> Self {
        Self(const { &Functions::of::<R>() })
    }

    /// The kind's name in JSON, such as `nat-gateway`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// The kind's constants.
    pub(crate) fn rules(self) -> Rules {
        (self.0.rules)()
    }

    /// The kind's other functions.
    pub(crate) fn functions(self) -> &'static Functions {
        self.0
    }

    /// AWS changes this field of a resource that exists, or the field is a tag.
    pub(crate) fn is_in_place(self, field: &str) -> bool {
        field.starts_with("tags.") || (self.0.is_in_place)(field)
    }

    /// The time that an action on a resource of this kind takes.
    pub fn estimate(self, action: Action) -> Estimate {
        if action == Action::None { Estimate::NOTHING } else { (self.0.estimate)(action) }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Kind {
    /// As AWS's documentation writes it, in the singular.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Kind {}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
