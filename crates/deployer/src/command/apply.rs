//! `apply`: bring the cluster to what the configuration says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::ApiServer;
use crate::deploy::{
    self, Applied, ApplyOptions, DeployError, Desired, Extent, OnFailure, Prepared,
};
use crate::event::{DeployEvent, Event, Sink};
use crate::history::Revision;
use crate::image::Candidate;
use crate::release::Release;
use crate::{lock, rollout};
use anyhow::{Result, bail};
use skyward_config::Loaded;
use skyward_k3s::command::{self as cluster, KeyArgs};
use skyward_k3s::connection::HostKeys;
use skyward_k3s::image::{ImageArchive, LoadOutcome};
use skyward_k3s::{Machine, Reporter};
use skyward_terminal::{Exit, Output, consent, output, program, units};

use crate::command::ImageArgs;
use crate::common::{Common, Shown};

/// The time for the page to come once the rollout is done: an Ingress controller takes seconds to notice new pods.
const PAGE: Duration = Duration::from_secs(30);

/// Show what will change, apply it and follow the rollout (the default); prints the address to open
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) image: ImageArgs,
    #[command(flatten)]
    pub(crate) caution: Caution,
    /// Set a cluster up first where none is configured, as `cluster up` does, without asking
    #[arg(long)]
    cluster_up: bool,
    /// Run so many pods of the new revision beside those that serve, until `promote` or `abort`
    #[arg(long, value_name = "PODS", value_parser = clap::value_parser!(u16).range(1..=100))]
    canary: Option<u16>,
    #[command(flatten)]
    keys: KeyArgs,
}

/// The flags on objects of others and on failures.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Caution {
    /// Take over fields and objects that belong to others
    #[arg(long)]
    pub(crate) force: bool,
    /// Delete and create again what cannot be changed; this interrupts the service
    #[arg(long)]
    pub(crate) replace: bool,
    /// Leave a revision that does not come up as it is
    #[arg(long)]
    pub(crate) no_rollback: bool,
    /// Keep a first install that does not come up
    #[arg(long)]
    pub(crate) keep: bool,
    /// Seconds that the whole may take [default: `k3s.timeout_s`]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub(crate) timeout: Option<u16>,
}

impl Caution {
    pub(crate) fn options(&self, common: &Common, loaded: &Loaded) -> ApplyOptions {
        let k3s = &loaded.config.k3s;
        ApplyOptions {
            force: self.force,
            replace: self.replace,
            on_failure: match (self.no_rollback, self.keep) {
                (true, _) => OnFailure::Leave,
                (false, true) => OnFailure::KeepFirst,
                (false, false) => OnFailure::GoBack,
            },
            timeout: Duration::from_secs(self.timeout.unwrap_or(k3s.timeout_s).into()),
            history: k3s.history.into(),
            by: lock::who(),
            interrupt: Arc::clone(&common.interrupt),
        }
    }
}

impl Caution {
    /// Brings up what a recorded revision says, and tells that it serves.
    pub(crate) async fn bring_up(
        &self,
        common: &Common,
        recorded: Recorded,
        target: impl for<'r> FnOnce(&str, &'r [Revision]) -> Result<&'r Revision, DeployError>,
        told: impl FnOnce(&str, &Revision, &Applied) -> String,
    ) -> Result<Exit> {
        let session = common.open(common.events()).await?;
        let (name, namespace) = session.release();
        let (api, shown) = (&session.api, &session.shown);
        let revisions = session.revisions().await?;
        let target = target(name, &revisions)?;
        let desired = recorded(&Desired::nothing(name, namespace), target);
        let options = self.options(common, &session.loaded);
        let applied = deploy::apply(api, &desired, revisions.clone(), &options, &**shown).await?;
        shown.emit(DeployEvent::Serves { revision: applied.revision }.into());
        shown.emit(Event::finished(told(name, target, &applied)));
        Ok(Exit::Done)
    }
}

/// The way in which a recorded revision is desired: [`Desired::back_to`] or [`Desired::promoted`].
type Recorded = fn(&Desired, &Revision) -> Desired;

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let loaded = common.load()?;
    if common.target(&loaded).context.is_none() {
        offer(common, &loaded, args).await?;
    }
    let shown = common.events();
    let api = common.connect(&loaded, &shown).await?;
    let deliver = async |candidate: Candidate, sink: &Sink<'_>| {
        if candidate.is_loaded() && common.has_machines(&loaded) {
            Box::pin(load_into_nodes(common, &loaded, &shown, candidate)).await
        } else {
            Ok(candidate.deliver(sink).await?.reference)
        }
    };
    let image = args.image.image.as_deref();
    let prepared = tokio::select! {
        prepared = deploy::prepare(&api, &loaded, image, deliver, &*shown) => prepared?,
        () = common.interrupt.notified() => bail!("interrupted before anything was changed on the cluster"),
    };
    let Prepared { release, mut desired, revisions } = prepared;
    desired.extent = args.canary.map_or(Extent::Whole, Extent::Canary);
    let options = args.caution.options(common, &loaded);
    let applied = deploy::apply(&api, &desired, revisions, &options, &*shown).await?;
    if let Some(pods) = applied.canary {
        tell_canary(release.name(), &applied, pods, &*shown);
        return Ok(Exit::Done);
    }
    finish(common, &api, &release, applied, &*shown).await
}

/// Tells of the canary that runs, and of the two ways on.
fn tell_canary(name: &str, applied: &Applied, pods: u16, sink: &Sink<'_>) {
    let revision = applied.revision;
    let (promote, abort) =
        (program::command("deploy-k3s promote"), program::command("deploy-k3s abort"));
    let text = format!(
        "{}the canary of revision {revision} of {name} runs, in {}. Next step: `{promote}` rolls it out, `{abort}` ends it.",
        if applied.changed { "What served before serves on, and " } else { "Nothing to do: " },
        units::counted(pods.into(), "pod"),
    );
    sink.emit(DeployEvent::Canary { revision, pods }.into());
    sink.emit(Event::finished(text));
}

/// The nodes are the configured machines: each gets the image. Returns the name that they know it by.
async fn load_into_nodes(
    common: &Common,
    loaded: &Loaded,
    shown: &Shown,
    candidate: Candidate,
) -> Result<String> {
    let archive = ImageArchive::read(&candidate.archive())?;
    let report = Reporter::new(common.cluster(loaded, shown).sink);
    let started = Instant::now();
    let machines = skyward_k3s::Cluster::read(loaded)?;
    let pins = candidate.pins();
    let LoadOutcome { sent, nodes, away } =
        skyward_k3s::image::load(&machines, &archive, &pins, HostKeys::Known, &report).await?;
    let which = if away.is_empty() { "every node" } else { "every node that answers" };
    report.ready("image", format!("on {which}; {sent} of {nodes} got it now"), started);
    Ok(candidate.named().reference.clone())
}

/// Offers to set a cluster up where there is none: with consent alone, since that changes machines.
async fn offer(common: &Common, loaded: &Loaded, args: &Args) -> Result<()> {
    let cluster = skyward_k3s::Cluster::read(loaded)?;
    let machines: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
    let what = format!("k3s {} on {}", cluster.version, machines.join(", "));
    let agreed = if args.cluster_up {
        true
    } else {
        let question = format!(
            "No cluster is configured. Set one up now (`cluster up`: {what}), then deploy?"
        );
        consent::offer(&question)?.unwrap_or(false)
    };
    if !agreed {
        let deploy = program::command("deploy-k3s");
        bail!(
            "no cluster is configured; nothing was changed. Next step: name a context of your kubeconfig in k3s.context or by --context, or \
             set a cluster up: `{deploy} cluster up` ({what}); `{deploy} --cluster-up` does that and then deploys"
        );
    }
    let surroundings = common.cluster(loaded, &common.events());
    cluster::set_up(&surroundings, args.keys.host_keys(), false, false).await
}

/// Proves that the service answers, where something has changed, and tells the address.
async fn finish(
    common: &Common,
    api: &ApiServer,
    release: &Release,
    applied: Applied,
    sink: &Sink<'_>,
) -> Result<Exit> {
    let Applied { revision, changed, admitted, canary: _ } = applied;
    let address = if changed {
        let reach = rollout::reachable(api, release, PAGE, sink).await?;
        for text in reach.verified.iter().chain(&reach.hints) {
            sink.emit(Event::note(text.as_str()));
        }
        if let Some(problem) = reach.problem {
            anyhow::bail!("asking {} for its page: {problem}", release.name());
        }
        reach.address
    } else {
        release.address().filter(|_| admitted)
    };
    let text = if changed {
        format!("Revision {revision} of {} serves.", release.name())
    } else {
        format!("Nothing to do: revision {revision} of {} serves.", release.name())
    };
    sink.emit(DeployEvent::Serves { revision }.into());
    sink.emit(Event::Finished { text, address: address.clone() });
    if let (Output::Text, Some(address)) = (common.output, address) {
        output::line(&address)?;
    }
    Ok(Exit::Done)
}
