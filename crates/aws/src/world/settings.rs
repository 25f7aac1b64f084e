//! The properties of a simulated account: its zones, quotas and page sizes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The properties of an account that a test may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The number of items on a page. AWS's pages are longer; short ones show a caller that forgets the next.
    pub page_size: usize,
    /// The token buckets are at work.
    pub has_limits: bool,
    /// The region's zones, by their letters.
    pub zones: Vec<Zone>,
    /// Quotas other than AWS's defaults, by name.
    pub quotas: BTreeMap<String, i64>,
    /// The factor on AWS's defaults for the other quotas.
    pub quotas_times: i64,
    /// The names of buckets that other accounts have.
    pub taken_buckets: BTreeSet<String>,
    /// The releases whose service never answers, by the SHA-256 of their objects.
    #[serde(default)]
    pub unhealthy_releases: BTreeSet<String>,
    /// The services that have not yet been used in this account, and so have no role of their own: `rds`, `autoscaling`.
    #[serde(default)]
    pub lacks_linked_roles: BTreeSet<String>,
    /// The region is not enabled in this account.
    #[serde(default)]
    pub is_disabled: bool,
}

/// A zone of the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// The letter behind the region's name.
    pub letter: char,
    /// `available`, or another of AWS's states.
    pub state: String,
    /// It has the instance types.
    pub has_instances: bool,
    /// It has the database classes.
    pub has_databases: bool,
    /// It has room for new instances now.
    pub has_capacity: bool,
}

impl Zone {
    /// A zone that has everything.
    pub fn new(letter: char) -> Self {
        Self {
            letter,
            state: "available".into(),
            has_instances: true,
            has_databases: true,
            has_capacity: true,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page_size: 5,
            has_limits: true,
            zones: ['a', 'b', 'c'].map(Zone::new).into(),
            quotas: BTreeMap::new(),
            quotas_times: 1,
            taken_buckets: BTreeSet::new(),
            unhealthy_releases: BTreeSet::new(),
            lacks_linked_roles: BTreeSet::new(),
            is_disabled: false,
        }
    }
}

impl Settings {
    /// The settings of a new account in a region. It is shown the first three zones by their letters, but for two regions: AWS, "AWS
    /// Global Infrastructure" (us-west-1 has two zones for new accounts) and "Regions and Zones" (ap-northeast-1b is not offered).
    #[must_use]
    pub fn of(region: &str) -> Self {
        let zones: &[char] = match region {
            "us-west-1" => &['b', 'c'],
            "ap-northeast-1" => &['a', 'c', 'd'],
            _ => return Self::default(),
        };
        Self { zones: zones.iter().copied().map(Zone::new).collect(), ..Self::default() }
    }

    /// All quotas this many times as high: for many stacks in one account.
    #[must_use]
    pub fn with_quotas_times(mut self, times: i64) -> Self {
        self.quotas_times = times;
        self
    }
}
