//! The table of the files that are no part of a package, or reach further than their package.

use super::decide::Job::{self, Dependencies, Documents, Image, Kubernetes, Provision, Workflows};

/// The reach of a change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Every package and every job.
    Everything,
    /// Every package, and no job: what the compiler's companions read.
    Packages,
    /// Some packages and some jobs.
    Some {
        /// Packages, with all that depend on them.
        packages: &'static [&'static str],
        /// Packages whose own tests read the file; nothing that depends on them does.
        tests: &'static [&'static str],
        /// Jobs, beside those of the packages.
        jobs: &'static [Job],
    },
}

/// One line of the table.
pub(super) struct Rule {
    /// A path; or a folder with `/` at its end; or `*.…`, the files of the top folder with this ending.
    pattern: &'static str,
    /// A description of these files.
    pub(super) what: &'static str,
    /// The reach of their changes.
    pub(super) touch: Touch,
}

const DEPLOYER: &[&str] = &["skyward-deployer"];
const IMAGE: &[&str] = &["skyward-image"];
const PROVISIONER: &[&str] = &["skyward-provisioner"];
/// The tests of the workflows, of the documents and of this table.
const XTASK: &[&str] = &["xtask"];

/// The first line that fits decides.
const RULES: &[Rule] = &[
    // What every build and every check depends on.
    rule("Cargo.lock", "the crates that everything is built with", Touch::Everything),
    rule("Cargo.toml", "the workspace", Touch::Everything),
    rule(".cargo/", "cargo's configuration", Touch::Everything),
    rule("rust-toolchain.toml", "the toolchain", Touch::Everything),
    rule("rust-toolchain", "the toolchain", Touch::Everything),
    rule(".ci/", "what prepares each check", Touch::Everything),
    rule("xtask/src/", "what runs each check", Touch::Everything),
    rule("xtask/Cargo.toml", "what runs each check", Touch::Everything),
    rule(".github/workflows/ci.yml", "the workflow of the checks", Touch::Everything),
    rule(".github/workflows/changes.yml", "what decides for the workflows", Touch::Everything),
    // The other workflows are linted, and what they run is run.
    rule(".github/workflows/image.yml", "a workflow", workflow(&[Workflows, Image])),
    rule(".github/workflows/book.yml", "a workflow", workflow(&[Workflows, Documents])),
    rule(".github/workflows/e2e.yml", "a workflow", workflow(&[Workflows, Kubernetes])),
    rule(".github/workflows/provision.yml", "a workflow", workflow(&[Workflows, Provision])),
    rule(".github/actions/xtask/", "what every job takes", Touch::Everything),
    rule(".github/actions/plan/", "the plan of a workflow", workflow(&[Workflows, Provision])),
    rule(".github/", "what GitHub reads", workflow(&[Workflows])),
    // Rules of the compiler's companions.
    rule("clippy.toml", "rules of clippy", Touch::Packages),
    rule("rustfmt.toml", "rules of rustfmt", Touch::Packages),
    rule("deny.toml", "rules of cargo-deny", some(&[], &[], &[Dependencies])),
    // What the programs read.
    rule("skyward.toml", "the configuration", some(&["skyward-config"], &[], &[Provision])),
    rule("deploy/README.md", "a document", some(&[], &[], &[Documents])),
    rule("deploy/auditors.md", "a generated document", some(&[], DEPLOYER, &[Documents])),
    rule("deploy/.dive-ci", "the image's rules", some(&[], IMAGE, &[Image])),
    rule("deploy/Dockerfile", "the image by Docker", some(&[], IMAGE, &[])),
    rule(".dockerignore", "the image by Docker", some(&[], IMAGE, &[])),
    rule("deploy/", "what goes onto Kubernetes", some(DEPLOYER, &[], &[])),
    rule("infra/README.md", "a generated document", some(&[], PROVISIONER, &[Documents])),
    rule("infra/github/", "whom AWS trusts", some(&[], XTASK, &[])),
    rule("infra/", "what goes into AWS", some(PROVISIONER, &[], &[])),
    rule("docs/workflows.md", "a document", some(&[], XTASK, &[Documents])),
    rule(
        "docs/events.schema.json",
        "the events' schema",
        some(
            &[],
            &[
                "skyward-terminal",
                "skyward-image",
                "skyward-deployer",
                "skyward-provisioner",
                "xtask",
            ],
            &[Documents],
        ),
    ),
    rule("docs/troubleshooting.md", "a document", some(&[], &["skyward"], &[Documents])),
    rule("docs/", "a document", some(&[], &[], &[Documents])),
    rule("fuzz/", "the fuzz targets, which run by night", some(&[], XTASK, &[])),
    rule(
        "crates/skyward/tests/scratch/pty.rs",
        "a terminal for tests",
        some(&[], &["skyward", "xtask"], &[]),
    ),
    // What people read.
    rule("LICENSE", "a document", some(&[], &[], &[Documents])),
    rule(".gitignore", "what git leaves alone", some(&[], &[], &[Documents])),
    rule("*.md", "a document", some(&[], &[], &[Documents])),
];

const fn rule(pattern: &'static str, what: &'static str, touch: Touch) -> Rule {
    Rule { pattern, what, touch }
}

const fn some(
    packages: &'static [&'static str],
    tests: &'static [&'static str],
    jobs: &'static [Job],
) -> Touch {
    Touch::Some { packages, tests, jobs }
}

const fn workflow(jobs: &'static [Job]) -> Touch {
    some(&[], XTASK, jobs)
}

/// The rule for a file, if any knows it.
pub(super) fn find(path: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.fits(path))
}

impl Rule {
    fn fits(&self, path: &str) -> bool {
        match self.pattern {
            folder if folder.ends_with('/') => path.starts_with(folder),
            ending if ending.starts_with('*') => {
                !path.contains('/') && path.ends_with(&ending[1..])
            }
            file => path == file,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::graph::Graph;
    use super::*;
    use crate::external;

    #[test]
    fn patterns_fit_files_folders_and_endings() {
        for (pattern, path, expected) in [
            ("Cargo.lock", "Cargo.lock", true),
            ("Cargo.lock", "crates/config/Cargo.lock", false),
            ("deploy/", "deploy/k3s/unit", true),
            ("deploy/", "deployment", false),
            ("*.md", "README.md", true),
            ("*.md", "notes/README.md", false),
        ] {
            let rule = rule(pattern, "", Touch::Everything);
            assert_eq!(rule.fits(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_packages_that_rules_name_are_there() {
        let graph = Graph::of_workspace().unwrap();
        let names: BTreeSet<_> = graph.names().collect();
        for rule in RULES {
            if let Touch::Some { packages, tests, .. } = rule.touch {
                let mut both = packages.iter().chain(tests);
                assert!(both.all(|name| names.contains(name)), "{}", rule.pattern);
            }
        }
    }

    /// No line stands behind one that takes all its files away.
    #[test]
    fn every_rule_can_be_reached() {
        for (index, rule) in RULES.iter().enumerate() {
            let example = rule.pattern.replace('*', "a");
            let first = RULES.iter().position(|rule| rule.fits(&example));
            let folder = rule.pattern.ends_with('/').then(|| format!("{example}any"));
            let first = folder.map_or(first, |file| RULES.iter().position(|r| r.fits(&file)));
            assert_eq!(first, Some(index), "{}", rule.pattern);
        }
    }

    /// A test that reads a file of another package has a rule for it, or an edge of the graph.
    #[test]
    fn files_that_are_read_across_packages_have_a_rule() {
        let graph = Graph::of_workspace().unwrap();
        let mut found = 0;
        let tracked = super::super::git::files(&external::workspace()).unwrap();
        for path in tracked {
            let Some((reader, _)) = graph.owner(&path) else { continue };
            let Ok(text) = std::fs::read_to_string(external::workspace().join(&path)) else {
                continue;
            };
            for line in text.lines().filter(|l| l.contains("include_") || l.contains("#[path")) {
                let Some(named) = line.split('"').nth(1) else { continue };
                let Some(target) = resolve(&path, named) else { continue };
                let foreign = graph.owner(&target).is_some_and(|(owner, _)| owner != reader);
                let affected = super::super::decide::decide(&graph, std::slice::from_ref(&target));
                found += usize::from(external::workspace().join(&target).exists());
                assert!(
                    !foreign || affected.packages.contains(reader),
                    "{path} reads {target}; a rule has to name {reader} for it"
                );
            }
        }
        assert!(
            found > 0,
            "the search finds nothing any more: does it still know how files are read?"
        );
    }

    /// Resolves the path `named` in the file `from`.
    fn resolve(from: &str, named: &str) -> Option<String> {
        let mut parts: Vec<_> = from.split('/').collect();
        parts.pop();
        for part in named.split('/') {
            match part {
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}
