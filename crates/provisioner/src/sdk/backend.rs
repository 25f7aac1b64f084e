use super::Sdk;
#[allow(clippy::wildcard_imports, reason = "every operation there is")]
use crate::api::*;

/// Every operation has a method of its own name in the file of its service. A name that is missing here or there does not
/// compile.
macro_rules! backend {
    ($($operation:ident $method:ident;)*) => {
        impl Backend for Sdk {
            $(
                async fn $method(&self, call: $operation) -> Result<<$operation as Call>::Output, ApiError> {
                    Sdk::$method(self, call).await
                }
            )*
        }
    };
}

backend! {
    GetCallerIdentity get_caller_identity;
    DescribeAvailabilityZones describe_availability_zones;
    DescribeInstanceTypeOfferings describe_instance_type_offerings;
    DescribeAccountAttributes describe_account_attributes;
    DescribeOrderableDBInstanceOptions describe_orderable_db_instance_options;
    DescribeRdsAccountAttributes describe_rds_account_attributes;
    DescribeElbAccountLimits describe_elb_account_limits;
    DescribeAutoScalingAccountLimits describe_auto_scaling_account_limits;
    GetParameter get_parameter;
    CreateVpc create_vpc;
    DescribeVpcs describe_vpcs;
    DescribeVpcAttribute describe_vpc_attribute;
    ModifyVpcAttribute modify_vpc_attribute;
    DeleteVpc delete_vpc;
    CreateSubnet create_subnet;
    DescribeSubnets describe_subnets;
    ModifySubnetAttribute modify_subnet_attribute;
    DeleteSubnet delete_subnet;
    CreateInternetGateway create_internet_gateway;
    DescribeInternetGateways describe_internet_gateways;
    AttachInternetGateway attach_internet_gateway;
    DetachInternetGateway detach_internet_gateway;
    DeleteInternetGateway delete_internet_gateway;
    AllocateAddress allocate_address;
    DescribeAddresses describe_addresses;
    ReleaseAddress release_address;
    CreateNatGateway create_nat_gateway;
    DescribeNatGateways describe_nat_gateways;
    DeleteNatGateway delete_nat_gateway;
    CreateRouteTable create_route_table;
    DescribeRouteTables describe_route_tables;
    DeleteRouteTable delete_route_table;
    AssociateRouteTable associate_route_table;
    ReplaceRouteTableAssociation replace_route_table_association;
    DisassociateRouteTable disassociate_route_table;
    CreateRoute create_route;
    ReplaceRoute replace_route;
    DeleteRoute delete_route;
    CreateSecurityGroup create_security_group;
    DescribeSecurityGroups describe_security_groups;
    AuthorizeSecurityGroupIngress authorize_security_group_ingress;
    AuthorizeSecurityGroupEgress authorize_security_group_egress;
    RevokeSecurityGroupIngress revoke_security_group_ingress;
    RevokeSecurityGroupEgress revoke_security_group_egress;
    DeleteSecurityGroup delete_security_group;
    CreateVpcEndpoint create_vpc_endpoint;
    DescribeVpcEndpoints describe_vpc_endpoints;
    ModifyVpcEndpoint modify_vpc_endpoint;
    DeleteVpcEndpoints delete_vpc_endpoints;
    CreateFlowLogs create_flow_logs;
    DescribeFlowLogs describe_flow_logs;
    DeleteFlowLogs delete_flow_logs;
    DescribeNetworkInterfaces describe_network_interfaces;
    CreateTags create_tags;
    DeleteTags delete_tags;
    CreateLaunchTemplate create_launch_template;
    DescribeLaunchTemplates describe_launch_templates;
    CreateLaunchTemplateVersion create_launch_template_version;
    DescribeLaunchTemplateVersions describe_launch_template_versions;
    ModifyLaunchTemplate modify_launch_template;
    DeleteLaunchTemplate delete_launch_template;
    DescribeInstances describe_instances;
    CreateAutoScalingGroup create_auto_scaling_group;
    DescribeAutoScalingGroups describe_auto_scaling_groups;
    UpdateAutoScalingGroup update_auto_scaling_group;
    DeleteAutoScalingGroup delete_auto_scaling_group;
    AttachLoadBalancerTargetGroups attach_load_balancer_target_groups;
    DetachLoadBalancerTargetGroups detach_load_balancer_target_groups;
    CreateOrUpdateTags create_or_update_tags;
    StartInstanceRefresh start_instance_refresh;
    DescribeInstanceRefreshes describe_instance_refreshes;
    PutScalingPolicy put_scaling_policy;
    DescribePolicies describe_policies;
    DeletePolicy delete_policy;
    CreateLoadBalancer create_load_balancer;
    DescribeLoadBalancers describe_load_balancers;
    SetSubnets set_subnets;
    SetSecurityGroups set_security_groups;
    DescribeLoadBalancerAttributes describe_load_balancer_attributes;
    ModifyLoadBalancerAttributes modify_load_balancer_attributes;
    DeleteLoadBalancer delete_load_balancer;
    CreateTargetGroup create_target_group;
    DescribeTargetGroups describe_target_groups;
    ModifyTargetGroup modify_target_group;
    DescribeTargetGroupAttributes describe_target_group_attributes;
    ModifyTargetGroupAttributes modify_target_group_attributes;
    DeleteTargetGroup delete_target_group;
    DescribeTargetHealth describe_target_health;
    CreateListener create_listener;
    DescribeListeners describe_listeners;
    ModifyListener modify_listener;
    DeleteListener delete_listener;
    DescribeElbTags describe_elb_tags;
    AddElbTags add_elb_tags;
    CreateDBSubnetGroup create_db_subnet_group;
    DescribeDBSubnetGroups describe_db_subnet_groups;
    ModifyDBSubnetGroup modify_db_subnet_group;
    DeleteDBSubnetGroup delete_db_subnet_group;
    CreateDBCluster create_db_cluster;
    DescribeDBClusters describe_db_clusters;
    ModifyDBCluster modify_db_cluster;
    DeleteDBCluster delete_db_cluster;
    ListRdsTags list_rds_tags;
    AddRdsTags add_rds_tags;
    CreateBucket create_bucket;
    HeadBucket head_bucket;
    GetBucketSetting get_bucket_setting;
    PutBucketSetting put_bucket_setting;
    DeleteBucketSetting delete_bucket_setting;
    ListObjectVersions list_object_versions;
    DeleteObjects delete_objects;
    DeleteBucket delete_bucket;
    CreateRole create_role;
    GetRole get_role;
    UpdateAssumeRolePolicy update_assume_role_policy;
    TagRole tag_role;
    DeleteRole delete_role;
    PutRolePolicy put_role_policy;
    GetRolePolicy get_role_policy;
    DeleteRolePolicy delete_role_policy;
    AttachRolePolicy attach_role_policy;
    ListAttachedRolePolicies list_attached_role_policies;
    DetachRolePolicy detach_role_policy;
    CreateInstanceProfile create_instance_profile;
    GetInstanceProfile get_instance_profile;
    TagInstanceProfile tag_instance_profile;
    AddRoleToInstanceProfile add_role_to_instance_profile;
    RemoveRoleFromInstanceProfile remove_role_from_instance_profile;
    DeleteInstanceProfile delete_instance_profile;
}
