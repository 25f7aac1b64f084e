use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an account is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How many things are on a page. AWS's pages are longer; short ones show who forgets the next.
    pub page_size: usize,
    /// The token buckets are at work.
    pub has_limits: bool,
    /// The region's zones, by their letters.
    pub zones: Vec<Zone>,
    /// Quotas other than AWS's defaults, by name.
    pub quotas: BTreeMap<String, i64>,
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
        }
    }
}

/// The quotas of a new account. AWS's documentation of each service.
pub(super) const QUOTAS: &[(&str, i64)] = &[
    ("VPCs", 5),
    ("subnets of a VPC", 200),
    ("route tables of a VPC", 200),
    ("internet gateways", 5),
    ("elastic IP addresses", 5),
    ("NAT gateways of a zone", 5),
    ("security groups", 2500),
    ("rules of a security group", 60),
    ("gateway endpoints", 20),
    ("launch templates", 5000),
    ("application load balancers", 50),
    ("target groups", 3000),
    ("listeners of a load balancer", 50),
    ("auto scaling groups", 500),
    ("DB clusters", 40),
    ("DB subnet groups", 50),
    ("DB instances", 40),
    ("buckets", 10_000),
    ("roles", 1000),
    ("instance profiles", 1000),
];

impl Settings {
    /// A quota, by the name that `simulator::quotas` lists.
    pub fn quota(&self, name: &str) -> i64 {
        let default = || QUOTAS.iter().find(|(quota, _)| *quota == name).map(|(_, most)| *most);
        self.quotas.get(name).copied().or_else(default).unwrap_or(i64::MAX)
    }

    /// All quotas this many times as high: for many stacks in one account.
    #[must_use]
    pub fn with_quotas_times(mut self, times: i64) -> Self {
        for (name, most) in QUOTAS {
            self.quotas.insert((*name).to_owned(), most * times);
        }
        self
    }
}
