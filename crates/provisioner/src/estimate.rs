//! The time that AWS usually takes: for a plan, for what remains in the live view, and for the pauses between looks.
//!
//! Each kind's file has its own figures. Sources: published logs of Terraform runs for gateways, load balancers and groups of
//! instances. Nobody publishes the times of Multi-AZ DB clusters; 8 to 20 minutes are what people report, 12 is assumed.

use std::time::Duration;

/// The time that something takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// At the least.
    pub soonest: Duration,
    /// Usually.
    pub usual: Duration,
    /// A slow time, of those that are known.
    pub latest: Duration,
    /// The limit after which it has failed.
    pub limit: Duration,
}

impl Estimate {
    /// Something that takes no time at all.
    pub const NOTHING: Self = Self::seconds(0, 0, 0);
    /// A call or two.
    pub const QUICK: Self = Self::seconds(1, 2, 300);

    pub(crate) const fn seconds(soonest: u64, usual: u64, limit: u64) -> Self {
        Self {
            soonest: Duration::from_secs(soonest),
            usual: Duration::from_secs(usual),
            // Of what is known by a few logs, the slow ones took half as long again.
            latest: Duration::from_secs(usual + usual / 2),
            limit: Duration::from_secs(limit),
        }
    }

    /// The same, with another time where AWS takes its time.
    pub(crate) const fn up_to(self, latest: u64) -> Self {
        Self { latest: Duration::from_secs(latest), ..self }
    }

    /// The pause before the next look at something that has been waited for so long: long at first, short when it is due,
    /// so that little time is lost after its end, and long again when it is late.
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
}
