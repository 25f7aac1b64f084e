//! The fields of a resource that differ, compared as JSON so that no kind has to be known.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::resource::{Difference, Spec};
use crate::stack::{TAGS_TAG, is_marked};

/// The fields of a resource that are not as they should be.
pub fn differences(
    desired: (&Spec, &BTreeMap<String, String>),
    observed: (&Spec, &BTreeMap<String, String>),
) -> Vec<Difference> {
    let (wanted, found) = (desired.0.fields(), observed.0.fields());
    let kind = desired.0.kind();
    let mut all = Vec::new();
    for (field, desired) in wanted {
        let observed = found.get(&field).cloned().unwrap_or(Value::Null);
        match (field.as_str(), &desired, &observed) {
            // Only what we set is ours.
            ("attributes" | "objects", Value::Object(desired), Value::Object(observed)) => {
                all.extend(parts(&field, desired, observed));
            }
            // What we leave to AWS is as AWS sets it.
            (field, Value::Null, _) if kind.rules().left_to_aws.contains(&field) => {}
            _ if normal(&desired) == normal(&observed) => {}
            _ => all.push(Difference { field, observed, desired }),
        }
    }
    if kind.rules().has_tags {
        let value = |tags: &BTreeMap<String, String>| {
            tags.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
        };
        all.extend(parts("tags", &value(desired.1), &value(observed.1)));
        all.extend(removed(desired.1, observed.1));
    }
    all
}

/// The tags that were the configuration's, and are no more.
fn removed<'a>(
    desired: &'a BTreeMap<String, String>,
    observed: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = Difference> + use<'a> {
    let mark = observed.get(TAGS_TAG).map(String::as_str).unwrap_or_default();
    let is_removed = move |name: &str| !desired.contains_key(name) && is_marked(mark, name);
    let removed = observed.iter().filter(move |(name, _)| is_removed(name));
    removed.map(|(name, value)| Difference {
        field: format!("tags.{name}"),
        observed: Value::from(value.as_str()),
        desired: Value::Null,
    })
}

type Object = serde_json::Map<String, Value>;

/// Those that are desired, each for itself.
fn parts(field: &str, desired: &Object, observed: &Object) -> Vec<Difference> {
    desired
        .iter()
        .filter(|(name, value)| observed.get(*name) != Some(value))
        .map(|(name, value)| Difference {
            field: format!("{field}.{name}"),
            observed: observed.get(name).cloned().unwrap_or(Value::Null),
            desired: value.clone(),
        })
        .collect()
}

/// A list of one is the same as the one in policies, and lists there have no order.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => normal(&items[0]),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Subnet;
    use crate::stack::Id;

    #[test]
    fn policies_are_compared_by_meaning() {
        let one = serde_json::json!({ "Action": ["s3:GetObject"], "Resource": ["a", "b"] });
        let other = serde_json::json!({ "Action": "s3:GetObject", "Resource": ["b", "a"] });
        assert_eq!(normal(&one), normal(&other));
        assert_ne!(normal(&one), normal(&serde_json::json!({ "Action": "s3:PutObject" })));
    }

    #[test]
    fn a_difference_is_one_of_a_field_or_of_a_tag_that_is_ours() {
        let subnet = |zone: &str| {
            let (vpc, network) = (Id::from("vpc"), "10.0.0.0/20".to_owned());
            Spec::new(Subnet { vpc, network, zone: zone.into(), public_addresses: false })
        };
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let found = differences(
            (&subnet("a"), &tags(&[("team", "web")])),
            (&subnet("b"), &tags(&[("team", "cms"), ("theirs", "1")])),
        );
        let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["zone", "tags.team"]);
        let kind = subnet("a").kind();
        assert!(!kind.is_in_place("zone") && kind.is_in_place("tags.team"));
    }
}
