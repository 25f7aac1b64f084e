//! VPCs and their attributes.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub id: String,
    pub cidr: String,
    /// `pending` or `available`.
    pub state: String,
    pub is_default: bool,
    pub tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VpcAttribute {
    DnsSupport,
    DnsHostnames,
}

operations! {
    CreateVpc { cidr: String, tags: Tags } -> Vpc;
    DescribeVpcs { select: Select, page: Option<String> } -> Page<Vpc>;
    DescribeVpcAttribute { vpc: String, attribute: VpcAttribute } -> bool;
    ModifyVpcAttribute { vpc: String, attribute: VpcAttribute, value: bool } -> ();
    DeleteVpc { vpc: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn vpc(vpc: types::Vpc) -> Vpc {
        Vpc {
            state: name(vpc.state.as_ref()),
            id: text(vpc.vpc_id),
            cidr: text(vpc.cidr_block),
            is_default: vpc.is_default.unwrap_or_default(),
            tags: ec2::tags(vpc.tags),
        }
    }

    requests! { ec2
        create_vpc(call: CreateVpc) {
            cidr_block(call.cidr)
            tag_specifications(ec2::tagged(types::ResourceType::Vpc, call.tags))
        } => |answer| made(Operation::CreateVpc, answer.vpc, vpc)?;
        pages describe_vpcs.set_filters(DescribeVpcs) by Filters::by("vpc-id")
            => |answer| each(answer.vpcs, vpc);
        modify_vpc_attribute(call: ModifyVpcAttribute) {
            vpc_id(call.vpc)
            set_enable_dns_support((call.attribute == VpcAttribute::DnsSupport).then(|| ec2::switch(call.value)))
            set_enable_dns_hostnames((call.attribute == VpcAttribute::DnsHostnames).then(|| ec2::switch(call.value)))
        };
        delete_vpc(call: DeleteVpc) { vpc_id(call.vpc) };
    }

    impl Sdk {
        pub(crate) async fn describe_vpc_attribute(
            &self,
            call: DescribeVpcAttribute,
        ) -> Result<bool, ApiError> {
            use types::VpcAttributeName::{EnableDnsHostnames, EnableDnsSupport};
            let request = self.ec2.describe_vpc_attribute().vpc_id(call.vpc);
            let request = request.attribute(match call.attribute {
                VpcAttribute::DnsSupport => EnableDnsSupport,
                VpcAttribute::DnsHostnames => EnableDnsHostnames,
            });
            let answer = request.send().await.answer(Operation::DescribeVpcAttribute)?;
            let attribute = match call.attribute {
                VpcAttribute::DnsSupport => answer.enable_dns_support,
                VpcAttribute::DnsHostnames => answer.enable_dns_hostnames,
            };
            Ok(attribute.and_then(|attribute| attribute.value).unwrap_or_default())
        }
    }
}
