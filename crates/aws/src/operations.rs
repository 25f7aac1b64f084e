//! The list of operations. Everything that must know them all (dispatch, IAM policies, token buckets) is derived from it.
#![expect(missing_docs, reason = "the names are AWS's own, and so is their documentation")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

#[allow(
    clippy::wildcard_imports,
    reason = "nearly all of the model is named in the list below"
)]
use super::model::*;
use super::{ApiError, Call, Page, Paged, Select, Service};

macro_rules! operations {
    ($d:tt $($service:ident $operation:ident $method:ident { $($field:ident: $type:ty),* $(,)? } -> $output:ty;)*) => {
        $(
            #[derive(Debug, Clone, PartialEq, Serialize)]
            pub struct $operation { $(pub $field: $type),* }

            impl Call for $operation {
                const OPERATION: Operation = Operation::$operation;
                type Output = $output;

                fn into_request(self) -> Request {
                    Request::$operation(self)
                }

                fn output(response: Response) -> Option<$output> {
                    match response {
                        Response::$operation(output) => Some(output),
                        _ => None,
                    }
                }
            }
        )*

        /// An operation's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation { $($operation),* }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$operation),*];

            /// The name, such as `CreateVpc`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$operation => stringify!($operation)),* }
            }

            /// Whose it is.
            pub fn service(self) -> Service {
                match self { $(Self::$operation => Service::$service),* }
            }
        }

        /// Any operation with its arguments.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "operation")]
        pub enum Request { $($operation($operation)),* }

        impl Request {
            /// The operation.
            pub fn operation(&self) -> Operation {
                match self { $(Self::$operation(_) => Operation::$operation),* }
            }
        }

        /// Any operation's answer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Response { $($operation($output)),* }

        /// Hands the list, each operation with its method, to another macro.
        #[macro_export]
        macro_rules! each_operation {
            ($d callback:ident) => {
                $d callback! { $($operation $method;)* }
            };
        }
        #[cfg(feature = "sdk")]
        pub(crate) use each_operation;

        /// What can carry out every operation.
        pub trait Backend {
            $(fn $method(&self, call: $operation) -> impl Future<Output = Result<$output, ApiError>>;)*
        }

        /// Carries out the operation that a request names.
        ///
        /// # Errors
        /// What the backend answers.
        pub async fn dispatch<B: Backend>(backend: &B, request: Request) -> Result<Response, ApiError> {
            match request {
                $(Request::$operation(call) => Box::pin(backend.$method(call)).await.map(Response::$operation)),*
            }
        }
    };
}

impl Operation {
    /// Its name in IAM's policies, where one action stands for it.
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

macro_rules! paged {
    ($($operation:ident -> $item:ty;)*) => {
        $(impl Paged for $operation {
            type Item = $item;

            fn at(mut self, page: String) -> Self {
                self.page = Some(page);
                self
            }
        })*
    };
}

/// The token of a page; none for the first.
type Token = Option<String>;

operations! { $
    Sts GetCallerIdentity get_caller_identity {} -> Identity;

    // Preflight.
    Ec2 DescribeAvailabilityZones describe_availability_zones {} -> Vec<Zone>;
    Ec2 DescribeInstanceTypeOfferings describe_instance_type_offerings { instance_type: String } -> Vec<String>;
    Ec2 DescribeAccountAttributes describe_account_attributes {} -> Vec<Quota>;
    Rds DescribeOrderableDBInstanceOptions describe_orderable_db_instance_options { engine: String, class: String, page: Token } -> Page<OrderableDatabase>;
    Rds DescribeRdsAccountAttributes describe_rds_account_attributes {} -> Vec<Quota>;
    Elb DescribeElbAccountLimits describe_elb_account_limits {} -> Vec<Quota>;
    AutoScaling DescribeAutoScalingAccountLimits describe_auto_scaling_account_limits {} -> Vec<Quota>;
    Ssm GetParameter get_parameter { name: String } -> String;

    // The network.
    Ec2 CreateVpc create_vpc { cidr: String, tags: Tags } -> Vpc;
    Ec2 DescribeVpcs describe_vpcs { select: Select, page: Token } -> Page<Vpc>;
    Ec2 DescribeVpcAttribute describe_vpc_attribute { vpc: String, attribute: VpcAttribute } -> bool;
    Ec2 ModifyVpcAttribute modify_vpc_attribute { vpc: String, attribute: VpcAttribute, value: bool } -> ();
    Ec2 DeleteVpc delete_vpc { vpc: String } -> ();
    Ec2 CreateSubnet create_subnet { vpc: String, cidr: String, zone: String, tags: Tags } -> Subnet;
    Ec2 DescribeSubnets describe_subnets { select: Select, page: Token } -> Page<Subnet>;
    Ec2 ModifySubnetAttribute modify_subnet_attribute { subnet: String, public_addresses: bool } -> ();
    Ec2 DeleteSubnet delete_subnet { subnet: String } -> ();
    Ec2 CreateInternetGateway create_internet_gateway { tags: Tags } -> InternetGateway;
    Ec2 DescribeInternetGateways describe_internet_gateways { select: Select, page: Token } -> Page<InternetGateway>;
    Ec2 AttachInternetGateway attach_internet_gateway { gateway: String, vpc: String } -> ();
    Ec2 DetachInternetGateway detach_internet_gateway { gateway: String, vpc: String } -> ();
    Ec2 DeleteInternetGateway delete_internet_gateway { gateway: String } -> ();
    Ec2 AllocateAddress allocate_address { tags: Tags } -> Address;
    Ec2 DescribeAddresses describe_addresses { select: Select } -> Vec<Address>;
    Ec2 ReleaseAddress release_address { allocation: String } -> ();
    Ec2 CreateNatGateway create_nat_gateway { subnet: String, allocation: String, client_token: String, tags: Tags } -> NatGateway;
    Ec2 DescribeNatGateways describe_nat_gateways { select: Select, page: Token } -> Page<NatGateway>;
    Ec2 DeleteNatGateway delete_nat_gateway { gateway: String } -> ();
    Ec2 CreateRouteTable create_route_table { vpc: String, client_token: String, tags: Tags } -> RouteTable;
    Ec2 DescribeRouteTables describe_route_tables { select: Select, page: Token } -> Page<RouteTable>;
    Ec2 DeleteRouteTable delete_route_table { table: String } -> ();
    Ec2 AssociateRouteTable associate_route_table { table: String, subnet: String } -> String;
    Ec2 ReplaceRouteTableAssociation replace_route_table_association { association: String, table: String } -> String;
    Ec2 DisassociateRouteTable disassociate_route_table { association: String } -> ();
    Ec2 CreateRoute create_route { table: String, destination: String, target: RouteTarget } -> ();
    Ec2 ReplaceRoute replace_route { table: String, destination: String, target: RouteTarget } -> ();
    Ec2 DeleteRoute delete_route { table: String, destination: String } -> ();
    Ec2 CreateSecurityGroup create_security_group { vpc: String, name: String, description: String, tags: Tags } -> String;
    Ec2 DescribeSecurityGroups describe_security_groups { select: Select, page: Token } -> Page<SecurityGroup>;
    Ec2 AuthorizeSecurityGroupIngress authorize_security_group_ingress { group: String, rules: BTreeSet<Rule> } -> ();
    Ec2 AuthorizeSecurityGroupEgress authorize_security_group_egress { group: String, rules: BTreeSet<Rule> } -> ();
    Ec2 RevokeSecurityGroupIngress revoke_security_group_ingress { group: String, rules: BTreeSet<Rule> } -> ();
    Ec2 RevokeSecurityGroupEgress revoke_security_group_egress { group: String, rules: BTreeSet<Rule> } -> ();
    Ec2 DeleteSecurityGroup delete_security_group { group: String } -> ();
    Ec2 CreateVpcEndpoint create_vpc_endpoint { vpc: String, service: String, route_tables: BTreeSet<String>, client_token: String, tags: Tags } -> VpcEndpoint;
    Ec2 DescribeVpcEndpoints describe_vpc_endpoints { select: Select, page: Token } -> Page<VpcEndpoint>;
    Ec2 ModifyVpcEndpoint modify_vpc_endpoint { endpoint: String, add_route_tables: BTreeSet<String>, remove_route_tables: BTreeSet<String> } -> ();
    Ec2 DeleteVpcEndpoints delete_vpc_endpoints { endpoint: String } -> ();
    Ec2 CreateFlowLogs create_flow_logs { vpc: String, destination: String, traffic: String, client_token: String, tags: Tags } -> String;
    Ec2 DescribeFlowLogs describe_flow_logs { select: Select, page: Token } -> Page<FlowLog>;
    Ec2 DeleteFlowLogs delete_flow_logs { flow_log: String } -> ();
    Ec2 DescribeNetworkInterfaces describe_network_interfaces { select: Select, page: Token } -> Page<NetworkInterface>;
    Ec2 CreateTags create_tags { resources: Vec<String>, tags: Tags } -> ();
    Ec2 DeleteTags delete_tags { resources: Vec<String>, names: Vec<String> } -> ();

    // The instances.
    Ec2 CreateLaunchTemplate create_launch_template { name: String, data: LaunchTemplateData, client_token: String, tags: Tags } -> LaunchTemplate;
    Ec2 DescribeLaunchTemplates describe_launch_templates { select: Select, page: Token } -> Page<LaunchTemplate>;
    Ec2 CreateLaunchTemplateVersion create_launch_template_version { template: String, data: LaunchTemplateData, client_token: String } -> i64;
    Ec2 DescribeLaunchTemplateVersions describe_launch_template_versions { template: String, version: String } -> Vec<LaunchTemplateVersion>;
    Ec2 ModifyLaunchTemplate modify_launch_template { template: String, default_version: i64 } -> ();
    Ec2 DeleteLaunchTemplate delete_launch_template { template: String } -> ();
    Ec2 DescribeInstances describe_instances { select: Select, page: Token } -> Page<Instance>;
    AutoScaling CreateAutoScalingGroup create_auto_scaling_group { group: AutoScalingGroup } -> ();
    AutoScaling DescribeAutoScalingGroups describe_auto_scaling_groups { name: String } -> Vec<AutoScalingGroup>;
    AutoScaling UpdateAutoScalingGroup update_auto_scaling_group { group: AutoScalingGroup } -> ();
    AutoScaling DeleteAutoScalingGroup delete_auto_scaling_group { name: String, force: bool } -> ();
    AutoScaling AttachLoadBalancerTargetGroups attach_load_balancer_target_groups { name: String, target_groups: BTreeSet<String> } -> ();
    AutoScaling DetachLoadBalancerTargetGroups detach_load_balancer_target_groups { name: String, target_groups: BTreeSet<String> } -> ();
    AutoScaling CreateOrUpdateTags create_or_update_tags { name: String, tags: Tags } -> ();
    AutoScaling StartInstanceRefresh start_instance_refresh { name: String } -> String;
    AutoScaling DescribeInstanceRefreshes describe_instance_refreshes { name: String } -> Vec<InstanceRefresh>;
    AutoScaling PutScalingPolicy put_scaling_policy { name: String, policy: String, target_cpu: i32 } -> ();
    AutoScaling DescribePolicies describe_policies { name: String } -> Vec<ScalingPolicy>;
    AutoScaling DeletePolicy delete_policy { name: String, policy: String } -> ();

    // The load balancer.
    Elb CreateLoadBalancer create_load_balancer { name: String, subnets: BTreeSet<String>, security_groups: BTreeSet<String>, tags: Tags } -> LoadBalancer;
    Elb DescribeLoadBalancers describe_load_balancers { name: String } -> Vec<LoadBalancer>;
    Elb SetSubnets set_subnets { load_balancer: String, subnets: BTreeSet<String> } -> ();
    Elb SetSecurityGroups set_security_groups { load_balancer: String, security_groups: BTreeSet<String> } -> ();
    Elb DescribeLoadBalancerAttributes describe_load_balancer_attributes { load_balancer: String } -> Attributes;
    Elb ModifyLoadBalancerAttributes modify_load_balancer_attributes { load_balancer: String, attributes: Attributes } -> ();
    Elb DeleteLoadBalancer delete_load_balancer { load_balancer: String } -> ();
    Elb CreateTargetGroup create_target_group { name: String, vpc: String, protocol: String, port: i32, health_check: HealthCheck, tags: Tags } -> TargetGroup;
    Elb DescribeTargetGroups describe_target_groups { name: String } -> Vec<TargetGroup>;
    Elb ModifyTargetGroup modify_target_group { target_group: String, health_check: HealthCheck } -> ();
    Elb DescribeTargetGroupAttributes describe_target_group_attributes { target_group: String } -> Attributes;
    Elb ModifyTargetGroupAttributes modify_target_group_attributes { target_group: String, attributes: Attributes } -> ();
    Elb DeleteTargetGroup delete_target_group { target_group: String } -> ();
    Elb DescribeTargetHealth describe_target_health { target_group: String } -> Vec<TargetHealth>;
    Elb CreateListener create_listener { load_balancer: String, port: i32, protocol: String, certificate: Option<String>, tls_policy: Option<String>, action: ListenerAction, tags: Tags } -> Listener;
    Elb DescribeListeners describe_listeners { load_balancer: String, page: Token } -> Page<Listener>;
    Elb ModifyListener modify_listener { listener: String, protocol: String, certificate: Option<String>, tls_policy: Option<String>, action: ListenerAction } -> ();
    Elb DeleteListener delete_listener { listener: String } -> ();
    Elb DescribeElbTags describe_elb_tags { resources: Vec<String> } -> BTreeMap<String, Tags>;
    Elb AddElbTags add_elb_tags { resource: String, tags: Tags } -> ();

    // The database.
    Rds CreateDBSubnetGroup create_db_subnet_group { name: String, description: String, subnets: BTreeSet<String>, tags: Tags } -> DbSubnetGroup;
    Rds DescribeDBSubnetGroups describe_db_subnet_groups { name: String } -> Vec<DbSubnetGroup>;
    Rds ModifyDBSubnetGroup modify_db_subnet_group { name: String, description: String, subnets: BTreeSet<String> } -> ();
    Rds DeleteDBSubnetGroup delete_db_subnet_group { name: String } -> ();
    Rds CreateDBCluster create_db_cluster { cluster: DbCluster } -> ();
    Rds DescribeDBClusters describe_db_clusters { name: String } -> Vec<DbCluster>;
    Rds ModifyDBCluster modify_db_cluster { name: String, changes: DbClusterChanges } -> ();
    Rds DeleteDBCluster delete_db_cluster { name: String, final_snapshot: Option<String> } -> ();
    Rds ListRdsTags list_rds_tags { arn: String } -> Tags;
    Rds AddRdsTags add_rds_tags { arn: String, tags: Tags } -> ();

    // The bucket.
    S3 CreateBucket create_bucket { bucket: String, tags: Tags } -> ();
    S3 HeadBucket head_bucket { bucket: String } -> ();
    S3 GetBucketSetting get_bucket_setting { bucket: String, part: BucketPart } -> Option<BucketSetting>;
    S3 PutBucketSetting put_bucket_setting { bucket: String, setting: BucketSetting } -> ();
    S3 DeleteBucketSetting delete_bucket_setting { bucket: String, part: BucketPart } -> ();
    S3 ListObjectVersions list_object_versions { bucket: String, page: Token } -> Page<ObjectVersion>;
    S3 DeleteObjects delete_objects { bucket: String, objects: Vec<ObjectVersion> } -> ();
    S3 DeleteBucket delete_bucket { bucket: String } -> ();

    // What instances may do.
    Iam CreateRole create_role { name: String, trust: serde_json::Value, tags: Tags } -> Role;
    Iam GetRole get_role { name: String } -> Role;
    Iam UpdateAssumeRolePolicy update_assume_role_policy { name: String, trust: serde_json::Value } -> ();
    Iam TagRole tag_role { name: String, tags: Tags } -> ();
    Iam DeleteRole delete_role { name: String } -> ();
    Iam PutRolePolicy put_role_policy { role: String, policy: String, document: serde_json::Value } -> ();
    Iam GetRolePolicy get_role_policy { role: String, policy: String } -> serde_json::Value;
    Iam DeleteRolePolicy delete_role_policy { role: String, policy: String } -> ();
    Iam AttachRolePolicy attach_role_policy { role: String, arn: String } -> ();
    Iam ListAttachedRolePolicies list_attached_role_policies { role: String } -> BTreeSet<String>;
    Iam DetachRolePolicy detach_role_policy { role: String, arn: String } -> ();
    Iam CreateInstanceProfile create_instance_profile { name: String, tags: Tags } -> InstanceProfile;
    Iam GetInstanceProfile get_instance_profile { name: String } -> InstanceProfile;
    Iam TagInstanceProfile tag_instance_profile { name: String, tags: Tags } -> ();
    Iam AddRoleToInstanceProfile add_role_to_instance_profile { profile: String, role: String } -> ();
    Iam RemoveRoleFromInstanceProfile remove_role_from_instance_profile { profile: String, role: String } -> ();
    Iam DeleteInstanceProfile delete_instance_profile { name: String } -> ();
}

paged! {
    DescribeOrderableDBInstanceOptions -> OrderableDatabase;
    DescribeVpcs -> Vpc;
    DescribeSubnets -> Subnet;
    DescribeInternetGateways -> InternetGateway;
    DescribeNatGateways -> NatGateway;
    DescribeRouteTables -> RouteTable;
    DescribeSecurityGroups -> SecurityGroup;
    DescribeVpcEndpoints -> VpcEndpoint;
    DescribeFlowLogs -> FlowLog;
    DescribeNetworkInterfaces -> NetworkInterface;
    DescribeLaunchTemplates -> LaunchTemplate;
    DescribeInstances -> Instance;
    DescribeListeners -> Listener;
    ListObjectVersions -> ObjectVersion;
}

/// What is changed of a cluster; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbClusterChanges {
    pub class: Option<String>,
    pub storage_type: Option<String>,
    pub storage_gib: Option<i32>,
    pub iops: Option<i32>,
    pub security_groups: Option<BTreeSet<String>>,
    pub backup_retention_days: Option<i32>,
    pub deletion_protection: Option<bool>,
    pub copy_tags_to_snapshot: Option<bool>,
    pub iam_authentication: Option<bool>,
    /// Log types to send to CloudWatch, and those to send no more.
    pub enable_logs: BTreeSet<String>,
    pub disable_logs: BTreeSet<String>,
}
