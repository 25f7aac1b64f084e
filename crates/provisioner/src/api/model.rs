//! What the account answers, reduced to what the provisioner looks at.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub id: String,
    pub cidr: String,
    /// `pending` or `available`.
    pub state: String,
    pub is_default: bool,
    pub tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VpcAttribute {
    DnsSupport,
    DnsHostnames,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
    pub cidr: String,
    pub zone: String,
    pub public_addresses: bool,
    /// `pending` or `available`.
    pub state: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGateway {
    pub id: String,
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub allocation: String,
    pub ip: String,
    /// The association, while something uses it.
    pub association: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    pub allocation: Option<String>,
    pub public_ip: Option<String>,
    /// `pending`, `available`, `failed`, `deleting` or `deleted`; the last two and `failed` stay visible for an hour.
    pub state: String,
    pub failure: Option<String>,
    pub created: Option<Timestamp>,
    pub tags: Tags,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RouteTarget {
    InternetGateway(String),
    NatGateway(String),
    /// Anything else, as AWS names it: an endpoint, a peering, `local`.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub destination: String,
    pub target: RouteTarget,
    /// What it leads to is gone.
    pub is_blackhole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableAssociation {
    pub id: String,
    /// None for the VPC's main table.
    pub subnet: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: String,
    pub vpc: String,
    pub is_main: bool,
    pub routes: Vec<Route>,
    pub associations: Vec<RouteTableAssociation>,
    pub tags: Tags,
}

/// Whom a rule of a security group lets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// A network.
    Network(String),
    /// Whoever is in a security group.
    Group(String),
    /// The networks of a prefix list.
    PrefixList(String),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, or `-1` for all.
    pub protocol: String,
    /// First and last port; none for all protocols.
    pub ports: Option<(i32, i32)>,
    pub peer: Peer,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: String,
    pub vpc: String,
    pub name: String,
    pub description: String,
    pub ingress: BTreeSet<Rule>,
    pub egress: BTreeSet<Rule>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    pub id: String,
    pub vpc: String,
    pub service: String,
    pub route_tables: BTreeSet<String>,
    /// `pending`, `available`, `deleting`, `deleted`, `failed`.
    pub state: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    pub id: String,
    /// The VPC.
    pub resource: String,
    /// The bucket's ARN.
    pub destination: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub id: String,
    pub subnet: String,
    /// Such as `ELB app/skyward/…` or `Interface for NAT Gateway nat-…`.
    pub description: String,
    pub groups: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub zone: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`.
    pub state: String,
    pub private_ip: Option<String>,
    pub tags: Tags,
}

/// What instances are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateData {
    /// An AMI, or `resolve:ssm:` with the name of a parameter that holds one.
    pub image: String,
    pub instance_type: String,
    pub security_groups: BTreeSet<String>,
    /// The instance profile's name.
    pub instance_profile: String,
    /// Plain text; base64 is the wire's matter.
    pub user_data: String,
    /// `required`: no metadata without a session token (IMDSv2).
    pub http_tokens: String,
    pub http_hop_limit: i32,
    pub volume: Volume,
    pub detailed_monitoring: bool,
    /// Of instances and their volumes.
    pub tags: Tags,
}

/// The root volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub device: String,
    pub size_gib: i32,
    pub kind: String,
    pub encrypted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub latest_version: i64,
    pub default_version: i64,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateVersion {
    pub version: i64,
    pub data: LaunchTemplateData,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    pub arn: String,
    pub name: String,
    pub dns_name: String,
    pub scheme: String,
    pub vpc: String,
    pub subnets: BTreeSet<String>,
    pub security_groups: BTreeSet<String>,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
}

/// Name to value, as `deletion_protection.enabled` to `true`.
pub type Attributes = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub path: String,
    /// The status codes that count as healthy, such as `200`.
    pub matcher: String,
    pub interval_s: i32,
    pub timeout_s: i32,
    pub healthy: i32,
    pub unhealthy: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    pub arn: String,
    pub name: String,
    pub vpc: String,
    pub protocol: String,
    pub port: i32,
    pub health_check: HealthCheck,
    pub load_balancers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    /// The instance.
    pub target: String,
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`.
    pub state: String,
    /// Why it is not healthy.
    pub reason: Option<String>,
}

/// What a listener does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerAction {
    /// The target group.
    Forward(String),
    /// To HTTPS on this port, permanently.
    RedirectToHttps(i32),
    /// Anything else.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    pub arn: String,
    pub load_balancer: String,
    pub port: i32,
    pub protocol: String,
    pub certificate: Option<String>,
    pub tls_policy: Option<String>,
    pub action: ListenerAction,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInstance {
    pub id: String,
    pub zone: String,
    /// `Pending`, `InService`, `Terminating`, …
    pub lifecycle: String,
    /// `Healthy` or `Unhealthy`.
    pub health: String,
    /// The launch template's version.
    pub version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoScalingGroup {
    pub name: String,
    pub min: i32,
    pub max: i32,
    pub desired: i32,
    pub subnets: BTreeSet<String>,
    pub target_groups: BTreeSet<String>,
    /// The launch template's id and version.
    pub launch_template: Option<(String, String)>,
    /// `ELB` or `EC2`.
    pub health_check: String,
    pub grace_s: i32,
    pub instances: Vec<GroupInstance>,
    /// `Delete in progress`, while it goes.
    pub status: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRefresh {
    pub id: String,
    /// `Pending`, `InProgress`, `Successful`, `Failed`, `Cancelled`, …
    pub status: String,
    pub percent: i32,
    pub reason: Option<String>,
}

/// Target tracking of the average CPU use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    pub name: String,
    /// Percent; none where the policy is of another kind.
    pub target_cpu: Option<i32>,
}

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of AWS's own")]
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
