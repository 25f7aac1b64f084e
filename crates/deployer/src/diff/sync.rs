//! Tells by reading alone that a live object has all that is rendered.

use serde_json::Value;

/// Returns true where everything that `rendered` says is in `live` already. The live object has more: defaults, status, fields of
/// other owners.
///
/// Maps are subsets; lists have the same length and match item by item, because an apply owns whole lists or, by key, all
/// of ours, and a foreign item there (an injected sidecar) is worth a look through the dry run. What the API server drops
/// counts as being there. An object that is being deleted is never in sync.
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

/// Returns true for a value that the API server drops: null, a map or list without content, an empty text (`env` with an empty value), a
/// zero (`minReadySeconds`). `false` is not among them: many fields are true where they are left out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Object(map) => map.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn all_that_is_rendered_must_be_there_already_so() {
        for (rendered, live, expected) in [
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), true),
            (json!({ "a": 1, "b": 2 }), json!({ "a": 1 }), false),
            (json!({ "a": { "b": 1 } }), json!({ "a": { "b": 2 } }), false),
            (json!({ "a": [1, 2] }), json!({ "a": [1, 2] }), true),
            (json!({ "a": [1] }), json!({ "a": [1, 2] }), false),
            (json!({ "a": [1, 2] }), json!({ "a": [2, 1] }), false),
            // The server adds defaults to items.
            (
                json!({ "ports": [{ "port": 80 }] }),
                json!({ "ports": [{ "port": 80, "protocol": "TCP" }] }),
                true,
            ),
            (
                json!({ "ports": [{ "port": 80, "protocol": "UDP" }] }),
                json!({ "ports": [{ "port": 80 }] }),
                false,
            ),
            // It drops what is empty, and keeps `emptyDir: {}`.
            (json!({ "a": null, "b": {}, "c": [] }), json!({}), true),
            (json!({ "a": { "b": {} } }), json!({}), true),
            (json!({ "emptyDir": {} }), json!({ "emptyDir": {} }), true),
            (json!({ "a": null }), json!({ "a": {} }), true),
            (json!({ "a": null }), json!({ "a": 1 }), false),
            (json!({ "a": false }), json!({}), false),
            (json!({ "a": 0, "b": "" }), json!({}), true),
            (json!({ "a": 0 }), json!({ "a": 1 }), false),
            (json!({}), json!({ "a": false }), true),
            (json!({ "a": "1" }), json!({ "a": 1 }), false),
            (json!({ "a": [] }), json!({ "a": [1] }), false),
            (json!({}), json!({ "metadata": { "deletionTimestamp": null } }), true),
            (
                json!({}),
                json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }),
                false,
            ),
        ] {
            assert_eq!(in_sync(&rendered, &live), expected, "{rendered} in {live}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_is_in_sync_with_itself(object in any_value()) {
            prop_assert!(in_sync(&object, &object));
        }

        #[test]
        fn more_fields_in_the_live_object_do_no_harm(object in any_value(), more in any_value()) {
            let rendered = json!({ "spec": object });
            let live = json!({ "spec": object, "status": more });
            prop_assert!(in_sync(&rendered, &live));
        }
    }
}
