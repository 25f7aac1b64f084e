//! Origins: each value knows the line, the variable or the flag that it came from, and so can every message.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::Loaded;
use crate::file::shape::DOCUMENT;
use crate::file::{keys, model};

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file, in `[environment.NAME]` when there is a name.
    File {
        /// The file as it is shown to people.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// The environment.
        environment: Option<Arc<str>>,
    },
    /// An environment variable, by name.
    Variable(String),
    /// A flag, such as `--set`.
    Flag(&'static str),
}

impl Origin {
    /// Orders origins as the layers lie on each other; within the file by line.
    pub(crate) fn layer(&self) -> (u8, usize, &str) {
        match self {
            Self::Default => (0, 0, ""),
            Self::File { line, .. } => (1, *line, ""),
            Self::Variable(name) => (2, 0, name),
            Self::Flag(_) => (3, 0, ""),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, environment: None } => write!(f, "{file}:{line}"),
            Self::File { file, line, environment: Some(name) } => {
                write!(f, "{file}:{line} (environment {name})")
            }
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The origin of each value that somebody set, by key: `service.port`, `service.env.RUST_LOG`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(pub(crate) BTreeMap<String, Origin>);

impl Origins {
    /// The origin of the value of `key`, such as `service.port`.
    pub fn of(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }
}

/// One value as it holds in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The key, such as `service.port` or `service.env.RUST_LOG`.
    pub key: String,
    /// The value; `None` for an optional key that nobody set.
    pub value: Option<Value>,
    /// The origin.
    pub origin: Origin,
}

impl Loaded {
    /// The values as JSON, section by section, each setting that is left to the service with the service's default.
    pub fn values(&self) -> Value {
        let mut values = serde_json::to_value(&self.config)
            .expect("the configuration holds text, numbers, lists and maps of text");
        for (section, names) in model::sections() {
            for name in names {
                let default = &DOCUMENT.properties[section].properties[*name].default;
                if let (None, Some(default)) = (values[section].get(name), default) {
                    values[section][name] = default.clone();
                }
            }
        }
        // A port that nothing uses is not shown as if it were one.
        let is_unasked = self.origins.of("service.admin_port") == Origin::Default;
        if is_unasked && !self.config.service.has_admin_port() {
            values["service"].as_object_mut().map(|service| service.remove("admin_port"));
        }
        values
    }

    /// Every value, in the order of the sections and their keys. A table that is not empty is shown
    /// entry by entry.
    pub fn effective(&self) -> Vec<Effective> {
        let (values, mut effective) = (self.values(), Vec::new());
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
