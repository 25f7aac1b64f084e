//! The kinds of resources that a stack consists of: a file for each, and the one list of them.
//!
//! A new kind is a file here and a line in the list. The engine takes the list from whoever calls it.

mod address;
mod auto_scaling_group;
mod bucket;
mod db_cluster;
mod db_subnet_group;
mod default_security_group;
mod flow_log;
mod instance_profile;
mod internet_gateway;
mod launch_template;
mod listener;
mod load_balancer;
mod nat_gateway;
mod role;
mod route;
mod route_table;
mod scaling_policy;
mod security_group;
mod security_group_rules;
mod subnet;
mod target_group;
mod vpc;
mod vpc_endpoint;

pub use address::Address;
pub use auto_scaling_group::AutoScalingGroup;
pub use bucket::Bucket;
pub use db_cluster::DbCluster;
pub use db_subnet_group::DbSubnetGroup;
pub use default_security_group::DefaultSecurityGroup;
pub use flow_log::FlowLog;
pub use instance_profile::InstanceProfile;
pub use internet_gateway::InternetGateway;
pub use launch_template::LaunchTemplate;
pub use listener::{Listener, ListenerAction};
pub use load_balancer::LoadBalancer;
pub use nat_gateway::NatGateway;
pub use role::Role;
pub use route::Route;
pub use route_table::RouteTable;
pub use scaling_policy::ScalingPolicy;
pub use security_group::SecurityGroup;
pub use security_group_rules::{Peer, Rule, SecurityGroupRules};
pub use subnet::Subnet;
pub use target_group::TargetGroup;
pub use vpc::Vpc;
pub use vpc_endpoint::VpcEndpoint;

use crate::resource::Kind;

/// All kinds. The order is the one in which plans, pictures and lists show their resources, each after those that it needs.
pub const ALL: &[Kind] = &[
    Kind::of::<Bucket>(),
    Kind::of::<Vpc>(),
    Kind::of::<DefaultSecurityGroup>(),
    Kind::of::<Subnet>(),
    Kind::of::<InternetGateway>(),
    Kind::of::<NatGateway>(),
    Kind::of::<Address>(),
    Kind::of::<Route>(),
    Kind::of::<RouteTable>(),
    Kind::of::<VpcEndpoint>(),
    Kind::of::<SecurityGroup>(),
    Kind::of::<SecurityGroupRules>(),
    Kind::of::<FlowLog>(),
    Kind::of::<TargetGroup>(),
    Kind::of::<LoadBalancer>(),
    Kind::of::<Listener>(),
    Kind::of::<DbSubnetGroup>(),
    Kind::of::<DbCluster>(),
    Kind::of::<Role>(),
    Kind::of::<InstanceProfile>(),
    Kind::of::<LaunchTemplate>(),
    Kind::of::<AutoScalingGroup>(),
    Kind::of::<ScalingPolicy>(),
];

/// The kind of this id, such as `nat-gateway`.
pub fn named(id: &str) -> Option<Kind> {
    ALL.iter().copied().find(|kind| kind.id() == id)
}
