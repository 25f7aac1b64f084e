//! The numbers that the simulator works with, each with its source. Those of a kind of resource are in the kind's own file.

use std::time::Duration;

/// The source of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// botocore's service models.
    Botocore,
    /// AWS's documentation.
    Documents,
    /// Published logs of Terraform runs.
    Logs,
    /// Judgement alone: not verified.
    Unverified,
}

impl Source {
    /// The letter of the legend.
    pub fn letter(self) -> char {
        match self {
            Self::Botocore => 'B',
            Self::Documents => 'D',
            Self::Logs => 'L',
            Self::Unverified => 'U',
        }
    }
}

/// A behaviour of a service, and its source.
pub type Behaviour = (&'static str, Source);

/// Something that the simulator takes for true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumption {
    /// The thing or state that it is about.
    pub what: &'static str,
    /// The least and the greatest value; between them each is as likely as the other.
    pub range: (f64, f64),
    /// Of the values: `s`, or what is counted.
    pub unit: &'static str,
    /// The source of the values.
    pub source: Source,
}

/// A time between two, in seconds.
pub(crate) const fn seconds(what: &'static str, low: f64, high: f64, source: Source) -> Assumption {
    Assumption { what, range: (low, high), unit: "s", source }
}

impl Assumption {
    /// The least, as a time.
    pub(crate) fn time(self) -> Duration {
        Duration::from_secs_f64(self.range.0)
    }
}

/// A call's answer.
pub(crate) const LATENCY: Assumption = seconds("a call's answer", 0.05, 0.4, Source::Unverified);
/// The time after which a caller gives a lost answer up.
pub(crate) const NO_ANSWER: Assumption =
    seconds("until a lost answer is given up", 5.0, 5.0, Source::Unverified);
/// The share of calls that see an older state.
pub(crate) const STALE_SHARE: Assumption = Assumption {
    what: "calls that see an older state",
    range: (0.4, 0.4),
    unit: "of all",
    source: Source::Unverified,
};
/// The age of the state that they see.
pub(crate) const STALENESS: Assumption = seconds("age of that state", 0.0, 3.0, Source::Unverified);

/// The assumptions about calls, whatever they are about.
pub(crate) const OF_CALLS: &[Assumption] = &[LATENCY, NO_ANSWER, STALE_SHARE, STALENESS];

/// The behaviour of the services, whatever a call is about.
pub(crate) const RULES_OF_CALLS: &[Behaviour] = &[
    (
        "Client tokens: the same parameters give the same resource, also a dead one; others are refused",
        Source::Botocore,
    ),
    (
        "VPC, internet gateway and address have neither name nor token: a repeated call makes another",
        Source::Botocore,
    ),
    ("Half of the calls under way when a process dies take effect", Source::Unverified),
    ("Half of the calls that are answered with an internal error took effect", Source::Unverified),
    (
        "A call that names something too new to be seen by it is answered that it does not exist",
        Source::Documents,
    ),
    (
        "Elastic Load Balancing, Auto Scaling and RDS see EC2's resources at once",
        Source::Unverified,
    ),
];
