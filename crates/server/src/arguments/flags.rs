//! Flags of a program's own, beside the server's.

use super::UsageError;
use std::ffi::OsString;

/// A flag of a program's own. It is also a variable: `--database-url` is `DATABASE_URL`, which the flag wins over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    pub(crate) name: &'static str,
    pub(crate) placeholder: &'static str,
    help: &'static str,
    default: Option<&'static str>,
    is_required: bool,
}

impl Flag {
    /// A flag called `name`, without its dashes; `placeholder` is the name of its value in the help, and `help` what it
    /// means.
    #[must_use]
    pub fn new(name: &'static str, placeholder: &'static str, help: &'static str) -> Self {
        Self { name, placeholder, help, default: None, is_required: false }
    }

    /// Gives it a value for where neither the flag nor the variable is set.
    #[must_use]
    pub fn default(self, value: &'static str) -> Self {
        Self { default: Some(value), ..self }
    }

    /// Lets the program not start without it.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// The variable.
    pub(crate) fn variable(&self) -> String {
        self.name.replace('-', "_").to_ascii_uppercase()
    }

    /// The text of the help.
    pub(super) fn meaning(&self) -> String {
        let default = match self.default {
            Some("") => " [empty]".into(),
            Some(value) => format!(" [{value}]"),
            None if self.is_required => " [required]".into(),
            None => String::new(),
        };
        format!("{}; also {}{default}", self.help.trim_end_matches('.'), self.variable())
    }
}

/// The values of a program's own flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(&'static str, Option<String>)>);

impl Values {
    /// The value of the flag `name`, if it was set or has a default.
    ///
    /// # Panics
    /// When the program has no such flag: that is a mistake in the program, found by its first start.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        let (_, value) = found.unwrap_or_else(|| panic!("the program has no flag --{name}"));
        value.as_deref()
    }

    pub(super) fn defaults(flags: &[Flag]) -> Self {
        Self(flags.iter().map(|flag| (flag.name, flag.default.map(Into::into))).collect())
    }

    /// Sets the value that `source`, a flag or a variable, gives.
    pub(super) fn set(
        &mut self,
        flag: &Flag,
        source: &str,
        value: OsString,
    ) -> Result<(), UsageError> {
        let value = value
            .into_string()
            .map_err(|_| UsageError(format!("{source}: the value is not UTF-8")))?;
        for (name, known) in &mut self.0 {
            if *name == flag.name {
                *known = Some(value.clone());
            }
        }
        Ok(())
    }

    pub(super) fn check(&self, flags: &[Flag]) -> Result<(), UsageError> {
        let is_missing = |flag: &&Flag| flag.is_required && self.get(flag.name).is_none();
        match flags.iter().find(is_missing) {
            None => Ok(()),
            Some(flag) => Err(UsageError(format!(
                "--{} or the variable {} is needed: {}",
                flag.name,
                flag.variable(),
                flag.help.trim_end_matches('.')
            ))),
        }
    }
}
