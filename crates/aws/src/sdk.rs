//! A real account, or whatever speaks AWS's protocols at `AWS_ENDPOINT_URL`: every operation by the AWS SDK for Rust, by its
//! runtime alone but for those of RDS, S3 and STS.
//!
//! Nothing is tried again here, and nothing is decided: each operation, in the file of its kind, says in the SDK's types what it
//! says in ours. The one thing that is smoothed is a search by name that finds nothing, which some services call an error and
//! others an empty list.

mod convert;
mod ec2;
mod endpoint;
mod error;
mod http;
pub(crate) mod json;
pub(crate) mod query;
mod runtime;

/// The SDK's own configuration, credentials and client of S3, for tests that need other than [`Sdk::connect`] makes.
pub use {aws_config, aws_credential_types, aws_sdk_s3};

use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_sts::config::IdentityCache;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;

/// The names that every operation uses.
pub(crate) mod prelude {
    pub(crate) use super::convert::{each, filled, made, next, rds, set, tags_from, text};
    pub(crate) use super::ec2::{Filters, all_successful, tagged};
    pub(crate) use super::error::{Answer, OrNone, invalid};
    pub(crate) use super::query::{Element, Parameter, pairs, query, structure};
    pub(crate) use super::{Sdk, requests};
    pub(crate) use crate::error::ApiError;
}

/// Carries out operations by one request each: `method(call: Operation) { argument(value) … } => |answer| value;`, where what is
/// answered may be left out.
///
/// The client's method is also ours, unless `as` names another. `find` is a search by name: its answer is empty where the service
/// answers the code after `or`.
macro_rules! requests {
    ($client:ident) => {};
    ($client:ident find $method:ident($call:ident: $type:ty) { $($set:ident($sent:expr))* } or $missing:literal
        => |$answer:ident| $value:expr; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let request = self.$client.$method()$(.$set($sent))*;
                let answer = request.send().await.answer(<$type as Call>::OPERATION);
                Ok(answer.or_none(&[$missing])?.map(|$answer| $value).unwrap_or_default())
            }
        }
        requests! { $client $($rest)* }
    };
    ($client:ident $method:ident($($call:tt)*) $arguments:tt $(=> |$answer:ident| $value:expr)?; $($rest:tt)*) => {
        requests! {
            $client $method as $method($($call)*) $arguments $(=> |$answer| $value)?; $($rest)*
        }
    };
    ($client:ident $method:ident as $ours:ident($call:ident: $type:ty) { $($set:ident($sent:expr))* }
        $(=> |$answer:ident| $value:expr)?; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $ours(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let request = self.$client.$method()$(.$set($sent))*;
                let answer = request.send().await.answer(<$type as Call>::OPERATION)?;
                requests!(@says answer $(|$answer| $value)?)
            }
        }
        requests! { $client $($rest)* }
    };
    (@says $got:ident |$answer:ident| $value:expr) => {{
        let $answer = $got;
        Ok($value)
    }};
    (@says $got:ident) => {{
        let _ = $got;
        Ok(())
    }};
}

pub(crate) use requests;

/// The time that a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The time that an answer may take. AWS answers most within one second; creating a database cluster takes it some.
const OPERATION: Duration = Duration::from_mins(1);
/// The time that finding credentials may take: a token of single sign-on or another role is a call or two away. Where there are
/// none, and no instance metadata either, it is also the time until an error says so.
const CREDENTIALS: Duration = Duration::from_secs(10);

/// An account in a region, with the credentials that the environment gives.
pub struct Sdk {
    pub(crate) autoscaling: query::Client,
    pub(crate) ec2: query::Client,
    pub(crate) elb: query::Client,
    pub(crate) iam: query::Client,
    pub(crate) logs: json::Client,
    pub(crate) quotas: json::Client,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) ssm: json::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) region: String,
}

impl std::fmt::Debug for Sdk {
    /// The region alone: a client's own form has more than a log should.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sdk").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Sdk {
    /// Connects to a region. Makes no call to it: without credentials, the first call fails with
    /// [`ApiError::NO_CREDENTIALS`](crate::ApiError::NO_CREDENTIALS).
    ///
    /// Credentials, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are read as every SDK of AWS reads them,
    /// `HTTPS_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE` as its command line does.
    ///
    /// # Errors
    /// `AWS_CA_BUNDLE` names a file without certificates.
    pub async fn connect(region: &str) -> Result<Self, String> {
        Ok(Self::with(Self::loader(region)?).await)
    }

    /// The configuration that [`Sdk::connect`] connects with: for an endpoint or credentials that the environment does not name.
    ///
    /// # Errors
    /// Those of [`Sdk::connect`].
    pub fn loader(region: &str) -> Result<ConfigLoader, String> {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(OPERATION);
        Ok(aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(http::client()?)
            // The executor tries again, by its own rules and where everyone can see it.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS).build()))
    }

    /// Connects with this configuration.
    pub async fn with(loader: ConfigLoader) -> Self {
        let config = loader.load().await;
        Self {
            autoscaling: query::Client::new(&config, query::AUTO_SCALING).await,
            ec2: query::Client::new(&config, query::EC2).await,
            elb: query::Client::new(&config, query::ELB).await,
            iam: query::Client::new(&config, query::IAM).await,
            logs: json::Client::new(&config, json::LOGS).await,
            quotas: json::Client::new(&config, json::QUOTAS).await,
            rds: aws_sdk_rds::Client::new(&config),
            s3: s3(&config),
            ssm: json::Client::new(&config, json::SSM).await,
            sts: aws_sdk_sts::Client::new(&config),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Buckets are hosts' names at AWS. An emulator is one host, so there they are the first part of the path.
fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let is_elsewhere =
        config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(is_elsewhere).build();
    aws_sdk_s3::Client::from_conf(config)
}
