//! All that the auditors find, kept as SARIF in `target/findings`, for GitHub's code scanning and for whoever asks later.
//!
//! These steps judge nothing: what fails is decided where each auditor runs with the project's exceptions.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::scope::{Scope, When};
use super::{Action, Outcome, Step, sarif, steps, workflows};
use crate::affected::Job;
use crate::external;

/// Calls an auditor and returns its document.
type Audit = Box<dyn FnOnce() -> Result<Value>>;

/// One step for each auditor and what it reads. They are extra: each auditor has a step of its own, which judges.
pub(super) fn steps(scope: &Scope) -> Vec<Step> {
    let clippy = steps::on(scope, "clippy", &["--all-targets", "--message-format=json"]);
    vec![
        step("clippy", When::Code, "cargo", Box::new(|| cargo_clippy(clippy))),
        step("cargo-deny", When::Job(Job::Dependencies), "cargo-deny", Box::new(cargo_deny)),
        step("zizmor", When::Job(Job::Workflows), "zizmor", Box::new(zizmor)),
        step("actionlint", When::Job(Job::Workflows), "actionlint", Box::new(actionlint)),
        step("kube-score", When::Job(Job::Kubernetes), "kube-score", Box::new(kube_score)),
        step(
            "checkov-kubernetes",
            When::Job(Job::Kubernetes),
            "checkov",
            Box::new(|| checkov("kubernetes", &kubernetes()?)),
        ),
        step(
            "checkov-cloudformation",
            When::Job(Job::Provision),
            "checkov",
            Box::new(|| checkov("cloudformation", &template()?)),
        ),
        step("cfn-lint", When::Job(Job::Provision), "cfn-lint", Box::new(cfn_lint)),
    ]
}

fn step(category: &'static str, when: When, program: &str, audit: Audit) -> Step {
    let tools = vec![program.to_owned()];
    let action = match external::find_program(program) {
        Some(_) => Action::Check(Box::new(move || keep(category, audit()?))),
        None => Action::Skip(format!("no {program} in PATH")),
    };
    Step { is_extra: true, ..Step::new(format!("findings of {category}"), when, tools, action) }
}

/// Writes the document, and says how much is in it.
fn keep(category: &str, mut document: Value) -> Result<Outcome> {
    let (found, suppressed) = sarif::complete(&mut document, category)?;
    write(&format!("{category}.sarif"), format!("{document:#}\n").as_bytes())?;
    Ok(Outcome::Passed(match (found, suppressed) {
        (0, _) => "none".to_owned(),
        (found, 0) => format!("{found}"),
        (found, meant) => format!("{found}, {meant} of them with a reason in the source"),
    }))
}

fn folder() -> PathBuf {
    external::workspace().join("target/findings")
}

/// Writes a file into the folder, and returns its path from the workspace.
fn write(name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder().join(name);
    std::fs::create_dir_all(folder())
        .and_then(|()| std::fs::write(&path, bytes))
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(Path::new("target/findings").join(name))
}

fn cargo_clippy(clippy: Command) -> Result<Value> {
    let findings = sarif::of_cargo(&output(clippy)?);
    Ok(sarif::document("clippy", &findings))
}

/// Without the network there is no database of advisories; all else is looked at then.
fn cargo_deny() -> Result<Value> {
    let deny = |what: &[&str]| {
        let mut deny = steps::cargo(&["deny", "--all-features", "--format", "sarif", "check"]);
        deny.args(what);
        json(deny)
    };
    deny(&[]).or_else(|_| deny(&["bans", "licenses", "sources"]))
}

fn zizmor() -> Result<Value> {
    let mut zizmor = workflows::zizmor();
    zizmor.args(["--no-exit-codes", "--format", "sarif"]);
    json(zizmor)
}

fn actionlint() -> Result<Value> {
    let mut actionlint = workflows::here("actionlint");
    actionlint.args(["-format", "{{json .}}"]).args(workflows::files()?);
    Ok(sarif::document("actionlint", &sarif::of_actionlint(&json(actionlint)?)))
}

fn kube_score() -> Result<Value> {
    let mut kube_score = workflows::here("kube-score");
    kube_score.args(["score", "--output-format=sarif", "--kubernetes-version=v1.33"]);
    kube_score.arg(kubernetes()?);
    json(kube_score)
}

/// Its file's name is its own.
fn checkov(framework: &str, file: &Path) -> Result<Value> {
    let results = folder().join(format!("checkov-{framework}"));
    let mut checkov = workflows::here("checkov");
    checkov.args(["--framework", framework, "--output", "sarif", "--skip-download", "--quiet"]);
    checkov.args(["--compact", "--soft-fail", "--file"]).arg(file);
    output({
        checkov.arg("--output-file-path").arg(&results);
        checkov
    })?;
    let file = results.join("results_sarif.sarif");
    let text = std::fs::read(&file)
        .with_context(|| format!("checkov did not write {}", file.display()))?;
    std::fs::remove_dir_all(&results).with_context(|| format!("removing {}", results.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))
}

fn cfn_lint() -> Result<Value> {
    let mut cfn_lint = workflows::here("cfn-lint");
    cfn_lint.args(["--format", "json", "--regions", "eu-central-1", "--template"]).arg(template()?);
    Ok(sarif::document("cfn-lint", &sarif::of_cfn_lint(&json(cfn_lint)?)))
}

/// The objects as the deployer renders them.
fn kubernetes() -> Result<PathBuf> {
    let image = format!("ghcr.io/acme/web@sha256:{}", "0".repeat(64));
    let mut render = external::binary("skyward-deployer")?;
    render.args(["render", "--address", "10.0.0.5", "--image", &image]);
    write("kubernetes.yaml", output(render)?.as_bytes())
}

/// The topology as a CloudFormation template.
fn template() -> Result<PathBuf> {
    let mut export = external::simulation()?;
    export.args(["export", "--format", "yaml", "--set", "aws.account=123456789012"]);
    write("cloudformation.yaml", output(export)?.as_bytes())
}

/// The standard output of a program in the workspace's folder, which may end with an exit code that says that it found something.
fn output(mut command: Command) -> Result<String> {
    let words = external::words(&command);
    command.current_dir(external::workspace()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("starting `{words}`"))?;
    ensure!(output.status.code().is_some(), "`{words}` ended with {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{words}` printed no text"))
}

fn json(command: Command) -> Result<Value> {
    let words = external::words(&command);
    serde_json::from_str(&output(command)?).with_context(|| format!("`{words}` printed no JSON"))
}
