//! From changed paths to what they touch. Nothing here asks git, cargo or the file system.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::rules::{self, Touch};

/// The subjects of the workflows, and of the steps of `cargo xtask ci`, beside the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    /// Licences, bans, advisories.
    Dependencies,
    /// Documents for people.
    Documents,
    /// The service's image, built and run.
    Image,
    /// The service on a real k3s.
    Kubernetes,
    /// The plan for AWS.
    Provision,
    /// The workflows themselves.
    Workflows,
}

impl Job {
    /// Every job.
    pub(crate) const ALL: [Self; 6] = [
        Self::Dependencies,
        Self::Documents,
        Self::Image,
        Self::Kubernetes,
        Self::Provision,
        Self::Workflows,
    ];

    /// Its name in outputs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dependencies => "dependencies",
            Self::Documents => "documents",
            Self::Image => "image",
            Self::Kubernetes => "kubernetes",
            Self::Provision => "provision",
            Self::Workflows => "workflows",
        }
    }

    /// The package whose change, or that of what it needs, is a reason for the job.
    fn package(self) -> Option<&'static str> {
        match self {
            Self::Image => Some("skyward-image"),
            Self::Kubernetes => Some("skyward-deployer"),
            Self::Provision => Some("skyward-provisioner"),
            Self::Dependencies | Self::Documents | Self::Workflows => None,
        }
    }
}

/// The reach of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Affected {
    /// The commit that the change begins at.
    pub(crate) base: String,
    /// Each changed file, and what it is.
    pub(crate) files: BTreeMap<String, String>,
    /// True where nothing may be left out.
    pub(crate) everything: bool,
    /// The packages to check.
    pub(crate) packages: BTreeSet<String>,
    /// The jobs to run.
    pub(crate) jobs: BTreeSet<Job>,
}

impl Affected {
    /// All there is, as for a release, or where the change cannot be told.
    pub(crate) fn everything(graph: &Graph) -> Self {
        Self {
            base: String::new(),
            files: BTreeMap::new(),
            everything: true,
            packages: graph.names().map(str::to_owned).collect(),
            jobs: Job::ALL.into(),
        }
    }
}

/// Decides what a change of these files touches. A file that no rule and no package knows touches everything.
pub(crate) fn decide(graph: &Graph, paths: &[String]) -> Affected {
    let mut affected = Affected::default();
    // Packages that changed for those that depend on them, and packages of which only tests changed.
    let (mut changed, mut tests) = (BTreeSet::new(), BTreeSet::new());
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for path in paths {
        let what = if let Some(rule) = rules::find(path) {
            match rule.touch {
                Touch::Everything => affected.everything = true,
                Touch::Packages => tests.extend(graph.names().map(str::to_owned)),
                Touch::Some { packages, tests: own, jobs } => {
                    changed.extend(owned(packages));
                    tests.extend(owned(own));
                    affected.jobs.extend(jobs);
                }
            }
            rule.what.to_owned()
        } else if let Some((package, inside)) = graph.owner(path) {
            if is_test(inside) {
                tests.insert(package.to_owned());
                format!("tests of {package}")
            } else {
                changed.insert(package.to_owned());
                affected.jobs.extend((inside == "Cargo.toml").then_some(Job::Dependencies));
                package.to_owned()
            }
        } else {
            affected.everything = true;
            UNKNOWN.to_owned()
        };
        affected.files.insert(path.clone(), what);
    }
    if affected.everything {
        return Affected { files: affected.files, ..Affected::everything(graph) };
    }
    affected.packages = graph.with_dependents(&changed);
    let reached = |job: &Job| job.package().is_some_and(|name| affected.packages.contains(name));
    affected.jobs.extend(Job::ALL.into_iter().filter(reached));
    affected.packages.extend(tests);
    affected
}

/// The description of a file that nothing knows.
const UNKNOWN: &str = "no rule knows it";

/// Files of a package that are in none of its programs.
fn is_test(inside: &str) -> bool {
    ["tests/", "benches/", "examples/"].iter().any(|folder| inside.starts_with(folder))
        || inside.contains("/snapshots/")
        || inside.ends_with("/tests.rs")
        || inside.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::example;
    use super::*;
    use crate::external;

    const ALL: &str = "config deployer image provisioner server service xtask";
    const EVERY_JOB: &str = "dependencies documents image kubernetes provision workflows";

    /// Packages without their prefix, and jobs.
    fn touched(paths: &[&str]) -> (String, String) {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        let affected = decide(&example(), &paths);
        let packages: Vec<_> =
            affected.packages.iter().map(|name| name.trim_start_matches("skyward-")).collect();
        let jobs: Vec<_> = affected.jobs.iter().map(|job| job.name()).collect();
        (packages.join(" "), jobs.join(" "))
    }

    #[test]
    fn a_change_touches_what_depends_on_it() {
        for (path, packages, jobs) in [
            ("README.md", "", "documents"),
            ("solutions.md", "", "documents"),
            ("LICENSE", "", "documents"),
            ("deploy/README.md", "", "documents"),
            ("docs/image.md", "", "documents"),
            (
                "crates/config/src/lib.rs",
                "config deployer image provisioner server service",
                "image kubernetes provision",
            ),
            ("crates/config/tests/layers.rs", "config", ""),
            (
                "crates/config/Cargo.toml",
                "config deployer image provisioner server service",
                "dependencies image kubernetes provision",
            ),
            ("crates/service/src/routes.rs", "deployer image service", "image kubernetes"),
            ("crates/server/src/accept.rs", "deployer image server service", "image kubernetes"),
            ("crates/server/examples/raw_hyper.rs", "server", ""),
            ("crates/image/src/pack.rs", "deployer image", "image kubernetes"),
            ("crates/image/src/sbom/cyclonedx/tests.rs", "image", ""),
            ("crates/deployer/src/lock.rs", "deployer", "kubernetes"),
            ("crates/deployer/src/diff/text/snapshots/a.snap", "deployer", ""),
            ("crates/provisioner/src/cli.rs", "provisioner", "provision"),
            ("xtask/tests/tidy/main.rs", "xtask", ""),
            (
                "skyward.toml",
                "config deployer image provisioner server service",
                "image kubernetes provision",
            ),
            ("deploy/.dive-ci", "image", "image"),
            ("deploy/Dockerfile", "image", ""),
            ("deploy/auditors.md", "deployer", "documents"),
            ("deploy/k3s/unit", "deployer", "kubernetes"),
            ("infra/policies/plan.json", "provisioner", "provision"),
            ("infra/README.md", "provisioner", "documents"),
            ("infra/github/trust-plan.json", "xtask", ""),
            ("deny.toml", "", "dependencies"),
            ("clippy.toml", ALL, ""),
            (".github/dependabot.yml", "xtask", "workflows"),
            (".github/workflows/image.yml", "xtask", "image workflows"),
            (".github/workflows/e2e.yml", "xtask", "kubernetes workflows"),
            (".github/workflows/provision.yml", "xtask", "provision workflows"),
        ] {
            assert_eq!(touched(&[path]), (packages.to_owned(), jobs.to_owned()), "{path}");
        }
    }

    #[test]
    fn what_everything_depends_on_touches_everything() {
        for path in [
            "Cargo.lock",
            "Cargo.toml",
            ".cargo/config.toml",
            "rust-toolchain.toml",
            ".ci/run",
            ".github/workflows/ci.yml",
            ".github/workflows/changes.yml",
            "xtask/src/ci.rs",
            "xtask/Cargo.toml",
            // What no rule knows: a new file, and what is left of a crate that was removed.
            "Makefile",
            "crates/removed/src/lib.rs",
            "notes/README.md",
        ] {
            assert_eq!(touched(&[path]), (ALL.to_owned(), EVERY_JOB.to_owned()), "{path}");
        }
    }

    #[test]
    fn a_change_of_several_files_touches_what_each_does() {
        assert_eq!(touched(&[]), (String::new(), String::new()));
        assert_eq!(
            touched(&["README.md", "crates/provisioner/src/cli.rs", "crates/image/tests/run.rs"]),
            ("image provisioner".to_owned(), "documents provision".to_owned())
        );
        assert_eq!(touched(&["README.md", "Cargo.lock"]).1, EVERY_JOB);
    }

    #[test]
    fn the_configuration_reaches_all_that_cargo_knows_to_depend_on_it() {
        let graph = Graph::of_workspace().unwrap();
        let affected = decide(&graph, &["crates/config/src/model.rs".to_owned()]);
        let mut dependents = 0;
        for name in graph.names() {
            let folder = name.trim_start_matches("skyward-");
            let manifest = external::workspace().join("crates").join(folder).join("Cargo.toml");
            let text = std::fs::read_to_string(manifest).unwrap_or_default();
            if text.lines().any(|line| line.starts_with("skyward-config")) {
                assert!(affected.packages.contains(name), "{name}: {affected:?}");
                dependents += 1;
            }
        }
        assert!(dependents >= 2, "deployer and image depend on it at least");
    }

    /// A file that no rule knows makes every change of it a change of everything: it has to get a rule.
    #[test]
    fn every_file_of_the_repository_has_a_rule() {
        let graph = Graph::of_workspace().unwrap();
        let files = super::super::git::files(&external::workspace()).unwrap();
        assert!(files.len() > 100, "git lists {} files", files.len());
        let affected = decide(&graph, &files);
        let unknown: Vec<_> = affected
            .files
            .iter()
            .filter(|(_, what)| *what == UNKNOWN)
            .map(|(path, _)| path)
            .collect();
        assert!(unknown.is_empty(), "no rule of xtask/src/affected/rules.rs knows {unknown:#?}");
    }
}
