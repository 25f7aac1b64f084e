//! Keeps the values of Secrets out of a difference; that they differ is still seen.

use serde_json::{Map, Value};

use super::compare::Delta;
use super::path::Step;

/// kubectl keeps the whole object there as it was applied, values and all.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns true for a Secret.
pub(super) fn is_secret(object: &Value) -> bool {
    object.get("kind").and_then(Value::as_str) == Some("Secret")
}

/// The delta of a Secret, its values replaced.
pub(super) fn masked(delta: Delta) -> Delta {
    let fields: Vec<&str> = delta
        .path
        .iter()
        .map(|step| match step {
            Step::Field(name) => name.as_str(),
            Step::Item(_) | Step::Index(_) | Step::Order => "",
        })
        .collect();
    let mask = |value: Option<Value>, which: &str| {
        value.map(|value| mask(&fields, value, &format!("*** ({which})")))
    };
    let before = mask(delta.before, "before");
    let after = mask(delta.after, "after");
    Delta { path: delta.path, before, after }
}

/// The value at `path` with all that is secret below it replaced.
fn mask(path: &[&str], value: Value, with: &str) -> Value {
    let is_secret = match path {
        ["data" | "stringData", _, ..] => true,
        ["metadata", "annotations", name] => *name == LAST_APPLIED,
        _ => false,
    };
    match value {
        _ if is_secret => Value::from(with),
        Value::Object(map) => {
            let masked = map.into_iter().map(|(name, value)| {
                let value = mask(&[path, &[name.as_str()]].concat(), value, with);
                (name, value)
            });
            Value::Object(masked.collect::<Map<_, _>>())
        }
        // What is not a map where a map belongs is not looked into.
        value if matches!(path, ["data" | "stringData"]) && !value.is_null() => Value::from(with),
        value => value,
    }
}
