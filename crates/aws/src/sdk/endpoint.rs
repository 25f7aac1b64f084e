//! The endpoints of the services that have no crate of the SDK here, as the rule sets in the SDK's crates for them have them.

use aws_config::{Region, SdkConfig};
use aws_sdk_rds::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_types::service_config::ServiceConfigKey;

use crate::partition::Partition;

/// The address of a service, and the region that its requests are signed for.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Empty where the partition has none such; then a request fails, and says so.
    pub(super) url: String,
    pub(super) signing_region: Option<Region>,
}

impl Endpoint {
    /// The endpoint of a service by its id in the SDK's configuration and its name in hosts: `AWS_ENDPOINT_URL_<SERVICE>`,
    /// `AWS_ENDPOINT_URL`, the same of a profile, or that of the region.
    pub(super) async fn of(config: &SdkConfig, id: &str, name: &str) -> Self {
        let signing_region = config.region().cloned();
        if let Some(url) = given(config, id) {
            return Self { url, signing_region };
        }
        if id == "IAM" {
            return global(config);
        }
        Self { url: regional(config, name).await, signing_region }
    }
}

/// The endpoint that was asked for.
fn given(config: &SdkConfig, id: &str) -> Option<String> {
    let of_the_service = || {
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL");
        config.service_config()?.load_config(key.profile("endpoint_url").build().ok()?)
    };
    let is_given = config.get_origin("endpoint_url").is_client_config();
    let named = if is_given { None } else { of_the_service() };
    named.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The endpoint of a region.
///
/// The rules by which regions, partitions, FIPS and dual stack make up a host's name are those of RDS, word for word, but for the
/// service's name: the rule sets of RDS, EC2, Auto Scaling, Elastic Load Balancing and SSM in the SDK say so.
async fn regional(config: &SdkConfig, name: &str) -> String {
    let parameters = Params::builder()
        .set_region(config.region().map(ToString::to_string))
        .set_use_fips(config.use_fips())
        .set_use_dual_stack(config.use_dual_stack())
        .build();
    let found = match parameters {
        Ok(parameters) => DefaultResolver::new().resolve_endpoint(&parameters).await.ok(),
        Err(_) => None,
    };
    let url = found.map(|endpoint| endpoint.url().replacen("//rds", &format!("//{name}"), 1));
    url.unwrap_or_default()
}

/// IAM's endpoints: it is one for all regions of a partition. The partition; the region that signatures are for; and the host,
/// that with FIPS, with dual stack, with both. Source: the endpoint rule set of IAM in `aws-sdk-iam` 1.133.0.
const IAM: [(&str, &str, [&str; 4]); 8] = [
    (
        "aws",
        "us-east-1",
        [
            "iam.amazonaws.com",
            "iam-fips.amazonaws.com",
            "iam.global.api.aws",
            "iam-fips.global.api.aws",
        ],
    ),
    (
        "aws-cn",
        "cn-north-1",
        [
            "iam.cn-north-1.amazonaws.com.cn",
            "iam-fips.amazonaws.com.cn",
            "iam.global.api.amazonwebservices.com.cn",
            "iam-fips.api.amazonwebservices.com.cn",
        ],
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        [
            "iam.eusc-de-east-1.amazonaws.eu",
            "iam-fips.amazonaws.eu",
            "iam.global.api.amazonwebservices.eu",
            "iam-fips.api.amazonwebservices.eu",
        ],
    ),
    (
        "aws-us-gov",
        "us-gov-west-1",
        [
            "iam.us-gov.amazonaws.com",
            "iam.us-gov.amazonaws.com",
            "iam.us-gov.api.aws",
            "iam.us-gov.api.aws",
        ],
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        [
            "iam.us-iso-east-1.c2s.ic.gov",
            "iam-fips.us-iso-east-1.c2s.ic.gov",
            "iam.api.aws.ic.gov",
            "iam-fips.api.aws.ic.gov",
        ],
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        [
            "iam.us-isob-east-1.sc2s.sgov.gov",
            "iam-fips.us-isob-east-1.sc2s.sgov.gov",
            "iam.api.aws.scloud",
            "iam-fips.api.aws.scloud",
        ],
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        [
            "iam.eu-isoe-west-1.cloud.adc-e.uk",
            "iam-fips.cloud.adc-e.uk",
            "iam.api.cloud-aws.adc-e.uk",
            "iam-fips.api.cloud-aws.adc-e.uk",
        ],
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        [
            "iam.us-isof-south-1.csp.hci.ic.gov",
            "iam-fips.csp.hci.ic.gov",
            "iam.api.aws.hci.ic.gov",
            "iam-fips.api.aws.hci.ic.gov",
        ],
    ),
];

fn global(config: &SdkConfig) -> Endpoint {
    let partition = Partition::of(config.region().map_or("", |region| region.as_ref()));
    let of = IAM.iter().find(|(id, ..)| *id == partition.id);
    let number = usize::from(config.use_fips() == Some(true))
        + 2 * usize::from(config.use_dual_stack() == Some(true));
    Endpoint {
        url: of.map(|(.., hosts)| format!("https://{}", hosts[number])).unwrap_or_default(),
        signing_region: of.map(|(_, region, _)| Region::from_static(region)),
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};

    use super::*;

    async fn of(service: &str, region: &'static str, fips: bool, dual_stack: bool) -> Endpoint {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(region))
            .use_fips(fips)
            .use_dual_stack(dual_stack);
        Endpoint::of(&config.build(), service, &service.to_lowercase()).await
    }

    /// From the tests of the endpoint rule set of EC2 in `aws-sdk-ec2`.
    #[tokio::test]
    async fn endpoints_are_those_of_ec2s_own_rules() {
        for (region, fips, dual_stack, right) in [
            ("eu-central-1", false, false, "https://ec2.eu-central-1.amazonaws.com"),
            ("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com"),
            ("us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws"),
            ("us-west-2", false, true, "https://ec2.us-west-2.api.aws"),
            ("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", false, true, "https://ec2.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-gov-east-1", true, false, "https://ec2.us-gov-east-1.amazonaws.com"),
            ("us-gov-west-1", false, false, "https://ec2.us-gov-west-1.amazonaws.com"),
            ("us-iso-east-1", true, false, "https://ec2-fips.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            assert_eq!(of("EC2", region, fips, dual_stack).await.url, right);
        }
    }

    /// As the rule set of IAM in `aws-sdk-iam` resolved them.
    #[tokio::test]
    async fn iam_has_one_endpoint_for_a_partition() {
        for (region, fips, dual_stack, right, signed_for) in [
            ("eu-central-1", false, false, "https://iam.amazonaws.com", "us-east-1"),
            ("us-east-1", true, false, "https://iam-fips.amazonaws.com", "us-east-1"),
            ("mx-central-1", false, true, "https://iam.global.api.aws", "us-east-1"),
            ("us-west-2", true, true, "https://iam-fips.global.api.aws", "us-east-1"),
            (
                "cn-northwest-1",
                false,
                false,
                "https://iam.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (
                "cn-north-1",
                false,
                true,
                "https://iam.global.api.amazonwebservices.com.cn",
                "cn-north-1",
            ),
            ("us-gov-east-1", false, false, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("us-gov-west-1", true, true, "https://iam.us-gov.api.aws", "us-gov-west-1"),
            (
                "us-iso-west-1",
                true,
                false,
                "https://iam-fips.us-iso-east-1.c2s.ic.gov",
                "us-iso-east-1",
            ),
            (
                "us-isob-east-1",
                false,
                false,
                "https://iam.us-isob-east-1.sc2s.sgov.gov",
                "us-isob-east-1",
            ),
            ("eu-isoe-west-1", false, true, "https://iam.api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
            (
                "us-isof-east-1",
                false,
                false,
                "https://iam.us-isof-south-1.csp.hci.ic.gov",
                "us-isof-south-1",
            ),
            (
                "eusc-de-east-1",
                false,
                false,
                "https://iam.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
            ),
        ] {
            let Endpoint { url, signing_region } = of("IAM", region, fips, dual_stack).await;
            assert_eq!(url, right);
            assert_eq!(signing_region, Some(Region::from_static(signed_for)), "{region}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_is_given_is_taken() {
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:5000");
        let config = config.region(Region::from_static("eu-central-1")).build();
        for (id, name) in [("EC2", "ec2"), ("IAM", "iam")] {
            let Endpoint { url, signing_region } = Endpoint::of(&config, id, name).await;
            assert_eq!(url, "http://127.0.0.1:5000");
            assert_eq!(signing_region, config.region().cloned());
        }
    }
}
