//! `diff`: what `apply` would change.

use crate::api::ApiServer;
use crate::deploy::{self, ApplyPlan, Desired, Extent, Observed, Prepared};
use crate::diff::{self, Change};
use crate::event::{Event, Sink};
use crate::history::{Revision, Status};
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
    /// As `apply` with it: what it takes to run so many pods beside those that serve
    #[arg(long, value_name = "PODS", value_parser = clap::value_parser!(u16).range(1..=100))]
    canary: Option<u16>,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let Session { loaded, shown, api } = common.open(common.notes()).await?;
    // Nothing is sent: the image has the name that it would have.
    let named = async |candidate: Candidate, _: &Sink<'_>| Ok(candidate.named().reference.clone());
    let image = args.image.image.as_deref();
    let prepared = deploy::prepare(&api, &loaded, image, named, &*shown).await?;
    let Prepared { mut desired, revisions, .. } = prepared;
    let (state, plan) = compared(&api, &mut desired, revisions, args).await?;
    if let Some(text) = deploy::canary_note(&state, &plan) {
        shown.emit(Event::note(text));
    }
    let differences = deploy::preview(&api, &state, &plan, desired.runs_jobs, args.force).await?;
    match common.output {
        Output::Text => output::print(&diff::text(&differences, Stream::Out.has_color()))?,
        Output::Json => output::document(&differences)?,
    }
    let differ = differences.iter().any(|difference| difference.change != Change::Unchanged);
    Ok(if args.exit_code && differ { Exit::Differences } else { Exit::Done })
}

/// The state and the plan. Where the canary is that of the very configuration, the plan is its promotion.
async fn compared(
    api: &ApiServer,
    desired: &mut Desired,
    revisions: Vec<Revision>,
    args: &Args,
) -> Result<(Observed, ApplyPlan)> {
    desired.extent = args.canary.map_or(Extent::Whole, Extent::Canary);
    let state = Observed::of(api, revisions, &desired.looked_at()).await?;
    let plan =
        |extent| ApplyPlan::up_to(extent, &state, &desired.manifests, &desired.release, args.force);
    let mut planned = plan(desired.extent)?;
    if let Some(newest) = state.revisions.last()
        && newest.status == Status::Canary
        && newest.manifests == planned.record
        && planned.canary.is_none()
    {
        planned = plan(Extent::Promotion(newest.number))?;
    }
    Ok((state, planned))
}
