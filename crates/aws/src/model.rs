//! What the account answers, reduced to what the provisioner looks at.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

mod data;
mod network;
mod serving;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use data::*;
pub use network::*;
pub use serving::*;

/// Name to value.
pub type Tags = BTreeMap<String, String>;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    pub name: String,
    pub id: String,
    /// `available`, or why not.
    pub state: String,
}

/// How a database can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderableDatabase {
    pub engine_version: String,
    pub class: String,
    pub storage_type: String,
    pub zones: Vec<String>,
    /// Multi-AZ DB clusters.
    pub supports_clusters: bool,
    pub min_storage_gib: Option<i32>,
    pub max_storage_gib: Option<i32>,
    pub min_iops: Option<i32>,
    pub max_iops: Option<i32>,
}

/// A quota of a service: EC2's `max-elastic-ips`, RDS's `DBClusters`, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub name: String,
    pub max: i64,
    /// Where the service says it.
    pub used: Option<i64>,
}
