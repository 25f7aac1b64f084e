//! `doctor`: what this machine, the cluster and the account lack for what is configured, each with its remedy.
//!
//! It changes nothing: `machine` starts compilers on a scratch file, the libraries ask the cluster and the account.

mod machine;

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use skyward_config::{ConfigArgs, Loaded, Origin};
use skyward_terminal::{Exit, Output, Stream, Table, Tone, output};

/// Tell what this machine, the cluster and the account lack for what is configured, and the remedy; changes nothing
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Ask the account in AWS too, also where the configuration has no such section
    #[arg(long)]
    aws: bool,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Check {
    /// The machine, the cluster or the account.
    area: &'static str,
    what: String,
    state: State,
    /// The finding.
    detail: String,
    /// The next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Something is lacking.
    Lacking,
    /// Not looked at.
    Skipped,
}

impl Check {
    fn ok(area: &'static str, what: &str, detail: impl Into<String>) -> Self {
        Self { area, what: what.to_owned(), state: State::Ok, detail: detail.into(), remedy: None }
    }

    fn skipped(area: &'static str, what: &str, why: impl Into<String>) -> Self {
        Self { state: State::Skipped, ..Self::ok(area, what, why) }
    }

    fn lacking(
        area: &'static str,
        what: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { state: State::Lacking, remedy, ..Self::ok(area, what, problem) }
    }
}

const CLUSTER: &str = "cluster";
const ACCOUNT: &str = "account";

/// Looks at everything, and fails where something is lacking.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let checks = match args.config.load() {
        Ok(loaded) => {
            let mut checks = machine::examine(Some(&loaded));
            checks.extend(outside(args, &loaded)?);
            checks
        }
        Err(error) => {
            let mut checks = machine::examine(None);
            let remedy = "mend the configuration; `skyward init` writes one where there is none";
            checks.insert(
                0,
                Check::lacking(machine::MACHINE, "configuration", error.to_string(), remedy),
            );
            for area in [CLUSTER, ACCOUNT] {
                checks.push(Check::skipped(area, area, "the configuration cannot be read"));
            }
            checks
        }
    };
    match args.output {
        Output::Json => output::document(&checks)?,
        Output::Text => output::print(&shown(&checks))?,
    }
    let is_lacking = checks.iter().any(|check| check.state == State::Lacking);
    Ok(if is_lacking { Exit::Failed.into() } else { ExitCode::SUCCESS })
}

/// The cluster and the account.
fn outside(args: &Args, loaded: &Loaded) -> Result<Vec<Check>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut checks = match skyward_deployer::doctor::examine(loaded).await {
            None => vec![Check::skipped(CLUSTER, "cluster", "none is configured (k3s.context)")],
            Some(examined) => examined
                .into_iter()
                .map(|one| match one.found {
                    Ok(found) => Check::ok(CLUSTER, &one.what, found),
                    Err(lack) => Check::lacking(CLUSTER, &one.what, lack.problem, lack.next),
                })
                .collect(),
        };
        if args.aws || is_aws_configured(loaded) {
            checks.extend(account(loaded).await);
        } else {
            let why = "the configuration has nothing of [aws]; --aws asks anyway";
            checks.push(Check::skipped(ACCOUNT, "account", why));
        }
        Ok(checks)
    })
}

async fn account(loaded: &Loaded) -> Vec<Check> {
    match skyward_provisioner::doctor::examine(loaded).await {
        Ok(found) => vec![Check::ok(ACCOUNT, "account", found)],
        Err(findings) => findings
            .into_iter()
            .map(|finding| Check::lacking(ACCOUNT, "account", finding.problem, finding.next))
            .collect(),
    }
}

/// Returns true where somebody gave a value of `[aws]`.
fn is_aws_configured(loaded: &Loaded) -> bool {
    let given = |key: &str| key.starts_with("aws.") && loaded.origins.of(key) != Origin::Default;
    loaded.effective().iter().any(|value| given(&value.key))
}

fn shown(checks: &[Check]) -> String {
    let has_color = Stream::Out.has_color();
    let mut table = Table::new(["area", "what", "state", "found"]).wrap(3);
    for check in checks {
        let (word, tone) = match check.state {
            State::Ok => ("ok", Tone::Good),
            State::Lacking => ("LACKING", Tone::Bad),
            State::Skipped => ("skipped", Tone::Plain),
        };
        let remedy = check.remedy.as_ref().map(|next| format!(". Next step: {next}"));
        let detail = format!("{}{}", check.detail, remedy.unwrap_or_default());
        table.row([check.area.to_owned(), check.what.clone(), tone.paint(word, has_color), detail]);
    }
    table.for_stream(Stream::Out)
}
