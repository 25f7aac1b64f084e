//! Tests that need a tool not everyone has: run where the tool is found, shown as skipped elsewhere.
//!
//! They are found by their attribute, `#[ignore = "needs TOOL …"]`, in the crates' sources. A word in capitals, such as
//! `K3S_BINARY`, is a variable that names a program; `root` is the user.
//!
//! Tests that need a part of what others need run with them, where all of it is there: they share what is started once in a program,
//! such as a control plane. Those that need root run apart, because they change the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use skyward_terminal::units;

use super::scope::{Scope, When};
use super::{Action, Step, steps};
use crate::external;

/// An ignored test: where it is compiled, and which programs it needs.
#[derive(Debug, PartialEq, Eq)]
struct Ignored {
    package: String,
    /// The integration test's name; none for a test within the library.
    target: Option<String>,
    name: String,
    needs: Vec<String>,
}

/// The tests that run at one time, by what they need: those with a cluster or with machines wait for them most of the time.
const AT_ONE_TIME: [(&str, &str); 2] = [("kube-apiserver", "8"), ("sshd", "4")];

/// One step for each package and set of tools.
pub(super) fn steps(scope: &Scope) -> Result<Vec<Step>> {
    let crates = external::workspace().join("crates");
    let mut found = Vec::new();
    for file in rust_files(&crates)? {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("reading {}", file.display()))?;
        let inside = file.strip_prefix(&crates)?;
        found.extend(in_file(inside, &text));
    }
    for test in &found {
        ensure!(
            test.target.as_ref().is_none_or(|target| is_target(&crates, &test.package, target)),
            "the ignored test {} of {} is in tests/{}, which is no test target: nobody would run it",
            test.name,
            test.package,
            test.target.as_deref().unwrap_or_default()
        );
    }
    unambiguous(&found)?;
    let mut groups: BTreeMap<_, Vec<Ignored>> = BTreeMap::new();
    for test in found {
        groups.entry((test.package.clone(), test.needs.clone())).or_default().push(test);
    }
    let assets = assets();
    let groups = together(groups, |needs| missing(needs, &assets).is_none());
    Ok(groups
        .into_iter()
        .map(|((package, needs), tests)| to_step(scope, &package, &needs, &tests))
        .collect())
}

/// A test is chosen by its name, and libtest takes every name that contains it: none may contain that of a test with other needs.
fn unambiguous(tests: &[Ignored]) -> Result<()> {
    for test in tests {
        let here =
            |other: &&Ignored| (&other.package, &other.target) == (&test.package, &test.target);
        let others = tests.iter().filter(here).filter(|other| other.needs != test.needs);
        for other in others {
            ensure!(
                !other.name.contains(&test.name),
                "the ignored test {} of {} would be run with {}, which needs something else: give one of them another name",
                other.name,
                test.package,
                test.name
            );
        }
    }
    Ok(())
}

type Groups = BTreeMap<(String, Vec<String>), Vec<Ignored>>;

/// Moves tests that need a part of what others of the package need to those, where both can run and neither needs root.
fn together(groups: Groups, runs: impl Fn(&[String]) -> bool) -> Groups {
    let free: Vec<_> = groups
        .keys()
        .filter(|(_, needs)| !needs.iter().any(|need| need == "root") && runs(needs))
        .cloned()
        .collect();
    let mut merged = Groups::new();
    for (key, tests) in groups {
        let whole = |other: &&(String, Vec<String>)| {
            free.contains(&key)
                && other.0 == key.0
                && key.1.iter().all(|need| other.1.contains(need))
        };
        let largest = free.iter().filter(whole).max_by_key(|other| other.1.len()).cloned();
        merged.entry(largest.unwrap_or(key)).or_default().extend(tests);
    }
    merged
}

/// The packages are selected as for the step `tests`, though only one has these tests: dependencies get their features by what is
/// selected, and with another selection would be compiled once more.
fn to_step(scope: &Scope, package: &str, needs: &[String], tests: &[Ignored]) -> Step {
    let name = format!("{} with {}", package.trim_start_matches("skyward-"), listed(needs));
    let (when, tools) = (When::Packages(vec![package.to_owned()]), needs.to_vec());
    let assets = assets();
    if let Some(reason) = missing(needs, &assets) {
        let reason = format!("{}: {reason}", units::counted(tests.len(), "test"));
        return Step::new(name, when, tools, Action::Skip(reason));
    }
    let mut command = steps::on(scope, "test", &[]);
    if needs.iter().any(|need| need == "root") && !is_root() {
        command.args(["--config", &by_sudo(&std::env::var("PATH").unwrap_or_default())]);
    }
    let mut targets: Vec<_> = tests.iter().map(|test| test.target.as_deref()).collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        match target {
            Some(target) => command.args(["--test", target]),
            None => command.arg("--lib"),
        };
    }
    command.args(["--", "--ignored", "--show-output"]);
    if let Some((_, count)) = AT_ONE_TIME.iter().find(|(need, _)| needs.iter().any(|it| it == need))
    {
        command.args(["--test-threads", count]);
    }
    command.args(tests.iter().map(|test| &test.name));
    Step::new(name, when, tools, Action::Run(command))
}

/// Names the tools that are not there.
fn missing(needs: &[String], assets: &Path) -> Option<String> {
    let is_variable = |need: &str| {
        need.chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
    };
    let (mut programs, mut others) = (Vec::new(), Vec::new());
    for need in needs.iter().map(String::as_str) {
        match need {
            "root" if is_root() || may_become_root() => {}
            "root" => others.push("they need root".to_owned()),
            variable if is_variable(variable) => {
                let named = std::env::var_os(variable).map(PathBuf::from);
                if !named.is_some_and(|program| external::is_program(&program)) {
                    others.push(format!("{variable} names no program"));
                }
            }
            tool => {
                let found = external::find_program(tool).is_some();
                if !found && !external::is_program(&assets.join(tool)) {
                    programs.push(tool);
                }
            }
        }
    }
    if !programs.is_empty() {
        others.insert(0, format!("no {} in PATH or {}", programs.join(", "), assets.display()));
    }
    (!others.is_empty()).then(|| others.join("; "))
}

/// Returns true where our own process is root's.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// Returns true on GitHub's runners, whose user may become root without a password. Elsewhere nobody is asked for one by a test.
fn may_become_root() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some() && external::find_program("sudo").is_some()
}

/// cargo's configuration for tests that run as root: compiled as the user who called, started by sudo with the variables of that
/// user. sudo has a PATH of its own, so ours is set again behind it.
fn by_sudo(path: &str) -> String {
    let words = ["sudo", "--non-interactive", "--preserve-env", "env", &format!("PATH={path}")];
    format!("target.'cfg(unix)'.runner={}", serde_json::json!(words))
}

/// The folder of Kubernetes' own binaries, by the convention of its envtest.
fn assets() -> PathBuf {
    std::env::var_os("KUBEBUILDER_ASSETS")
        .map_or_else(|| PathBuf::from("/usr/local/kubebuilder/bin"), PathBuf::from)
}

/// Returns true where cargo compiles a test of this name: a file, or a folder with `main.rs`. Other folders hold modules.
fn is_target(crates: &Path, package: &str, target: &str) -> bool {
    let tests = crates.join(package.trim_start_matches("skyward-")).join("tests");
    tests.join(format!("{target}.rs")).is_file() || tests.join(target).join("main.rs").is_file()
}

/// The programs as a step's name tells them: a cluster takes too many to name each.
fn listed(needs: &[String]) -> String {
    match needs {
        [first, second, _, _, ..] => format!("{first}, {second} and {} more", needs.len() - 2),
        few => few.join(", "),
    }
}

/// The ignored tests of one file, whose path is relative to `crates/`.
fn in_file(path: &Path, text: &str) -> Vec<Ignored> {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let [folder, kind, .., file] = &parts[..] else { return Vec::new() };
    let target = (kind == "tests").then(|| match parts.len() {
        3 => file.trim_end_matches(".rs").to_owned(),
        _ => parts[2].clone(),
    });
    let mut tests = Vec::new();
    let mut pending: Option<Vec<String>> = None;
    for line in text.lines().map(str::trim) {
        if let Some(reason) = line.strip_prefix("#[ignore = \"needs ") {
            let tools = reason.trim_end_matches("\"]").split([' ', ',']);
            pending = Some(tools.filter(|tool| !tool.is_empty()).map(str::to_owned).collect());
        } else if let Some((_, rest)) = line.split_once("fn ")
            && let Some(needs) = pending.take()
        {
            let name = rest.split(['(', '<']).next().unwrap_or(rest).to_owned();
            tests.push(Ignored {
                package: format!("skyward-{folder}"),
                target: target.clone(),
                name,
                needs,
            });
        }
    }
    tests
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "#[test]\nfn plain() {}\n\n#[test]\n#[ignore = \"needs podman runc\"]\nfn runs() {\n}\n";

    #[test]
    fn the_attribute_tells_the_tools() {
        for (path, target) in [
            ("image/tests/run.rs", Some("run")),
            ("image/tests/registry/main.rs", Some("registry")),
            ("image/src/pack.rs", None),
        ] {
            let expected = Ignored {
                package: "skyward-image".to_owned(),
                target: target.map(str::to_owned),
                name: "runs".to_owned(),
                needs: vec!["podman".to_owned(), "runc".to_owned()],
            };
            assert_eq!(in_file(Path::new(path), TEXT), [expected], "{path}");
        }
    }

    #[test]
    fn a_folder_of_modules_is_no_target() {
        let crates = external::workspace().join("crates");
        for (package, target, expected) in [
            ("skyward-image", "image", true),
            ("skyward-config", "errors", true),
            ("skyward-image", "support", false),
        ] {
            assert_eq!(is_target(&crates, package, target), expected, "{package} {target}");
        }
    }

    /// Tests of one program, by name and needs.
    fn ignored(tests: &[(&str, &str)]) -> Vec<Ignored> {
        let test = |(name, needs): &(&str, &str)| Ignored {
            package: "skyward-image".to_owned(),
            target: Some("image".to_owned()),
            name: (*name).to_owned(),
            needs: needs.split(' ').map(str::to_owned).collect(),
        };
        tests.iter().map(test).collect()
    }

    #[test]
    fn a_name_chooses_only_tests_of_the_same_needs() {
        unambiguous(&ignored(&[("a", "podman"), ("a_b", "podman")])).expect("the same needs");
        unambiguous(&ignored(&[("a_b", "podman"), ("c", "podman runc")])).expect("other names");
        let error = unambiguous(&ignored(&[("a", "podman"), ("a_b", "podman runc")]));
        let error = error.expect_err("the first chooses both").to_string();
        assert!(error.starts_with("the ignored test a_b of skyward-image would be run with a, "));
    }

    #[test]
    fn tests_that_need_a_part_run_with_those_that_need_the_whole() {
        let all = [("a", "x"), ("b", "x y"), ("c", "x y z"), ("d", "x z"), ("e", "x root")];
        let merged = |absent: &str| {
            let mut groups = Groups::new();
            for test in ignored(&all) {
                groups.entry((test.package.clone(), test.needs.clone())).or_default().push(test);
            }
            let groups = together(groups, |needs| !needs.iter().any(|need| need == absent));
            let line = |((_, needs), tests): (&(String, Vec<String>), &Vec<Ignored>)| {
                let names: Vec<_> = tests.iter().map(|test| test.name.as_str()).collect();
                format!("{}: {}", needs.join(" "), names.join(" "))
            };
            groups.iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(merged("none"), ["x root: e", "x y z: a b c d"]);
        assert_eq!(merged("z"), ["x root: e", "x y: a b", "x y z: c", "x z: d"]);
    }

    #[test]
    fn many_tools_are_counted() {
        let needs = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(listed(&needs("podman runc")), "podman, runc");
        assert_eq!(listed(&needs("etcd a b c")), "etcd, a and 2 more");
    }

    #[test]
    fn a_variable_names_a_program() {
        let missing = |words: &str| {
            let needs: Vec<_> = words.split(' ').map(str::to_owned).collect();
            missing(&needs, Path::new("/nowhere"))
        };
        assert_eq!(
            missing("NO_SUCH_VARIABLE").as_deref(),
            Some("NO_SUCH_VARIABLE names no program")
        );
        // cargo sets it for its tests.
        assert_eq!(missing("CARGO"), None);
        assert_eq!(missing("root").is_none(), is_root() || may_become_root());
    }

    #[test]
    fn tests_of_root_keep_the_path_of_the_user() {
        assert_eq!(
            by_sudo("/a b:/c"),
            r#"target.'cfg(unix)'.runner=["sudo","--non-interactive","--preserve-env","env","PATH=/a b:/c"]"#
        );
    }

    #[test]
    fn a_missing_tool_is_a_reason() {
        let needs = ["no-such-program".to_owned()];
        let step = to_step(
            &Scope::Everything,
            "skyward-image",
            &needs,
            &in_file(Path::new("image/tests/run.rs"), TEXT),
        );
        assert_eq!(step.name, "image with no-such-program");
        assert!(
            matches!(step.action, Action::Skip(reason) if reason.starts_with("1 test: no no-such-program in PATH or "))
        );
    }
}
