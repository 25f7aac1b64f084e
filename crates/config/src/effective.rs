use serde_json::Value;

use crate::{Loaded, Origin, keys, model};

/// One value as it holds in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The key, such as `service.port` or `service.env.RUST_LOG`.
    pub key: String,
    /// The value; `None` for an optional key that nobody set.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

impl Loaded {
    /// Every value, in the order of the sections and their keys. A table that is not empty is shown
    /// entry by entry.
    pub fn effective(&self) -> Vec<Effective> {
        let values = serde_json::to_value(&self.config)
            .expect("the configuration holds text, numbers, lists and maps of text");
        let mut effective = Vec::new();
        for (section, names) in model::sections() {
            for name in names {
                self.flatten(keys::child(section, name), values[section].get(name), &mut effective);
            }
        }
        effective
    }

    fn flatten(&self, key: String, value: Option<&Value>, effective: &mut Vec<Effective>) {
        match value {
            Some(Value::Object(entries)) if !entries.is_empty() => {
                for (name, value) in entries {
                    self.flatten(keys::child(&key, name), Some(value), effective);
                }
            }
            value => effective.push(Effective {
                origin: self.origins.of(&key),
                key,
                value: value.cloned(),
            }),
        }
    }
}
