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
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn endpoint(endpoint: types::VpcEndpoint) -> VpcEndpoint {
        VpcEndpoint {
            // Some states are written `Available`, others `available`.
            state: name(endpoint.state.as_ref()).to_ascii_lowercase(),
            id: text(endpoint.vpc_endpoint_id),
            vpc: text(endpoint.vpc_id),
            service: text(endpoint.service_name),
            route_tables: set(endpoint.route_table_ids),
            tags: ec2::tags(endpoint.tags),
        }
    }

    requests! { ec2
        create_vpc_endpoint(call: CreateVpcEndpoint) {
            vpc_id(call.vpc) service_name(call.service)
            vpc_endpoint_type(types::VpcEndpointType::Gateway)
            set_route_table_ids(Some(call.route_tables.into_iter().collect()))
            client_token(call.client_token)
            tag_specifications(ec2::tagged(types::ResourceType::VpcEndpoint, call.tags))
        } => |answer| made(Operation::CreateVpcEndpoint, answer.vpc_endpoint, endpoint)?;
        pages describe_vpc_endpoints.set_filters(DescribeVpcEndpoints) by Filters::by("vpc-endpoint-id")
            => |answer| each(answer.vpc_endpoints, endpoint);
        modify_vpc_endpoint(call: ModifyVpcEndpoint) {
            vpc_endpoint_id(call.endpoint) set_add_route_table_ids(filled(call.add_route_tables))
            set_remove_route_table_ids(filled(call.remove_route_tables))
        };
        delete_vpc_endpoints(call: DeleteVpcEndpoints) { vpc_endpoint_ids(call.endpoint) }
            => |answer| ec2::all_successful(Operation::DeleteVpcEndpoints, answer.unsuccessful)?;
    }
}
