//! A real account, or whatever speaks AWS's protocols at `AWS_ENDPOINT_URL`: every operation by the AWS SDK for Rust.
//!
//! Nothing is tried again here, and nothing is decided: a method says in the SDK's types what its operation says in ours. The
//! one thing that it smooths is a search by name that finds nothing, which some services call an error and others an empty list.

mod autoscaling;
mod backend;
mod connect;
mod convert;
mod ec2;
mod elb;
mod error;
mod iam;
mod rds;
mod s3;
mod ssm;
mod sts;

use crate::{Api, CallFuture, Request, dispatch};

/// An account in a region, with whatever credentials the environment gives.
pub struct Sdk {
    autoscaling: aws_sdk_autoscaling::Client,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    iam: aws_sdk_iam::Client,
    rds: aws_sdk_rds::Client,
    s3: aws_sdk_s3::Client,
    ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
    region: String,
}

impl Api for Sdk {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(dispatch(self, request))
    }
}

impl std::fmt::Debug for Sdk {
    /// The region alone: a client's own form has more than a log should.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sdk").field("region", &self.region).finish_non_exhaustive()
    }
}
