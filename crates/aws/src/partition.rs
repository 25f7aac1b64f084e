//! The partitions of AWS: groups of regions that share accounts, the beginning of ARNs, and a domain.

/// A partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The second part of an ARN, such as `aws`.
    pub id: &'static str,
    /// The domain of its endpoints, such as `amazonaws.com`.
    pub domain: &'static str,
}

/// The partition of all regions that no other has.
const COMMERCIAL: Partition = Partition { id: "aws", domain: "amazonaws.com" };

/// The beginning of a partition's regions, and the partition. Source: botocore, `partitions.json`, `regionRegex` and `dnsSuffix`.
const OTHERS: [(&str, Partition); 7] = [
    ("cn-", Partition { id: "aws-cn", domain: "amazonaws.com.cn" }),
    ("eusc-", Partition { id: "aws-eusc", domain: "amazonaws.eu" }),
    ("us-gov-", Partition { id: "aws-us-gov", domain: "amazonaws.com" }),
    ("us-iso-", Partition { id: "aws-iso", domain: "c2s.ic.gov" }),
    ("us-isob-", Partition { id: "aws-iso-b", domain: "sc2s.sgov.gov" }),
    ("eu-isoe-", Partition { id: "aws-iso-e", domain: "cloud.adc-e.uk" }),
    ("us-isof-", Partition { id: "aws-iso-f", domain: "csp.hci.ic.gov" }),
];

/// The regions of the commercial partition that every account has.
const ALWAYS_ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

impl Partition {
    /// The partition of a region, also of one that is new.
    pub fn of(region: &str) -> Self {
        OTHERS
            .iter()
            .find(|(prefix, _)| region.starts_with(prefix))
            .map_or(COMMERCIAL, |(_, partition)| *partition)
    }

    /// Returns true where an account has to enable a region before it is used, as all of the commercial partition that came after
    /// March 20, 2019. Source: "Enable or disable AWS Regions in your account".
    pub fn must_enable(region: &str) -> bool {
        Self::of(region) == COMMERCIAL && !ALWAYS_ENABLED.contains(&region)
    }

    /// The ARN of a bucket, or of what is in it: S3's have neither region nor account.
    pub fn s3(self, path: &str) -> String {
        format!("arn:{}:s3:::{path}", self.id)
    }

    /// The principal of EC2 in policies: the one service of ours that is named with the partition's domain.
    pub fn ec2(self) -> String {
        format!("ec2.{}", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_partition() {
        for (region, id, ec2) in [
            ("eu-central-1", "aws", "ec2.amazonaws.com"),
            ("us-east-1", "aws", "ec2.amazonaws.com"),
            ("mx-central-1", "aws", "ec2.amazonaws.com"),
            ("cn-north-1", "aws-cn", "ec2.amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "ec2.amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "ec2.c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "ec2.sc2s.sgov.gov"),
            ("eusc-de-east-1", "aws-eusc", "ec2.amazonaws.eu"),
        ] {
            let partition = Partition::of(region);
            assert_eq!((partition.id, partition.ec2().as_str()), (id, ec2), "{region}");
        }
    }
}
