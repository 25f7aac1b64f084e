//! A command that shows everything this crate can do: `cargo run -p skyward-terminal --all-features --example sample -- --help`.
//!
//! The tests run it against closed pipes, full devices and terminals of several widths.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::event::{Finding, Progress, Step};
use skyward_terminal::exit::{self, UsageError};
use skyward_terminal::{
    Calls, Console, Event, Exit, Output, Page, Present, Severity, Sink, Table, Tone, Verbose,
    output,
};

/// Shows what a command can show
#[derive(Parser)]
#[command(name = "sample", version)]
struct Cli {
    #[command(flatten)]
    verbose: Verbose,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Emit one event of each kind
    Events,
    /// Print a table of many rows
    Table,
    /// Fail
    Fail,
    /// Name something that does not exist
    Mistake,
    /// Ask for a name
    Ask {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Own {
    Page { url: String },
}

impl Present for Own {
    fn present(&self, page: &mut Page) {
        let Self::Page { url } = self;
        page.line("page", Tone::Plain, url);
    }
}

fn main() -> ExitCode {
    exit::main(|_| false, run)
}

fn run() -> anyhow::Result<Exit> {
    let cli = Cli::try_parse()?;
    match cli.command {
        Command::Events => events(&cli),
        Command::Table => output::print(&table().for_stream(skyward_terminal::Stream::Out))?,
        Command::Fail => anyhow::bail!(
            "upload blob 3f2a to ghcr.io/acme/web: 403 Forbidden. Next step: log in with a token that may write"
        ),
        Command::Mistake => {
            return Err(UsageError::new("sample: no step is called `tsets`; there is tests").into());
        }
        Command::Ask { yes } => {
            consent::ask(
                "delete the stack web",
                "This deletes 41 resources.",
                Answer::Name("web"),
                yes,
            )?;
        }
    }
    Ok(Exit::Done)
}

fn events(cli: &Cli) {
    let sink: std::sync::Arc<dyn Sink<Own> + Send + Sync> =
        Console::new(cli.output, cli.verbose.verbosity()).sink().into();
    let calls = Calls::new({
        let sink = std::sync::Arc::clone(&sink);
        move |call| sink.emit(Event::Call(call))
    });
    sink.emit(Event::note("the context was not named, so the one of `cluster up` is used"));
    sink.emit(Event::Finding(Finding {
        severity: Severity::Error,
        object: "node-1".to_owned(),
        text: "port 6443 is in use by \u{202e}nginx\u{1b}[2J".to_owned(),
        next: Some("stop it, or name another port".to_owned()),
    }));
    sink.emit(Event::planned("db-cluster", "create"));
    sink.emit(Event::planned("nat-gateway/a", "create"));
    calls
        .begin("ec2", "CreateNatGateway")
        .status(200)
        .request_id(Some("7a62c49f"))
        .attempt(1)
        .end("ok");
    sink.emit(Event::Started(Step {
        object: "db-cluster".to_owned(),
        action: "create".to_owned(),
        expected_s: Some(720.0),
        is_critical: true,
    }));
    sink.emit(Event::Progress(Progress {
        object: "db-cluster".to_owned(),
        state: "creating".to_owned(),
        elapsed_s: Some(110.0),
        ..Progress::default()
    }));
    std::thread::sleep(Duration::from_millis(120));
    sink.emit(Event::done("db-cluster", "create", "created"));
    sink.emit(Event::Own(Own::Page {
        url: "http://skyward-web-1234567890.eu-central-1.elb.amazonaws.com".to_owned(),
    }));
    sink.emit(Event::finished(
        "Two of two steps are done, and the page of the load balancer is there to be opened.",
    ));
}

fn table() -> Table {
    let mut table = Table::new(["step", "result", "time"]).wrap(1).right(2);
    for step in 0..2_000 {
        table.row([
            format!("step {step}"),
            "a result that is told in more than just a few words".to_owned(),
            "0.35 s".to_owned(),
        ]);
    }
    table.below("image", format!("ghcr.io/acme/web@sha256:{}", "3f".repeat(32)));
    table
}
