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
