//! The token buckets of the services: how many calls an account may make.

use std::collections::BTreeMap;

use crate::{Operation, Service};

use crate::world::assumption::Source;
use crate::world::store::Time;

/// A limit of a service on calls: a bucket of tokens that fills again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// The operations that share the bucket, as the documentation shows them.
    pub(crate) what: &'static str,
    /// Each operation has a bucket of its own.
    is_each: bool,
    /// Tokens at most.
    pub(crate) capacity: f64,
    /// Tokens a second.
    pub(crate) refill: f64,
    pub(crate) source: Source,
}

macro_rules! limits {
    ($($name:ident: $what:literal $is_each:literal $capacity:literal $refill:literal $source:ident;)*) => {
        $(const $name: Limit = Limit {
            what: $what, is_each: $is_each, capacity: $capacity, refill: $refill, source: Source::$source,
        };)*
        pub(crate) const LIMITS: &[Limit] = &[$($name),*];
    };
}

limits! {
    EC2_READ: "EC2: each Describe" true 100.0 20.0 Documents;
    EC2_UNFILTERED: "EC2: each Describe without a filter" true 50.0 10.0 Documents;
    EC2_WRITE: "EC2: each other operation" true 50.0 5.0 Documents;
    EC2_NAT: "EC2: CreateNatGateway, DeleteNatGateway" true 10.0 1.0 Documents;
    EC2_TAGS: "EC2: CreateTags" true 100.0 10.0 Documents;
    EC2_ENDPOINT: "EC2: CreateVpcEndpoint" true 4.0 0.3 Documents;
    ELB_READ: "Elastic Load Balancing: all Describes together" false 40.0 10.0 Documents;
    ELB_WRITE: "Elastic Load Balancing: all others together" false 20.0 3.0 Unverified;
    SCALING_READ: "Auto Scaling: all Describes together" false 100.0 20.0 Unverified;
    SCALING_WRITE: "Auto Scaling: all others together" false 50.0 5.0 Unverified;
    RDS_READ: "RDS: all Describes together" false 100.0 20.0 Unverified;
    RDS_WRITE: "RDS: all others together" false 50.0 5.0 Unverified;
    IAM_READ: "IAM: all reads together" false 100.0 20.0 Unverified;
    IAM_WRITE: "IAM: all writes together" false 50.0 10.0 Unverified;
    S3_BUCKETS: "S3: all bucket operations together" false 200.0 100.0 Unverified;
    LOGS: "CloudWatch Logs: each operation" true 10.0 5.0 Documents;
    OTHERS: "STS, SSM, Service Quotas: each operation" true 100.0 40.0 Unverified;
}

fn of(operation: Operation) -> Limit {
    use Operation as O;
    let name = operation.name();
    let is_read = ["Describe", "Get", "List", "Head"].iter().any(|verb| name.starts_with(verb));
    match (operation.service(), operation) {
        (_, O::DescribeAvailabilityZones | O::DescribeAccountAttributes) => EC2_UNFILTERED,
        (_, O::CreateNatGateway | O::DeleteNatGateway) => EC2_NAT,
        (_, O::CreateTags) => EC2_TAGS,
        (_, O::CreateVpcEndpoint) => EC2_ENDPOINT,
        (Service::Ec2, _) => [EC2_WRITE, EC2_READ][usize::from(is_read)],
        (Service::Elb, _) => [ELB_WRITE, ELB_READ][usize::from(is_read)],
        (Service::AutoScaling, _) => [SCALING_WRITE, SCALING_READ][usize::from(is_read)],
        (Service::Rds, _) => [RDS_WRITE, RDS_READ][usize::from(is_read)],
        (Service::Iam, _) => [IAM_WRITE, IAM_READ][usize::from(is_read)],
        (Service::S3, _) => S3_BUCKETS,
        (Service::Logs, _) => LOGS,
        (Service::Sts | Service::Ssm | Service::Quotas, _) => OTHERS,
    }
}

/// The buckets of an account.
#[derive(Debug, Default)]
pub(crate) struct Buckets(BTreeMap<(&'static str, Option<Operation>), (f64, Time)>);

impl Buckets {
    /// Takes a token for a call; false where there is none.
    pub(crate) fn take(&mut self, operation: Operation, now: Time) -> bool {
        let limit = of(operation);
        let key = (limit.what, limit.is_each.then_some(operation));
        let (tokens, since) = self.0.entry(key).or_insert((limit.capacity, now));
        let refilled = now.saturating_sub(*since).as_secs_f64() * limit.refill;
        *tokens = (*tokens + refilled).min(limit.capacity);
        *since = now;
        let is_enough = *tokens >= 1.0;
        if is_enough {
            *tokens -= 1.0;
        }
        is_enough
    }
}

/// The code of a service that has no token left.
pub(crate) fn throttling_code(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "RequestLimitExceeded",
        Service::S3 => "SlowDown",
        Service::Elb | Service::Ssm | Service::Logs => "ThrottlingException",
        Service::Quotas => "TooManyRequestsException",
        Service::AutoScaling | Service::Rds | Service::Iam | Service::Sts => "Throttling",
    }
}
