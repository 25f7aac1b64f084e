//! The JSON Schema of `skyward.toml`, derived from the types in [`crate::model`]: what editors
//! read, and what [`crate::shape`] interprets.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

use crate::{Config, grammar};

/// The JSON Schema (draft 2020-12) of `skyward.toml`: the sections, and `environment.NAME` with the
/// same sections over them.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let sections = generator.subschema_for::<Config>();
    let environments = grammar::environments(&sections);
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(tidy);
    definitions.values_mut().for_each(join_lines);

    let mut document = definitions.get("Config").cloned().unwrap_or_default();
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["title"] = json!("skyward.toml");
    document["description"] =
        json!("The configuration of Skyward: the service, its image, and where it runs.");
    document["properties"]["environment"] = environments.to_value();
    document["$defs"] = Value::Object(definitions);
    document
}

/// TOML has no null: an optional key is left out. A default belongs to a value, not to a whole
/// section.
fn tidy(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        if property.get("default").is_some_and(|default| default.is_null() || is_section(property))
        {
            property.remove("default");
        }
    }
}

/// Where a doc comment breaks its lines says nothing to the readers of the schema.
fn join_lines(schema: &mut Value) {
    let join = |schema: &mut Schema| {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            let paragraphs: Vec<_> = text.split("\n\n").map(|p| p.replace('\n', " ")).collect();
            *text = paragraphs.join("\n\n");
        }
    };
    if let Ok(schema) = schema.try_into() {
        RecursiveTransform(join).transform(schema);
    }
}

fn is_section(property: &Map<String, Value>) -> bool {
    property.contains_key("$ref") && property.get("default").is_some_and(Value::is_object)
}
