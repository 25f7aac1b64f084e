//! The workflows' own rules, beyond those that zizmor and actionlint know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each workflow's name and text.
fn workflows() -> BTreeMap<String, String> {
    let folder = workspace().join(".github/workflows");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    let all: BTreeMap<_, _> =
        files.map(|file| (name(&file), std::fs::read_to_string(file).unwrap())).collect();
    assert!(all.contains_key("ci.yml"), "{:?}", all.keys());
    all
}

/// The workflows, and the actions that they share.
fn workflows_and_actions() -> BTreeMap<String, String> {
    let folder = workspace().join(".github/actions");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let file = folder.join("action.yml");
        (file.display().to_string(), std::fs::read_to_string(&file).unwrap())
    };
    let mut all = workflows();
    all.extend(folders.map(read));
    all
}

/// The jobs of a workflow, each with its lines: what stands two spaces deep under `jobs:`.
fn jobs(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut jobs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut job = None;
    for line in text.lines().skip_while(|line| *line != "jobs:").skip(1) {
        let inner = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#']));
        match inner.and_then(|rest| rest.strip_suffix(':')) {
            Some(name) => job = Some(name),
            None => jobs.entry(job.expect("a job begins")).or_default().push(line.trim()),
        }
    }
    assert!(!jobs.is_empty(), "no job is found in:\n{text}");
    jobs
}

/// A job that a workflow left out by its paths would be pending for ever where it is required; and `affected` would have a rival.
#[test]
fn no_workflow_has_a_list_of_paths() {
    for (name, text) in workflows() {
        let mut lines = text.lines().map(str::trim);
        let listed =
            lines.any(|line| line.starts_with("paths:") || line.starts_with("paths-ignore:"));
        assert!(
            !listed,
            "{name} has a list of paths; `cargo xtask affected` decides, by changes.yml"
        );
    }
}

#[test]
fn every_job_ends_and_has_its_own_permissions() {
    for (name, text) in workflows() {
        assert!(text.contains("\npermissions: {}\n"), "{name} does not begin without permissions");
        // Unnamed, bash would not see that the first part of a pipe failed.
        assert!(text.contains("\n    shell: bash # "), "{name} does not name its shell");
        for (job, lines) in jobs(&text) {
            let has = |key: &str| lines.iter().any(|line| line.starts_with(key));
            assert!(has("permissions:"), "{name}: the job {job} has no permissions of its own");
            // A job that calls a workflow has the timeouts of that workflow's jobs.
            assert!(
                has("uses:") || has("timeout-minutes:"),
                "{name}: the job {job} has no timeout"
            );
        }
    }
}

#[test]
fn an_action_has_one_version() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for text in workflows_and_actions().values() {
        for line in text.lines().filter_map(|line| line.split_once("uses: ")) {
            if let Some((action, version)) = line.1.split_once('@') {
                versions.entry(action.to_owned()).or_default().insert(version.to_owned());
            }
        }
    }
    assert!(versions.len() > 2, "{versions:?}");
    for (action, versions) in versions {
        assert_eq!(versions.len(), 1, "{action}: {versions:?}");
        let (commit, version) = versions.first().unwrap().split_once(" # v").expect("its version");
        assert!(commit.len() == 40 && !version.is_empty(), "{action}@{commit} # v{version}");
    }
}

/// A job that the gate does not wait for could fail unseen.
#[test]
fn the_gate_waits_for_every_job() {
    let text = read(".github/workflows/ci.yml");
    let jobs = jobs(&text);
    let needs = jobs["gate"].iter().find_map(|line| line.strip_prefix("needs: [")).unwrap();
    let needs: BTreeSet<_> = needs.trim_end_matches(']').split(", ").collect();
    let others: BTreeSet<_> = jobs.keys().copied().filter(|job| *job != "gate").collect();
    assert_eq!(needs, others);
    assert!(jobs["gate"].contains(&"if: always()"));
}

/// What `affected` answers, `changes.yml` passes on, each under its own name.
#[test]
fn changes_passes_every_answer_on() {
    let mut affected = Command::new(env!("CARGO_BIN_EXE_xtask"));
    affected.args(["affected", "--base", &"0".repeat(40), "--output", "github"]);
    for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        affected.env_remove(file);
    }
    let output = affected.output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && answers.contains("everything=true\n"), "{answers}");
    let text = read(".github/workflows/changes.yml");
    for name in answers.lines().map(|line| line.split_once('=').unwrap().0) {
        for form in [
            format!("      {name}:\n        description: "),
            format!("        value: ${{{{ jobs.affected.outputs.{name} }}}}\n"),
            format!("      {name}: ${{{{ steps.affected.outputs.{name} }}}}\n"),
        ] {
            assert!(text.contains(&form), "changes.yml lacks:\n{form}");
        }
    }
}

/// The digest of a release depends on it; the image by Docker is the same image.
#[test]
fn the_compiler_of_releases_is_that_of_the_dockerfile() {
    let image = read(".github/workflows/image.yml");
    let version =
        image.lines().find_map(|line| line.trim().strip_prefix("RUSTUP_TOOLCHAIN: ")).unwrap();
    assert!(
        read(".github/workflows/release.yml").contains(&format!("RUSTUP_TOOLCHAIN: {version}\n"))
    );
    let from = format!("FROM docker.io/library/rust:{version}-");
    assert!(read("deploy/Dockerfile").contains(&from), "deploy/Dockerfile lacks {from}");
    assert!(read("SECURITY.md").contains(&format!("RUSTUP_TOOLCHAIN={version} cargo xtask image")));
}

/// A role trusts an environment by its name: the workflow has to run in it.
#[test]
fn the_roles_trust_the_environments_of_the_workflow() {
    for (workflow, file, job, environment) in [
        ("ci", "plan", "plan", "aws-plan"),
        ("provision", "plan", "plan", "aws-plan"),
        ("provision", "plan", "drift", "aws-plan"),
        ("provision", "apply", "apply", "aws"),
    ] {
        let text = read(&format!(".github/workflows/{workflow}.yml"));
        let jobs = jobs(&text);
        let policy = read(&format!("infra/github/trust-{file}.json"));
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let statement = &policy["Statement"][0];
        let claim = |name: &str| {
            let condition = &statement["Condition"]["StringEquals"];
            condition[format!("token.actions.githubusercontent.com:{name}")].as_str().unwrap()
        };
        assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
        assert_eq!(claim("aud"), "sts.amazonaws.com");
        assert_eq!(claim("sub"), format!("repo:OWNER/REPOSITORY:environment:{environment}"));
        let named = format!("environment: {environment}");
        assert!(
            jobs[job].contains(&named.as_str()),
            "{workflow}.yml: {job} is not in {environment}"
        );
    }
}

#[test]
fn the_commands_that_workflows_run_are_there() {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands: BTreeSet<_> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    for (name, text) in workflows_and_actions() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for rest in code.filter_map(|line| line.split_once("cargo xtask ")) {
            let end = rest.1.find([' ', ')']).unwrap_or(rest.1.len());
            let word = &rest.1[..end];
            assert!(
                commands.contains(word),
                "{name} runs `cargo xtask {word}`, which is no command"
            );
        }
    }
}

/// Whoever forks has no secret, no environment and no variable: what needs one asks first, and says what to set.
#[test]
fn what_needs_a_setting_says_so() {
    for (name, settings) in [
        ("ci.yml", &["AWS_PLAN_ROLE", "CODE_SCANNING"][..]),
        ("image.yml", &["DOCKERHUB_TOKEN", "DOCKERHUB_USERNAME", "DOCKERHUB_REPOSITORY"]),
        ("provision.yml", &["AWS_PLAN_ROLE", "AWS_APPLY_ROLE"]),
    ] {
        let text = read(&format!(".github/workflows/{name}"));
        for setting in settings {
            let said =
                text.lines().any(|line| line.contains("::notice title=") && line.contains(setting));
            assert!(said, "{name} does not say in a notice that {setting} is to be set");
        }
        let used = text.split(['{', '}', ' ', '(', ')']).filter_map(|word| {
            word.strip_prefix("vars.").or_else(|| word.strip_prefix("secrets."))
        });
        for used in used.filter(|used| *used != "AWS_REGION") {
            assert!(
                settings.contains(&used),
                "{name} uses {used}; add it here, and its notice there"
            );
        }
    }
}

/// A private repository may have no attestations: it gets its tags all the same, and is told why they are without.
#[test]
fn a_repository_without_attestations_gets_its_tags() {
    let text = read(".github/workflows/image.yml");
    let steps: Vec<&str> = text.split("\n      - name: ").skip(1).collect();
    let attests = |step: &&&str| step.contains("uses: actions/attest@");
    assert!(steps.iter().filter(attests).count() > 0, "nothing is attested");
    for step in steps.iter().filter(attests) {
        let may_fail = "continue-on-error: ${{ github.event.repository.private }}";
        assert!(step.contains(may_fail), "{step}");
    }
    let named = |name: &str| steps.iter().find(|step| step.starts_with(name)).expect("a step");
    // A failed step skips those after it that do not ask for its outcome: the first attestation is told of, the tags need none.
    assert!(named("Say that it is not attested").contains("steps.provenance.outcome == 'failure'"));
    assert!(named("Say that it is not attested").contains("::warning title="));
    assert!(!named("Set the tags").contains("provenance"), "tags wait for an attestation");
    assert!(named("Verify it").contains("if: steps.provenance.outcome == 'success'"));
}

/// An apply that waits for its reviewer holds no other job.
#[test]
fn one_apply_at_a_time_and_nothing_else_waits_for_it() {
    let text = read(".github/workflows/provision.yml");
    let with_group: Vec<_> = jobs(&text)
        .into_iter()
        .filter(|(_, lines)| lines.iter().any(|line| line.starts_with("concurrency:")))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(with_group, ["apply"]);
    assert!(text.contains("\n  group: provision-${{ github.run_id }}\n"), "runs share no group");
}

/// A pull request asks once what it touches, and pays for it once.
#[test]
fn a_pull_request_asks_once_what_it_touches() {
    let asking = |(_, text): &(String, String)| {
        text.contains("\n  pull_request:\n") && text.contains("/changes.yml\n")
    };
    let names: Vec<_> = workflows().into_iter().filter(asking).map(|(name, _)| name).collect();
    assert_eq!(names, ["ci.yml"]);
}

/// What the heart of the suite needs is missing nowhere in silence.
#[test]
fn no_job_skips_in_silence() {
    for (name, text) in workflows() {
        for line in text.lines().filter(|line| line.contains(".ci/run ")) {
            assert!(line.contains("--strict"), "{name}: {}", line.trim());
        }
    }
}

/// Every fuzz target has seeds, and all seeds together stay small.
#[test]
fn the_seeds_of_the_fuzz_targets_are_few() {
    let manifest = read("fuzz/Cargo.toml");
    let targets = manifest.split("[[bin]]\nname = \"").skip(1);
    let mut bytes = 0;
    for target in targets.map(|rest| rest.split('"').next().unwrap()) {
        let seeds = workspace().join("fuzz/seeds").join(target);
        let before = bytes;
        for seed in std::fs::read_dir(&seeds).unwrap_or_else(|_| panic!("{target} has no seeds")) {
            bytes += seed.unwrap().metadata().unwrap().len();
        }
        assert!(bytes > before, "{target} has no seeds");
    }
    assert!(bytes < 100_000, "{bytes} bytes");
}
