//! The kinds of resources: a file for each, with its values, its operations and how the SDK carries them out, and the list of all
//! operations.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

/// The operations of a kind: each with its arguments and what it answers.
macro_rules! operations {
    () => {};
    ($operation:ident { $($field:ident: $type:ty),* $(,)? } -> Page<$item:ty>; $($rest:tt)*) => {
        operations! { @one $operation { $($field: $type),* } -> Page<$item> }
        impl crate::kind::Paged for $operation {
            type Item = $item;

            fn at(mut self, page: String) -> Self {
                self.page = Some(page);
                self
            }
        }
        operations! { $($rest)* }
    };
    ($operation:ident { $($field:ident: $type:ty),* $(,)? } -> $output:ty; $($rest:tt)*) => {
        operations! { @one $operation { $($field: $type),* } -> $output }
        operations! { $($rest)* }
    };
    (@one $operation:ident { $($field:ident: $type:ty),* } -> $output:ty) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        pub struct $operation { $(pub $field: $type),* }

        impl crate::kind::Call for $operation {
            const OPERATION: crate::kind::Operation = crate::kind::Operation::$operation;
            type Output = $output;

            fn into_request(self) -> crate::kind::Request {
                crate::kind::Request::$operation(self)
            }

            fn output(response: crate::kind::Response) -> Option<$output> {
                match response {
                    crate::kind::Response::$operation(output) => Some(output),
                    _ => None,
                }
            }
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
mod vpc;
mod vpc_endpoint;

/// The names that the SDK's side of every kind uses.
#[cfg(feature = "sdk")]
mod prelude {
    pub(super) use super::{Call, Operation};
    pub(super) use crate::sdk::prelude::*;
}

use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::error::{ApiError, OperationName, Service};
use crate::page::Page;

pub use account::*;
pub use address::*;
pub use auto_scaling_group::*;
pub use bucket::*;
pub use db_cluster::*;
pub use db_subnet_group::*;
pub use flow_log::*;
pub use instance::*;
pub use instance_profile::*;
pub use internet_gateway::*;
pub use launch_template::*;
pub use listener::*;
pub use load_balancer::*;
pub use nat_gateway::*;
pub use network_interface::*;
pub use role::*;
pub use route_table::*;
pub use security_group::*;
pub use subnet::*;
pub use tags::*;
pub use target_group::*;
pub use vpc::*;
pub use vpc_endpoint::*;

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

/// Derives all that must know every operation from the list of them.
macro_rules! registry {
    ($d:tt $($module:ident { $($service:ident: $($operation:ident $method:ident),*;)* })*) => {
        /// The operations alone, without the values that they take and answer.
        pub mod operations {
            $(pub use super::$module::{$($($operation),*),*};)*
        }

        /// An operation's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation { $($($($operation),*),*),* }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($($(Self::$operation),*),*),*];

            /// The name, such as `CreateVpc`.
            pub fn name(self) -> &'static str {
                match self { $($($(Self::$operation => stringify!($operation)),*),*),* }
            }

            /// The service that it belongs to.
            pub fn service(self) -> Service {
                match self { $($($(Self::$operation => Service::$service),*),*),* }
            }
        }

        /// Any operation with its arguments.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "operation")]
        pub enum Request { $($($($operation($operation)),*),*),* }

        impl Request {
            /// The operation.
            pub fn operation(&self) -> Operation {
                match self { $($($(Self::$operation(_) => Operation::$operation),*),*),* }
            }
        }

        /// Any operation's answer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Response { $($($($operation(<$operation as Call>::Output)),*),*),* }

        /// Hands the list, each operation with its method, to another macro.
        #[macro_export]
        macro_rules! each_operation {
            ($d callback:ident) => {
                $d callback! { $($($($operation $method;)*)*)* }
            };
        }

        /// Everything that can carry out each operation.
        pub trait Backend {
            $($($(fn $method(
                &self,
                call: $operation,
            ) -> impl Future<Output = Result<<$operation as Call>::Output, ApiError>>;)*)*)*
        }

        /// Carries out the operation that a request names.
        ///
        /// # Errors
        /// The backend answers with one.
        pub async fn dispatch<B: Backend>(backend: &B, request: Request) -> Result<Response, ApiError> {
            match request {
                $($($(Request::$operation(call) => Box::pin(backend.$method(call)).await.map(Response::$operation)),*),*),*
            }
        }

        // Each operation is a method of its own name in the file of its kind. One that is missing does not compile.
        #[cfg(feature = "sdk")]
        impl Backend for crate::sdk::Sdk {
            $($($(async fn $method(
                &self,
                call: $operation,
            ) -> Result<<$operation as Call>::Output, ApiError> {
                crate::sdk::Sdk::$method(self, call).await
            })*)*)*
        }
    };
}

// Each kind with its operations, by their services, and the methods that carry them out.
registry! { $
    account {
        Sts: GetCallerIdentity get_caller_identity;
        Ec2: DescribeAvailabilityZones describe_availability_zones,
            DescribeInstanceTypeOfferings describe_instance_type_offerings,
            DescribeAccountAttributes describe_account_attributes;
        Rds: DescribeOrderableDBInstanceOptions describe_orderable_db_instance_options,
            DescribeRdsAccountAttributes describe_rds_account_attributes;
        Elb: DescribeElbAccountLimits describe_elb_account_limits;
        AutoScaling: DescribeAutoScalingAccountLimits describe_auto_scaling_account_limits;
        Ssm: GetParameter get_parameter;
    }
    vpc {
        Ec2: CreateVpc create_vpc, DescribeVpcs describe_vpcs, DescribeVpcAttribute describe_vpc_attribute,
            ModifyVpcAttribute modify_vpc_attribute, DeleteVpc delete_vpc;
    }
    subnet {
        Ec2: CreateSubnet create_subnet, DescribeSubnets describe_subnets,
            ModifySubnetAttribute modify_subnet_attribute, DeleteSubnet delete_subnet;
    }
    internet_gateway {
        Ec2: CreateInternetGateway create_internet_gateway, DescribeInternetGateways describe_internet_gateways,
            AttachInternetGateway attach_internet_gateway, DetachInternetGateway detach_internet_gateway,
            DeleteInternetGateway delete_internet_gateway;
    }
    address {
        Ec2: AllocateAddress allocate_address, DescribeAddresses describe_addresses, ReleaseAddress release_address;
    }
    nat_gateway {
        Ec2: CreateNatGateway create_nat_gateway, DescribeNatGateways describe_nat_gateways,
            DeleteNatGateway delete_nat_gateway;
    }
    route_table {
        Ec2: CreateRouteTable create_route_table, DescribeRouteTables describe_route_tables,
            DeleteRouteTable delete_route_table, AssociateRouteTable associate_route_table,
            ReplaceRouteTableAssociation replace_route_table_association,
            DisassociateRouteTable disassociate_route_table, CreateRoute create_route, ReplaceRoute replace_route,
            DeleteRoute delete_route;
    }
    security_group {
        Ec2: CreateSecurityGroup create_security_group, DescribeSecurityGroups describe_security_groups,
            AuthorizeSecurityGroupIngress authorize_security_group_ingress,
            AuthorizeSecurityGroupEgress authorize_security_group_egress,
            RevokeSecurityGroupIngress revoke_security_group_ingress,
            RevokeSecurityGroupEgress revoke_security_group_egress, DeleteSecurityGroup delete_security_group;
    }
    vpc_endpoint {
        Ec2: CreateVpcEndpoint create_vpc_endpoint, DescribeVpcEndpoints describe_vpc_endpoints,
            ModifyVpcEndpoint modify_vpc_endpoint, DeleteVpcEndpoints delete_vpc_endpoints;
    }
    flow_log {
        Ec2: CreateFlowLogs create_flow_logs, DescribeFlowLogs describe_flow_logs, DeleteFlowLogs delete_flow_logs;
    }
    network_interface {
        Ec2: DescribeNetworkInterfaces describe_network_interfaces;
    }
    tags {
        Ec2: CreateTags create_tags, DeleteTags delete_tags;
        Elb: DescribeElbTags describe_elb_tags, AddElbTags add_elb_tags;
        Rds: ListRdsTags list_rds_tags, AddRdsTags add_rds_tags;
    }
    launch_template {
        Ec2: CreateLaunchTemplate create_launch_template, DescribeLaunchTemplates describe_launch_templates,
            CreateLaunchTemplateVersion create_launch_template_version,
            DescribeLaunchTemplateVersions describe_launch_template_versions,
            ModifyLaunchTemplate modify_launch_template, DeleteLaunchTemplate delete_launch_template;
    }
    instance {
        Ec2: DescribeInstances describe_instances;
    }
    auto_scaling_group {
        AutoScaling: CreateAutoScalingGroup create_auto_scaling_group,
            DescribeAutoScalingGroups describe_auto_scaling_groups, UpdateAutoScalingGroup update_auto_scaling_group,
            DeleteAutoScalingGroup delete_auto_scaling_group,
            AttachLoadBalancerTargetGroups attach_load_balancer_target_groups,
            DetachLoadBalancerTargetGroups detach_load_balancer_target_groups,
            CreateOrUpdateTags create_or_update_tags, StartInstanceRefresh start_instance_refresh,
            DescribeInstanceRefreshes describe_instance_refreshes, PutScalingPolicy put_scaling_policy,
            DescribePolicies describe_policies, DeletePolicy delete_policy;
    }
    load_balancer {
        Elb: CreateLoadBalancer create_load_balancer, DescribeLoadBalancers describe_load_balancers,
            SetSubnets set_subnets, SetSecurityGroups set_security_groups,
            DescribeLoadBalancerAttributes describe_load_balancer_attributes,
            ModifyLoadBalancerAttributes modify_load_balancer_attributes, DeleteLoadBalancer delete_load_balancer;
    }
    target_group {
        Elb: CreateTargetGroup create_target_group, DescribeTargetGroups describe_target_groups,
            ModifyTargetGroup modify_target_group, DescribeTargetGroupAttributes describe_target_group_attributes,
            ModifyTargetGroupAttributes modify_target_group_attributes, DeleteTargetGroup delete_target_group,
            DescribeTargetHealth describe_target_health;
    }
    listener {
        Elb: CreateListener create_listener, DescribeListeners describe_listeners, ModifyListener modify_listener,
            DeleteListener delete_listener;
    }
    db_subnet_group {
        Rds: CreateDBSubnetGroup create_db_subnet_group, DescribeDBSubnetGroups describe_db_subnet_groups,
            ModifyDBSubnetGroup modify_db_subnet_group, DeleteDBSubnetGroup delete_db_subnet_group;
    }
    db_cluster {
        Rds: CreateDBCluster create_db_cluster, DescribeDBClusters describe_db_clusters,
            ModifyDBCluster modify_db_cluster, DeleteDBCluster delete_db_cluster;
    }
    bucket {
        S3: CreateBucket create_bucket, HeadBucket head_bucket, GetBucketSetting get_bucket_setting,
            PutBucketSetting put_bucket_setting, DeleteBucketSetting delete_bucket_setting,
            ListObjectVersions list_object_versions, DeleteObjects delete_objects, DeleteBucket delete_bucket;
    }
    role {
        Iam: CreateRole create_role, GetRole get_role, UpdateAssumeRolePolicy update_assume_role_policy,
            TagRole tag_role, DeleteRole delete_role, PutRolePolicy put_role_policy, GetRolePolicy get_role_policy,
            DeleteRolePolicy delete_role_policy, AttachRolePolicy attach_role_policy,
            ListAttachedRolePolicies list_attached_role_policies, DetachRolePolicy detach_role_policy;
    }
    instance_profile {
        Iam: CreateInstanceProfile create_instance_profile, GetInstanceProfile get_instance_profile,
            TagInstanceProfile tag_instance_profile, AddRoleToInstanceProfile add_role_to_instance_profile,
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
            Self::ListRdsTags => "ListTagsForResource",
            Self::AddRdsTags => "AddTagsToResource",
            Self::HeadBucket => "ListBucket",
            Self::ListObjectVersions => "ListBucketVersions",
            Self::DeleteObjects => "DeleteObject",
            _ => self.name(),
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
        Self { service: operation.service(), name: operation.name() }
    }
}
