//! Internet gateways.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGateway {
    pub id: String,
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
    pub tags: Tags,
}

operations! {
    CreateInternetGateway { tags: Tags } -> InternetGateway;
    DescribeInternetGateways { select: Select, page: Option<String> } -> Page<InternetGateway>;
    AttachInternetGateway { gateway: String, vpc: String } -> ();
    DetachInternetGateway { gateway: String, vpc: String } -> ();
    DeleteInternetGateway { gateway: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn gateway(gateway: Element<'_>) -> InternetGateway {
        InternetGateway {
            id: gateway.text("internetGatewayId"),
            vpc: gateway.items("attachmentSet").find_map(|found| found.option("vpcId")),
            tags: gateway.tags(),
        }
    }

    query! { ec2
        create_internet_gateway(call: CreateInternetGateway) {
            "TagSpecification": tagged("internet-gateway", call.tags),
        } => |answer| answer.made("internetGateway", gateway)?;
        pages describe_internet_gateways(DescribeInternetGateways)
            by Filters { vpc: Some("attachment.vpc-id"), ..Filters::by("internet-gateway-id") }
            => |answer| answer.each("internetGatewaySet", gateway);
        attach_internet_gateway(call: AttachInternetGateway) {
            "InternetGatewayId": call.gateway, "VpcId": call.vpc,
        };
        detach_internet_gateway(call: DetachInternetGateway) {
            "InternetGatewayId": call.gateway, "VpcId": call.vpc,
        };
        delete_internet_gateway(call: DeleteInternetGateway) { "InternetGatewayId": call.gateway };
    }
}
