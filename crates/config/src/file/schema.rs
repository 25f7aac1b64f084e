//! The JSON Schema of `skyward.toml`, derived from the types in [`crate::file::model`]: what editors
//! read, and what [`crate::file::shape`] interprets.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::file::grammar;
use crate::{Config, Form, SETTINGS, Service, Setting};

/// The JSON Schema (draft 2020-12) of `skyward.toml`: the sections, and `environment.NAME` with the
/// same sections over them.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<Config>();
    let environments = grammar::environments(&json_schema!({"$ref": "#/$defs/Environment"}));
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(tidy);
    definitions.values_mut().for_each(join_lines);

    let mut environment = definitions.get("Config").cloned().unwrap_or_default();
    environment["description"] = json!("The sections of an environment.");
    environment["properties"]["unset"] = grammar::unset().to_value();
    definitions.insert("Environment".to_owned(), environment);

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

/// Joins the lines of doc comments: their breaks mean nothing to the readers of the schema.
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

/// The settings are declared in [`SETTINGS`]; the other keys say how the service is built and started.
impl JsonSchema for Service {
    fn schema_name() -> Cow<'static, str> {
        "Service".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let service = Self::default();
        let build = [
            (
                "package",
                "The cargo package that is the service.",
                Some(json!(service.package)),
                grammar::package(generator),
            ),
            (
                "binary",
                "The binary of that package. Without it: the package's name.",
                None,
                grammar::package(generator),
            ),
            (
                "args",
                "Further arguments for the service's command line.",
                Some(json!(service.args)),
                grammar::arguments(generator),
            ),
            (
                "env",
                "Environment variables of the service, name to value. They are plain text: a secret does not belong here.",
                Some(json!(service.env)),
                grammar::variables(generator),
            ),
            (
                "health",
                "How it is found out that the service is ready and alive, on this machine, on Kubernetes and in AWS. Without it: `/readyz` and `/livez` on `admin_port`, as `skyward-server` answers them. With it `admin_port` is used only where `health.port` is the same.",
                None,
                grammar::health(),
            ),
        ];
        let settings = SETTINGS.iter().map(|setting| {
            // The name follows the package, which no constant can say.
            let follows = setting.form == Form::Name;
            let default = (!follows).then(|| json_default(setting));
            let meaning = format!("{}{}", setting.help, if follows { NAME_FOLLOWS } else { "" });
            (setting.key, meaning, default, grammar::form(&setting.form))
        });
        let mut properties = Map::new();
        let build = build
            .into_iter()
            .map(|(key, meaning, default, schema)| (key, meaning.to_owned(), default, schema));
        for (key, meaning, default, mut schema) in settings.chain(build) {
            schema.insert("description".into(), meaning.into());
            if let Some(default) = default {
                schema.insert("default".into(), default);
            }
            properties.insert(key.into(), schema.to_value());
        }
        json_schema!({
            "type": "object",
            "description": "`[service]`: how the web service is built and started, and its settings.",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

/// The file's addition to the service's own help on its name.
const NAME_FOLLOWS: &str = " Without it: the package's name.";

/// A setting's default as the file would say it.
fn json_default(setting: &Setting) -> Value {
    let text = (setting.default)();
    match setting.form {
        Form::Whole { .. } => text.parse::<u64>().map_or(Value::Null, Value::from),
        Form::Networks | Form::Hosts => {
            text.split(',').filter(|item| !item.is_empty()).map(Value::from).collect()
        }
        Form::Address | Form::Name | Form::Word(_) => text.into(),
    }
}
