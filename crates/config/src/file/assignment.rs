//! Values from variables and flags: a key and a text, read as the key's shape asks.

use toml::de::DeValue;

use crate::file::keys;
use crate::file::shape::{DOCUMENT, Kind, Shape};
use crate::file::tree::{Node, Table, Value};
use crate::{Origin, Problem};

/// The start of the name of every variable of the configuration.
const PREFIX: &str = "SKYWARD_";

/// The tree of `SKYWARD_SECTION__KEY=text`; `None` where the variable is not one of the
/// configuration's.
///
/// Only a double underscore makes it ours: Kubernetes gives every pod `SKYWARD_SERVICE_PORT` and
/// the like for a Service called skyward.
pub(crate) fn variable(name: &str, text: &str) -> Option<Result<Table, Problem>> {
    let segments: Vec<&str> = name.strip_prefix(PREFIX)?.split("__").collect();
    if segments.len() < 2 {
        return None;
    }
    Some(place(&segments, &str::to_lowercase, "__", text, &Origin::Variable(name.into())))
}

/// The name of the variable for a key.
pub(crate) fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The note on a variable that would be a key's if it had two underscores.
pub(crate) fn misspelt(name: &str) -> Option<String> {
    let (section, key) = name.strip_prefix(PREFIX)?.split_once('_')?;
    let (section, key) = (section.to_lowercase(), key.to_lowercase());
    DOCUMENT.properties.get(&section)?.properties.get(&key)?;
    Some(format!(
        "{name} is not read; a key's variable has two underscores: {}",
        variable_name(&format!("{section}.{key}"))
    ))
}

/// The tree of `--set section.key=text`.
pub(crate) fn flag(argument: &str) -> Result<Table, Problem> {
    let origin = Origin::Flag("--set");
    let Some((key, text)) = split(argument) else {
        let message =
            "the value is missing; write --set section.key=value, such as --set service.port=8081"
                .into();
        return Err(Problem { origin, key: argument.escape_debug().to_string(), message });
    };
    let segments = segments(key.trim()).map_err(|message| Problem {
        origin: origin.clone(),
        key: key.escape_debug().to_string(),
        message,
    })?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    place(&segments, &str::to_owned, ".", text, &origin)
}

/// Splits at the first `=` that is not within quotes.
fn split(argument: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = argument.char_indices().find(|(_, letter)| {
        quoted ^= *letter == '"';
        *letter == '=' && !quoted
    });
    at.map(|(at, _)| (&argument[..at], &argument[at + 1..]))
}

/// The names of a key as [`keys::child`] writes them: one that is not bare is in quotes.
fn segments(key: &str) -> Result<Vec<String>, String> {
    let (mut segments, mut rest) = (Vec::new(), key);
    loop {
        let (segment, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (bare, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
            (bare.to_owned(), after)
        };
        segments.push(segment);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(segments),
            None => {
                return Err("a name in quotes ends with the quote; a dot or = follows it".into());
            }
        }
    }
}

/// Reads a name up to its closing quote, and returns it with what follows. A backslash stands before a quote or a backslash.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let (mut name, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok((name, letters.as_str())),
            '\\' => name.extend(letters.next()),
            letter => name.push(letter),
        }
    }
    Err("a quote is not closed; write a name in quotes as \"example.com/team\"".into())
}

/// The names that lead to a key of the configuration, for one that is written as [`keys::child`] writes it.
pub(crate) fn path(key: &str) -> Result<Vec<String>, String> {
    let segments = segments(key.trim())?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    locate(&segments, &str::to_owned, ".").map(|target| target.path).map_err(|(_, message)| message)
}

/// The key that a text is for.
struct Target {
    shape: &'static Shape,
    /// Its key as it is written in messages.
    key: String,
    /// Its key name by name.
    path: Vec<String>,
}

/// The value of the text, at its place in a tree.
fn place(
    segments: &[&str],
    spell: &dyn Fn(&str) -> String,
    separator: &str,
    text: &str,
    origin: &Origin,
) -> Result<Table, Problem> {
    let problem = |(key, message)| Problem { origin: origin.clone(), key, message };
    let Target { shape, key, mut path } = locate(segments, spell, separator).map_err(problem)?;
    let mut value = read(shape, text, origin).map_err(|message| problem((key, message)))?;
    while path.len() > 1 {
        let node = Node { value, origin: origin.clone() };
        value = Value::Table(path.pop().map(|name| (name, node)).into_iter().collect());
    }
    Ok(path
        .into_iter()
        .map(|name| (name, Node { value: value.clone(), origin: origin.clone() }))
        .collect())
}

/// Walks down the sections to the key; the error is a key and what is wrong with it.
///
/// Names of the configuration's own go through `spell`; a name in a map stays as it is, and may
/// hold the separator.
fn locate(
    segments: &[&str],
    spell: &dyn Fn(&str) -> String,
    separator: &str,
) -> Result<Target, (String, String)> {
    let mut target = Target { shape: &DOCUMENT, key: String::new(), path: Vec::new() };
    let mut rest = segments;
    while let [segment, below @ ..] = rest {
        let parent = target.key;
        let name = if let Some(values) = &target.shape.values {
            (target.shape, rest) = (values, &[]);
            [&[*segment], below].concat().join(separator)
        } else {
            let name = spell(segment);
            let key = keys::child(&parent, &name);
            if key == "environment" {
                return Err((key, "the values of an environment are in the file alone; set the effective key, such as service.port".into()));
            }
            let Some(property) = target.shape.properties.get(&name) else {
                return Err((key, unknown(target.shape, &parent, &name)));
            };
            (target.shape, rest) = (property, below);
            name
        };
        target.key = keys::child(&parent, &name);
        target.path.push(name);
    }
    let is_section = target.shape.values.is_none() && target.shape.choices.is_empty();
    if target.shape.kind == Kind::Object && is_section {
        let message = "that is a whole section; name one key of it, such as service.port";
        return Err((target.key, message.into()));
    }
    Ok(target)
}

fn unknown(shape: &Shape, parent: &str, name: &str) -> String {
    if shape.kind == Kind::Object {
        keys::unknown(shape, name)
    } else {
        format!("unknown key; {parent} is a single value")
    }
}

/// Text as the shape asks. What does not fit stays text, and the validator says so.
fn read(shape: &Shape, text: &str, origin: &Origin) -> Result<Value, String> {
    let is_toml = |open: char| text.trim_start().starts_with(open);
    Ok(match shape.kind {
        Kind::Integer => {
            text.trim().parse().map_or_else(|_| Value::Text(text.into()), Value::Whole)
        }
        Kind::Boolean => text.trim().parse().map_or_else(|_| Value::Text(text.into()), Value::Flag),
        Kind::Array if is_toml('[') => toml(shape, text, origin)?,
        Kind::Object if is_toml('{') => toml(shape, text, origin)?,
        Kind::Array => {
            let items = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
            let node =
                |item: &str| Node { value: Value::Text(item.into()), origin: origin.clone() };
            Value::List(items.map(node).collect())
        }
        Kind::String | Kind::Object => Value::Text(text.into()),
    })
}

fn toml(shape: &Shape, text: &str, origin: &Origin) -> Result<Value, String> {
    let value = DeValue::parse(text.trim()).map_err(|error| {
        let what = error.message().split(", expected").next().unwrap_or_default();
        format!("{what}; {}", shape.right())
    })?;
    Ok(Value::new(value.into_inner(), &|_| origin.clone()))
}
