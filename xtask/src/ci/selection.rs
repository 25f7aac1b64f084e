//! The steps that the command line asks for.

use anyhow::Result;
use clap::Args;
use skyward_terminal::exit::UsageError;
use skyward_terminal::output;

use super::scope::Scope;
use super::{Step, steps};
use crate::affected::Change;

/// Steps by name, by what a change touches, or by package.
#[derive(Args)]
pub(super) struct Selection {
    /// Only the steps whose name contains one of these words.
    #[arg(value_name = "STEP")]
    only: Vec<String>,
    /// Only what the change touches: commits since the base, and what is not committed yet; `--base` alone means this too.
    #[arg(long)]
    changed: bool,
    #[command(flatten)]
    change: Change,
    /// Only what concerns this package (repeatable).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["changed", "base"])]
    package: Vec<String>,
}

impl Selection {
    /// The steps. A word that fits none at all is a mistake; one that fits none of the change is not.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let named = |step: &Step, word: &String| step.name.contains(word.as_str());
        if !self.only.is_empty() {
            let all = steps::all(&Scope::Everything)?;
            if let Some(word) = self.only.iter().find(|word| !all.iter().any(|s| named(s, word))) {
                let text =
                    format!("ci: no step is called {word}; `cargo xtask ci --list` lists them");
                return Err(UsageError::new(text).into());
            }
        }
        let scope = self.scope()?;
        let mut steps = steps::all(&scope)?;
        if self.only.is_empty() {
            steps.retain(|step| !step.is_extra);
        } else {
            steps.retain(|step| self.only.iter().any(|word| named(step, word)));
        }
        steps::share(&scope, &mut steps);
        Ok(steps)
    }

    fn scope(&self) -> Result<Scope> {
        if !self.package.is_empty() {
            let known = Change::packages()?;
            if let Some(name) = self.package.iter().find(|name| !known.contains(*name)) {
                let known = known.join(", ");
                let text =
                    format!("ci: no package of this workspace is called {name}; there are {known}");
                return Err(UsageError::new(text).into());
            }
            return Ok(Scope::packages(&self.package));
        }
        if !self.changed && !self.change.is_named() {
            return Ok(Scope::Everything);
        }
        let affected = self.change.affected(None)?;
        output::say(&affected.summary());
        Ok(Scope::of(affected))
    }
}
