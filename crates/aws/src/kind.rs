//! The kinds of resources: a file for each, with its values, its operations and how the SDK carries them out, beside it how a
//! simulated account carries them out; and the one list of them.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]
#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "a simulated operation takes its call, and answers as every other"
)]

#[macro_use]
mod registry;

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
mod log_group;
mod nat_gateway;
mod network_interface;
mod object;
mod role;
mod route_table;
mod security_group;
mod subnet;
mod tags;
mod target_group;
mod vpc;
mod vpc_endpoint;

/// The names that the SDK's side of every kind uses.
#[cfg(feature = "sdk")]
mod prelude {
    pub(super) use super::{Call, Operation};
    pub(super) use crate::sdk::prelude::*;
}

use std::cell::RefCell;
use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::error::{ApiError, OperationName, Service};
use crate::page::Page;
use crate::world::{Registered, World};

/// An operation's arguments.
pub trait Call: Clone {
    /// The operation.
    const OPERATION: Operation;
    /// The answer.
    type Output;

    /// The call as a value that any account takes.
    fn into_request(self) -> Request;

    /// The answer, where it is this operation's.
    fn output(response: Response) -> Option<Self::Output>;
}

/// An operation that answers in pages.
pub trait Paged: Call<Output = Page<Self::Item>> {
    /// An item of its pages.
    type Item;

    /// The same call for the page that this token names.
    #[must_use]
    fn at(self, page: String) -> Self;
}

// Each kind with the records that the simulated account keeps of it, and its operations, by their services, with the methods that
// carry them out. The order is the one in which what is assumed of AWS is listed.
registry! {
    account [] {
        Sts: GetCallerIdentity get_caller_identity;
        Ec2: DescribeAvailabilityZones describe_availability_zones,
            DescribeInstanceTypeOfferings describe_instance_type_offerings,
            DescribeInstanceTypes describe_instance_types,
            DescribeAccountAttributes describe_account_attributes;
        Rds: DescribeOrderableDBInstanceOptions describe_orderable_db_instance_options,
            DescribeRdsAccountAttributes describe_rds_account_attributes;
        Elb: DescribeElbAccountLimits describe_elb_account_limits;
        AutoScaling: DescribeAutoScalingAccountLimits describe_auto_scaling_account_limits;
        Ssm: GetParameter get_parameter;
        Quotas: GetServiceQuota get_service_quota;
    }
    tags [] {
        Ec2: CreateTags create_tags, DeleteTags delete_tags;
        Elb: DescribeElbTags describe_elb_tags, AddElbTags add_elb_tags, RemoveElbTags remove_elb_tags;
        Rds: ListRdsTags list_rds_tags, AddRdsTags add_rds_tags, RemoveRdsTags remove_rds_tags;
    }
    vpc [simulated::vpc::VpcRecord] {
        Ec2: CreateVpc create_vpc, DescribeVpcs describe_vpcs, DescribeVpcAttribute describe_vpc_attribute,
            ModifyVpcAttribute modify_vpc_attribute, DeleteVpc delete_vpc;
    }
    subnet [Subnet] {
        Ec2: CreateSubnet create_subnet, DescribeSubnets describe_subnets,
            ModifySubnetAttribute modify_subnet_attribute, DeleteSubnet delete_subnet;
    }
    internet_gateway [InternetGateway] {
        Ec2: CreateInternetGateway create_internet_gateway, DescribeInternetGateways describe_internet_gateways,
            AttachInternetGateway attach_internet_gateway, DetachInternetGateway detach_internet_gateway,
            DeleteInternetGateway delete_internet_gateway;
    }
    address [simulated::address::AddressRecord] {
        Ec2: AllocateAddress allocate_address, DescribeAddresses describe_addresses, ReleaseAddress release_address;
    }
    nat_gateway [simulated::nat_gateway::NatGatewayRecord] {
        Ec2: CreateNatGateway create_nat_gateway, DescribeNatGateways describe_nat_gateways,
            DeleteNatGateway delete_nat_gateway;
    }
    route_table [RouteTable] {
        Ec2: CreateRouteTable create_route_table, DescribeRouteTables describe_route_tables,
            DeleteRouteTable delete_route_table, AssociateRouteTable associate_route_table,
            ReplaceRouteTableAssociation replace_route_table_association,
            DisassociateRouteTable disassociate_route_table, CreateRoute create_route, ReplaceRoute replace_route,
            DeleteRoute delete_route;
    }
    security_group [SecurityGroup] {
        Ec2: CreateSecurityGroup create_security_group, DescribeSecurityGroups describe_security_groups,
            AuthorizeSecurityGroupIngress authorize_security_group_ingress,
            AuthorizeSecurityGroupEgress authorize_security_group_egress,
            RevokeSecurityGroupIngress revoke_security_group_ingress,
            RevokeSecurityGroupEgress revoke_security_group_egress, DeleteSecurityGroup delete_security_group;
    }
    network_interface [simulated::network_interface::InterfaceRecord] {
        Ec2: DescribeNetworkInterfaces describe_network_interfaces,
            DeleteNetworkInterface delete_network_interface;
    }
    vpc_endpoint [VpcEndpoint] {
        Ec2: CreateVpcEndpoint create_vpc_endpoint, DescribeVpcEndpoints describe_vpc_endpoints,
            ModifyVpcEndpoint modify_vpc_endpoint, DeleteVpcEndpoints delete_vpc_endpoints;
    }
    flow_log [FlowLog] {
        Ec2: CreateFlowLogs create_flow_logs, DescribeFlowLogs describe_flow_logs, DeleteFlowLogs delete_flow_logs;
    }
    load_balancer [simulated::load_balancer::LoadBalancerRecord] {
        Elb: CreateLoadBalancer create_load_balancer, DescribeLoadBalancers describe_load_balancers,
            SetSubnets set_subnets, SetSecurityGroups set_security_groups,
            DescribeLoadBalancerAttributes describe_load_balancer_attributes,
            ModifyLoadBalancerAttributes modify_load_balancer_attributes, DeleteLoadBalancer delete_load_balancer;
    }
    target_group [simulated::target_group::TargetGroupRecord, simulated::target_health::TargetRecord] {
        Elb: CreateTargetGroup create_target_group, DescribeTargetGroups describe_target_groups,
            ModifyTargetGroup modify_target_group, DescribeTargetGroupAttributes describe_target_group_attributes,
            ModifyTargetGroupAttributes modify_target_group_attributes, DeleteTargetGroup delete_target_group,
            DescribeTargetHealth describe_target_health;
    }
    listener [simulated::listener::ListenerRecord] {
        Elb: CreateListener create_listener, DescribeListeners describe_listeners, ModifyListener modify_listener,
            DeleteListener delete_listener;
    }
    launch_template [simulated::launch_template::LaunchTemplateRecord] {
        Ec2: CreateLaunchTemplate create_launch_template, DescribeLaunchTemplates describe_launch_templates,
            CreateLaunchTemplateVersion create_launch_template_version,
            DescribeLaunchTemplateVersions describe_launch_template_versions,
            ModifyLaunchTemplate modify_launch_template,
            DeleteLaunchTemplateVersions delete_launch_template_versions, DeleteLaunchTemplate delete_launch_template;
    }
    auto_scaling_group [simulated::auto_scaling_group::ScalingGroupRecord] {
        AutoScaling: CreateAutoScalingGroup create_auto_scaling_group,
            DescribeAutoScalingGroups describe_auto_scaling_groups, UpdateAutoScalingGroup update_auto_scaling_group,
            DeleteAutoScalingGroup delete_auto_scaling_group,
            AttachLoadBalancerTargetGroups attach_load_balancer_target_groups,
            DetachLoadBalancerTargetGroups detach_load_balancer_target_groups,
            CreateOrUpdateTags create_or_update_tags, DeleteScalingTags delete_scaling_tags, StartInstanceRefresh start_instance_refresh,
            CancelInstanceRefresh cancel_instance_refresh, DescribeInstanceRefreshes describe_instance_refreshes,
            TerminateInstanceInAutoScalingGroup terminate_instance_in_auto_scaling_group,
            DescribeScalingActivities describe_scaling_activities, PutScalingPolicy put_scaling_policy,
            DescribePolicies describe_policies, DeletePolicy delete_policy;
    }
    instance [simulated::instance::InstanceRecord] {
        Ec2: DescribeInstances describe_instances, GetConsoleOutput get_console_output;
    }
    db_subnet_group [simulated::db_subnet_group::DbSubnetGroupRecord] {
        Rds: CreateDBSubnetGroup create_db_subnet_group, DescribeDBSubnetGroups describe_db_subnet_groups,
            ModifyDBSubnetGroup modify_db_subnet_group, DeleteDBSubnetGroup delete_db_subnet_group;
    }
    db_cluster [simulated::db_cluster::DbClusterRecord, simulated::db_cluster::Snapshot] {
        Rds: CreateDBCluster create_db_cluster, DescribeDBClusters describe_db_clusters,
            ModifyDBCluster modify_db_cluster, DeleteDBCluster delete_db_cluster,
            RestoreDBClusterFromSnapshot restore_db_cluster_from_snapshot,
            DescribeDBClusterSnapshots describe_db_cluster_snapshots,
            DeleteDBClusterSnapshot delete_db_cluster_snapshot;
    }
    log_group [simulated::log_group::LogGroupRecord] {
        Logs: DescribeLogGroups describe_log_groups, DeleteLogGroup delete_log_group;
    }
    bucket [simulated::bucket::Bucket] {
        S3: CreateBucket create_bucket, HeadBucket head_bucket, GetBucketSetting get_bucket_setting,
            PutBucketSetting put_bucket_setting, DeleteBucketSetting delete_bucket_setting,
            ListObjectVersions list_object_versions, DeleteObjects delete_objects, DeleteBucket delete_bucket;
    }
    object [] {
        S3: PutObject put_object, HeadObject head_object;
    }
    role [simulated::role::RoleRecord] {
        Iam: CreateRole create_role, GetRole get_role, UpdateAssumeRolePolicy update_assume_role_policy,
            TagRole tag_role, UntagRole untag_role, DeleteRole delete_role, PutRolePolicy put_role_policy, GetRolePolicy get_role_policy,
            ListRolePolicies list_role_policies,
            DeleteRolePolicy delete_role_policy, AttachRolePolicy attach_role_policy,
            ListAttachedRolePolicies list_attached_role_policies, DetachRolePolicy detach_role_policy,
            CreateServiceLinkedRole create_service_linked_role;
    }
    instance_profile [simulated::instance_profile::InstanceProfileRecord] {
        Iam: CreateInstanceProfile create_instance_profile, GetInstanceProfile get_instance_profile,
            TagInstanceProfile tag_instance_profile, UntagInstanceProfile untag_instance_profile,
            AddRoleToInstanceProfile add_role_to_instance_profile,
            RemoveRoleFromInstanceProfile remove_role_from_instance_profile,
            DeleteInstanceProfile delete_instance_profile;
    }
}

impl Operation {
    /// The name of its action in IAM's policies.
    pub fn action(self) -> &'static str {
        match self {
            Self::DescribeRdsAccountAttributes => "DescribeAccountAttributes",
            Self::DescribeElbAccountLimits | Self::DescribeAutoScalingAccountLimits => {
                "DescribeAccountLimits"
            }
            Self::DescribeElbTags => "DescribeTags",
            Self::AddElbTags => "AddTags",
            Self::RemoveElbTags => "RemoveTags",
            Self::ListRdsTags => "ListTagsForResource",
            Self::AddRdsTags => "AddTagsToResource",
            Self::RemoveRdsTags => "RemoveTagsFromResource",
            Self::DeleteScalingTags => "DeleteTags",
            Self::HeadBucket => "ListBucket",
            Self::ListObjectVersions => "ListBucketVersions",
            Self::DeleteObjects => "DeleteObject",
            Self::HeadObject => "GetObject",
            _ => self.name(),
        }
    }
}

impl Request {
    /// The name of its action in IAM's policies. Each part of a bucket's configuration has one of its own.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::GetBucketSetting(call) => call.part.actions().0,
            Self::PutBucketSetting(call) => {
                simulated::bucket::part_of(&call.setting, BucketPart::Policy).actions().1
            }
            Self::DeleteBucketSetting(call) => call.part.actions().2,
            other => other.operation().action(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Operation> for OperationName {
    fn from(operation: Operation) -> Self {
        let (name, action) = (operation.name(), operation.action());
        Self { service: operation.service(), name, action }
    }
}
