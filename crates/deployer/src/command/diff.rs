//! `diff`: what `apply` would change.

use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::deploy::{self, Plan, State};
use skyward_deployer::diff::{self, Change};
use skyward_deployer::history::History;

use crate::cli::Common;
use crate::command::connect;
use crate::command::wanted::{self, Errand, ImageArgs};
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
    let cluster = connect(common, &loaded, sink.as_mut()).await?;
    let release =
        wanted::release(common, &loaded, &cluster, &args.image, Errand::Foresee, sink.as_mut())
            .await?;
    let wish = wanted::wish(&release)?;
    let history = History::new(&cluster, &wish.namespace, &wish.release);
    let state = State::look(&cluster, &history, &wish.manifests).await?;
    let plan = Plan::new(&state, &wish.manifests, &wish.release, args.force)?;
    let differences = deploy::preview(&cluster, &state, &plan, args.force).await?;
    match common.output {
        Output::Text => print!("{}", diff::text(&differences, crate::output::color())),
        Output::Json => println!("{}", serde_json::to_string_pretty(&differences)?),
    }
    let differ = differences.iter().any(|difference| difference.change != Change::Unchanged);
    Ok(if args.exit_code && differ { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
