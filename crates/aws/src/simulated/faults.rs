//! The faults that a test may order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::kind::Operation;
use crate::world::Accidents;

/// The faults of one client. Calls are counted from 1, in the order in which they begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// The process dies before this call leaves it.
    pub kill_before: Option<u64>,
    /// This call takes effect, and the process dies without its answer.
    pub kill_after: Option<u64>,
    /// These calls take effect, and their answers are lost: the caller gets [`crate::ApiError::NO_ANSWER`].
    pub drop_answer: BTreeSet<u64>,
    /// The share of calls that are throttled, from 0 to 1, beside what the token buckets say.
    pub throttle: f64,
    /// The share of calls that are answered with an internal error, from 0 to 1; half of those took effect.
    pub internal_error: f64,
    /// The time by which each call takes longer.
    pub delay: Duration,
    /// The factor on the age of the state that calls may see: 0 for never an old one, 1 as assumed.
    pub lag: f64,
    /// The client's NAT gateways that fail, counted from 1.
    pub nat_fails: BTreeSet<u32>,
    /// The time that the client's database clusters take to create.
    pub database_minutes: Option<u32>,
    /// AWS has no capacity for a database cluster.
    pub no_database_capacity: bool,
    /// The credentials are expired from this call on.
    pub expired_from: Option<u64>,
    /// The operations that the client may not call.
    pub denied: BTreeSet<Operation>,
    /// The codes that these calls answer instead of taking effect.
    pub answer: BTreeMap<u64, String>,
}

impl Default for Faults {
    /// Nothing goes wrong; the lag is as assumed.
    fn default() -> Self {
        Self {
            kill_before: None,
            kill_after: None,
            drop_answer: BTreeSet::new(),
            throttle: 0.0,
            internal_error: 0.0,
            delay: Duration::ZERO,
            lag: 1.0,
            nat_fails: BTreeSet::new(),
            database_minutes: None,
            no_database_capacity: false,
            expired_from: None,
            denied: BTreeSet::new(),
            answer: BTreeMap::new(),
        }
    }
}

impl Faults {
    /// Those that happen within a kind.
    pub(crate) fn accidents(&self) -> Accidents {
        Accidents {
            nat_fails: self.nat_fails.clone(),
            database_minutes: self.database_minutes,
            no_database_capacity: self.no_database_capacity,
        }
    }
}
