//! The codes of AWS's errors, by what they mean for the caller.
//!
//! Sources: the services' models, whose documented codes of our calls are in `documented.txt`; "Error codes for the Amazon EC2 API";
//! "Error responses" of S3; the common errors of every service. Which of them pass by themselves was taken from botocore's retry
//! tables and the Terraform provider's waiters.

use super::Class;

/// The codes of each class.
const CODES: &[(Class, &str)] = &[
    (
        Class::Throttled,
        "BandwidthLimitExceeded EC2ThrottledException PriorRequestNotComplete RequestLimitExceeded RequestThrottled \
         RequestThrottledByAws RequestThrottledException SlowDown ThrottledException Throttling ThrottlingException \
         TooManyRequestsException",
    ),
    (
        Class::Unknown,
        "HealthUnavailable InternalError InternalFailure InternalServerError NoAnswer RequestAbortedException \
         RequestTimeout RequestTimeoutException ServiceException ServiceFailure ServiceUnavailable ServiceUnavailableException Unavailable",
    ),
    (
        Class::Credentials,
        "AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId \
         InvalidSignatureException InvalidToken MissingAuthenticationToken NoCredentials OptInRequired RequestExpired \
         RequestTimeTooSkewed SignatureDoesNotMatch UnrecognizedClientException",
    ),
    (
        Class::Denied,
        "AccessDenied AccessDeniedException Blocked Client.UnauthorizedOperation NotAuthorized PendingVerification \
         UnauthorizedOperation",
    ),
    (
        Class::NotYet,
        "BucketNotEmpty CannotDelete CapacityReservationPending ConcurrentModification ConcurrentTagAccess \
         ConditionalRequestConflict DeleteConflict DependencyViolation EntityTemporarilyUnmodifiable Gateway.NotAttached \
         IncorrectInstanceState IncorrectState InstanceRefreshInProgress InvalidDBClusterEndpointStateFault \
         InvalidDBClusterSnapshotStateFault InvalidDBClusterStateFault InvalidDBInstanceState InvalidDBSecurityGroupState \
         InvalidDBSnapshotState InvalidDBSubnetGroupStateFault InvalidDBSubnetStateFault InvalidGlobalClusterStateFault InvalidGroup.InUse \
         InvalidIPAddress.InUse InvalidNetworkInterface.InUse OperationAborted OperationAbortedException ResourceContention ResourceInUse \
         ScalingActivityInProgress ServiceLinkedRoleFailure SubnetAlreadyInUse TrustStoreNotReady",
    ),
    (
        Class::Exists,
        "AlreadyExists BucketAlreadyExists BucketAlreadyOwnedByYou DBClusterAlreadyExistsFault \
         DBClusterSnapshotAlreadyExistsFault DBInstanceAlreadyExists DBSubnetGroupAlreadyExists \
         DBSubnetGroupAlreadyExistsFault DuplicateListener DuplicateLoadBalancerName DuplicateTargetGroupName \
         EntityAlreadyExists FlowLogAlreadyExists InvalidGroup.Duplicate InvalidLaunchTemplateName.AlreadyExistsException \
         InvalidPermission.Duplicate InvalidSubnet.Conflict PreconditionFailed Resource.AlreadyAssociated \
         RouteAlreadyAssociated RouteAlreadyExists",
    ),
    // Beside all that end with `LimitExceeded`.
    (
        Class::Quota,
        "DBClusterAutomatedBackupQuotaExceededFault DBClusterQuotaExceededFault DBClusterRoleQuotaExceeded \
         DBSubnetGroupQuotaExceeded DBSubnetQuotaExceededFault InstanceQuotaExceeded InsufficientAddressCapacity \
         InsufficientCapacity InsufficientCapacityOnHost InsufficientDBClusterCapacityFault \
         InsufficientDBInstanceCapacity InsufficientFreeAddressesInSubnet InsufficientHostCapacity \
         InsufficientInstanceCapacity InsufficientStorageClusterCapacity InsufficientVolumeCapacity LimitExceeded \
         LimitExceededFault SnapshotQuotaExceeded StorageQuotaExceeded TargetGroupAssociationLimit TooManyBuckets \
         TooManyCertificates TooManyListeners TooManyLoadBalancers TooManyRegistrationsForTargetId TooManyTargetGroups \
         TooManyTargets TooManyUniqueTargetGroupsPerLoadBalancer",
    ),
    // Beside all that end with `.NotFound`, `NotFoundException` and `IDNotFound`.
    (
        Class::NotFound,
        "ActiveInstanceRefreshNotFound AllocationIdNotFound BlueGreenDeploymentNotFoundFault \
         DBCapacityReservationNotFound DBClusterNotFoundFault DBClusterParameterGroupNotFound \
         DBClusterSnapshotNotFoundFault DBInstanceNotFound DBParameterGroupNotFound DBProxyEndpointNotFoundFault \
         DBProxyNotFoundFault DBProxyTargetGroupNotFoundFault DBShardGroupNotFound DBSnapshotNotFound \
         DBSnapshotTenantDatabaseNotFoundFault DBSubnetGroupNotFoundFault DomainNotFoundFault GlobalClusterNotFoundFault \
         IntegrationNotFoundFault InvalidLaunchTemplateId.VersionNotFound InvalidSecurityGroup ListenerNotFound \
         LoadBalancerNotFound NatGatewayNotFound NoSuchBucket NoSuchBucketPolicy NoSuchEntity NoSuchKey \
         NoSuchLifecycleConfiguration NoSuchPublicAccessBlockConfiguration NoSuchResourceException NoSuchTagSet NotFound OptionGroupNotFoundFault \
         OwnershipControlsNotFoundError ParameterNotFound ParameterVersionNotFound RuleNotFound \
         ServerSideEncryptionConfigurationNotFoundError SubnetNotFound TargetGroupNotFound TenantDatabaseNotFound \
         TrustStoreNotFound",
    ),
    // Those that are documented and are none of the others: the same call fails again.
    (
        Class::Refused,
        "ALPNPolicyNotFound AuthorizationHeaderMalformed AvailabilityZoneNotSupported CertificateNotFound \
         DBSubnetGroupDoesNotCoverEnoughAZs DuplicateTagKeys EncryptionTypeMismatch EntityTooLarge \
         IdempotentParameterMismatch IllegalArgumentException IllegalLocationConstraintException IncompatibleProtocols InvalidAction \
         InvalidBucketName InvalidBucketState InvalidCharacter InvalidConfigurationRequest InvalidDBSubnetGroupFault \
         InvalidDigest InvalidGroupId.Malformed InvalidInput InvalidInstanceType InvalidKeyId InvalidLaunchTemplateId.Malformed \
         InvalidLaunchTemplateName.MalformedException InvalidLoadBalancerAction InvalidLocationConstraint \
         InvalidNextToken InvalidPaginationToken InvalidParameter InvalidParameterCombination InvalidParameterDependency InvalidParameterException \
         InvalidParameterValue InvalidPermission.Malformed InvalidQueryParameter InvalidRequest InvalidRestoreFault InvalidRoute.InvalidState \
         InvalidRoute.Malformed InvalidRouteTableId.Malformed InvalidScheme InvalidServiceName InvalidState InvalidSubnet \
         InvalidSubnet.Range InvalidTag InvalidTagKey.Malformed InvalidTarget InvalidUserData.Malformed \
         InvalidVPCNetworkStateFault InvalidVpc.Range InvalidVpcEndpointId.Malformed InvalidVpcState InvalidWriteOffset \
         KMSKeyNotAccessibleFault MalformedHttpRequestException MalformedPolicy MalformedPolicyDocument \
         MalformedQueryString MalformedXML MethodNotAllowed MissingAction MissingParameter NatGatewayMalformed \
         NetworkTypeNotSupported NotImplemented OperationNotPermitted PermanentRedirect PolicyNotAttachable Redirect \
         RequestEntityTooLargeException SSLPolicyNotFound StorageTypeNotAvailableFault StorageTypeNotSupported \
         TagPolicyViolation TemporaryRedirect TooManyActions TooManyParts TooManyTags UnknownOperationException \
         UnknownParameter UnmodifiableEntity Unsupported UnsupportedOperation UnsupportedProtocol VPCIdNotSpecified \
         VPCResourceNotSpecified ValidationError ValidationException VpcEncryptionControlViolationException",
    ),
];

/// The class of a code that the table has, or whose end tells it.
fn listed(code: &str) -> Option<Class> {
    let has = |codes: &str| codes.split(' ').any(|listed| listed == code);
    if let Some((class, _)) = CODES.iter().find(|(_, codes)| has(codes)) {
        return Some(*class);
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| code.ends_with(end));
    if ends(&["LimitExceeded", "LimitExceededException"]) {
        Some(Class::Quota)
    } else if ends(&[".NotFound", "NotFoundException", "IDNotFound"]) {
        Some(Class::NotFound)
    } else {
        None
    }
}

/// The meaning of an error.
pub(super) fn classify(code: &str, message: &str) -> Class {
    if lacks_linked_role(message) {
        return Class::NotYet;
    }
    listed(code).unwrap_or(Class::Refused)
}

/// Returns true where a message is about the role that a service makes for itself at its first use in an account, which takes some
/// seconds. The services say so with the codes of several other things ("Troubleshooting service-linked roles"), and RDS, of a DB
/// subnet group, by the address of its page about them alone (terraform-aws-rds issue 364). One that says that the caller may not make
/// the role is about that.
pub(super) fn lacks_linked_role(message: &str) -> bool {
    let letters = message.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("servicelinkedrole") && !letters.contains("notauthorized")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::error::Service;
    use crate::kind::Operation;

    /// The codes that the services' models (botocore 1.44.8) and EC2's reference document for our calls: a line for each operation.
    const DOCUMENTED: &str = include_str!("documented.txt");

    #[test]
    fn every_documented_code_is_classified() {
        for line in DOCUMENTED.lines() {
            let (operation, codes) = line.split_once(": ").expect("operation: codes");
            for code in codes.split(' ') {
                assert!(listed(code).is_some(), "{operation}: {code}");
            }
        }
    }

    /// The operations for which the models have no code beside those of every service.
    const WITHOUT_OWN: [&str; 10] = [
        "GetCallerIdentity",
        "DescribeOrderableDBInstanceOptions",
        "DescribeRdsAccountAttributes",
        "DescribeElbAccountLimits",
        "GetBucketSetting",
        "PutBucketSetting",
        "DeleteBucketSetting",
        "ListObjectVersions",
        "DeleteObjects",
        "DeleteBucket",
    ];

    /// EC2 documents its codes for all of its operations together.
    #[test]
    fn every_operation_that_is_called_is_documented() {
        let lines = DOCUMENTED.lines().filter_map(|line| line.split_once(": "));
        let documented: BTreeSet<&str> = lines.map(|(operation, _)| operation).collect();
        let called = Operation::ALL.iter().filter(|one| one.service() != Service::Ec2);
        let called: BTreeSet<&str> = called.map(|operation| operation.name()).collect();
        let without = BTreeSet::from(WITHOUT_OWN);
        let known: BTreeSet<&str> = documented.union(&without).copied().collect();
        assert_eq!(called.difference(&known).collect::<Vec<_>>(), [] as [&&str; 0]);
        let together = BTreeSet::from(["every service", "EC2", "S3"]);
        let more: Vec<_> =
            known.difference(&called).filter(|one| !together.contains(*one)).collect();
        assert_eq!(more, [] as [&&str; 0], "no line is of an operation that nobody calls");
    }

    #[test]
    fn no_code_has_two_classes() {
        let all: Vec<&str> = CODES.iter().flat_map(|(_, codes)| codes.split(' ')).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_role_that_a_service_makes_for_itself_is_waited_for() {
        let said = "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and \
                    try again later";
        assert_eq!(classify("InvalidParameterValue", said), Class::NotYet);
        assert_eq!(
            classify("AccessDenied", "The default Service-Linked Role is not ready"),
            Class::NotYet
        );
        let said = "Missing necessary credentials. Please check \
                    http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html";
        assert_eq!(classify("InvalidParameterValue", said), Class::NotYet);
        let said = "User: arn:aws:iam::1:user/me is not authorized to perform: iam:CreateServiceLinkedRole on resource: *";
        assert_eq!(classify("AccessDenied", said), Class::Denied);
        assert_eq!(classify("InvalidParameterValue", "no"), Class::Refused);
        for code in ["InstanceQuotaExceeded", "VcpuLimitExceeded", "MaxTemplateLimitExceeded"] {
            assert_eq!(classify(code, ""), Class::Quota);
        }
    }
}
