//! The difference of two objects, field by field.

use serde_json::Value;

use super::lists::{Items, paired};
use super::path::{Step, is_immutable, show};
use super::secret;
use super::{Change, Difference, Field};
use crate::manifest::ObjectId;

/// The fields that the API server keeps in `metadata` by itself.
const BOOKKEEPING: &[&str] =
    &["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// Compares the live object with what an apply would make of it: the answer to a server-side dry run. Without `live` it is
/// created, without `wanted` deleted; then the whole object is its only field. Bookkeeping and `status` are left out, the
/// values of Secrets masked.
pub fn compare(id: &ObjectId, live: Option<&Value>, wanted: Option<&Value>) -> Difference {
    let before = live.map(essence);
    let after = wanted.map(essence);
    let deltas = deltas(before.as_ref(), after.as_ref());
    let change = match (live, wanted) {
        (None, Some(_)) => Change::Create,
        (Some(_), None) => Change::Delete,
        _ if deltas.is_empty() => Change::Unchanged,
        _ => Change::Update,
    };
    let holds_secrets = [live, wanted].into_iter().flatten().any(secret::is_secret);
    let fields = deltas.into_iter().map(|delta| {
        let delta = if holds_secrets { secret::masked(delta) } else { delta };
        let path = show(&delta.path);
        let immutable = change == Change::Update && is_immutable(id.kind, &path);
        Field { path, before: delta.before, after: delta.after, immutable }
    });
    Difference { id: id.clone(), change, fields: fields.collect() }
}

/// A difference in one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delta {
    pub(super) path: Vec<Step>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// The object without what nobody asked for.
fn essence(object: &Value) -> Value {
    let mut object = without_nulls(object);
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
        }
    }
    object
}

/// Null says nothing: some versions of the API server write it out, others leave the field away.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        value => value.clone(),
    }
}

/// All places in which the two differ, in order of their paths.
pub(super) fn deltas(before: Option<&Value>, after: Option<&Value>) -> Vec<Delta> {
    let mut found = Vec::new();
    walk(&mut found, &mut Vec::new(), before, after);
    found
}

fn walk(
    found: &mut Vec<Delta>,
    path: &mut Vec<Step>,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|name| !before.contains_key(*name));
            let mut names: Vec<&String> = before.keys().chain(added).collect();
            names.sort();
            for name in names {
                path.push(Step::Field(name.clone()));
                walk(found, path, before.get(name), after.get(name));
                path.pop();
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => list(found, path, before, after),
        (before, after) => {
            found.push(Delta {
                path: path.clone(),
                before: before.cloned(),
                after: after.cloned(),
            });
        }
    }
}

/// Lists of objects are compared item by item, by key where they have one; any other list is one value: what was inserted
/// into a command line is seen best in the whole.
fn list(found: &mut Vec<Delta>, path: &mut Vec<Step>, before: &[Value], after: &[Value]) {
    let name = path.iter().rev().find_map(|step| match step {
        Step::Field(name) => Some(name.as_str()),
        Step::Item(_) | Step::Index(_) | Step::Order => None,
    });
    match paired(name.unwrap_or_default(), before, after) {
        Items::Whole => found.push(Delta {
            path: path.clone(),
            before: Some(before.into()),
            after: Some(after.into()),
        }),
        Items::ByPosition => {
            for index in 0..before.len().max(after.len()) {
                path.push(Step::Index(index));
                walk(found, path, before.get(index), after.get(index));
                path.pop();
            }
        }
        Items::ByKey { pairs, moved } => {
            for (key, before, after) in pairs {
                path.push(Step::Item(key));
                walk(found, path, before, after);
                path.pop();
            }
            if let Some((before, after)) = moved {
                path.push(Step::Order);
                let [before, after] = [before, after].map(|keys| Some(Value::from(keys)));
                found.push(Delta { path: path.clone(), before, after });
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
