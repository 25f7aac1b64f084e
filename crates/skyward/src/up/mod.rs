//! `up`: the main job on this machine, with nothing but cargo.
//!
//! Builds the service and its image, inspects the image, unpacks it into a folder, runs its entry
//! point from there, asks it for its page and its health checks, deploys it where a cluster is configured, provisions a
//! simulated AWS account, and stays until Ctrl-C. It starts the other commands as programs and reads their JSON, so that it
//! compiles within seconds: by cargo for `cargo xtask`, which takes this module by its path, and from one executable for
//! `skyward`; that is what [`Programs`] is for.

mod dashboard;
mod deploy;
mod events;
mod provision;
mod report;
mod running;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skyward_terminal::{browser, output, program};

use dashboard::{Dashboard, Told};
use report::{Built, Inspected, Report, Row};

/// A program that `up` starts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    /// The commands of the configuration.
    Config,
    /// The commands of the image.
    Image,
    /// The commands of Kubernetes.
    Deployer,
    /// The commands of AWS; only simulations are asked of it.
    Provisioner,
    /// The page of `--dashboard`.
    Dashboard,
}

/// Returns the command that starts a program, without its arguments; an error where it cannot be built or found.
pub(crate) type Programs = dyn Fn(Program) -> Result<Command>;

/// The options of `up`.
#[derive(Args)]
pub(crate) struct Up {
    /// End after the checks instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Leave the cluster alone, also where one is configured.
    #[arg(long)]
    no_deploy: bool,
    /// Show everything on a page as well, on the loopback address: the steps, the service's requests, the image's layers, the topology.
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    dashboard: Option<u16>,
    /// Open the page in a browser: the dashboard, or the service once it has passed its checks.
    #[arg(long)]
    open: bool,
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
    /// Brings the service up; the table goes to standard output.
    ///
    /// # Errors
    /// A step failed; its reason.
    pub(crate) fn run(&self, programs: &Programs) -> Result<ExitCode> {
        let mut report = Report::new();
        if let Some(port) = self.dashboard {
            report.show_on(self.start_dashboard(programs, port)?);
        }
        let ended = Run { up: self, programs }.steps(&mut report);
        if let Err(error) = &ended {
            report.end_once(Some(error))?;
        }
        ended
    }

    fn start_dashboard(&self, programs: &Programs, port: u16) -> Result<Dashboard> {
        let mut command = programs(Program::Dashboard)?;
        command.args(["--port", &port.to_string()]);
        let dashboard = Dashboard::start(command)?;
        output::say(&format!("Dashboard: {}", dashboard.address));
        if self.open {
            browse(&dashboard.address);
        }
        Ok(dashboard)
    }

    /// Opens the service's page, where that was asked for and no dashboard links to it.
    fn open_page(&self, address: &str) {
        if self.open && self.dashboard.is_none() {
            browse(address);
        }
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

/// One run: its options, and what starts the programs.
struct Run<'a> {
    up: &'a Up,
    programs: &'a Programs,
}

impl Run<'_> {
    fn steps(&self, report: &mut Report) -> Result<ExitCode> {
        let shown: Shown = self.configured()?;
        shown.config.service.is_free()?;
        let has_aws = shown.has_aws();
        let context = shown.config.k3s.context;
        let archive = self.build(report)?;
        self.inspect(&archive, report)?;
        let mut run = self.image("run")?;
        run.args(["--check", "--end-with-parent", "--output", "json"])
            .args(self.up.once.then_some("--once"))
            .arg(&archive);
        report.begin("run");
        running::follow(run, &Next { run: self, has_cluster: context.is_some(), has_aws }, report)
    }

    /// Reads the configuration by its own binary.
    fn configured(&self) -> Result<Shown> {
        let mut show = (self.programs)(Program::Config)?;
        json_of(show.args(["show", "--output", "json"]).args(self.up.configuration()))
    }

    /// Compiles and packs; returns the archive.
    fn build(&self, report: &mut Report) -> Result<String> {
        let built: Built =
            report.step("build", || json_of(self.image("build")?.args(["--output", "json"])))?;
        report.built(&built);
        Ok(built.archive)
    }

    /// Applies the dive rules.
    fn inspect(&self, archive: &str, report: &mut Report) -> Result<()> {
        let started = Instant::now();
        let answer: Value = report.step("inspect", || {
            json_of(self.image("inspect")?.args(["--output", "json", archive]))
        })?;
        report.tell(&Told::Inspected(&answer));
        let inspected = Inspected::deserialize(answer).context("reading the image's inspection")?;
        report.inspected(&inspected, started.elapsed())
    }

    /// `skyward-image VERB` under this command's configuration.
    fn image(&self, verb: &str) -> Result<Command> {
        let mut image = (self.programs)(Program::Image)?;
        image.arg(verb);
        Ok(self.with_configuration(image))
    }

    fn with_configuration(&self, mut command: Command) -> Command {
        command.args(self.up.configuration());
        command
    }
}

/// The part of `up` that follows once the service has passed its checks.
struct Next<'a> {
    run: &'a Run<'a>,
    has_cluster: bool,
    has_aws: bool,
}

impl Next<'_> {
    /// Deploys, and returns the address in the cluster; what cannot be done here becomes a row that says why.
    fn deploy(&self, report: &mut Report) -> Result<Option<String>> {
        let skipped = if self.run.up.no_deploy {
            "skipped: --no-deploy"
        } else if !self.has_cluster {
            "skipped: no cluster is configured (k3s.context)"
        } else {
            let mut apply = (self.run.programs)(Program::Deployer)?;
            apply.args(["apply", "--output", "json"]);
            return deploy::follow(self.run.with_configuration(apply), report);
        };
        report.add(Row::new("deploy", skipped, None));
        Ok(None)
    }

    /// Provisions a simulated account: a real one costs money, and is for `provision-aws apply` to ask about.
    fn provision(&self, report: &mut Report) -> Result<()> {
        if !self.has_aws {
            report.add(Row::new("provision", "skipped: nothing of [aws] is configured", None));
            return Ok(());
        }
        let mut apply = (self.run.programs)(Program::Provisioner)?;
        apply.args(["apply", "--simulate", "--yes", "--output", "json"]);
        let graph = report.has_dashboard().then(|| self.graph()).transpose()?;
        provision::follow(self.run.with_configuration(apply), graph, report)
    }

    /// The command that draws the plan on its standard input.
    fn graph(&self) -> Result<Command> {
        let mut graph = (self.run.programs)(Program::Provisioner)?;
        graph.args(["graph", "--plan", "-"]);
        Ok(self.run.with_configuration(graph))
    }
}

/// The answer of `config show --output json`, as far as `up` needs it.
#[derive(Deserialize)]
struct Shown {
    config: Config,
    /// The origin of each value.
    origins: BTreeMap<String, String>,
}

impl Shown {
    /// Returns true where somebody gave a value of `[aws]`: a service may have nothing to do with it.
    fn has_aws(&self) -> bool {
        self.origins.iter().any(|(key, origin)| key.starts_with("aws.") && origin != "default")
    }
}

#[derive(Deserialize)]
struct Config {
    service: Service,
    k3s: K3s,
}

#[derive(Deserialize)]
struct Service {
    host: IpAddr,
    port: u16,
    /// Left out where the service has no second port.
    admin_port: Option<u16>,
}

#[derive(Deserialize)]
struct K3s {
    context: Option<String>,
}

impl Service {
    /// Finds a port in use before minutes of compiling, and not after them.
    fn is_free(&self) -> Result<()> {
        let admin_port = self.admin_port.map(|port| ("admin_port", port));
        for (key, port) in [("port", self.port)].into_iter().chain(admin_port) {
            if let Err(error) = TcpListener::bind((self.host, port)) {
                bail!(
                    "up: listen on {}, port {port}: {error}. Next step: stop what listens there, or give another port: \
                     `--set service.{key}={}`",
                    self.host,
                    // Both ports are moved by the same step, so that they do not meet.
                    port.checked_add(100).unwrap_or(0)
                );
            }
        }
        Ok(())
    }
}

/// Opens an address in a browser. A machine without one is no reason to stop.
fn browse(address: &str) {
    if let Err(error) = browser::open(address) {
        output::say(&format!("{error:#}. Next step: open {address} yourself"));
    }
}

/// Runs `command` and reads its standard output as one JSON document; its progress is shown. A
/// command that fails with an answer, as `inspect` does where a rule is broken, has answered.
fn json_of<Answer: DeserializeOwned>(command: &mut Command) -> Result<Answer> {
    let words = program::words(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("starting `{words}`"))?;
    if !output.status.success() && output.stdout.is_empty() {
        bail!("`{words}` ended with {}; its reason is above", output.status);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("reading what `{words}` printed"))
}
