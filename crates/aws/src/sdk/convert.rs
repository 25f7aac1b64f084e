//! The conversions that all services share: tags, filters, and lists that may be absent.

use std::collections::{BTreeMap, BTreeSet};

use super::error::invalid;
use crate::error::{ApiError, OperationName};

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
