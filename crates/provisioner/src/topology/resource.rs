use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::Spec;

/// A resource's name within the stack, such as `subnet/public-a`: the value of its tag `skyward:resource`, and how other
/// resources refer to it. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// The resource of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Id {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// A resource as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// Its name within the stack.
    pub id: Id,
    /// What it is.
    pub spec: Spec,
    /// What must be ready before it can be made: those that its spec refers to, and those that it does not work without.
    pub needs: BTreeSet<Id>,
}

/// A stack as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topology {
    /// The stack's name.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The resources, each after those that it needs.
    pub resources: Vec<Resource>,
    /// The tags that every resource carries beside `skyward:resource` and `Name`: `skyward:stack`, and the configuration's.
    pub tags: BTreeMap<String, String>,
}

impl Topology {
    /// A resource.
    pub fn get(&self, id: &Id) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == *id)
    }

    /// All tags of a resource.
    pub fn tags_of(&self, id: &Id) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.insert(super::RESOURCE_TAG.to_owned(), id.to_string());
        tags.insert("Name".to_owned(), format!("{}-{}", self.stack, id.as_str().replace('/', "-")));
        tags
    }
}

/// What kinds of resources there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "the names are AWS's own")]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Vpc,
    DefaultSecurityGroup,
    Subnet,
    InternetGateway,
    Address,
    NatGateway,
    RouteTable,
    Route,
    SecurityGroup,
    SecurityGroupRules,
    VpcEndpoint,
    FlowLog,
    LoadBalancer,
    TargetGroup,
    Listener,
    Role,
    InstanceProfile,
    LaunchTemplate,
    AutoScalingGroup,
    ScalingPolicy,
    DbSubnetGroup,
    DbCluster,
    Bucket,
}

impl fmt::Display for Kind {
    /// As AWS's documentation writes it, in the singular.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Vpc => "VPC",
            Self::DefaultSecurityGroup => "default security group",
            Self::Subnet => "subnet",
            Self::InternetGateway => "internet gateway",
            Self::Address => "elastic IP address",
            Self::NatGateway => "NAT gateway",
            Self::RouteTable => "route table",
            Self::Route => "route",
            Self::SecurityGroup => "security group",
            Self::SecurityGroupRules => "security group rules",
            Self::VpcEndpoint => "VPC endpoint",
            Self::FlowLog => "flow log",
            Self::LoadBalancer => "load balancer",
            Self::TargetGroup => "target group",
            Self::Listener => "listener",
            Self::Role => "IAM role",
            Self::InstanceProfile => "instance profile",
            Self::LaunchTemplate => "launch template",
            Self::AutoScalingGroup => "auto scaling group",
            Self::ScalingPolicy => "scaling policy",
            Self::DbSubnetGroup => "DB subnet group",
            Self::DbCluster => "Multi-AZ DB cluster",
            Self::Bucket => "bucket",
        })
    }
}
