use super::Operation;

/// Why a call failed, in AWS's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{operation}: {code}: {message}", operation.service().prefix())]
pub struct ApiError {
    /// What was called.
    pub operation: Operation,
    /// AWS's code, such as `DependencyViolation`; or one of [`ApiError::NO_ANSWER`] and [`ApiError::NO_CREDENTIALS`].
    pub code: String,
    /// AWS's message.
    pub message: String,
}

/// What an error means for whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Too many calls: nothing happened, and the same call later succeeds.
    Throttled,
    /// A fault of AWS (5xx) or no answer: it may or may not have happened.
    Unknown,
    /// What was named is not there, or not visible yet.
    NotFound,
    /// What was to be made is there already.
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
    pub fn new(operation: Operation, code: &str, message: impl Into<String>) -> Self {
        Self { operation, code: code.to_owned(), message: message.into() }
    }

    /// What the code means. Codes: the services' API references; which of them pass by themselves was taken from botocore's
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
