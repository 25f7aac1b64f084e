//! The Lease: where it is and what is written into it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;

use super::DURATION;
use super::holder::Holder;
use crate::api::{ApiServer, CallError, ResourcePath};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The place of a release's Lease.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) namespace: String,
    pub(super) release: String,
}

impl Record {
    pub(super) fn new(namespace: &str, release: &str) -> Self {
        Self { namespace: namespace.to_owned(), release: release.to_owned() }
    }

    fn place(&self) -> ResourcePath {
        let name = format!("skyward.{}", self.release);
        ResourcePath::new("Lease", "coordination.k8s.io/v1", "leases", &self.namespace, &name)
    }

    pub(super) async fn read(&self, api: &ApiServer) -> Result<Option<Lease>, CallError> {
        api.read(&self.place()).await
    }

    /// Creates it, or replaces the one of its resource version.
    pub(super) async fn write(&self, api: &ApiServer, lease: &Lease) -> Result<Lease, CallError> {
        if lease.metadata.resource_version.is_some() {
            api.update(&self.place(), lease).await
        } else {
            api.create(&self.place(), lease).await
        }
    }

    /// Deletes exactly this one. False: it was changed meanwhile.
    pub(super) async fn delete(&self, api: &ApiServer, lease: &Lease) -> Result<bool, CallError> {
        let uid = lease.metadata.uid.as_deref().unwrap_or_default();
        api.remove(&self.place(), uid, lease.metadata.resource_version.as_deref()).await
    }

    /// The Lease with us as its holder: a new one, or the present one.
    pub(super) fn claimed(&self, present: Option<Lease>, holder: &Holder) -> Lease {
        let now = Some(MicroTime(Timestamp::now()));
        let transitions = present
            .as_ref()
            .and_then(|lease| lease.spec.as_ref())
            .map(|spec| spec.lease_transitions.unwrap_or_default().saturating_add(1));
        let mut lease = present.unwrap_or_else(|| Lease {
            metadata: ObjectMeta {
                name: Some(self.place().name),
                labels: Some(BTreeMap::from([
                    (MANAGED_BY.to_owned(), MANAGER.to_owned()),
                    (INSTANCE.to_owned(), self.release.clone()),
                ])),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        lease.metadata.managed_fields = None;
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(holder.to_string()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: now.clone(),
            renew_time: now,
            lease_transitions: Some(transitions.unwrap_or_default()),
            ..LeaseSpec::default()
        });
        lease
    }
}

/// The same Lease, renewed now.
pub(super) fn renewed(mut lease: Lease) -> Lease {
    lease.metadata.managed_fields = None;
    let mut spec = lease.spec.unwrap_or_default();
    spec.renew_time = Some(MicroTime(Timestamp::now()));
    lease.spec = Some(spec);
    lease
}

/// The holder as the Lease names it; `None` where it is free.
pub(super) fn identity(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|identity| !identity.is_empty())
}

pub(super) fn is_held_by(lease: &Lease, identity: &str) -> bool {
    self::identity(lease) == Some(identity)
}

/// The time that it lasts unrenewed, as its holder wrote it.
pub(super) fn duration(lease: &Lease) -> Duration {
    let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    seconds.and_then(|seconds| u64::try_from(seconds).ok()).map_or(DURATION, Duration::from_secs)
}

/// The holder, for people.
pub(super) fn holder_of(lease: &Lease) -> String {
    let Some(identity) = identity(lease) else { return "somebody".to_owned() };
    let Ok(holder) = identity.parse::<Holder>();
    match holder.process {
        Some(process) => format!("{} (pid {})", holder.who, process.pid),
        None => identity.to_owned(),
    }
}

/// Since when it is held, by its holder's clock.
pub(super) fn since(lease: &Lease) -> String {
    let acquired = lease.spec.as_ref().and_then(|spec| spec.acquire_time.as_ref());
    acquired.map_or_else(|| "an unknown time".to_owned(), |time| format!("{:.0}", time.0))
}
