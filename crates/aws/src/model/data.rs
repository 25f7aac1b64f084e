//! Databases, buckets, and what instances may do with them.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Tags;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbSubnetGroup {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub vpc: String,
    pub subnets: BTreeSet<String>,
    /// `Complete`.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbMember {
    pub instance: String,
    pub is_writer: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "RDS has them so")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbCluster {
    pub name: String,
    pub arn: String,
    /// `creating`, `available`, `modifying`, `deleting`, `failed`, …
    pub status: String,
    pub engine: String,
    pub engine_version: String,
    pub class: Option<String>,
    pub storage_type: Option<String>,
    pub storage_gib: Option<i32>,
    pub iops: Option<i32>,
    pub subnet_group: Option<String>,
    pub security_groups: BTreeSet<String>,
    pub endpoint: Option<String>,
    pub reader_endpoint: Option<String>,
    pub port: Option<i32>,
    /// The managed password's secret, by ARN. Its value is never read.
    pub secret: Option<String>,
    pub user: Option<String>,
    pub encrypted: bool,
    pub deletion_protection: bool,
    pub publicly_accessible: bool,
    pub backup_retention_days: i32,
    pub copy_tags_to_snapshot: bool,
    pub iam_authentication: bool,
    /// Log types that go to CloudWatch.
    pub log_exports: BTreeSet<String>,
    pub members: Vec<DbMember>,
    pub tags: Tags,
}

/// A part of a bucket's configuration; each is an API of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BucketPart {
    Tagging,
    PublicAccessBlock,
    OwnershipControls,
    Encryption,
    Versioning,
    Policy,
    Lifecycle,
    Logging,
}

/// The value of a part. What it says of other kinds than ours is `Other`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BucketSetting {
    Tagging(Tags),
    /// All four blocks are on.
    PublicAccessBlocked(bool),
    /// `BucketOwnerEnforced`, …
    Ownership(String),
    /// `AES256` or `aws:kms`.
    Encryption(String),
    /// On or off.
    Versioning(bool),
    /// A policy document.
    Policy(serde_json::Value),
    /// Days after which unfinished uploads and, where given, old versions and objects go.
    Lifecycle {
        uploads: Option<i32>,
        old_versions: Option<i32>,
        objects: Option<i32>,
    },
    /// Access logs go to this bucket under this prefix.
    Logging {
        bucket: String,
        prefix: String,
    },
    Other(String),
}

/// A version of an object, or the marker of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    pub key: String,
    pub version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub arn: String,
    /// Who may assume it: a policy document.
    pub trust: serde_json::Value,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub name: String,
    pub arn: String,
    /// The role in it.
    pub role: Option<String>,
    pub tags: Tags,
}
