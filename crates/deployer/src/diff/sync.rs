//! Whether a live object already has all that is rendered.

use serde_json::Value;

/// Whether everything that `rendered` says is in `live` already. The live object has more: defaults, status, fields of
/// other owners.
///
/// Maps are subsets; lists have the same length and match item by item, because an apply owns whole lists or, by key, all
/// of ours, and a foreign item there (an injected sidecar) is worth a look through the dry run. Nothing, an empty map and an
/// empty list are the same: the API server drops empty values. An object that is being deleted is never in sync.
pub fn in_sync(rendered: &Value, live: &Value) -> bool {
    live.pointer("/metadata/deletionTimestamp").is_none_or(Value::is_null)
        && contains(live, rendered)
}

fn contains(live: &Value, rendered: &Value) -> bool {
    match (rendered, live) {
        (Value::Object(rendered), Value::Object(live)) => rendered
            .iter()
            .all(|(name, value)| contains(live.get(name).unwrap_or(&Value::Null), value)),
        (Value::Array(rendered), Value::Array(live)) => {
            rendered.len() == live.len()
                && rendered.iter().zip(live).all(|(rendered, live)| contains(live, rendered))
        }
        (rendered, Value::Null) => is_empty(rendered),
        (Value::Null, live) => is_empty(live),
        (rendered, live) => rendered == live,
    }
}

/// Whether the value says nothing: null, or a map or list without content.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
