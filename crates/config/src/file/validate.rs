//! A tree against its shape. What is right is kept, so that what is built of it is right; what is
//! wrong becomes a problem.

use std::net::IpAddr;

use crate::file::keys::{self, child};
use crate::file::shape::{Format, Kind, Shape};
use crate::file::tree::{Node, Table, Value};
use crate::service::is_host;
use crate::{Cidr, Origin, Problem};

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Validator {
    pub(crate) problems: Vec<Problem>,
}

impl Validator {
    /// The node without what is wrong in it; `None` where it is wrong itself.
    pub(crate) fn check(&mut self, shape: &Shape, key: &str, node: Node) -> Option<Node> {
        let Node { value, origin } = node;
        let value = match (shape.kind, value) {
            (Kind::String, Value::Text(text)) => self.text(shape, key, &origin, text)?,
            (Kind::Object, Value::Text(text)) if !shape.choices.is_empty() => {
                self.text(shape, key, &origin, text)?
            }
            (Kind::Integer, Value::Whole(number)) => self.whole(shape, key, &origin, number)?,
            (Kind::Boolean, Value::Flag(flag)) => Value::Flag(flag),
            (Kind::Array, Value::List(items)) => self.list(shape, key, &origin, items)?,
            (Kind::Object, Value::Table(entries)) if shape.values.is_some() => {
                Value::Table(self.map(shape, key, &origin, entries)?)
            }
            (Kind::Object, Value::Table(entries)) => {
                self.lacking(shape, key, &origin, &entries)?;
                let kept = self.section(shape, key, entries);
                // Without them the rest is nothing, and the list as a whole goes.
                shape.required.iter().all(|name| kept.contains_key(name)).then_some(())?;
                Value::Table(kept)
            }
            (Kind::String, value) => {
                let what = format!("{} is {}, not text in quotes", shown(&value), what(&value));
                return self.wrong(shape, key, &origin, &what);
            }
            (_, value) => {
                let what = format!("{} is {}", shown(&value), what(&value));
                return self.wrong(shape, key, &origin, &what);
            }
        };
        Some(Node { value, origin })
    }

    fn wrong<T>(&mut self, shape: &Shape, key: &str, origin: &Origin, what: &str) -> Option<T> {
        self.report(key, origin, format!("{what}; {}", shape.right()))
    }

    fn report<T>(&mut self, key: &str, origin: &Origin, message: String) -> Option<T> {
        self.problems.push(Problem { origin: origin.clone(), key: key.into(), message });
        None
    }

    fn text(&mut self, shape: &Shape, key: &str, origin: &Origin, text: String) -> Option<Value> {
        let what = if shape.max_length.is_some_and(|longest| text.chars().count() > longest) {
            format!("{} is too long: {} characters", quoted(&text), text.chars().count())
        } else if fits(shape, &text) {
            return Some(Value::Text(text));
        } else {
            format!("{} is not valid", quoted(&text))
        };
        let words = shape.choices.iter().map(|choice| choice.word.as_str());
        match keys::nearest(&text, words) {
            Some(near) => self.report(
                key,
                origin,
                format!("{what}; did you mean {near:?}? {}", shape.right()),
            ),
            None => self.wrong(shape, key, origin, &what),
        }
    }

    fn whole(&mut self, shape: &Shape, key: &str, origin: &Origin, number: i128) -> Option<Value> {
        let within = shape.minimum.is_none_or(|least| number >= i128::from(least))
            && shape.maximum.is_none_or(|most| number <= i128::from(most));
        if within {
            Some(Value::Whole(number))
        } else {
            self.wrong(shape, key, origin, &format!("{number} is out of range"))
        }
    }

    fn list(
        &mut self,
        shape: &Shape,
        key: &str,
        origin: &Origin,
        items: Vec<Node>,
    ) -> Option<Value> {
        if items.len() < shape.min_items {
            return self.report(
                key,
                origin,
                format!("the list is empty; it needs at least {} item", shape.min_items),
            );
        }
        let Some(item_shape) = &shape.items else { return Some(Value::List(items)) };
        let mut seen = std::collections::BTreeSet::new();
        let (count, mut kept) = (items.len(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let key = format!("{key}[{index}]");
            if shape.unique_items && !seen.insert(item.to_json().to_string()) {
                self.report::<()>(
                    &key,
                    &item.origin,
                    format!("{} is listed twice; keep one of the two", shown(&item.value)),
                );
            } else if let Some(item) = self.check(item_shape, &key, item) {
                kept.push(item);
            }
        }
        (kept.len() == count).then_some(Value::List(kept))
    }

    fn map(&mut self, shape: &Shape, key: &str, origin: &Origin, entries: Table) -> Option<Table> {
        if let Some(most) = shape.max_properties.filter(|most| entries.len() > *most) {
            let count = entries.len();
            return self.report(
                key,
                origin,
                format!("{count} entries are too many; at most {most} are allowed"),
            );
        }
        let mut kept = Table::new();
        for (name, node) in entries {
            let key = child(key, &name);
            if let Some(names) = &shape.property_names
                && self.text(names, &key, &node.origin, name.clone()).is_none()
            {
                continue;
            }
            let values = shape.values.as_deref();
            kept.extend(
                values.and_then(|values| self.check(values, &key, node)).map(|node| (name, node)),
            );
        }
        Some(kept)
    }

    /// Reports the keys that must be there and are not; `None` where there are any.
    fn lacking(
        &mut self,
        shape: &Shape,
        key: &str,
        origin: &Origin,
        entries: &Table,
    ) -> Option<()> {
        let lacking: Vec<_> =
            shape.required.iter().filter(|name| !entries.contains_key(*name)).cloned().collect();
        if lacking.is_empty() {
            return Some(());
        }
        self.report(
            key,
            origin,
            format!("{} is missing; each of these tables needs it", lacking.join(", ")),
        )
    }

    /// The entries of a section without what is wrong in it.
    pub(crate) fn section(&mut self, shape: &Shape, key: &str, entries: Table) -> Table {
        let mut kept = Table::new();
        for (name, node) in entries {
            let key = child(key, &name);
            match shape.properties.get(&name) {
                Some(property) => {
                    kept.extend(self.check(property, &key, node).map(|node| (name, node)));
                }
                None => {
                    self.report::<()>(&key, &node.origin, keys::unknown(shape, &name));
                }
            }
        }
        kept
    }
}

fn fits(shape: &Shape, text: &str) -> bool {
    let form = match shape.format {
        None => true,
        Some(Format::Ip) => text.parse::<IpAddr>().is_ok(),
        Some(Format::Cidr) => text.parse::<Cidr>().is_ok(),
        Some(Format::Host) => is_host(text),
    };
    let word = shape.choices.is_empty() || shape.choices.iter().any(|choice| choice.word == text);
    form && word && shape.pattern.as_ref().is_none_or(|pattern| pattern.0.is_match(text))
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Whole(_) => "a whole number",
        Value::Flag(_) => "a boolean",
        Value::Other(what, _) => what,
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// A value in a message: on one line, and short.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Whole(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Other(_, text) => shortened(text),
        Value::List(_) => "[…]".into(),
        Value::Table(_) => "{…}".into(),
    }
}

pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text).escape_debug())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
