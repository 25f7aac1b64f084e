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
    use super::*;
    use crate::kind::prelude::*;

    fn gateway(gateway: Element<'_>) -> NatGateway {
        let address = gateway.items("natGatewayAddressSet").next();
        let of_address = |name| address.and_then(|address| address.option(name));
        let failure = (gateway.option("failureCode"), gateway.option("failureMessage"));
        NatGateway {
            id: gateway.text("natGatewayId"),
            vpc: gateway.text("vpcId"),
            subnet: gateway.text("subnetId"),
            allocation: of_address("allocationId"),
            public_ip: of_address("publicIp"),
            state: gateway.text("state"),
            failure: match failure {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (code, message) => code.or(message),
            },
            created: gateway.parsed("createTime"),
            tags: gateway.tags(),
        }
    }

    query! { ec2
        create_nat_gateway(call: CreateNatGateway) {
            "SubnetId": call.subnet, "AllocationId": call.allocation,
            "ClientToken": call.client_token,
            "TagSpecification": tagged("natgateway", call.tags),
        } => |answer| answer.made("natGateway", gateway)?;
        pages describe_nat_gateways(DescribeNatGateways) by Filters::by("nat-gateway-id")
            => |answer| answer.each("natGatewaySet", gateway);
        delete_nat_gateway(call: DeleteNatGateway) { "NatGatewayId": call.gateway };
    }
}
