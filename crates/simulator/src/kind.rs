//! The kinds of resources: a file for each, with its state, operations, delays, quotas and rules, and the list of them.

/// The accessors of a record's tags, which are in this field.
macro_rules! tags {
    ($($field:ident).+) => {
        fn tags(&self) -> &Tags {
            &self.$($field).+
        }

        fn tags_mut(&mut self) -> &mut Tags {
            &mut self.$($field).+
        }
    };
}

mod account;
mod address;
mod auto_scaling_group;
mod bucket;
mod db_cluster;
mod db_subnet_group;
mod flow_log;
mod instance;
mod instance_profile;
mod internet_gateway;
mod launch_template;
mod listener;
mod load_balancer;
mod nat_gateway;
mod network_interface;
mod role;
mod route_table;
mod security_group;
mod subnet;
mod tags;
mod target_group;
mod target_health;
mod vpc;
mod vpc_endpoint;

/// The names that every kind uses: the engine's, and those of AWS's operations.
mod prelude {
    pub(super) use std::collections::{BTreeMap, BTreeSet};

    pub(super) use serde::{Deserialize, Serialize};
    pub(super) use serde_json::Value;
    pub(super) use skyward_aws::model::*;
    pub(super) use skyward_aws::*;

    pub(super) use crate::assumption::Source::{Documents, Logs, Unverified};
    pub(super) use crate::assumption::{Assumption, Behaviour, seconds};
    pub(super) use crate::store::Time;
    pub(super) use crate::world::{Answer, DefaultQuota, Event, Kind, Tie, World, refuse};
}

use crate::world::Registered;

/// The kinds that an account can hold.
pub(crate) const KINDS: &[Registered] = &[
    Registered::of::<vpc::VpcRecord>(),
    Registered::of::<skyward_aws::model::Subnet>(),
    Registered::of::<skyward_aws::model::InternetGateway>(),
    Registered::of::<address::AddressRecord>(),
    Registered::of::<nat_gateway::NatGatewayRecord>(),
    Registered::of::<skyward_aws::model::RouteTable>(),
    Registered::of::<skyward_aws::model::SecurityGroup>(),
    Registered::of::<network_interface::InterfaceRecord>(),
    Registered::of::<skyward_aws::model::VpcEndpoint>(),
    Registered::of::<skyward_aws::model::FlowLog>(),
    Registered::of::<load_balancer::LoadBalancerRecord>(),
    Registered::of::<target_group::TargetGroupRecord>(),
    Registered::of::<target_health::TargetRecord>(),
    Registered::of::<listener::ListenerRecord>(),
    Registered::of::<launch_template::LaunchTemplateRecord>(),
    Registered::of::<auto_scaling_group::ScalingGroupRecord>(),
    Registered::of::<instance::InstanceRecord>(),
    Registered::of::<db_subnet_group::DbSubnetGroupRecord>(),
    Registered::of::<db_cluster::DbClusterRecord>(),
    Registered::of::<db_cluster::Snapshot>(),
    Registered::of::<bucket::Bucket>(),
    Registered::of::<role::RoleRecord>(),
    Registered::of::<instance_profile::InstanceProfileRecord>(),
];
