use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where a value came from.
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
