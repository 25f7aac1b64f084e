//! What all services have in common: tags, and lists that may be absent.

use std::collections::BTreeSet;

use crate::model::Tags;

/// A text that AWS always sends, in a field that may be absent.
pub(super) fn text(value: Option<String>) -> String {
    value.unwrap_or_default()
}

/// A state's name, or that of any other enumeration.
pub(super) fn name<T: AsRef<str>>(value: Option<&T>) -> String {
    value.map(|value| value.as_ref().to_owned()).unwrap_or_default()
}

/// A list as a set.
pub(super) fn set(values: Option<Vec<String>>) -> BTreeSet<String> {
    values.unwrap_or_default().into_iter().collect()
}

/// Each item of a list that may be absent.
pub(super) fn each<T, U>(items: Option<Vec<T>>, convert: impl Fn(T) -> U) -> Vec<U> {
    items.unwrap_or_default().into_iter().map(convert).collect()
}

/// Tags from pairs that may be half there.
pub(super) fn tags_from(pairs: impl Iterator<Item = (Option<String>, Option<String>)>) -> Tags {
    pairs.filter_map(|(key, value)| Some((key?, value.unwrap_or_default()))).collect()
}

/// A page's token; some services send an empty one at the end.
pub(super) fn next(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}
