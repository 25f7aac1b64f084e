//! A kind of resource, without the type of its resources.

use std::fmt;
use std::marker::PhantomData;

use futures_util::future::LocalBoxFuture;
use serde::{Serialize, Serializer};
use skyward_config::Aws;

use super::{
    Action, Desired, Grants, Observation, Outputs, QuotaUse, Reader, Resource, Spec, Stack,
    StepContext, ZoneOffer,
};
use crate::caller::CallError;
use crate::estimate::Estimate;

/// Makes sense of a kind's answers.
pub(crate) type Finder = Box<dyn Fn(&mut Observation<'_>)>;

/// A kind of resource.
#[derive(Clone, Copy)]
pub struct Kind(&'static dyn AnyKind);

trait AnyKind: Sync {
    fn id(&self) -> &'static str;
    fn name(&self) -> &'static str;
    fn rules(&self) -> Rules;
    fn is_in_place(&self, field: &str) -> bool;
    fn estimate(&self, action: Action) -> Estimate;
    fn desired(&self, stack: &Stack<'_>) -> Vec<Desired>;
    fn read<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Finder>;
    fn delete<'a>(
        &self,
        step: &'a StepContext<'a>,
        physical: &'a str,
    ) -> LocalBoxFuture<'a, Result<(), CallError>>;
    fn offered_in<'a>(
        &self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
    ) -> LocalBoxFuture<'a, Option<ZoneOffer>>;
    fn used_by_others<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Option<i64>>;
    fn outputs<'a>(
        &self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
        outputs: &'a mut Outputs,
    ) -> LocalBoxFuture<'a, ()>;
    fn leftovers<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Vec<String>>;
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
    pub(crate) follows: Option<(Kind, &'static str)>,
    pub(crate) quotas: &'static [QuotaUse],
    pub(crate) grants: &'static [Grants],
}

/// A kind, by the type of its resources.
struct Of<R>(PhantomData<fn() -> R>);

impl<R: Resource> AnyKind for Of<R> {
    fn id(&self) -> &'static str {
        R::ID
    }

    fn name(&self) -> &'static str {
        R::NAME
    }

    fn rules(&self) -> Rules {
        Rules {
            has_tags: R::HAS_TAGS,
            data: R::DATA,
            comes_along: R::COMES_ALONG,
            create_reason: R::CREATE_REASON,
            settles_late: R::SETTLES_LATE,
            left_to_aws: R::LEFT_TO_AWS,
            gone_first: R::GONE_FIRST,
            starts_early: R::STARTS_EARLY,
            follows: R::FOLLOWS,
            quotas: R::QUOTAS,
            grants: R::GRANTS,
        }
    }

    fn is_in_place(&self, field: &str) -> bool {
        R::is_in_place(field)
    }

    fn estimate(&self, action: Action) -> Estimate {
        R::estimate(action)
    }

    fn desired(&self, stack: &Stack<'_>) -> Vec<Desired> {
        let wanted = R::desired(stack).into_iter().map(|wanted| {
            let mut needs = wanted.also_needs;
            needs.extend(Resource::refs(&wanted.spec).into_iter().cloned());
            Desired { id: wanted.id, spec: Spec::new(wanted.spec), needs }
        });
        wanted.collect()
    }

    fn read<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Finder> {
        Box::pin(async {
            let answer = R::read(reader).await;
            let finder: Finder = Box::new(move |observation| R::find(&answer, observation));
            finder
        })
    }

    fn delete<'a>(
        &self,
        step: &'a StepContext<'a>,
        physical: &'a str,
    ) -> LocalBoxFuture<'a, Result<(), CallError>> {
        Box::pin(R::delete(step, physical))
    }

    fn offered_in<'a>(
        &self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
    ) -> LocalBoxFuture<'a, Option<ZoneOffer>> {
        Box::pin(R::offered_in(reader, aws))
    }

    fn used_by_others<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Option<i64>> {
        Box::pin(R::used_by_others(reader))
    }

    fn outputs<'a>(
        &self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
        outputs: &'a mut Outputs,
    ) -> LocalBoxFuture<'a, ()> {
        Box::pin(R::outputs(reader, aws, outputs))
    }

    fn leftovers<'a>(&self, reader: &'a Reader<'a>) -> LocalBoxFuture<'a, Vec<String>> {
        Box::pin(R::leftovers(reader))
    }
}

impl Kind {
    /// The kind of these resources.
    pub(crate) const fn of<R: Resource>() -> Self {
        Self(&Of::<R>(PhantomData))
    }

    /// The kind's name in JSON, such as `nat-gateway`.
    pub fn id(self) -> &'static str {
        self.0.id()
    }

    /// The kind's constants.
    pub(crate) fn rules(self) -> Rules {
        self.0.rules()
    }

    /// AWS changes this field of a resource that exists, or the field is a tag.
    pub(crate) fn is_in_place(self, field: &str) -> bool {
        field.starts_with("tags.") || self.0.is_in_place(field)
    }

    /// The time that an action on a resource of this kind takes.
    pub fn estimate(self, action: Action) -> Estimate {
        if action == Action::None { Estimate::NOTHING } else { self.0.estimate(action) }
    }

    pub(crate) fn desired(self, stack: &Stack<'_>) -> Vec<Desired> {
        self.0.desired(stack)
    }

    pub(crate) async fn read(self, reader: &Reader<'_>) -> Finder {
        self.0.read(reader).await
    }

    pub(crate) async fn delete(
        self,
        step: &StepContext<'_>,
        physical: &str,
    ) -> Result<(), CallError> {
        self.0.delete(step, physical).await
    }

    pub(crate) async fn offered_in(self, reader: &Reader<'_>, aws: &Aws) -> Option<ZoneOffer> {
        self.0.offered_in(reader, aws).await
    }

    pub(crate) async fn used_by_others(self, reader: &Reader<'_>) -> Option<i64> {
        self.0.used_by_others(reader).await
    }

    pub(crate) async fn outputs(self, reader: &Reader<'_>, aws: &Aws, outputs: &mut Outputs) {
        self.0.outputs(reader, aws, outputs).await;
    }

    pub(crate) async fn leftovers(self, reader: &Reader<'_>) -> Vec<String> {
        self.0.leftovers(reader).await
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
        f.pad(self.0.name())
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
