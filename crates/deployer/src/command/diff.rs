//! `diff`: what `apply` would change.

use crate::deploy::{self, ApplyPlan, Observed, Prepared};
use crate::diff::{self, Change};
use crate::event::Sink;
use crate::image::Candidate;
use anyhow::Result;
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, output};

use crate::command::ImageArgs;
use crate::common::{Common, Session};

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
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let Session { loaded, shown, api } = common.open(common.notes()).await?;
    // Nothing is sent: the image has the name that it would have.
    let named = async |candidate: Candidate, _: &Sink<'_>| Ok(candidate.named().reference.clone());
    let image = args.image.image.as_deref();
    let prepared = deploy::prepare(&api, &loaded, image, named, &*shown).await?;
    let Prepared { desired, revisions, .. } = prepared;
    let state = Observed::of(&api, revisions, &desired.manifests).await?;
    let plan = ApplyPlan::new(&state, &desired.manifests, &desired.release, args.force)?;
    let differences = deploy::preview(&api, &state, &plan, desired.runs_jobs, args.force).await?;
    match common.output {
        Output::Text => output::print(&diff::text(&differences, Stream::Out.has_color()))?,
        Output::Json => output::document(&differences)?,
    }
    let differ = differences.iter().any(|difference| difference.change != Change::Unchanged);
    Ok(if args.exit_code && differ { Exit::Differences } else { Exit::Done })
}
