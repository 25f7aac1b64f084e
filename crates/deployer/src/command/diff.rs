//! `diff`: what `apply` would change.

use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::deploy::{self, ApplyPlan, Observed, Prepared};
use skyward_deployer::diff::{self, Change};
use skyward_deployer::event::Sink;
use skyward_deployer::image::Candidate;

use crate::command::{ImageArgs, connect};
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
    // Nothing is sent: the image has the name that it would have.
    let named =
        async |candidate: Candidate, _: &mut dyn Sink| Ok(candidate.named().reference.clone());
    let image = args.image.image.as_deref();
    let prepared = deploy::prepare(&api, &loaded, image, named, sink.as_mut()).await?;
    let Prepared { desired, revisions, .. } = prepared;
    let state = Observed::of(&api, revisions, &desired.manifests).await?;
    let plan = ApplyPlan::new(&state, &desired.manifests, &desired.release, args.force)?;
    let differences = deploy::preview(&api, &state, &plan, args.force).await?;
    match common.output {
        Output::Text => print!("{}", diff::text(&differences, crate::output::color())),
        Output::Json => println!("{}", serde_json::to_string_pretty(&differences)?),
    }
    let differ = differences.iter().any(|difference| difference.change != Change::Unchanged);
    Ok(if args.exit_code && differ { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
