//! NAT gateways.

pub(crate) mod simulated;

use crate::page::prelude::*;

use jiff::Timestamp;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    pub allocation: Option<String>,
    pub public_ip: Option<String>,
    /// `pending`, `available`, `failed`, `deleting` or `deleted`; the last two and `failed` stay visible for an hour.
    pub state: String,
    pub failure: Option<String>,
    pub created: Option<Timestamp>,
    pub tags: Tags,
}

operations! {
    CreateNatGateway { subnet: String, allocation: String, client_token: String, tags: Tags } -> NatGateway;
    DescribeNatGateways { select: Select, page: Option<String> } -> Page<NatGateway>;
    DeleteNatGateway { gateway: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn gateway(gateway: types::NatGateway) -> NatGateway {
        let address = gateway.nat_gateway_addresses.unwrap_or_default().into_iter().next();
        let (allocation, public_ip) =
            address.map_or((None, None), |address| (address.allocation_id, address.public_ip));
        NatGateway {
            state: name(gateway.state.as_ref()),
            id: text(gateway.nat_gateway_id),
            vpc: text(gateway.vpc_id),
            subnet: text(gateway.subnet_id),
            allocation,
            public_ip,
            failure: match (gateway.failure_code, gateway.failure_message) {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (code, message) => code.or(message),
            },
            created: gateway.create_time.and_then(|time| Timestamp::from_second(time.secs()).ok()),
            tags: ec2::tags(gateway.tags),
        }
    }

    requests! { ec2
        create_nat_gateway(call: CreateNatGateway) {
            subnet_id(call.subnet) allocation_id(call.allocation) client_token(call.client_token)
            tag_specifications(ec2::tagged(types::ResourceType::Natgateway, call.tags))
        } => |answer| made(Operation::CreateNatGateway, answer.nat_gateway, gateway)?;
        pages describe_nat_gateways.set_filter(DescribeNatGateways) by Filters::by("nat-gateway-id")
            => |answer| each(answer.nat_gateways, gateway);
        delete_nat_gateway(call: DeleteNatGateway) { nat_gateway_id(call.gateway) };
    }
}
