//! The workflows, read by those who know how workflows go wrong: zizmor and actionlint.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::scope::When;
use super::{Action, Outcome, Step};
use crate::affected::Job;
use crate::external;

/// zizmor asks what an attacker would; actionlint asks whether GitHub would understand.
pub(super) fn steps() -> [Step; 2] {
    [
        step("zizmor", "`pip install zizmor`", &["zizmor"], Action::Run(zizmor())),
        step(
            "actionlint",
            "`go install github.com/rhysd/actionlint/cmd/actionlint@latest`",
            // It reads the scripts in workflows by shellcheck, where that is there.
            &["actionlint", "shellcheck"],
            Action::Check(Box::new(actionlint)),
        ),
    ]
}

fn step(program: &str, install: &str, tools: &[&str], action: Action) -> Step {
    let action = match external::find_program(program) {
        Some(_) => action,
        None => Action::Skip(format!("no {program} in PATH; {install} installs it")),
    };
    let tools = tools.iter().map(|&tool| tool.to_owned()).collect();
    Step::new(format!("workflows by {program}"), When::Job(Job::Workflows), tools, action)
}

pub(super) fn zizmor() -> Command {
    let mut zizmor = here("zizmor");
    // Exceptions, each with its reason, are in .github/zizmor.yml.
    zizmor.args([
        "--offline",
        "--persona=pedantic",
        "--strict-collection",
        "--no-progress",
        ".github",
    ]);
    zizmor
}

fn actionlint() -> Result<Outcome> {
    let mut actionlint = here("actionlint");
    let script = external::find_program("shellcheck");
    match &script {
        Some(path) => actionlint.arg("-shellcheck").arg(path),
        None => actionlint.arg("-shellcheck="),
    };
    let files = files()?;
    let count = files.len();
    let outcome = super::run_command({
        actionlint.args(files);
        actionlint
    });
    Ok(match (outcome, script) {
        (Outcome::Passed(_), Some(_)) => Outcome::Passed(format!("{count} workflows")),
        (Outcome::Passed(_), None) => Outcome::Passed(format!(
            "{count} workflows; their scripts unread: no shellcheck in PATH"
        )),
        (other, _) => other,
    })
}

/// The workflows, named one by one: actionlint looks for them beside a `.git` that is a folder, which a work tree lacks.
pub(super) fn files() -> Result<Vec<PathBuf>> {
    let folder = external::workspace().join(".github/workflows");
    let listed =
        std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn here(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(external::workspace());
    command
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::scope::Scope;
    use super::super::steps;
    use super::*;

    /// The words of a line of shell; those in double quotes are one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in line.split('"').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    /// Lists the words that `ci.yml` gives to `.ci/run`, one list a job.
    fn calls(text: &str) -> Vec<Vec<String>> {
        let text = text.replace(">-\n          ", "").replace("\n          \"", " \"");
        let calls = text.lines().filter_map(|line| line.trim().strip_prefix("run: .ci/run "));
        calls.map(words).collect()
    }

    #[test]
    fn a_missing_program_is_a_reason() {
        let check = || Action::Run(Command::new("no-such-program"));
        let missing = step("no-such-program", "`install it`", &["no-such-program"], check());
        let Action::Skip(reason) = missing.action else { panic!("it is not there") };
        assert_eq!(reason, "no no-such-program in PATH; `install it` installs it");
        assert!(matches!(step("cargo", "", &[], check()).action, Action::Run(_)));
    }

    #[test]
    fn quoted_words_are_one() {
        let text =
            "a:\n        run: >-\n          .ci/run --base \"$B\" format\n          \"code map\"\n";
        assert_eq!(calls(text), [["--base", "$B", "format", "code map"]]);
    }

    /// A step that no job names would never run on GitHub, and one that two name would run twice.
    #[test]
    fn the_workflow_names_every_step_once() {
        let text = std::fs::read_to_string(external::workspace().join(".github/workflows/ci.yml"))
            .unwrap();
        let calls = calls(&text);
        assert_eq!(calls.len(), 2, "{calls:?}");
        let mut times: BTreeMap<_, usize> = BTreeMap::new();
        for call in calls {
            let chosen: Vec<_> =
                call.iter().skip_while(|word| word.starts_with(['-', '$'])).collect();
            for step in steps::all(&Scope::Everything).unwrap() {
                let chosen = chosen.iter().any(|word| step.name.contains(word.as_str()));
                *times.entry(step.name).or_default() += usize::from(chosen);
            }
        }
        let wrong: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
        assert!(wrong.is_empty(), "steps and how many jobs of ci.yml name them: {wrong:?}");
    }
}
