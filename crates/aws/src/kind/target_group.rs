//! Target groups with their attributes, and the health of their targets.

pub(crate) mod simulated;

use crate::page::prelude::*;

use super::Attributes;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// None: that of the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    pub path: String,
    /// The status codes that count as healthy, such as `200`.
    pub matcher: String,
    pub interval_s: i32,
    pub timeout_s: i32,
    pub healthy: i32,
    pub unhealthy: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    pub arn: String,
    pub name: String,
    pub vpc: String,
    pub protocol: String,
    pub port: i32,
    pub health_check: HealthCheck,
    pub load_balancers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    /// The instance.
    pub target: String,
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`.
    pub state: String,
    /// The reason why it is not healthy.
    pub reason: Option<String>,
}

operations! {
    CreateTargetGroup {
        name: String,
        vpc: String,
        protocol: String,
        port: i32,
        health_check: HealthCheck,
        tags: Tags,
    } -> TargetGroup;
    DescribeTargetGroups { name: String } -> Vec<TargetGroup>;
    ModifyTargetGroup { target_group: String, health_check: HealthCheck } -> ();
    DescribeTargetGroupAttributes { target_group: String } -> Attributes;
    ModifyTargetGroupAttributes { target_group: String, attributes: Attributes } -> ();
    DeleteTargetGroup { target_group: String } -> ();
    DescribeTargetHealth { target_group: String } -> Vec<TargetHealth>;
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    /// The word for the port that the traffic goes to.
    const TRAFFIC_PORT: &str = "traffic-port";

    fn target_group(found: Element<'_>) -> TargetGroup {
        let number = |name| found.parsed(name).unwrap_or_default();
        TargetGroup {
            arn: found.text("TargetGroupArn"),
            name: found.text("TargetGroupName"),
            vpc: found.text("VpcId"),
            protocol: found.text("Protocol"),
            port: number("Port"),
            health_check: HealthCheck {
                port: found.option("HealthCheckPort").and_then(|port| port.parse().ok()),
                path: found.text("HealthCheckPath"),
                matcher: found.child("Matcher").text("HttpCode"),
                interval_s: number("HealthCheckIntervalSeconds"),
                timeout_s: number("HealthCheckTimeoutSeconds"),
                healthy: number("HealthyThresholdCount"),
                unhealthy: number("UnhealthyThresholdCount"),
            },
            load_balancers: found.texts("LoadBalancerArns").into_iter().collect(),
        }
    }

    fn health(found: Element<'_>) -> TargetHealth {
        let health = found.child("TargetHealth");
        let reason = match (health.option("Reason"), health.option("Description")) {
            (Some(code), Some(text)) => Some(format!("{code}: {text}")),
            (code, text) => code.or(text),
        };
        let (target, state) = (found.child("Target").text("Id"), health.text("State"));
        TargetHealth { target, state, reason }
    }

    query! { elb
        create_target_group(call: CreateTargetGroup) {
            "Name": call.name, "VpcId": call.vpc, "TargetType": "instance",
            "Protocol": call.protocol, "Port": call.port, "Tags": pairs(call.tags),
            "HealthCheckProtocol": "HTTP", "HealthCheckPort": call.health_check.port,
            "HealthCheckPath": call.health_check.path,
            "Matcher.HttpCode": call.health_check.matcher,
            "HealthCheckIntervalSeconds": call.health_check.interval_s,
            "HealthCheckTimeoutSeconds": call.health_check.timeout_s,
            "HealthyThresholdCount": call.health_check.healthy,
            "UnhealthyThresholdCount": call.health_check.unhealthy,
        } => |answer| answer.child("TargetGroups").made("member", target_group)?;
        find describe_target_groups(call: DescribeTargetGroups) {
            "Names": vec![call.name],
        } or "TargetGroupNotFound" => |answer| answer.each("TargetGroups", target_group);
        modify_target_group(call: ModifyTargetGroup) {
            "TargetGroupArn": call.target_group,
            // A change that does not name the port leaves it.
            "HealthCheckPort": call.health_check.port.map_or_else(|| TRAFFIC_PORT.to_owned(), |port| port.to_string()),
            "HealthCheckProtocol": "HTTP", "HealthCheckPath": call.health_check.path,
            "Matcher.HttpCode": call.health_check.matcher,
            "HealthCheckIntervalSeconds": call.health_check.interval_s,
            "HealthCheckTimeoutSeconds": call.health_check.timeout_s,
            "HealthyThresholdCount": call.health_check.healthy,
            "UnhealthyThresholdCount": call.health_check.unhealthy,
        };
        describe_target_group_attributes(call: DescribeTargetGroupAttributes) {
            "TargetGroupArn": call.target_group,
        } => |answer| answer.pairs("Attributes");
        modify_target_group_attributes(call: ModifyTargetGroupAttributes) {
            "TargetGroupArn": call.target_group, "Attributes": pairs(call.attributes),
        };
        delete_target_group(call: DeleteTargetGroup) { "TargetGroupArn": call.target_group };
        describe_target_health(call: DescribeTargetHealth) { "TargetGroupArn": call.target_group }
            => |answer| answer.each("TargetHealthDescriptions", health);
    }
}
