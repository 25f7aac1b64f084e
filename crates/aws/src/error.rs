//! The reason why a call failed, in AWS's words, and what that means for the caller.

use std::fmt;

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Security Token Service.
    Sts,
    /// Elastic Compute Cloud, with its networks.
    Ec2,
    /// Elastic Load Balancing, version 2.
    Elb,
    /// EC2 Auto Scaling.
    AutoScaling,
    /// Relational Database Service.
    Rds,
    /// Simple Storage Service.
    S3,
    /// Identity and Access Management.
    Iam,
    /// Systems Manager.
    Ssm,
}

impl Service {
    /// The prefix of the service's actions in IAM policies, such as `ec2` in `ec2:CreateVpc`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Ec2 => "ec2",
            Self::Elb => "elasticloadbalancing",
            Self::AutoScaling => "autoscaling",
            Self::Rds => "rds",
            Self::S3 => "s3",
            Self::Iam => "iam",
            Self::Ssm => "ssm",
        }
    }
}

/// The name of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationName {
    pub(crate) service: Service,
    pub(crate) name: &'static str,
}

impl OperationName {
    /// The service that it belongs to.
    pub fn service(self) -> Service {
        self.service
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The reason why a call failed, in AWS's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{operation}: {code}: {message}", operation.service().prefix())]
pub struct ApiError {
    /// The operation that was called.
    pub operation: OperationName,
    /// AWS's code, such as `DependencyViolation`; or one of [`ApiError::NO_ANSWER`] and [`ApiError::NO_CREDENTIALS`].
    pub code: String,
    /// AWS's message.
    pub message: String,
}

/// The meaning of an error for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Too many calls: nothing happened, and the same call later succeeds.
    Throttled,
    /// A fault of AWS (5xx) or no answer: it may or may not have happened.
    Unknown,
    /// The thing that was named does not exist, or is not visible yet.
    NotFound,
    /// The thing that was to be made exists already.
    Exists,
    /// Something else must go, or become ready, first: the same call later succeeds.
    NotYet,
    /// The credentials are absent, wrong or expired.
    Credentials,
    /// The caller may not do this.
    Denied,
    /// A quota of the account is used up, or the zone has no capacity left.
    Quota,
    /// Everything else: the same call fails again.
    Refused,
}

impl ApiError {
    /// The code of a call that got no answer.
    pub const NO_ANSWER: &'static str = "NoAnswer";
    /// The code of a call that was not made for want of credentials.
    pub const NO_CREDENTIALS: &'static str = "NoCredentials";

    /// An error of this operation.
    pub fn new(
        operation: impl Into<OperationName>,
        code: &str,
        message: impl Into<String>,
    ) -> Self {
        Self { operation: operation.into(), code: code.to_owned(), message: message.into() }
    }

    /// The meaning of the code. Codes: the services' API references; which of them pass by themselves was taken from botocore's
    /// retry tables and the Terraform provider's waiters.
    pub fn class(&self) -> Class {
        classify(&self.code)
    }
}

/// The codes of each class.
const CODES: &[(Class, &[&str])] = &[
    (
        Class::Throttled,
        &[
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "TooManyRequestsException",
            "BandwidthLimitExceeded",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
            "RequestThrottledByAws",
        ],
    ),
    (
        Class::Unknown,
        &[
            ApiError::NO_ANSWER,
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "ServiceUnavailable",
            "Unavailable",
            "ServiceFailure",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
        ],
    ),
    (
        Class::Credentials,
        &[
            ApiError::NO_CREDENTIALS,
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "AuthFailure",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "InvalidToken",
            "MissingAuthenticationToken",
            "IncompleteSignature",
            "OptInRequired",
        ],
    ),
    (
        Class::Denied,
        &[
            "UnauthorizedOperation",
            "AccessDenied",
            "AccessDeniedException",
            "Client.UnauthorizedOperation",
        ],
    ),
    (
        Class::NotYet,
        &[
            "DependencyViolation",
            "IncorrectState",
            "IncorrectInstanceState",
            "ScalingActivityInProgress",
            "ResourceInUse",
            "InvalidDBClusterStateFault",
            "InvalidDBSubnetGroupStateFault",
            "OperationAborted",
            "DeleteConflict",
            "InvalidIPAddress.InUse",
            "ResourceContention",
            "Gateway.NotAttached",
            "BucketNotEmpty",
            "EntityTemporarilyUnmodifiable",
            "ConcurrentModification",
            "InstanceRefreshInProgress",
        ],
    ),
    (
        Class::Exists,
        &[
            "InvalidGroup.Duplicate",
            "InvalidPermission.Duplicate",
            "RouteAlreadyExists",
            "Resource.AlreadyAssociated",
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "DBSubnetGroupAlreadyExists",
            "DBSubnetGroupAlreadyExistsFault",
            "DBClusterAlreadyExistsFault",
            "DuplicateListener",
            "DuplicateLoadBalancerName",
            "DuplicateTargetGroupName",
            "AlreadyExists",
            "BucketAlreadyOwnedByYou",
            "BucketAlreadyExists",
            "EntityAlreadyExists",
            "InvalidSubnet.Conflict",
            "FlowLogAlreadyExists",
            "RouteAlreadyAssociated",
        ],
    ),
    (
        Class::Quota,
        &[
            "LimitExceeded",
            "LimitExceededFault",
            "TooManyLoadBalancers",
            "TooManyTargetGroups",
            "TooManyListeners",
            "DBClusterQuotaExceededFault",
            "StorageQuotaExceeded",
            "DBSubnetGroupQuotaExceeded",
            "TooManyBuckets",
            "InsufficientInstanceCapacity",
            "InsufficientFreeAddressesInSubnet",
            "InsufficientDBClusterCapacityFault",
            "InsufficientStorageClusterCapacity",
            "InsufficientDBInstanceCapacity",
        ],
    ),
    (
        Class::NotFound,
        &[
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "ParameterNotFound",
            "LoadBalancerNotFound",
            "TargetGroupNotFound",
            "ListenerNotFound",
            "DBClusterNotFoundFault",
            "DBSubnetGroupNotFoundFault",
            "NatGatewayNotFound",
            "NotFound",
        ],
    ),
];

fn classify(code: &str) -> Class {
    if let Some((class, _)) = CODES.iter().find(|(_, codes)| codes.contains(&code)) {
        return *class;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| code.ends_with(end));
    if ends(&["LimitExceeded", "LimitExceededException"]) {
        Class::Quota
    } else if ends(&[".NotFound", "NotFoundException", "IDNotFound"]) {
        Class::NotFound
    } else {
        Class::Refused
    }
}
