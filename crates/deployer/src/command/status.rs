//! `status`: how the release is.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use skyward_deployer::deploy::{self, Drift, ReleaseStatus};

use crate::command::connect;
use crate::common::Common;
use crate::output::{Output, columns};

/// Show the revision that serves, its objects, their drift, and its pods
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where something has drifted or does not run
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let mut sink = Output::notices();
    let api = connect(common, &loaded, sink.as_mut()).await?;
    let (name, namespace) = (&loaded.config.service.name, &loaded.config.k3s.namespace);
    let Some(report) = deploy::status(&api, name, namespace).await? else {
        bail!(
            "reading the status of {name}: it has no revision in namespace {namespace}; `cargo xtask deploy-k3s` makes one"
        );
    };
    match common.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
        Output::Text => print!("{}", text(name, namespace, &report)),
    }
    Ok(if args.exit_code && !report.healthy { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn text(name: &str, namespace: &str, report: &ReleaseStatus) -> String {
    let revision = report.revision.map_or("none".to_owned(), |number| number.to_string());
    let mut text = format!("release   {name} in namespace {namespace}\nrevision  {revision}\n");
    for (title, value) in [("image", &report.image), ("newest", &report.newest)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{title:<10}{value}");
        }
    }
    let _ = writeln!(text, "rollout   {}\n", report.rollout);
    let objects = report.objects.iter().map(|object| {
        let state = match object.state {
            Drift::InSync => "in sync",
            Drift::Drifted => "drifted: `diff` shows how",
            Drift::Missing => "missing",
        };
        [object.id.to_string(), state.to_owned()]
    });
    text += &columns(&objects.collect::<Vec<_>>());
    let mut pods = vec![["pod", "state", "ready", "restarts", "node"].map(str::to_owned)];
    pods.extend(report.pods.iter().map(|pod| {
        let ready = if pod.ready { "yes" } else { "no" };
        let node = pod.node.clone().unwrap_or_default();
        [pod.name.clone(), pod.state.clone(), ready.to_owned(), pod.restarts.to_string(), node]
    }));
    text + "\n" + &columns(&pods)
}
