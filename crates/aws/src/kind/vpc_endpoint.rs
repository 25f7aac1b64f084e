//! Gateway endpoints, by which a VPC reaches a service without the internet.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    pub id: String,
    pub vpc: String,
    pub service: String,
    pub route_tables: BTreeSet<String>,
    /// `pending`, `available`, `deleting`, `deleted`, `failed`.
    pub state: String,
    pub tags: Tags,
}

operations! {
    CreateVpcEndpoint {
        vpc: String,
        service: String,
        route_tables: BTreeSet<String>,
        client_token: String,
        tags: Tags,
    } -> VpcEndpoint;
    DescribeVpcEndpoints { select: Select, page: Option<String> } -> Page<VpcEndpoint>;
    ModifyVpcEndpoint {
        endpoint: String,
        add_route_tables: BTreeSet<String>,
        remove_route_tables: BTreeSet<String>,
    } -> ();
    DeleteVpcEndpoints { endpoint: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn endpoint(endpoint: Element<'_>) -> VpcEndpoint {
        VpcEndpoint {
            id: endpoint.text("vpcEndpointId"),
            vpc: endpoint.text("vpcId"),
            service: endpoint.text("serviceName"),
            route_tables: endpoint.texts("routeTableIdSet"),
            // Some states are written `Available`, others `available`.
            state: endpoint.text("state").to_ascii_lowercase(),
            tags: endpoint.tags(),
        }
    }

    query! { ec2
        create_vpc_endpoint(call: CreateVpcEndpoint) {
            "VpcId": call.vpc, "ServiceName": call.service, "VpcEndpointType": "Gateway",
            "RouteTableId": call.route_tables, "ClientToken": call.client_token,
            "TagSpecification": tagged("vpc-endpoint", call.tags),
        } => |answer| answer.made("vpcEndpoint", endpoint)?;
        pages describe_vpc_endpoints(DescribeVpcEndpoints) by Filters::by("vpc-endpoint-id")
            => |answer| answer.each("vpcEndpointSet", endpoint);
        modify_vpc_endpoint(call: ModifyVpcEndpoint) {
            "VpcEndpointId": call.endpoint, "AddRouteTableId": call.add_route_tables,
            "RemoveRouteTableId": call.remove_route_tables,
        };
        delete_vpc_endpoints(call: DeleteVpcEndpoints) {
            "VpcEndpointId": vec![call.endpoint],
        } => |answer| all_successful(answer)?;
    }
}
