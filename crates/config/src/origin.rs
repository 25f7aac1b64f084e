use std::collections::BTreeMap;
use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file, in `[environment.NAME]` when there is a name.
    File {
        /// The file as it is shown to people.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The environment.
        environment: Option<String>,
    },
    /// An environment variable, by name.
    Variable(String),
    /// `--set`.
    Flag,
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
            Self::Flag => f.write_str("--set"),
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
