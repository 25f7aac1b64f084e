//! JSON with one spelling: sorted keys, no white space, so that equal documents have equal digests.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Value};

/// The canonical bytes of `document`.
///
/// `oci-spec` keeps labels and annotations in hash maps, whose order differs from run to run; and
/// whether `serde_json` sorts keys depends on a feature that any crate of the workspace may turn on.
pub fn to_vec(document: &impl Serialize) -> Result<Vec<u8>> {
    let value = serde_json::to_value(document).context("cannot express a document as JSON")?;
    serde_json::to_vec(&sorted(value)).context("cannot write a document as JSON")
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(
                members.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>(),
            )
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let inner: HashMap<String, u8> = (0..40).map(|n| (format!("k{n:02}"), n)).collect();
        let document = HashMap::from([("z", vec![inner.clone()]), ("a", vec![inner])]);
        let text = String::from_utf8(to_vec(&document).unwrap()).unwrap();
        assert!(text.starts_with(r#"{"a":[{"k00":0,"k01":1,"#), "{text}");
        assert_eq!(text.as_bytes(), to_vec(&document.clone()).unwrap());
    }
}
