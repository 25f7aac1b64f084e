//! A resource of any kind, without its type.
//!
//! [`Resource`] has constants and `async` functions, which a kind's file is comfortably written in and a trait object cannot
//! have. The private trait here is its shadow for values, and the one in `any_kind` for kinds; each is implemented once.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use serde::{Serialize, Serializer};
use serde_json::Value;
use skyward_config::Aws;

use super::{
    Action, Difference, Finding, Kind, NameLimit, Reader, Resource, StepContext, Template, Topology,
};
use crate::caller::CallError;
use crate::price::Bill;
use crate::stack::Id;

/// A resource of any kind.
#[derive(Clone)]
pub struct Spec(Arc<dyn AnyResource>);

/// The functions of a resource, as [`Resource`] describes them.
pub(crate) trait AnyResource: erased_serde::Serialize + fmt::Debug + Send + Sync {
    fn kind(&self) -> Kind;
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn refs(&self) -> Vec<&Id>;
    fn goes_along(&self, is_deleted: &dyn Fn(&Id) -> bool, exists: &dyn Fn(&Id) -> bool) -> bool;
    fn detail(&self) -> String;
    fn zone(&self) -> Option<&str>;
    fn name_limit(&self) -> Option<NameLimit<'_>>;
    fn ensure<'a>(&'a self, step: &'a StepContext<'a>)
    -> LocalBoxFuture<'a, Result<(), CallError>>;
    fn check<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
        change: (Action, &'a [Difference]),
    ) -> LocalBoxFuture<'a, Vec<Finding>>;
    fn price(&self, topology: &Topology, bill: &mut Bill);
    fn template(&self, id: &Id, template: &mut Template<'_>);
}

impl<R: Resource> AnyResource for R {
    fn kind(&self) -> Kind {
        Kind::of::<R>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<R>().is_some_and(|other| self == other)
    }

    fn refs(&self) -> Vec<&Id> {
        Resource::refs(self)
    }

    fn goes_along(&self, is_deleted: &dyn Fn(&Id) -> bool, exists: &dyn Fn(&Id) -> bool) -> bool {
        Resource::goes_along(self, is_deleted, exists)
    }

    fn detail(&self) -> String {
        Resource::detail(self)
    }

    fn zone(&self) -> Option<&str> {
        Resource::zone(self)
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Resource::name_limit(self)
    }

    fn ensure<'a>(
        &'a self,
        step: &'a StepContext<'a>,
    ) -> LocalBoxFuture<'a, Result<(), CallError>> {
        Box::pin(Resource::ensure(self, step))
    }

    fn check<'a>(
        &'a self,
        reader: &'a Reader<'a>,
        aws: &'a Aws,
        change: (Action, &'a [Difference]),
    ) -> LocalBoxFuture<'a, Vec<Finding>> {
        Box::pin(Resource::check(self, reader, aws, change))
    }

    fn price(&self, topology: &Topology, bill: &mut Bill) {
        Resource::price(self, topology, bill);
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        Resource::template(self, id, template);
    }
}

erased_serde::serialize_trait_object!(AnyResource);

impl Spec {
    pub(crate) fn new<R: Resource>(spec: R) -> Self {
        Self(Arc::new(spec))
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The spec itself, where it has this type.
    pub fn get<R: 'static>(&self) -> Option<&R> {
        self.0.as_any().downcast_ref()
    }

    /// The resources that it refers to. A resource may need others without referring to them.
    pub fn refs(&self) -> Vec<&Id> {
        self.0.refs()
    }

    /// The functions of its type.
    pub(crate) fn inner(&self) -> &dyn AnyResource {
        &*self.0
    }

    /// Its fields as JSON, without the kind.
    pub(crate) fn fields(&self) -> serde_json::Map<String, Value> {
        match serde_json::to_value(&*self.0) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        }
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl Serialize for Spec {
    /// The fields, after the kind.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged<'a> {
            kind: Kind,
            #[serde(flatten)]
            fields: &'a dyn AnyResource,
        }
        Tagged { kind: self.kind(), fields: &*self.0 }.serialize(serializer)
    }
}
