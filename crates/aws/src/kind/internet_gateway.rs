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
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn gateway(gateway: types::InternetGateway) -> InternetGateway {
        InternetGateway {
            id: text(gateway.internet_gateway_id),
            vpc: gateway.attachments.unwrap_or_default().into_iter().find_map(|found| found.vpc_id),
            tags: ec2::tags(gateway.tags),
        }
    }

    requests! { ec2
        create_internet_gateway(call: CreateInternetGateway) {
            tag_specifications(ec2::tagged(types::ResourceType::InternetGateway, call.tags))
        } => |answer| made(Operation::CreateInternetGateway, answer.internet_gateway, gateway)?;
        pages describe_internet_gateways.set_filters(DescribeInternetGateways)
            by Filters { vpc: Some("attachment.vpc-id"), ..Filters::by("internet-gateway-id") }
            => |answer| each(answer.internet_gateways, gateway);
        attach_internet_gateway(call: AttachInternetGateway) {
            internet_gateway_id(call.gateway) vpc_id(call.vpc)
        };
        detach_internet_gateway(call: DetachInternetGateway) {
            internet_gateway_id(call.gateway) vpc_id(call.vpc)
        };
        delete_internet_gateway(call: DeleteInternetGateway) { internet_gateway_id(call.gateway) };
    }
}
