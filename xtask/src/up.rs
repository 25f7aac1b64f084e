//! `cargo xtask up`: the main job on this machine, with nothing but cargo.
//!
//! Builds the service and its image, inspects the image, unpacks it into a folder, runs its entry
//! point from there, asks it for its page and its health checks, deploys it where a cluster is configured, provisions a
//! simulated AWS account, and stays until Ctrl-C.

mod deploy;
mod events;
mod provision;
mod report;
mod running;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::external;
use report::{Report, Row};

/// What to bring up, and for how long.
#[derive(Args)]
pub(crate) struct Up {
    /// End after the checks instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Leave the cluster alone, also where one is configured.
    #[arg(long)]
    no_deploy: bool,
    /// The configuration file [default: skyward.toml, here or in a folder above].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The environment of the configuration.
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
    /// Set one key of the configuration, such as `service.port=8081`.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Up {
    /// What CI runs: ends by itself, does not mind a service that runs already, and touches no cluster.
    pub(crate) fn once_on_free_ports() -> Self {
        let set = ["service.port=0", "service.admin_port=0"].map(str::to_owned).to_vec();
        Self { once: true, no_deploy: true, config: None, environment: None, set }
    }

    /// Brings the service up; the table goes to standard output.
    pub(crate) fn run(&self) -> ExitCode {
        let mut report = Report::default();
        let ended = self.steps(&mut report);
        if let Err(error) = &ended {
            report.print_once();
            eprintln!("error: {error:#}");
        }
        ended.unwrap_or(ExitCode::FAILURE)
    }

    fn steps(&self, report: &mut Report) -> Result<ExitCode> {
        let archive = self.build(report)?;
        self.inspect(&archive, report)?;
        let mut run = self.image("run");
        run.args(["--check", "--end-with-parent", "--output", "json"])
            .args(self.once.then_some("--once"))
            .arg(&archive);
        running::follow(run, self, report)
    }

    /// Compiles and packs; returns the archive.
    fn build(&self, report: &mut Report) -> Result<String> {
        let built =
            report.step("build", || json_of(self.image("build").args(["--output", "json"])))?;
        let archive = text(&built, "/archive")?;
        report.built(&built)?;
        Ok(archive)
    }

    /// Applies the dive rules.
    fn inspect(&self, archive: &str, report: &mut Report) -> Result<()> {
        let started = Instant::now();
        let inspected = report.step("inspect", || {
            json_of(self.image("inspect").args(["--output", "json", archive]))
        })?;
        report.inspected(&inspected, started.elapsed())
    }

    /// Deploys, and returns the address in the cluster; what cannot be done here becomes a row that says why.
    fn deploy(&self, report: &mut Report) -> Result<Option<String>> {
        if self.no_deploy {
            report.add(Row::new("deploy", "skipped: --no-deploy", None));
            return Ok(None);
        }
        if self.context()?.is_none() {
            let result = "skipped: no cluster is configured (k3s.context)";
            report.add(Row::new("deploy", result, None));
            return Ok(None);
        }
        let mut apply = external::binary("skyward-deployer");
        apply.arg("apply").args(self.configuration()).args(["--output", "json"]);
        deploy::follow(apply, report)
    }

    /// Provisions a simulated account: a real one costs money, and is for `provision-aws apply` to ask about.
    fn provision(&self, report: &mut Report) -> Result<()> {
        let mut apply = external::simulation();
        apply.args(["apply", "--simulate", "--yes", "--output", "json"]).args(self.configuration());
        provision::follow(apply, report)
    }

    /// The context of the cluster, where one is configured.
    fn context(&self) -> Result<Option<String>> {
        let mut show = external::binary("skyward-config");
        let shown = json_of(show.args(["show", "--output", "json"]).args(self.configuration()))?;
        Ok(text(&shown, "/config/k3s/context").ok())
    }

    /// `skyward-image VERB` under this command's configuration.
    fn image(&self, verb: &str) -> std::process::Command {
        let mut command = external::binary("skyward-image");
        command.arg(verb).args(self.configuration());
        command
    }

    fn configuration(&self) -> Vec<OsString> {
        let mut flags: Vec<OsString> = Vec::new();
        let mut push = |flag: &str, value: OsString| flags.extend([flag.into(), value]);
        self.config.iter().for_each(|file| push("--config", file.into()));
        self.environment.iter().for_each(|name| push("--environment", name.into()));
        self.set.iter().for_each(|pair| push("--set", pair.into()));
        flags
    }
}

/// Runs `command` and reads its standard output as one JSON document; its progress is shown. A
/// command that fails with an answer, as `inspect` does where a rule is broken, has answered.
fn json_of(command: &mut std::process::Command) -> Result<Value> {
    let words = external::words(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("starting `{words}`"))?;
    if !output.status.success() && output.stdout.is_empty() {
        bail!("`{words}` ended with {}; its reason stands above", output.status);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("reading what `{words}` printed"))
}

/// The text at a JSON pointer.
fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the answer lacks {pointer}"))
}
