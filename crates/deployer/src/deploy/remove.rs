//! Takes a release away: its objects by UID, the last applied first, then its records, then the namespace if it is ours
//! and nothing of others is in it.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use skyward_terminal::program;
use tokio::sync::Notify;

use crate::api::{ApiServer, CallError};
use crate::deploy::DeployError;
use crate::deploy::desired::Desired;
use crate::deploy::observed::Observed;
use crate::deploy::{inventory, objects};
use crate::event::{self, Action, Event, Sink};
use crate::history::{History, Owned};
use crate::lock::Lock;
use crate::manifest::{Kind, ObjectId};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The begin of the names of records: those of another release are not to be taken away.
const RECORD: &str = "skyward.";

/// The fate of the volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volumes {
    /// They stay: what is on them cannot be brought back.
    Keep,
    /// They are deleted, with what is on them.
    Delete,
}

/// The outcome of removing a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The number of objects that were deleted.
    pub objects: usize,
    /// The namespace afterwards.
    pub namespace: NamespaceEnd,
}

/// The namespace after a release was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceEnd {
    /// It was the release's own, and was deleted.
    Gone,
    /// It was not there before.
    Absent,
    /// It stays, for this reason.
    Kept(String),
}

impl NamespaceEnd {
    /// A namespace that the release did not make.
    fn of_others() -> Self {
        Self::Kept("it was made by others".to_owned())
    }

    /// The sentence on the namespace of this name.
    pub fn sentence(&self, name: &str) -> String {
        match self {
            Self::Gone => format!("Namespace {name} is gone."),
            Self::Absent => format!("There is no namespace {name}."),
            Self::Kept(reason) => format!("Namespace {name} stays: {reason}."),
        }
    }
}

/// Removes the release and everything that it left. Where nothing of it is there, nothing is done.
///
/// # Errors
/// Whatever ends it; the next run continues.
pub async fn remove(
    api: &ApiServer,
    desired: &Desired,
    volumes: Volumes,
    timeout: Duration,
    interrupt: &Notify,
    sink: &Sink<'_>,
) -> Result<Removed, DeployError> {
    let ends = Instant::now() + timeout;
    let history = History::new(api, &desired.namespace, &desired.release);
    let namespace = namespace_id(&desired.namespace);
    let Some(live) = api.get(&namespace).await? else {
        return Ok(Removed { objects: 0, namespace: NamespaceEnd::Absent });
    };
    if live["metadata"]["deletionTimestamp"].is_string() {
        let namespace = namespace_gone(api, &namespace, ends, sink).await?;
        return Ok(Removed { objects: 0, namespace });
    }
    let state = Observed::look(api, &history, &[]).await?;
    // Another release may have made it, and be gone: the last one takes it along.
    let ours = inventory::bears_labels_of_a_release(&live);
    let locked = Lock::is_there(api, &desired.namespace, &desired.release).await?;
    if !ours && !locked && state.revisions.is_empty() && volumes == Volumes::Keep {
        // A namespace of others is not even locked where nothing of ours is in it.
        return Ok(Removed { objects: 0, namespace: NamespaceEnd::of_others() });
    }
    let held = Lock::acquire(api, &desired.namespace, &desired.release, timeout, sink).await?;
    let guarded = held.api();
    let history = history.on(&guarded);
    let taken_down = async {
        let state = Observed::look(&guarded, &history, &[]).await?;
        let inventory = state.inventory(&desired.release);
        take_down(&guarded, &history, desired, (&inventory, volumes), ends, sink).await
    };
    let removed = tokio::select! {
        removed = taken_down => removed,
        () = interrupt.notified() => Err(DeployError::Interrupted),
    };
    let released = held.release().await;
    let removed = removed?;
    released?;
    Ok(removed)
}

/// Deletes what is in `inventory`, waits until the pods are gone, and deletes the records, the newest last: as long as one
/// is there, the next run knows what is ours. The namespace goes in the end, and the lock with it.
pub(super) async fn take_down(
    api: &ApiServer,
    history: &History<'_>,
    desired: &Desired,
    (inventory, volumes): (&[Owned], Volumes),
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<Removed, DeployError> {
    let mut objects = 0;
    let mut unwanted = inventory::unwanted(inventory, &[], 0);
    let has_volumes = inventory.iter().any(|it| it.id.kind == Kind::PersistentVolumeClaim);
    let claims = if has_volumes || volumes == Volumes::Delete {
        claims(api, desired).await?
    } else {
        Vec::new()
    };
    if volumes == Volumes::Delete {
        unwanted.extend(claims);
    } else if !claims.is_empty() {
        let names: Vec<_> = claims.iter().map(|claim| claim.id.to_string()).collect();
        let remove = program::command("deploy-k3s remove --volumes");
        let text = format!("what is on volumes stays: {}; `{remove}` deletes it", names.join(", "));
        sink.emit(Event::Note { text });
    }
    for owned in &unwanted {
        if api.delete(&owned.id, &owned.uid).await? {
            objects += 1;
            sink.emit(event::object(&owned.id, Action::Deleted));
        }
    }
    for owned in &unwanted {
        gone(api, &owned.id, Some(&owned.uid), ends, sink).await?;
    }
    history.clear().await?;
    let namespace = remove_namespace(api, desired, ends, sink).await?;
    Ok(Removed { objects, namespace })
}

/// The claims of the release, whichever revision made them.
async fn claims(api: &ApiServer, desired: &Desired) -> Result<Vec<Owned>, CallError> {
    let labels = format!("{MANAGED_BY}={MANAGER},{INSTANCE}={}", desired.release);
    let claims: Vec<PersistentVolumeClaim> = api.list(Some(&desired.namespace), &labels).await?;
    let owned = |claim: PersistentVolumeClaim| Owned {
        id: ObjectId {
            kind: Kind::PersistentVolumeClaim,
            namespace: Some(desired.namespace.clone()),
            name: claim.metadata.name.unwrap_or_default(),
        },
        uid: claim.metadata.uid.unwrap_or_default(),
    };
    Ok(claims.into_iter().map(owned).collect())
}

/// Waits until a deleted object is gone. A Deployment goes after its pods (it is deleted in the foreground), and until then they
/// still answer.
async fn gone(
    api: &ApiServer,
    id: &ObjectId,
    uid: Option<&str>,
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<(), DeployError> {
    let started = Instant::now();
    let doing = if id.kind == Kind::Namespace { "is being deleted" } else { "is ending" };
    let waiting = |left| sink.emit(event::waiting(id.to_string(), doing, left));
    if objects::gone(api, id, uid, ends, waiting).await? {
        return Ok(());
    }
    Err(DeployError::NotGone { what: id.to_string(), seconds: started.elapsed().as_secs() })
}

/// The namespace as an object.
fn namespace_id(name: &str) -> ObjectId {
    ObjectId { kind: Kind::Namespace, namespace: None, name: name.to_owned() }
}

/// Deletes the namespace; says why not, where it stays.
async fn remove_namespace(
    api: &ApiServer,
    desired: &Desired,
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<NamespaceEnd, DeployError> {
    let id = namespace_id(&desired.namespace);
    let Some(live) = api.get(&id).await? else { return Ok(NamespaceEnd::Gone) };
    if !inventory::bears_labels_of_a_release(&live) {
        return Ok(NamespaceEnd::of_others());
    }
    let others = api.others_in(&desired.namespace, &desired.release).await?;
    if !others.is_empty() {
        let next = secrets_alone(&others).unwrap_or_default();
        let others = format!("others have something in it: {}{next}", others.join(", "));
        return Ok(NamespaceEnd::Kept(others));
    }
    api.delete(&id, inventory::uid(&live)).await?;
    namespace_gone(api, &id, ends, sink).await
}

/// The way to take away what is left where that is Secrets alone, such as those that `secret set` has made.
fn secrets_alone(others: &[String]) -> Option<String> {
    let names: Option<Vec<_>> = others.iter().map(|other| other.strip_prefix("Secret ")).collect();
    let names = names?;
    if names.iter().any(|name| name.starts_with(RECORD)) {
        return None;
    }
    let remove = |name: &&str| {
        format!("`{}`", program::command(&format!("deploy-k3s secret remove {name}")))
    };
    let removes = names.iter().map(remove).collect::<Vec<_>>().join(", ");
    let again = program::command("deploy-k3s remove");
    Some(format!(". Next step, where nobody needs it any more: {removes}, then `{again}` again"))
}

/// Waits until the namespace is gone.
async fn namespace_gone(
    api: &ApiServer,
    id: &ObjectId,
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<NamespaceEnd, DeployError> {
    gone(api, id, None, ends, sink).await?;
    sink.emit(event::object(id, Action::Deleted));
    Ok(NamespaceEnd::Gone)
}
