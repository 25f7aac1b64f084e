//! The reason why a call failed, in AWS's words, and what that means for the caller.

mod codes;

use std::fmt;

use crate::partition::Partition;

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
    /// CloudWatch Logs.
    Logs,
    /// Service Quotas.
    Quotas,
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
            Self::Logs => "logs",
            Self::Quotas => "servicequotas",
        }
    }
}

/// The name of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationName {
    pub(crate) service: Service,
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
}

impl OperationName {
    /// The service that it belongs to.
    pub fn service(self) -> Service {
        self.service
    }

    /// The action that IAM's policies allow it by, such as `ec2:CreateVpc`.
    pub fn action(self) -> String {
        format!("{}:{}", self.service.prefix(), self.action)
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
    /// The likely cause, where it is another than the code says.
    pub cause: Option<Cause>,
}

/// A cause that AWS's codes do not tell from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The clock of this machine is off, and so the signatures are not valid.
    Clock,
    /// The region has to be enabled in an account before it is used.
    Region,
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
        let (operation, code, message) = (operation.into(), code.to_owned(), message.into());
        Self { operation, code, message, cause: None }
    }

    /// The meaning of the error.
    pub fn class(&self) -> Class {
        codes::classify(&self.code, &self.message)
    }

    /// Returns true where the account lacks the role that the service makes for itself, or has it not yet.
    pub fn lacks_linked_role(&self) -> bool {
        codes::lacks_linked_role(&self.message)
    }

    /// The same error, of a call that IAM's policies allow by this action.
    pub(crate) fn of_action(mut self, action: &'static str) -> Self {
        self.operation.action = action;
        self
    }

    /// The same error; one about credentials with the region as its cause, where that may be.
    pub(crate) fn in_region(mut self, region: &str) -> Self {
        let may_be = self.class() == Class::Credentials && self.code != Self::NO_CREDENTIALS;
        let is_expired = self.code.starts_with("Expired");
        if may_be && !is_expired && self.cause.is_none() && Partition::must_enable(region) {
            let said = &self.message;
            self.message = format!("{said} (an account has to enable the region {region} first)");
            self.cause = Some(Cause::Region);
        }
        self
    }
}
