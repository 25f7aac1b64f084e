//! The next step of a deployer that wants the lock. Pure.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;

use super::holder::Holder;
use super::record;

/// A Lease as it was last seen, and since when it has looked like that by our own clock.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There is no Lease: make it.
    Create,
    /// It is free, has expired, or its holder has ended: write us into it.
    TakeOver,
    /// It names us: an earlier attempt's answer was lost.
    Ours,
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
        return Step::Ours;
    }
    if identity.parse().is_ok_and(|holder| ended(&holder)) {
        return Step::TakeOver;
    }
    let expires = seen.since + record::duration(lease);
    match expires.checked_sub(now) {
        Some(left) if !left.is_zero() => Step::Wait(left),
        _ => Step::TakeOver,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::*;

    fn holder(who: &str) -> Holder {
        Holder { who: who.to_owned(), process: None, nonce: "1".to_owned() }
    }

    fn lease(who: &str, version: &str) -> Lease {
        let mut lease = Record::new("web", "web").claimed(None, &holder(who));
        lease.metadata.resource_version = Some(version.to_owned());
        lease
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The step of `a`, which has looked at these moments and then sees the last.
    fn after(looks: &[(u64, Option<Lease>)]) -> Step {
        let mut seen = Observation::default();
        for (second, lease) in looks {
            seen.look(lease.as_ref(), at(*second));
        }
        let (second, lease) = looks.last().expect("a look");
        step(lease.as_ref(), &holder("a"), &seen, at(*second), |_| false)
    }

    #[test]
    fn a_lease_expires_by_what_one_has_seen_of_it() {
        let b = |version| Some(lease("b", version));
        let mut free = lease("b", "9");
        free.spec.as_mut().expect("a spec").holder_identity = None;
        let mut longer = lease("b", "1");
        longer.spec.as_mut().expect("a spec").lease_duration_seconds = Some(60);
        for (looks, expected) in [
            (vec![(100, None)], Step::Create),
            (vec![(100, Some(free))], Step::TakeOver),
            (vec![(100, Some(lease("a", "1")))], Step::Ours),
            // However old it is by its holder's clock: it was seen for the first time just now.
            (vec![(100, b("1"))], Step::Wait(at(15))),
            (vec![(100, b("1")), (114, b("1"))], Step::Wait(at(1))),
            (vec![(100, b("1")), (115, b("1"))], Step::TakeOver),
            (vec![(100, b("1")), (114, b("2"))], Step::Wait(at(15))),
            (vec![(100, b("1")), (110, None), (116, b("1"))], Step::Wait(at(15))),
            (vec![(100, Some(longer.clone())), (115, Some(longer))], Step::Wait(at(45))),
        ] {
            let what = format!("{looks:?}");
            assert_eq!(after(&looks), expected, "{what}");
        }
    }

    #[test]
    fn one_who_has_ended_is_not_waited_for() {
        let lease = lease("b", "1");
        let step =
            step(Some(&lease), &holder("a"), &Observation::default(), at(0), |b| b.who == "b");
        assert_eq!(step, Step::TakeOver);
    }
}
