use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_sts::config::IdentityCache;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls;

use super::Sdk;

/// For a connection to be there.
const CONNECT: Duration = Duration::from_secs(5);
/// For a call to be answered. AWS answers most within one second; creating a database cluster takes it some.
const OPERATION: Duration = Duration::from_mins(1);
/// For credentials to be found: a token of single sign-on or another role is a call or two away. Where there are none and no
/// instance metadata either, this is also how long it takes to say so.
const CREDENTIALS: Duration = Duration::from_secs(10);

impl Sdk {
    /// Connects to a region. Makes no call to it: without credentials, the first call fails with
    /// [`ApiError::NO_CREDENTIALS`](crate::ApiError::NO_CREDENTIALS).
    ///
    /// Credentials, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are read as every SDK of AWS reads them.
    pub async fn connect(region: &str) -> Self {
        Self::with(Self::loader(region)).await
    }

    /// What [`Sdk::connect`] connects with: for whoever has an endpoint or credentials that the environment does not name.
    pub fn loader(region: &str) -> ConfigLoader {
        let client = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(OPERATION);
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(client)
            // The executor tries again, by its own rules and where everyone can see it.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS).build())
    }

    /// Connects with this configuration.
    pub async fn with(loader: ConfigLoader) -> Self {
        let config = loader.load().await;
        Self {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            rds: aws_sdk_rds::Client::new(&config),
            s3: s3(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
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
