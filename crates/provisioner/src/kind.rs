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
mod release;
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

pub use listener::ListenerAction;
pub use security_group_rules::{Peer, Rule};

use skyward_config::Aws;

use crate::resource::Kind;

macro_rules! kinds {
    ($($module:ident::$kind:ident,)*) => {
        $(pub use $module::$kind;)*

        /// All kinds. The order is the one in which plans, pictures and lists show their resources, each after those that it needs.
        pub const ALL: &[Kind] = &[$(Kind::of::<$kind>()),*];
    };
}

kinds! {
    bucket::Bucket,
    release::ReleaseObject,
    vpc::Vpc,
    default_security_group::DefaultSecurityGroup,
    subnet::Subnet,
    internet_gateway::InternetGateway,
    nat_gateway::NatGateway,
    address::Address,
    route::Route,
    route_table::RouteTable,
    vpc_endpoint::VpcEndpoint,
    security_group::SecurityGroup,
    security_group_rules::SecurityGroupRules,
    flow_log::FlowLog,
    target_group::TargetGroup,
    load_balancer::LoadBalancer,
    listener::Listener,
    db_subnet_group::DbSubnetGroup,
    db_cluster::DbCluster,
    role::Role,
    instance_profile::InstanceProfile,
    launch_template::LaunchTemplate,
    auto_scaling_group::AutoScalingGroup,
    scaling_policy::ScalingPolicy,
}

/// The kinds that a stack of this configuration consists of.
pub(crate) fn of(aws: &Aws) -> Vec<Kind> {
    let is_used = |kind: &Kind| kind.rules().only_with.is_none_or(|run| run == aws.run);
    ALL.iter().copied().filter(is_used).collect()
}

/// The kind of this id, such as `nat-gateway`.
pub fn named(id: &str) -> Option<Kind> {
    ALL.iter().copied().find(|kind| kind.id() == id)
}
