//! `values.schema.json`.

use serde_json::{Map, Value, json};

use super::Key;

/// Strict: a value that the chart does not have is refused, as in the configuration. In draft 7, which every Helm 3
/// reads.
pub(super) fn schema(keys: &[Key]) -> String {
    let mut document = table(keys.iter().filter(|key| key.section.is_none()));
    for section in ["service", "k3s"] {
        document["properties"][section] =
            table(keys.iter().filter(|key| key.section == Some(section)));
        if let Some(required) = document["required"].as_array_mut() {
            required.push(json!(section));
        }
    }
    // Helm hands this to a chart that is a part of another.
    document["properties"]["global"] = json!({"type": "object"});
    document["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    format!("{document:#}\n")
}

fn table<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> Value {
    let properties: Map<_, _> =
        keys.clone().map(|key| (key.name.to_owned(), key.schema.clone())).collect();
    let required: Vec<_> = keys.filter(|key| key.is_required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
