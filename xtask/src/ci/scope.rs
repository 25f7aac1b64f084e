//! The scope of a run: its steps, and how far each of them goes.

use std::collections::BTreeSet;

use crate::affected::{Affected, Job};

/// The part of the workspace that is checked.
pub(super) enum Scope {
    /// The whole workspace.
    Everything,
    /// The reach of a change, or the packages that were named.
    Some {
        /// Packages to check.
        packages: BTreeSet<String>,
        /// Jobs to run.
        jobs: BTreeSet<Job>,
    },
}

/// When a step has something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// A package is checked.
    Code,
    /// One of these packages is checked.
    Packages(Vec<String>),
    /// This job is run.
    Job(Job),
    /// A package is checked, or this job is run.
    CodeOr(Job),
}

impl Scope {
    /// The reach of a change.
    pub(super) fn of(affected: Affected) -> Self {
        if affected.everything {
            return Self::Everything;
        }
        Self::Some { packages: affected.packages, jobs: affected.jobs }
    }

    /// Some packages, and what is theirs alone.
    pub(super) fn packages(names: &[String]) -> Self {
        Self::Some { packages: names.iter().cloned().collect(), jobs: BTreeSet::new() }
    }

    /// Returns true where a step is part of the run.
    pub(super) fn wants(&self, when: &When) -> bool {
        let Self::Some { packages, jobs } = self else { return true };
        match when {
            When::Code => !packages.is_empty(),
            When::Packages(names) => names.iter().any(|name| packages.contains(name)),
            When::Job(job) => jobs.contains(job),
            When::CodeOr(job) => !packages.is_empty() || jobs.contains(job),
        }
    }

    /// cargo's flags for the packages.
    pub(super) fn selection(&self) -> Vec<&str> {
        match self {
            Self::Everything => vec!["--workspace"],
            Self::Some { packages, .. } => {
                packages.iter().flat_map(|name| ["--package", name.as_str()]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_wanted_where_its_part_is() {
        let none = Scope::packages(&[]);
        let image = Scope::packages(&["skyward-image".to_owned()]);
        let documents =
            Scope::Some { packages: BTreeSet::new(), jobs: BTreeSet::from([Job::Documents]) };
        let package = |name: &str| When::Packages(vec![name.to_owned()]);
        for (when, expected) in [
            (When::Code, [true, false, true, false]),
            (package("skyward-image"), [true, false, true, false]),
            (package("skyward-service"), [true, false, false, false]),
            (When::Job(Job::Documents), [true, false, false, true]),
            (When::CodeOr(Job::Documents), [true, false, true, true]),
        ] {
            let scopes = [&Scope::Everything, &none, &image, &documents];
            assert_eq!(scopes.map(|scope| scope.wants(&when)), expected, "{when:?}");
        }
    }

    #[test]
    fn cargo_is_told_the_packages() {
        assert_eq!(Scope::Everything.selection(), ["--workspace"]);
        let names = ["xtask".to_owned(), "skyward-image".to_owned()];
        let expected = ["--package", "skyward-image", "--package", "xtask"];
        assert_eq!(Scope::packages(&names).selection(), expected);
    }
}
