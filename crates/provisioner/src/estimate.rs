//! How long AWS usually takes: for the time in a plan, for what remains in the live view, and for how often to look.
//!
//! Sources: published logs of Terraform runs for gateways, load balancers and groups of instances. Nobody publishes the times
//! of Multi-AZ DB clusters; 8 to 20 minutes are what people report, 12 is assumed.

use std::time::Duration;

use crate::plan::Action;
use crate::topology::Kind;

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// At the least.
    pub soonest: Duration,
    /// Usually.
    pub usual: Duration,
    /// After this it has failed.
    pub limit: Duration,
}

const fn seconds(soonest: u64, usual: u64, limit: u64) -> Estimate {
    Estimate {
        soonest: Duration::from_secs(soonest),
        usual: Duration::from_secs(usual),
        limit: Duration::from_secs(limit),
    }
}

/// How long an action on a resource of this kind takes.
pub fn estimate(kind: Kind, action: Action) -> Estimate {
    use Kind as K;
    match (kind, action) {
        (_, Action::None) => seconds(0, 0, 0),
        // The look for others' creations is in it: see `execute::unique`.
        (K::Vpc, Action::Create) => seconds(8, 10, 900),
        (K::Address, Action::Create) => seconds(8, 9, 900),
        (K::NatGateway, Action::Create | Action::Replace | Action::Wait) => seconds(80, 106, 900),
        (K::NatGateway, Action::Delete) => seconds(35, 60, 900),
        (K::LoadBalancer, Action::Create | Action::Replace | Action::Wait) => {
            seconds(130, 150, 900)
        }
        (K::AutoScalingGroup, Action::Create | Action::Replace | Action::Wait) => {
            seconds(40, 100, 1500)
        }
        // An instance refresh replaces the instances one after the other.
        (K::AutoScalingGroup, Action::Update) => seconds(2, 400, 5400),
        (K::AutoScalingGroup, Action::Delete) => seconds(50, 110, 1800),
        // There is no end to the patience with a database: 40 minutes were seen.
        (K::DbCluster, Action::Create | Action::Replace | Action::Wait) => seconds(420, 720, 7200),
        (K::DbCluster, Action::Update) => seconds(5, 300, 7200),
        (K::DbCluster, Action::Delete) => seconds(300, 480, 7200),
        (K::InternetGateway, Action::Delete) => seconds(1, 5, 600),
        (K::Subnet | K::SecurityGroup, Action::Delete) => seconds(1, 10, 1200),
        (K::Vpc, Action::Delete) => seconds(1, 2, 1200),
        (K::Bucket, _) => seconds(2, 4, 600),
        _ => seconds(1, 2, 300),
    }
}

impl Estimate {
    /// How long to wait before the next look at something that has been waited for so long: rarely at first, often when
    /// it is due, so that little time is lost after its end; and rarely again when it is late.
    pub fn pause(&self, elapsed: Duration) -> Duration {
        let due = self.usual.as_secs_f64();
        let often = (due / 150.0).clamp(1.0, 3.0);
        let seconds = if elapsed < self.soonest {
            // A failure shows early; so does what is faster than expected.
            self.soonest.saturating_sub(elapsed).as_secs_f64().clamp(1.0, 20.0)
        } else if elapsed.as_secs_f64() > 3.0 * due {
            often * 4.0
        } else {
            often
        };
        Duration::from_secs_f64(seconds)
    }

    /// How long it will usually go on, once it has taken so long already.
    pub fn remaining(&self, elapsed: Duration) -> Duration {
        self.usual.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_frequent_when_it_is_due_and_never_stop() {
        for kind in [Kind::NatGateway, Kind::DbCluster, Kind::AutoScalingGroup] {
            let estimate = estimate(kind, Action::Create);
            let (mut elapsed, mut looks) = (Duration::ZERO, 0);
            while elapsed < estimate.usual {
                let pause = estimate.pause(elapsed);
                assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(20));
                elapsed += pause;
                looks += 1;
            }
            assert!(looks < 200, "{kind}: {looks}");
            let overshoot = elapsed.saturating_sub(estimate.usual).as_secs_f64();
            assert!(overshoot <= 0.02 * estimate.usual.as_secs_f64() + 1.0, "{kind}: {overshoot}");
        }
    }
}
