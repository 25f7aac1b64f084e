//! `history`: the revisions.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use skyward_deployer::history::{History, Revision, Status};

use crate::command::connect;
use crate::common::Common;
use crate::output::{Output, columns};

/// List the revisions: who, when, what image digest
#[derive(clap::Args)]
pub(crate) struct Args {}

/// A revision as it is listed.
#[derive(Serialize)]
struct Line<'a> {
    revision: u32,
    started: String,
    by: &'a str,
    status: &'static str,
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback_of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    hash: &'a str,
    objects: usize,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let mut sink = Output::notices();
    let api = connect(common, &loaded, sink.as_mut()).await?;
    let (name, namespace) = (&loaded.config.service.name, &loaded.config.k3s.namespace);
    let revisions = History::new(&api, namespace, name).list().await?;
    let serving = revisions.iter().rev().find(|it| it.status == Status::Deployed);
    let serving = serving.map(|revision| revision.number);
    let lines: Vec<_> = revisions.iter().map(|revision| line(revision, serving)).collect();
    match common.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&lines)?),
        Output::Text if lines.is_empty() => {
            eprintln!("{name} has no revision in namespace {namespace}.");
        }
        Output::Text => print!("{}", table(&lines)),
    }
    Ok(ExitCode::SUCCESS)
}

fn line(revision: &Revision, serving: Option<u32>) -> Line<'_> {
    Line {
        revision: revision.number,
        started: revision.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        by: &revision.by,
        status: match revision.status {
            Status::Pending => "pending",
            Status::Failed => "failed",
            Status::Deployed if serving == Some(revision.number) => "serving",
            Status::Deployed => "superseded",
        },
        image: &revision.image,
        rollback_of: revision.rollback_of,
        reason: revision.reason.as_deref(),
        hash: &revision.hash,
        objects: revision.manifests.len(),
    }
}

fn table(lines: &[Line<'_>]) -> String {
    let mut rows = vec![["revision", "started", "by", "status", "image", "why"].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        let back = line.rollback_of.map(|number| format!("back to {number}"));
        let why = line.reason.map(str::to_owned).or(back).unwrap_or_default();
        let [revision, started, by] =
            [line.revision.to_string(), line.started.clone(), line.by.to_owned()];
        [revision, started, by, line.status.to_owned(), line.image.to_owned(), why]
    }));
    columns(&rows)
}
