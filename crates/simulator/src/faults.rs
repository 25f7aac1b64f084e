//! The faults that a test may order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skyward_aws::Operation;

/// What goes wrong for one client. Calls are counted from 1, in the order in which they begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// The process dies before this call leaves it.
    pub kill_before: Option<u64>,
    /// This call takes effect, and the process dies without its answer.
    pub kill_after: Option<u64>,
    /// These calls take effect, and their answers are lost: the caller gets [`skyward_aws::ApiError::NO_ANSWER`].
    pub drop_answer: BTreeSet<u64>,
    /// How often a call is throttled, from 0 to 1, beside what the token buckets say.
    pub throttle: f64,
    /// How often a call is answered with an internal error, from 0 to 1; half of those took effect.
    pub internal_error: f64,
    /// How much longer each call takes.
    pub delay: Duration,
    /// Times how old a state calls may see: 0 for never, 1 as assumed.
    pub lag: f64,
    /// Which of the client's NAT gateways fail, counted from 1.
    pub nat_fails: BTreeSet<u32>,
    /// How long the client's database clusters take to create.
    pub database_minutes: Option<u32>,
    /// There are no nodes for a database cluster.
    pub no_database_capacity: bool,
    /// The credentials are expired from this call on.
    pub expired_from: Option<u64>,
    /// What the client may not do.
    pub denied: BTreeSet<Operation>,
    /// What these calls answer instead of taking effect, as AWS's code.
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
