//! The JSON Schema as the validator, the reader of variables and the reference use it: references
//! resolved, patterns compiled.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The shape of the whole file.
pub(crate) static DOCUMENT: LazyLock<Shape> = LazyLock::new(|| {
    let mut schema = crate::schema();
    let definitions = schema["$defs"].take();
    resolve(&mut schema, &definitions);
    // The schema is a constant of the program: what the interpreter does not know is a mistake in
    // it, and no input can cause that.
    Shape::deserialize(schema).expect("the schema uses only what the interpreter knows")
});

/// A value's shape. Only the keywords named here exist: a schema with another one does not load, so
/// that none is silently ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(rename = "description")]
    pub(crate) meaning: String,
    pub(crate) default: Option<Value>,
    /// The right form, as a clause that follows "…; ".
    #[serde(rename = "errorMessage")]
    right: String,

    pub(crate) pattern: Option<Pattern>,
    pub(crate) format: Option<Format>,
    pub(crate) max_length: Option<usize>,
    /// The words of which it is one. A table may have them too: it is a table or a word then.
    #[serde(rename = "oneOf")]
    pub(crate) choices: Vec<Choice>,

    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,

    pub(crate) items: Option<Box<Shape>>,
    pub(crate) min_items: usize,
    pub(crate) unique_items: bool,

    /// The keys of a section.
    pub(crate) properties: BTreeMap<String, Shape>,
    /// The names in a map of free names.
    pub(crate) property_names: Option<Box<Shape>>,
    /// The values in a map of free names; `None` where there is no key beside `properties`.
    #[serde(rename = "additionalProperties", deserialize_with = "additional")]
    pub(crate) values: Option<Box<Shape>>,

    pub(crate) max_properties: Option<usize>,
    /// The keys that a table of a list cannot do without.
    pub(crate) required: Vec<String>,

    #[serde(rename = "$schema")]
    _dialect: String,
    #[serde(rename = "$defs")]
    _definitions: Value,
    #[serde(rename = "title")]
    _title: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Also a choice of words, whose type is given at each word.
    #[default]
    String,
    Integer,
    Boolean,
    Array,
    Object,
}

/// One word of several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    #[serde(rename = "const")]
    pub(crate) word: String,
    pub(crate) description: String,
    #[serde(rename = "type")]
    _kind: Kind,
}

/// Forms that a pattern only comes near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// An IP address.
    Ip,
    /// An IP network: address and prefix length.
    Cidr,
    /// A DNS name, an IPv4 address, or an IPv6 address in brackets.
    Host,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(pub(crate) Regex);

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Self)
    }
}

impl Shape {
    /// The right form as the schema has it.
    pub(crate) fn form(&self) -> Option<&str> {
        Some(self.right.as_str()).filter(|form| !form.is_empty())
    }

    /// The right form.
    pub(crate) fn right(&self) -> String {
        if let Some(form) = self.form() {
            return form.to_owned();
        }
        match self.kind {
            Kind::String if !self.choices.is_empty() => {
                let words: Vec<_> =
                    self.choices.iter().map(|choice| format!("{:?}", choice.word)).collect();
                format!("it is one of {}", words.join(", "))
            }
            Kind::String => "it is text in quotes".into(),
            Kind::Integer => "it is a whole number".into(),
            Kind::Boolean => "it is true or false, without quotes".into(),
            Kind::Array => "it is a list in brackets, such as [\"a\", \"b\"]".into(),
            Kind::Object if self.values.is_some() => {
                "it is a table of names and values, such as { name = \"value\" }".into()
            }
            Kind::Object => {
                "it is a section, with its keys in the lines below its name in brackets".into()
            }
        }
    }
}

/// `false`, or the shape of the values.
fn additional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Shape>>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(false) => Ok(None),
        schema => {
            Shape::deserialize(schema).map(|shape| Some(Box::new(shape))).map_err(D::Error::custom)
        }
    }
}

/// Makes one shape of the words and the table that a value may be: a table with words.
fn fold(schema: &mut Value) {
    let Some(Value::Array(either)) = schema.as_object_mut().and_then(|all| all.remove("anyOf"))
    else {
        return;
    };
    for keywords in either {
        if let (Value::Object(schema), Value::Object(keywords)) = (&mut *schema, keywords) {
            schema.extend(keywords);
        }
    }
}

/// Replaces every `$ref` by what it names; keywords beside it win. Ends, because no definition
/// holds itself.
fn resolve(schema: &mut Value, definitions: &Value) {
    if let Some(name) =
        schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"))
    {
        let mut target = definitions[name].clone();
        if let (Value::Object(target), Value::Object(beside)) = (&mut target, schema.take()) {
            target.extend(beside.into_iter().filter(|(keyword, _)| keyword != "$ref"));
        }
        *schema = target;
    }
    fold(schema);
    match schema {
        Value::Object(keywords) => {
            keywords.values_mut().for_each(|value| resolve(value, definitions));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, definitions)),
        _ => {}
    }
}
