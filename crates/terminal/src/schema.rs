//! The JSON Schema of the events, `docs/events.schema.json`.
//!
//! No crate knows the events of all others, so each holds its own part of the file by a test: [`hold`] compares the part
//! with the types, and writes it where `RENEW=1` is set.

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::event::SCHEMA;

/// The schema of a crate's own events, complete in itself.
pub fn part<Own: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<Own>().to_value()
}

/// Compares a part of the file with the types that it was made of.
///
/// # Errors
/// The part is missing or is not current, or the file cannot be read or written.
pub fn hold(file: &Path, name: &str, part: &Value) -> Result<(), String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let is_renewed = std::env::var_os("RENEW").is_some();
    let mut parts = match std::fs::read_to_string(file) {
        Ok(text) => {
            let document: Value = serde_json::from_str(&text).map_err(|error| problem(&error))?;
            document["$defs"].as_object().cloned().unwrap_or_default()
        }
        Err(_) if is_renewed => Map::new(),
        Err(error) => return Err(problem(&error)),
    };
    if parts.get(name) == Some(part) {
        return Ok(());
    }
    if !is_renewed {
        return Err(problem(&format!(
            "the events of {name} are not current. Next step: run this test with RENEW=1"
        )));
    }
    parts.insert(name.to_owned(), part.clone());
    std::fs::write(file, format!("{:#}\n", document(&parts))).map_err(|error| problem(&error))
}

/// The whole document: a line is an event of one of the parts.
fn document(parts: &Map<String, Value>) -> Value {
    let any: Vec<Value> =
        parts.keys().map(|name| json!({ "$ref": format!("#/$defs/{name}") })).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of --output json",
        "description": "What a command prints while it runs: one JSON object on each line. The kind of event is `event`; `schema` is the version of this description.",
        "type": "object",
        "required": ["event", "schema"],
        "properties": { "event": { "type": "string" }, "schema": { "const": SCHEMA } },
        "anyOf": any,
        "$defs": parts,
    })
}
