//! The end of the namespace: only ours, and only when nothing of others is in it.

use std::time::{Duration, Instant};

use crate::api::ApiServer;
use crate::deploy::desired::Desired;
use crate::deploy::remove::Removed;
use crate::deploy::{DeployError, inventory};
use crate::event::{self, Action, Sink};
use crate::manifest::{Kind, ObjectId};

const PAUSE: Duration = Duration::from_millis(250);

/// The namespace as an object.
pub(super) fn id(name: &str) -> ObjectId {
    ObjectId { kind: Kind::Namespace, namespace: None, name: name.to_owned() }
}

/// Deletes the namespace; says why not, where it stays.
pub(super) async fn remove(
    api: &ApiServer,
    desired: &Desired,
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<Option<String>, DeployError> {
    let id = id(&desired.namespace);
    let Some(live) = api.get(&id).await? else { return Ok(None) };
    if !inventory::bears_our_labels(&live, &desired.release) {
        return Ok(Some("it was made by others".to_owned()));
    }
    let others = api.others_in(&desired.namespace, &desired.release).await?;
    if !others.is_empty() {
        return Ok(Some(format!("others have something in it: {}", others.join(", "))));
    }
    api.delete(&id, inventory::uid(&live)).await?;
    gone(api, &id, ends, sink).await?;
    Ok(None)
}

/// Waits until the namespace is gone.
pub(super) async fn gone(
    api: &ApiServer,
    id: &ObjectId,
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<Removed, DeployError> {
    let started = Instant::now();
    let mut told = false;
    while api.get(id).await?.is_some() {
        if Instant::now() >= ends {
            let seconds = started.elapsed().as_secs();
            return Err(DeployError::NotGone { what: id.to_string(), seconds });
        }
        if !std::mem::replace(&mut told, true) {
            let left = ends.saturating_duration_since(Instant::now());
            sink.emit(event::waiting(id.to_string(), "is being deleted", left));
        }
        tokio::time::sleep(PAUSE).await;
    }
    sink.emit(event::object(id, Action::Deleted));
    Ok(Removed { objects: 0, namespace_kept: None })
}
