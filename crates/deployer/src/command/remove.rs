//! `remove`: take the release away, and leave nothing.

use std::time::Duration;

use crate::deploy::{self, Desired, Volumes};
use crate::event::Event;
use anyhow::Result;
use skyward_config::Delivery;
use skyward_image::load;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::{Cluster, Reporter, image as nodes};
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::{Exit, units};

use crate::common::{Common, Session};
use crate::image;

/// Remove the release, its history, and the namespace if it was made for it and holds nothing of others
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Delete the volumes too, and what is on them
    #[arg(long)]
    volumes: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.events()).await?;
    let (name, namespace) = session.release();
    let (api, shown) = (&session.api, &session.shown);
    let context = api.context();
    let operation = format!("remove {name} from namespace {namespace} of {context}");
    let data = if args.volumes { " and all that is on its volumes" } else { "" };
    let question = format!(
        "This ends {name} in namespace {namespace} of {context}, and deletes its history{data}."
    );
    consent::ask(&operation, &question, Answer::Name(name), args.yes)?;
    let desired = Desired::nothing(name, namespace);
    let timeout = Duration::from_secs(session.loaded.config.k3s.timeout_s.into());
    let volumes = if args.volumes { Volumes::Delete } else { Volumes::Keep };
    let interrupt = &common.interrupt;
    let removed = deploy::remove(api, &desired, volumes, timeout, interrupt, &**shown).await?;
    unpin(common, &session).await;
    let namespace = removed.namespace.sentence(namespace);
    let text = if removed.objects == 0 {
        format!("Nothing of {name} is there. {namespace}")
    } else {
        let objects = units::counted(removed.objects, "object");
        format!("{name} is removed: {objects}. {namespace}")
    };
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}

/// The images of the history, which is gone, need stay no longer where they were loaded into nodes.
async fn unpin(common: &Common, session: &Session) {
    let (loaded, shown) = (&session.loaded, &session.shown);
    let pins = image::pins(loaded);
    let settled = image::settled(loaded.config.k3s.delivery, &loaded.config.image.repository);
    if !matches!(settled, Delivery::Load | Delivery::Auto) {
        return;
    }
    let unpinned = if common.has_machines(loaded) {
        let report = Reporter::new(common.cluster(loaded, shown).sink);
        match Cluster::read(loaded) {
            Ok(machines) => {
                let unpinned = nodes::unpin(&machines, &pins, HostKeys::Known, &report).await;
                unpinned.map_err(anyhow::Error::from)
            }
            Err(error) => Err(error.into()),
        }
    } else {
        load::unpin(pins, &load::Options::default())
    };
    if let Err(error) = unpinned {
        let text = format!("its images stay pinned on the nodes: {error:#}");
        shown.emit(Event::note(text));
    }
}
