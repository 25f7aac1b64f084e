//! Application load balancers with their attributes.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    pub arn: String,
    pub name: String,
    pub dns_name: String,
    pub scheme: String,
    pub vpc: String,
    pub subnets: BTreeSet<String>,
    pub security_groups: BTreeSet<String>,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
}

/// Name to value, as `deletion_protection.enabled` to `true`.
pub type Attributes = BTreeMap<String, String>;

operations! {
    CreateLoadBalancer {
        name: String,
        subnets: BTreeSet<String>,
        security_groups: BTreeSet<String>,
        tags: Tags,
    } -> LoadBalancer;
    DescribeLoadBalancers { name: String } -> Vec<LoadBalancer>;
    SetSubnets { load_balancer: String, subnets: BTreeSet<String> } -> ();
    SetSecurityGroups { load_balancer: String, security_groups: BTreeSet<String> } -> ();
    DescribeLoadBalancerAttributes { load_balancer: String } -> Attributes;
    ModifyLoadBalancerAttributes { load_balancer: String, attributes: Attributes } -> ();
    DeleteLoadBalancer { load_balancer: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_elasticloadbalancingv2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn load_balancer(found: types::LoadBalancer) -> LoadBalancer {
        let zones = found.availability_zones.unwrap_or_default().into_iter();
        LoadBalancer {
            scheme: name(found.scheme.as_ref()),
            state: name(found.state.and_then(|state| state.code).as_ref()),
            arn: text(found.load_balancer_arn),
            name: text(found.load_balancer_name),
            dns_name: text(found.dns_name),
            vpc: text(found.vpc_id),
            subnets: zones.filter_map(|zone| zone.subnet_id).collect(),
            security_groups: set(found.security_groups),
        }
    }

    fn to_attribute((name, value): (String, String)) -> types::LoadBalancerAttribute {
        types::LoadBalancerAttribute::builder().key(name).value(value).build()
    }

    fn attributes(found: Option<Vec<types::LoadBalancerAttribute>>) -> Attributes {
        let found = found.unwrap_or_default().into_iter();
        tags_from(found.map(|attribute| (attribute.key, attribute.value)))
    }

    requests! { elb
        create_load_balancer(call: CreateLoadBalancer) {
            name(call.name) r#type(types::LoadBalancerTypeEnum::Application)
            scheme(types::LoadBalancerSchemeEnum::InternetFacing)
            ip_address_type(types::IpAddressType::Ipv4)
            set_subnets(Some(call.subnets.into_iter().collect()))
            set_security_groups(Some(call.security_groups.into_iter().collect()))
            set_tags(Some(elb::to_tags(call.tags)))
        } => |answer| made(Operation::CreateLoadBalancer, first(answer.load_balancers), load_balancer)?;
        find describe_load_balancers(call: DescribeLoadBalancers) {
            names(call.name)
        } or "LoadBalancerNotFound" => |answer| each(answer.load_balancers, load_balancer);
        set_subnets(call: SetSubnets) {
            load_balancer_arn(call.load_balancer)
            set_subnets(Some(call.subnets.into_iter().collect()))
        };
        set_security_groups(call: SetSecurityGroups) {
            load_balancer_arn(call.load_balancer)
            set_security_groups(Some(call.security_groups.into_iter().collect()))
        };
        describe_load_balancer_attributes(call: DescribeLoadBalancerAttributes) {
            load_balancer_arn(call.load_balancer)
        } => |answer| attributes(answer.attributes);
        modify_load_balancer_attributes(call: ModifyLoadBalancerAttributes) {
            load_balancer_arn(call.load_balancer)
            set_attributes(Some(call.attributes.into_iter().map(to_attribute).collect()))
        };
        delete_load_balancer(call: DeleteLoadBalancer) { load_balancer_arn(call.load_balancer) };
    }
}
