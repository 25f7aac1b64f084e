//! Instances, and the load balancer before them.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;

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
