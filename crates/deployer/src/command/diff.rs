//! `diff`: what `apply` would change.

use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::deploy::{self, ApplyPlan, Observed};
use skyward_deployer::diff::{self, Change};
use skyward_deployer::history::History;

use crate::command::connect;
use crate::command::wanted::{self, ImageArgs, Mode};
use crate::common::Common;
use crate::output::Output;

/// Show what `apply` would change, from a server-side dry run; changes nothing
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    image: ImageArgs,
    /// As `apply` with it: take over fields and objects that belong to others
    #[arg(long)]
    force: bool,
    /// Exit with 3 where there are differences
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let mut sink = Output::notices();
    let api = connect(common, &loaded, sink.as_mut()).await?;
    let release =
        wanted::release(common, &loaded, &api, &args.image, Mode::Preview, sink.as_mut()).await?;
    let desired = wanted::desired(&release)?;
    let history = History::new(&api, &desired.namespace, &desired.release);
    let state = Observed::look(&api, &history, &desired.manifests).await?;
    let plan = ApplyPlan::new(&state, &desired.manifests, &desired.release, args.force)?;
    let differences = deploy::preview(&api, &state, &plan, args.force).await?;
    match common.output {
        Output::Text => print!("{}", diff::text(&differences, crate::output::color())),
        Output::Json => println!("{}", serde_json::to_string_pretty(&differences)?),
    }
    let differ = differences.iter().any(|difference| difference.change != Change::Unchanged);
    Ok(if args.exit_code && differ { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
