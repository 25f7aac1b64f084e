//! `events`: what the cluster has said of the release's objects.

use anyhow::Result;
use skyward_terminal::style::{Stream, Tone};
use skyward_terminal::{Exit, Output, Table, output, table::Cell};

use crate::common::Common;
use crate::operate::{self, Happened};

/// Show what the cluster has said of the release's objects and pods, of the last hour or so
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Show warnings alone
    #[arg(long)]
    warnings: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.notes()).await?;
    let (name, namespace) = session.release();
    let revisions = session.revisions().await?;
    let mut happened = operate::events(&session.api, namespace, name, &revisions).await?;
    happened.retain(|event| !args.warnings || event.kind == "Warning");
    match common.output {
        Output::Json => output::document(&happened)?,
        Output::Text if happened.is_empty() => {
            output::say(&format!("The cluster says nothing of {name} in namespace {namespace}."));
        }
        Output::Text => output::print(&table(&happened).for_stream(Stream::Out))?,
    }
    Ok(Exit::Done)
}

fn table(happened: &[Happened]) -> Table {
    let mut table =
        Table::new(["last", "times", "reason", "object", "what"]).right(1).wrap(4).shorten(3);
    for event in happened {
        let tone = if event.kind == "Warning" { Tone::Caution } else { Tone::Plain };
        let last =
            event.last.map(|time| time.strftime("%H:%M:%SZ").to_string()).unwrap_or_default();
        table.row([
            Cell::from(last),
            Cell::from(event.count.to_string()),
            Cell::new(&event.reason, tone),
            Cell::from(&event.object),
            Cell::from(&event.message),
        ]);
    }
    table
}
