//! The conversions that all services share: tags, filters, and lists that may be absent.

use std::collections::BTreeSet;

use crate::error::{ApiError, OperationName};
use crate::page::Tags;

/// A text that AWS always sends, in a field that may be absent.
pub(crate) fn text(value: Option<String>) -> String {
    value.unwrap_or_default()
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

/// The conversions that the operations of RDS share.
pub(crate) mod rds {
    use aws_sdk_rds::types::Tag;

    use super::{Tags, tags_from};

    /// Tags as RDS takes them.
    pub(crate) fn to_tags(tags: Tags) -> Vec<Tag> {
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        tags.into_iter().map(tag).collect()
    }

    /// Tags as RDS answers them.
    pub(crate) fn tags(tags: Option<Vec<Tag>>) -> Tags {
        let tags = tags.unwrap_or_default().into_iter();
        tags_from(tags.map(|tag| (tag.key, tag.value)))
    }
}
