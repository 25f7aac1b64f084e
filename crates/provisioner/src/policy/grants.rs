use super::scope::Scope;
use skyward_aws::Operation;
use skyward_aws::model::BucketPart;

/// Whose role needs an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Whoever looks: all.
    Everyone,
    Apply,
    ApplyAndDestroy,
}

/// One action, and what it is allowed on.
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) scope: Scope,
}

/// What a row of the table says.
type Row = (Who, &'static [Scope], &'static [(&'static str, Scope)]);

/// Who needs an operation, on what its own action is allowed, and the actions beside it. The match is exhaustive: a new
/// operation without a row does not compile.
macro_rules! table {
    ($($who:ident [$($scope:ident)*] $($extra:literal on $extra_scope:ident),*: $($operation:ident)+;)*) => {
        fn row(operation: Operation) -> Row {
            match operation {
                $($(Operation::$operation)|+ => (Who::$who, &[$(Scope::$scope),*], &[$(($extra, Scope::$extra_scope)),*]),)*
            }
        }
    };
}

// The resources and the dependent actions of each action: AWS's service authorization reference; for the managed password and
// the service-linked roles, the user guides of RDS, Elastic Load Balancing and EC2 Auto Scaling; for the launch template behind
// a group, that of EC2 Auto Scaling ("ec2:RunInstances" and "iam:PassRole" of whoever makes or changes the group).
table! {
    Everyone [Read]: GetCallerIdentity DescribeAvailabilityZones DescribeInstanceTypeOfferings DescribeAccountAttributes
        DescribeOrderableDBInstanceOptions DescribeRdsAccountAttributes DescribeElbAccountLimits
        DescribeAutoScalingAccountLimits DescribeVpcs DescribeVpcAttribute DescribeSubnets DescribeInternetGateways
        DescribeAddresses DescribeNatGateways DescribeRouteTables DescribeSecurityGroups DescribeVpcEndpoints
        DescribeFlowLogs DescribeNetworkInterfaces DescribeLaunchTemplates DescribeLaunchTemplateVersions DescribeInstances
        DescribeAutoScalingGroups DescribeInstanceRefreshes DescribePolicies DescribeLoadBalancers
        DescribeLoadBalancerAttributes DescribeTargetGroups DescribeTargetGroupAttributes DescribeTargetHealth
        DescribeListeners DescribeElbTags;
    Everyone [ReadImage]: GetParameter;
    Everyone [ReadDatabase]: DescribeDBSubnetGroups DescribeDBClusters ListRdsTags;
    Everyone [ReadBucket]: HeadBucket;
    Everyone []: GetBucketSetting;
    Everyone [ReadRole]: GetRole GetRolePolicy ListAttachedRolePolicies GetInstanceProfile;

    Apply [NetworkNew] "ec2:CreateTags" on TagNew: CreateVpc CreateInternetGateway AllocateAddress;
    Apply [NetworkNew] "ec2:CreateTags" on TagNew, "ssm:GetParameters" on ReadImage: CreateLaunchTemplate;
    Apply [NetworkNewInVpc NetworkWithin] "ec2:CreateTags" on TagNew: CreateSubnet CreateRouteTable CreateSecurityGroup;
    Apply [NetworkNewInVpc NetworkWithin] "ec2:CreateTags" on TagNew, "logs:CreateLogDelivery" on LogDelivery: CreateFlowLogs;
    Apply [NetworkNewInSubnet NetworkWithin] "ec2:CreateTags" on TagNew: CreateNatGateway CreateVpcEndpoint;
    Apply [NetworkOwn]: ModifyVpcAttribute ModifySubnetAttribute AttachInternetGateway AssociateRouteTable
        ReplaceRouteTableAssociation CreateRoute ReplaceRoute AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
        ModifyVpcEndpoint ModifyLaunchTemplate;
    Apply [NetworkOwn] "ssm:GetParameters" on ReadImage: CreateLaunchTemplateVersion;
    // The default security group of a VPC is made without tags.
    Apply [NetworkOwn TagDefaultGroup]: CreateTags;
    Apply [NetworkOwn]: DeleteTags;
    ApplyAndDestroy [NetworkOwn]: DeleteVpc DeleteSubnet DetachInternetGateway DeleteInternetGateway ReleaseAddress
        DeleteNatGateway DeleteRouteTable DisassociateRouteTable DeleteRoute RevokeSecurityGroupIngress
        RevokeSecurityGroupEgress DeleteSecurityGroup DeleteVpcEndpoints DeleteLaunchTemplate;
    ApplyAndDestroy [NetworkOwn] "logs:DeleteLogDelivery" on LogDelivery: DeleteFlowLogs;

    Apply [GroupNew] "ec2:RunInstances" on RunNew, "ec2:RunInstances" on RunOwn, "ec2:RunInstances" on RunWith,
        "ec2:CreateTags" on TagNew, "ssm:GetParameters" on ReadImage, "iam:PassRole" on PassRole,
        "iam:CreateServiceLinkedRole" on LinkedRole: CreateAutoScalingGroup;
    Apply [GroupOwn] "ec2:RunInstances" on RunNew, "ec2:RunInstances" on RunOwn, "ec2:RunInstances" on RunWith,
        "ssm:GetParameters" on ReadImage, "iam:PassRole" on PassRole: UpdateAutoScalingGroup;
    Apply [GroupOwn]: AttachLoadBalancerTargetGroups DetachLoadBalancerTargetGroups CreateOrUpdateTags StartInstanceRefresh
        PutScalingPolicy;
    ApplyAndDestroy [GroupOwn]: DeleteAutoScalingGroup DeletePolicy;

    Apply [BalancerNew] "elasticloadbalancing:AddTags" on BalancerTag, "iam:CreateServiceLinkedRole" on LinkedRole:
        CreateLoadBalancer;
    Apply [BalancerNew] "elasticloadbalancing:AddTags" on BalancerTag: CreateTargetGroup;
    Apply [BalancerOwn] "elasticloadbalancing:AddTags" on BalancerTag: CreateListener;
    Apply [BalancerOwn]: SetSubnets SetSecurityGroups ModifyTargetGroup ModifyTargetGroupAttributes ModifyListener;
    Apply [BalancerTag]: AddElbTags;
    // Destroying lifts the protection first.
    ApplyAndDestroy [BalancerOwn]: ModifyLoadBalancerAttributes DeleteLoadBalancer DeleteTargetGroup DeleteListener;

    Apply [DatabaseNew] "rds:AddTagsToResource" on DatabaseNew: CreateDBSubnetGroup;
    Apply [DatabaseNew DatabaseWith] "rds:AddTagsToResource" on DatabaseNew, "rds:CreateDBInstance" on DatabaseMembers,
        "secretsmanager:CreateSecret" on Secret, "secretsmanager:TagResource" on Secret, "kms:DescribeKey" on Key,
        "iam:CreateServiceLinkedRole" on LinkedRole: CreateDBCluster;
    Apply [DatabaseOwn]: ModifyDBSubnetGroup;
    Apply [DatabaseNew]: AddRdsTags;
    ApplyAndDestroy [DatabaseOwn] "rds:ModifyDBInstance" on DatabaseMembers: ModifyDBCluster;
    ApplyAndDestroy [DatabaseOwn Snapshot] "rds:DeleteDBInstance" on DatabaseMembers, "rds:CreateDBClusterSnapshot" on DatabaseOwn,
        "rds:CreateDBClusterSnapshot" on Snapshot, "rds:AddTagsToResource" on Snapshot: DeleteDBCluster;
    ApplyAndDestroy [DatabaseOwn]: DeleteDBSubnetGroup;

    Apply [Bucket] "s3:TagResource" on Bucket: CreateBucket;
    Apply []: PutBucketSetting DeleteBucketSetting;
    ApplyAndDestroy [Bucket]: ListObjectVersions DeleteBucket;
    ApplyAndDestroy [Objects] "s3:DeleteObjectVersion" on Objects: DeleteObjects;

    Apply [RoleNew] "iam:TagRole" on RoleNew: CreateRole;
    Apply [RoleNew] "iam:TagInstanceProfile" on RoleNew: CreateInstanceProfile;
    Apply [RoleNew]: TagRole TagInstanceProfile;
    Apply [RoleOwn]: UpdateAssumeRolePolicy PutRolePolicy;
    Apply [AttachPolicy]: AttachRolePolicy;
    Apply [RoleOwn] "iam:PassRole" on PassRole: AddRoleToInstanceProfile;
    ApplyAndDestroy [RoleOwn]: DeleteRole DeleteRolePolicy DetachRolePolicy RemoveRoleFromInstanceProfile
        DeleteInstanceProfile;
}

/// What an operation needs.
pub(super) fn grants(operation: Operation) -> (Who, Vec<Grant>) {
    let (who, scopes, extra) = row(operation);
    let own = format!("{}:{}", operation.service().prefix(), action_name(operation));
    let mut grants: Vec<Grant> =
        scopes.iter().map(|scope| Grant { action: own.clone(), scope: *scope }).collect();
    let extra =
        extra.iter().map(|(action, scope)| Grant { action: (*action).to_owned(), scope: *scope });
    grants.extend(extra);
    for part in PARTS {
        let (reads, writes, deletes) = part_actions(part);
        let (action, scope) = match operation {
            Operation::GetBucketSetting => (reads, Scope::ReadBucket),
            Operation::PutBucketSetting => (writes, Scope::Bucket),
            Operation::DeleteBucketSetting => (deletes, Scope::Bucket),
            _ => continue,
        };
        grants.push(Grant { action: action.to_owned(), scope });
    }
    (who, grants)
}

/// The name of an operation's action, where it is not the operation's own.
fn action_name(operation: Operation) -> &'static str {
    match operation {
        Operation::DescribeElbAccountLimits | Operation::DescribeAutoScalingAccountLimits => {
            "DescribeAccountLimits"
        }
        Operation::DescribeRdsAccountAttributes => "DescribeAccountAttributes",
        Operation::DescribeElbTags => "DescribeTags",
        Operation::AddElbTags => "AddTags",
        Operation::ListRdsTags => "ListTagsForResource",
        Operation::AddRdsTags => "AddTagsToResource",
        Operation::HeadBucket => "ListBucket",
        Operation::ListObjectVersions => "ListBucketVersions",
        Operation::DeleteObjects => "DeleteObject",
        other => other.name(),
    }
}

pub(super) const PARTS: [BucketPart; 8] = [
    BucketPart::Tagging,
    BucketPart::PublicAccessBlock,
    BucketPart::OwnershipControls,
    BucketPart::Encryption,
    BucketPart::Versioning,
    BucketPart::Policy,
    BucketPart::Lifecycle,
    BucketPart::Logging,
];

/// The actions that read, write and delete a part of a bucket's configuration. Most are deleted by the action that writes them.
fn part_actions(part: BucketPart) -> (&'static str, &'static str, &'static str) {
    let (reads, writes) = match part {
        BucketPart::Tagging => ("s3:GetBucketTagging", "s3:PutBucketTagging"),
        BucketPart::PublicAccessBlock => {
            ("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock")
        }
        BucketPart::OwnershipControls => {
            ("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls")
        }
        BucketPart::Encryption => {
            ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration")
        }
        BucketPart::Versioning => ("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
        BucketPart::Policy => {
            return ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy");
        }
        BucketPart::Lifecycle => ("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
        BucketPart::Logging => ("s3:GetBucketLogging", "s3:PutBucketLogging"),
    };
    (reads, writes, writes)
}
