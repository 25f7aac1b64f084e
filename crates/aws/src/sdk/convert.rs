//! The conversions that all services share: tags, filters, and lists that may be absent.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Filter;

use super::error::invalid;
use crate::error::{ApiError, OperationName};
use crate::page::{STACK_TAG, Select};

/// Name to value.
type Tags = BTreeMap<String, String>;

/// A text that AWS always sends, in a field that may be absent.
pub(crate) fn text(value: Option<String>) -> String {
    value.unwrap_or_default()
}

/// The name of a state, or that of any other enumeration.
pub(crate) fn name<T: AsRef<str>>(value: Option<&T>) -> String {
    value.map(|value| value.as_ref().to_owned()).unwrap_or_default()
}

/// A list as a set.
pub(crate) fn set(values: Option<Vec<String>>) -> BTreeSet<String> {
    values.unwrap_or_default().into_iter().collect()
}

/// A set as a list; none where it is empty.
pub(crate) fn filled(values: BTreeSet<String>) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.into_iter().collect())
}

/// Each item of a list that may be absent.
pub(crate) fn each<T, U>(items: Option<Vec<T>>, convert: impl Fn(T) -> U) -> Vec<U> {
    items.unwrap_or_default().into_iter().map(convert).collect()
}

/// Some items of a list that may be absent.
pub(crate) fn some<T, U>(items: Option<Vec<T>>, convert: impl Fn(T) -> Option<U>) -> Vec<U> {
    items.unwrap_or_default().into_iter().filter_map(convert).collect()
}

/// The first of a list that may be absent.
pub(crate) fn first<T>(items: Option<Vec<T>>) -> Option<T> {
    items.unwrap_or_default().into_iter().next()
}

/// The thing that an answer is for; an answer without it is none.
pub(crate) fn made<T, U>(
    operation: impl Into<OperationName>,
    found: Option<T>,
    convert: impl FnOnce(T) -> U,
) -> Result<U, ApiError> {
    let empty = || ApiError::new(operation, ApiError::NO_ANSWER, "the answer is empty");
    found.map(convert).ok_or_else(empty)
}

/// A page's token; some services send an empty one at the end.
pub(crate) fn next(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

/// Tags from pairs that may be half there.
pub(crate) fn tags_from(pairs: impl Iterator<Item = (Option<String>, Option<String>)>) -> Tags {
    pairs.filter_map(|(key, value)| Some((key?, value.unwrap_or_default()))).collect()
}

/// The tags of a service, which has a type of its own for them.
macro_rules! tags_of {
    ($service:ident) => {
        use std::collections::BTreeMap;

        use $service::types::Tag;

        /// Tags as the service takes them.
        pub(crate) fn to_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
            let tag = |(key, value)| Tag::builder().key(key).value(value).build();
            tags.into_iter().map(tag).collect()
        }

        /// Tags as the service answers them.
        pub(crate) fn tags(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
            let tags = tags.unwrap_or_default().into_iter();
            crate::sdk::convert::tags_from(tags.map(|tag| (tag.key, tag.value)))
        }
    };
}

/// The conversions that the operations of EC2 share.
pub(crate) mod ec2 {
    use aws_sdk_ec2::types::{
        AttributeBooleanValue, ResourceType, TagSpecification, UnsuccessfulItem,
    };

    use crate::error::{ApiError, OperationName};

    tags_of!(aws_sdk_ec2);

    /// An attribute that is on or off.
    pub(crate) fn switch(on: bool) -> AttributeBooleanValue {
        AttributeBooleanValue::builder().value(on).build()
    }

    /// The tags that something gets with its creation.
    pub(crate) fn tagged(kind: ResourceType, tags: BTreeMap<String, String>) -> TagSpecification {
        TagSpecification::builder().resource_type(kind).set_tags(Some(to_tags(tags))).build()
    }

    /// Fails where anything failed: operations that take several things list the failures in a successful answer.
    pub(crate) fn all_successful(
        operation: impl Into<OperationName>,
        failed: Option<Vec<UnsuccessfulItem>>,
    ) -> Result<(), ApiError> {
        let failed = failed.unwrap_or_default().into_iter().next();
        failed.and_then(|item| item.error).map_or(Ok(()), |error| {
            let (code, message) = (error.code.unwrap_or_default(), error.message);
            Err(ApiError::new(operation, &code, message.unwrap_or_default()))
        })
    }
}

/// The conversions that the operations of Elastic Load Balancing share.
pub(crate) mod elb {
    tags_of!(aws_sdk_elasticloadbalancingv2);
}

/// The conversions that the operations of RDS share.
pub(crate) mod rds {
    tags_of!(aws_sdk_rds);
}

/// The conversions that the operations of IAM share. Its tags are checked when they are made.
pub(crate) mod iam {
    use aws_sdk_iam::types::Tag;

    use super::{Tags, invalid, tags_from};
    use crate::error::{ApiError, OperationName};

    /// Tags as IAM takes them.
    pub(crate) fn to_tags(
        operation: impl Into<OperationName>,
        tags: Tags,
    ) -> Result<Vec<Tag>, ApiError> {
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        let tags = tags.into_iter().map(tag).collect::<Result<_, _>>();
        tags.map_err(|error| invalid(operation, &error))
    }

    /// Tags as IAM answers them.
    pub(crate) fn tags(tags: Option<Vec<Tag>>) -> Tags {
        let tags = tags.unwrap_or_default().into_iter();
        tags_from(tags.map(|tag| (Some(tag.key), Some(tag.value))))
    }
}

/// The most that one page of most of EC2's lists may hold.
const PAGE: i32 = 1000;

/// The filters of an operation of EC2, by its own names for them.
pub(crate) struct Filters {
    /// The filter of ids.
    pub(crate) id: &'static str,
    /// The filter of VPCs, where there is one.
    pub(crate) vpc: Option<&'static str>,
    /// The filter of names, where there is one.
    pub(crate) name: Option<&'static str>,
    /// The most that a page may hold.
    pub(crate) page: i32,
}

impl Filters {
    /// The filters of an operation that knows VPCs by `vpc-id` and no names.
    pub(crate) fn by(id: &'static str) -> Self {
        Self { id, vpc: Some("vpc-id"), name: None, page: PAGE }
    }

    /// A selection as filters; none where it can have no result, because a filter without values selects everything.
    pub(crate) fn of(
        &self,
        operation: impl Into<OperationName>,
        select: Select,
    ) -> Result<Option<Vec<Filter>>, ApiError> {
        let (name, values) = match select {
            Select::All => return Ok(Some(Vec::new())),
            Select::Stack(stack) => (Ok(format!("tag:{STACK_TAG}")), vec![stack]),
            Select::Ids(ids) if ids.is_empty() => return Ok(None),
            Select::Ids(ids) => (Ok(self.id.to_owned()), ids),
            Select::Vpc(vpc) => (self.vpc.map(str::to_owned).ok_or("VPC"), vec![vpc]),
            Select::Name(name) => (self.name.map(str::to_owned).ok_or("name"), vec![name]),
        };
        let unknown = |what| invalid(operation, &format!("it cannot select by {what}"));
        let name = name.map_err(unknown)?;
        Ok(Some(vec![Filter::builder().name(name).set_values(Some(values)).build()]))
    }
}
