//! A TOML value whose every part knows where it came from.

use std::collections::BTreeMap;

use serde_json::json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Origin;

/// A value and where it came from: the line of its key, or for an item of a list its own.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

pub(crate) type Table = BTreeMap<String, Node>;

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Whole(i128),
    Flag(bool),
    /// A value that no key takes (a number with a fraction, one beyond 128 bits, a date): its kind, and
    /// the text as it is written.
    Other(&'static str, String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// `at` turns a place in the text into an origin.
    pub(crate) fn new(value: DeValue<'_>, at: &dyn Fn(usize) -> Origin) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.into_owned()),
            DeValue::Boolean(flag) => Self::Flag(flag),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix())
            {
                Ok(number) => Self::Whole(number),
                Err(_) => Self::Other("a number beyond all bounds", number.as_str().into()),
            },
            DeValue::Float(number) => {
                Self::Other("a number with a fraction", number.as_str().into())
            }
            DeValue::Datetime(date) => Self::Other("a date or time", date.to_string()),
            DeValue::Array(items) => {
                Self::List(items.into_iter().map(|item| Node::new(item, at)).collect())
            }
            DeValue::Table(entries) => Self::Table(table(entries, at)),
        }
    }
}

impl Node {
    fn new(value: Spanned<DeValue<'_>>, at: &dyn Fn(usize) -> Origin) -> Self {
        let origin = at(value.span().start);
        Self { value: Value::new(value.into_inner(), at), origin }
    }

    /// The value alone.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) | Value::Other(_, text) => json!(text),
            Value::Whole(number) => json!(number),
            Value::Flag(flag) => json!(flag),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(entries) => {
                entries.iter().map(|(name, node)| (name.clone(), node.to_json())).collect()
            }
        }
    }

    /// Says of this value and all below it that they came from an environment.
    pub(crate) fn mark(&mut self, name: &str) {
        if let Origin::File { environment, .. } = &mut self.origin {
            *environment = Some(name.into());
        }
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.mark(name)),
            Value::Table(entries) => entries.values_mut().for_each(|node| node.mark(name)),
            _ => {}
        }
    }
}

/// The entries of a TOML table, each with the origin of its key.
pub(crate) fn table(entries: DeTable<'_>, at: &dyn Fn(usize) -> Origin) -> Table {
    entries
        .into_iter()
        .map(|(name, value)| {
            let origin = at(name.span().start);
            (
                name.into_inner().into_owned(),
                Node { value: Value::new(value.into_inner(), at), origin },
            )
        })
        .collect()
}

/// Takes a key away, where it is there.
pub(crate) fn remove(base: &mut Table, path: &[String]) {
    match path {
        [] => {}
        [name] => drop(base.remove(name)),
        [name, below @ ..] => {
            if let Some(Node { value: Value::Table(entries), .. }) = base.get_mut(name) {
                remove(entries, below);
            }
        }
    }
}

/// Lays `over` on `base`: tables are merged entry by entry, all else is replaced.
pub(crate) fn overlay(base: &mut Table, over: Table) {
    for (name, mut node) in over {
        if let (Some(Node { value: Value::Table(below), .. }), Value::Table(above)) =
            (base.get_mut(&name), &mut node.value)
        {
            overlay(below, std::mem::take(above));
        } else {
            base.insert(name, node);
        }
    }
}
