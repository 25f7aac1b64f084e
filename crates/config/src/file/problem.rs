//! Problems: all that is wrong, in the order in which a person goes through the file.

use std::fmt;

use crate::Origin;

/// The most problems that are printed.
const SHOWN: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The line of the file, the variable or the flag.
    pub origin: Origin,
    /// The key, such as `service.port` or `environment.staging.image.tags[0]`; `syntax` where the
    /// text is not TOML.
    pub key: String,
    /// The problem, and after a semicolon what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            // The key already names the environment.
            Origin::File { file, line, .. } => write!(f, "{file}:{line}")?,
            origin => origin.fmt(f)?,
        }
        write!(f, ": {}: {}", self.key, self.message)
    }
}

/// All that is wrong, in the order of the lines; then variables, then flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        // Stable: two problems in one line stay in the order in which they were found.
        problems.sort_by(|a, b| a.origin.layer().cmp(&b.origin.layer()));
        Self(problems)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.0.iter().take(SHOWN) {
            writeln!(f, "{problem}")?;
        }
        if self.0.len() > SHOWN {
            writeln!(f, "… and {} more", self.0.len() - SHOWN)?;
        }
        match self.0.len() {
            1 => f.write_str("1 error in the configuration"),
            count => write!(f, "{count} errors in the configuration"),
        }
    }
}
