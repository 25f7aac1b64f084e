//! `status`: how the release is.

use std::fmt::Write as _;

use crate::deploy::{self, Drift, ReleaseStatus};
use anyhow::{Result, bail};
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, Table, output, program, text};

use crate::common::Common;

/// Show the revision that serves, its objects, their drift, and its pods
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where something has drifted or does not run
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.notes()).await?;
    let (name, namespace) = session.release();
    let Some(report) = deploy::status(&session.api, name, namespace).await? else {
        bail!(
            "reading the status of {name}: it has no revision in namespace {namespace}; `{}` makes one",
            program::command("deploy-k3s")
        );
    };
    match common.output {
        Output::Json => output::document(&report)?,
        Output::Text => output::print(&described(name, namespace, &report))?,
    }
    Ok(if args.exit_code && !report.healthy { Exit::Differences } else { Exit::Done })
}

fn described(name: &str, namespace: &str, report: &ReleaseStatus) -> String {
    let revision = report.revision.map_or("none".to_owned(), |number| number.to_string());
    let mut shown = format!("release   {name} in namespace {namespace}\nrevision  {revision}\n");
    let rollout = Some(&report.rollout);
    for (title, value) in
        [("image", report.image.as_ref()), ("newest", report.newest.as_ref()), ("rollout", rollout)]
    {
        if let Some(value) = value {
            let _ = writeln!(shown, "{title:<10}{}", text::one_line(value));
        }
    }
    for sentence in &report.unreadable {
        let _ = writeln!(shown, "{:<10}{}", "damaged", text::one_line(sentence));
    }
    let mut objects = Table::new(["object", "state"]).shorten(0);
    for object in &report.objects {
        let state = match object.state {
            Drift::InSync => "in sync",
            Drift::Drifted => "drifted: `diff` shows how",
            Drift::Missing => "missing",
        };
        objects.row([object.id.to_string(), state.to_owned()]);
    }
    let mut pods =
        Table::new(["pod", "state", "ready", "restarts", "node"]).right(3).shorten(4).shorten(0);
    for pod in &report.pods {
        let ready = if pod.ready { "yes" } else { "no" };
        let node = pod.node.clone().unwrap_or_default();
        let restarts = pod.restarts.to_string();
        pods.row([pod.name.clone(), pod.state.clone(), ready.to_owned(), restarts, node]);
    }
    let fitted = |table: Table| table.for_stream(Stream::Out);
    shown + "\n" + &fitted(objects) + "\n" + &fitted(pods)
}
