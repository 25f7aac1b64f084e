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
    use super::*;
    use crate::kind::prelude::*;

    fn load_balancer(found: Element<'_>) -> LoadBalancer {
        let zones = found.items("AvailabilityZones");
        LoadBalancer {
            arn: found.text("LoadBalancerArn"),
            name: found.text("LoadBalancerName"),
            dns_name: found.text("DNSName"),
            scheme: found.text("Scheme"),
            vpc: found.text("VpcId"),
            subnets: zones.filter_map(|zone| zone.option("SubnetId")).collect(),
            security_groups: found.texts("SecurityGroups"),
            state: found.child("State").text("Code"),
        }
    }

    query! { elb
        create_load_balancer(call: CreateLoadBalancer) {
            "Name": call.name, "Type": "application", "Scheme": "internet-facing",
            "IpAddressType": "ipv4", "Subnets": call.subnets,
            "SecurityGroups": call.security_groups, "Tags": pairs(call.tags),
        } => |answer| answer.child("LoadBalancers").made("member", load_balancer)?;
        find describe_load_balancers(call: DescribeLoadBalancers) {
            "Names": vec![call.name],
        } or "LoadBalancerNotFound" => |answer| answer.each("LoadBalancers", load_balancer);
        set_subnets(call: SetSubnets) {
            "LoadBalancerArn": call.load_balancer, "Subnets": call.subnets,
        };
        set_security_groups(call: SetSecurityGroups) {
            "LoadBalancerArn": call.load_balancer, "SecurityGroups": call.security_groups,
        };
        describe_load_balancer_attributes(call: DescribeLoadBalancerAttributes) {
            "LoadBalancerArn": call.load_balancer,
        } => |answer| answer.pairs("Attributes");
        modify_load_balancer_attributes(call: ModifyLoadBalancerAttributes) {
            "LoadBalancerArn": call.load_balancer, "Attributes": pairs(call.attributes),
        };
        delete_load_balancer(call: DeleteLoadBalancer) { "LoadBalancerArn": call.load_balancer };
    }
}
