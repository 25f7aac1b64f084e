//! What each kind of resource is. The same types say how it should be and how it was found, so that a difference is a
//! difference of fields; what refers to another resource does so by [`Id`] in both.
//!
//! What is found and belongs to nobody here (a security group that someone else added, say) has AWS's own id for an [`Id`].

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Id, Kind};
use skyward_aws::model::{Attributes, HealthCheck, Volume};

/// A resource, as it should be or as it was found. Its tags stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each names its type")]
pub enum Spec {
    Vpc(Vpc),
    DefaultSecurityGroup(DefaultSecurityGroup),
    Subnet(Subnet),
    InternetGateway(InternetGateway),
    Address(Address),
    NatGateway(NatGateway),
    RouteTable(RouteTable),
    Route(Route),
    SecurityGroup(SecurityGroup),
    SecurityGroupRules(SecurityGroupRules),
    VpcEndpoint(VpcEndpoint),
    FlowLog(FlowLog),
    LoadBalancer(LoadBalancer),
    TargetGroup(TargetGroup),
    Listener(Listener),
    Role(Role),
    InstanceProfile(InstanceProfile),
    LaunchTemplate(Box<LaunchTemplate>),
    AutoScalingGroup(AutoScalingGroup),
    ScalingPolicy(ScalingPolicy),
    DbSubnetGroup(DbSubnetGroup),
    DbCluster(Box<DbCluster>),
    Bucket(Box<Bucket>),
}

impl Spec {
    /// The kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Vpc(_) => Kind::Vpc,
            Self::DefaultSecurityGroup(_) => Kind::DefaultSecurityGroup,
            Self::Subnet(_) => Kind::Subnet,
            Self::InternetGateway(_) => Kind::InternetGateway,
            Self::Address(_) => Kind::Address,
            Self::NatGateway(_) => Kind::NatGateway,
            Self::RouteTable(_) => Kind::RouteTable,
            Self::Route(_) => Kind::Route,
            Self::SecurityGroup(_) => Kind::SecurityGroup,
            Self::SecurityGroupRules(_) => Kind::SecurityGroupRules,
            Self::VpcEndpoint(_) => Kind::VpcEndpoint,
            Self::FlowLog(_) => Kind::FlowLog,
            Self::LoadBalancer(_) => Kind::LoadBalancer,
            Self::TargetGroup(_) => Kind::TargetGroup,
            Self::Listener(_) => Kind::Listener,
            Self::Role(_) => Kind::Role,
            Self::InstanceProfile(_) => Kind::InstanceProfile,
            Self::LaunchTemplate(_) => Kind::LaunchTemplate,
            Self::AutoScalingGroup(_) => Kind::AutoScalingGroup,
            Self::ScalingPolicy(_) => Kind::ScalingPolicy,
            Self::DbSubnetGroup(_) => Kind::DbSubnetGroup,
            Self::DbCluster(_) => Kind::DbCluster,
            Self::Bucket(_) => Kind::Bucket,
        }
    }
}

macro_rules! specs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[allow(missing_docs, reason = "the fields' names are AWS's own, and one type has none")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }
    )*};
}

specs! {
    /// The virtual network.
    Vpc { network: String, dns_support: bool, dns_hostnames: bool }

    /// The group that every VPC has: nothing may use it, so it lets nothing through. It goes with its VPC.
    DefaultSecurityGroup { vpc: Id, ingress: BTreeSet<Rule>, egress: BTreeSet<Rule> }

    /// A subnet of one zone. Instances get no public address in any of them.
    Subnet { vpc: Id, network: String, zone: String, public_addresses: bool }

    /// The VPC's way to the internet; attached.
    InternetGateway { vpc: Option<Id> }

    /// A public address that stays.
    #[derive(Eq)]
    Address {}

    /// The internal subnets' way out.
    NatGateway { subnet: Id, address: Option<Id> }

    /// Which subnets a table is for; its routes are resources of their own.
    RouteTable { vpc: Id, subnets: BTreeSet<Id> }

    /// One route. `target` is an internet gateway or a NAT gateway.
    Route { table: Id, destination: String, target: Id }

    /// A group, empty: rules that refer to groups can only be made once all groups are there.
    SecurityGroup { vpc: Id, name: String, description: String }

    /// The rules of a group, all of them: a rule that is not here is a rule too many.
    SecurityGroupRules { group: Id, ingress: BTreeSet<Rule>, egress: BTreeSet<Rule> }

    /// The way to S3 that does not lead through a NAT gateway; a gateway endpoint costs nothing.
    VpcEndpoint { vpc: Id, service: String, route_tables: BTreeSet<Id> }

    /// What the network records.
    FlowLog { vpc: Id, bucket: Id, traffic: String }

    /// The application load balancer. `attributes` are those that we set; it has others.
    LoadBalancer { name: String, subnets: BTreeSet<Id>, security_groups: BTreeSet<Id>, attributes: Attributes, logs: Option<Id> }

    /// Where the load balancer finds the instances.
    TargetGroup { name: String, vpc: Id, protocol: String, port: i32, health_check: HealthCheck, attributes: Attributes }

    /// One port of the load balancer.
    Listener { load_balancer: Id, port: i32, protocol: String, certificate: Option<String>, tls_policy: Option<String>, action: ListenerAction }

    /// What the instances may do: a policy of our own, and managed ones by ARN.
    Role { name: String, trust: serde_json::Value, policy_name: String, policy: serde_json::Value, managed: BTreeSet<String> }

    /// The role in the form that instances take.
    InstanceProfile { name: String, role: Option<Id> }

    /// What instances are made from.
    LaunchTemplate {
        name: String,
        image: String,
        instance_type: String,
        security_groups: BTreeSet<Id>,
        instance_profile: Id,
        user_data: String,
        http_tokens: String,
        http_hop_limit: i32,
        volume: Volume,
        detailed_monitoring: bool,
    }

    /// The instances. How many there are at a time between the two numbers is the scaling policy's matter.
    AutoScalingGroup {
        name: String,
        min: i32,
        max: i32,
        subnets: BTreeSet<Id>,
        target_groups: BTreeSet<Id>,
        launch_template: Id,
        /// The instances are those of the template's newest version.
        is_newest: bool,
        health_check: String,
        grace_s: i32,
    }

    /// Keeps the average CPU use where it should be.
    ScalingPolicy { group: Id, name: String, target_cpu: Option<i32> }

    /// Where the database's instances are.
    DbSubnetGroup { name: String, description: String, subnets: BTreeSet<Id> }

    /// The database: a writer and two readable standbys, not Aurora.
    DbCluster {
        name: String,
        engine: String,
        class: String,
        storage_type: String,
        storage_gib: i32,
        /// None: the storage's own.
        iops: Option<i32>,
        subnet_group: Id,
        security_groups: BTreeSet<Id>,
        user: String,
        /// RDS makes the password and keeps it in Secrets Manager; it is never seen here.
        managed_password: bool,
        encrypted: bool,
        deletion_protection: bool,
        backup_retention_days: i32,
        copy_tags_to_snapshot: bool,
        log_exports: BTreeSet<String>,
    }

    /// A bucket with every part of its configuration.
    Bucket {
        name: String,
        public_access_blocked: bool,
        ownership: String,
        encryption: String,
        versioning: bool,
        policy: serde_json::Value,
        lifecycle: Option<Lifecycle>,
        /// The bucket that this one's access is logged to, and the prefix there.
        logging: Option<(Id, String)>,
    }

    /// Days after which what is left over goes.
    #[derive(Eq)]
    Lifecycle { uploads: Option<i32>, old_versions: Option<i32>, objects: Option<i32> }

    /// One rule of a security group.
    #[derive(Eq, PartialOrd, Ord)]
    Rule { protocol: String, ports: Option<(i32, i32)>, peer: Peer, description: String }
}

/// Whom a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// A network, such as `0.0.0.0/0`.
    Network(String),
    /// Whoever is in the group.
    Group(Id),
    /// A prefix list, by AWS's id.
    PrefixList(String),
}

/// What a listener does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerAction {
    /// To the target group.
    Forward(Id),
    /// To HTTPS on this port.
    RedirectToHttps(i32),
    /// Something that is not ours.
    Other(String),
}
