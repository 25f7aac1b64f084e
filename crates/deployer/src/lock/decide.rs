//! What one does who wants the lock. Pure.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;

use super::holder::Holder;
use super::record;

/// What was seen of a Lease, and since when it has looked like that, by our own clock.
#[derive(Debug, Default)]
pub(super) struct Observation {
    version: Option<String>,
    since: Duration,
}

impl Observation {
    /// Takes in what is there now.
    pub(super) fn look(&mut self, lease: Option<&Lease>, now: Duration) {
        let version = lease.and_then(|lease| lease.metadata.resource_version.clone());
        if version.is_none() || version != self.version {
            self.version = version;
            self.since = now;
        }
    }
}

/// The next step.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// There is no Lease: make it.
    Create,
    /// It is free, has expired, or its holder has ended: write us into it.
    TakeOver,
    /// It names us: an earlier attempt's answer was lost.
    Ours(Lease),
    /// Another holds it, for so long at least unless it renews it or gives it back.
    Wait(Duration),
}

/// Decides. `ended` knows of holders on this machine whether their process has ended.
pub(super) fn step(
    lease: Option<&Lease>,
    we: &Holder,
    seen: &Observation,
    now: Duration,
    ended: impl Fn(&Holder) -> bool,
) -> Step {
    let Some(lease) = lease else { return Step::Create };
    let Some(identity) = record::identity(lease) else { return Step::TakeOver };
    if identity == we.to_string() {
        return Step::Ours(lease.clone());
    }
    if identity.parse().is_ok_and(|holder| ended(&holder)) {
        return Step::TakeOver;
    }
    let expires = seen.since + record::duration(Some(lease));
    match expires.checked_sub(now) {
        Some(left) if !left.is_zero() => Step::Wait(left),
        _ => Step::TakeOver,
    }
}
