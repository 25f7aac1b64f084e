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
    use super::*;
    use crate::kind::prelude::*;

    fn vpc(vpc: Element<'_>) -> Vpc {
        Vpc {
            id: vpc.text("vpcId"),
            cidr: vpc.text("cidrBlock"),
            state: vpc.text("state"),
            is_default: vpc.parsed("isDefault").unwrap_or_default(),
            tags: vpc.tags(),
        }
    }

    query! { ec2
        create_vpc(call: CreateVpc) {
            "CidrBlock": call.cidr, "TagSpecification": tagged("vpc", call.tags),
        } => |answer| answer.made("vpc", vpc)?;
        pages describe_vpcs(DescribeVpcs) by Filters::by("vpc-id")
            => |answer| answer.each("vpcSet", vpc);
        modify_vpc_attribute(call: ModifyVpcAttribute) {
            "VpcId": call.vpc,
            "EnableDnsSupport.Value":
                (call.attribute == VpcAttribute::DnsSupport).then_some(call.value),
            "EnableDnsHostnames.Value":
                (call.attribute == VpcAttribute::DnsHostnames).then_some(call.value),
        };
        delete_vpc(call: DeleteVpc) { "VpcId": call.vpc };
        describe_vpc_attribute(call: DescribeVpcAttribute) {
            "VpcId": call.vpc, "Attribute": attribute(call.attribute),
        } => |answer| {
            answer.child(attribute(call.attribute)).parsed("value").unwrap_or_default()
        };
    }

    fn attribute(attribute: VpcAttribute) -> &'static str {
        match attribute {
            VpcAttribute::DnsSupport => "enableDnsSupport",
            VpcAttribute::DnsHostnames => "enableDnsHostnames",
        }
    }
}
