//! Target groups with their attributes, and the health of their targets.

pub(crate) mod simulated;

use crate::page::prelude::*;

use super::Attributes;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
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
    use aws_sdk_elasticloadbalancingv2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn target_group(found: types::TargetGroup) -> TargetGroup {
        TargetGroup {
            protocol: name(found.protocol.as_ref()),
            arn: text(found.target_group_arn),
            name: text(found.target_group_name),
            vpc: text(found.vpc_id),
            port: found.port.unwrap_or_default(),
            health_check: HealthCheck {
                path: text(found.health_check_path),
                matcher: text(found.matcher.and_then(|matcher| matcher.http_code)),
                interval_s: found.health_check_interval_seconds.unwrap_or_default(),
                timeout_s: found.health_check_timeout_seconds.unwrap_or_default(),
                healthy: found.healthy_threshold_count.unwrap_or_default(),
                unhealthy: found.unhealthy_threshold_count.unwrap_or_default(),
            },
            load_balancers: found.load_balancer_arns.unwrap_or_default(),
        }
    }

    fn health(found: types::TargetHealthDescription) -> TargetHealth {
        let health = found.target_health;
        let state = name(health.as_ref().and_then(|health| health.state.as_ref()));
        let reason = health.and_then(|health| match (health.reason, health.description) {
            (Some(code), Some(text)) => Some(format!("{}: {text}", code.as_str())),
            (Some(code), None) => Some(code.as_str().to_owned()),
            (None, text) => text,
        });
        TargetHealth { target: text(found.target.and_then(|target| target.id)), state, reason }
    }

    fn to_attribute((name, value): (String, String)) -> types::TargetGroupAttribute {
        types::TargetGroupAttribute::builder().key(name).value(value).build()
    }

    fn attributes(found: Option<Vec<types::TargetGroupAttribute>>) -> Attributes {
        let found = found.unwrap_or_default().into_iter();
        tags_from(found.map(|attribute| (attribute.key, attribute.value)))
    }

    requests! { elb
        create_target_group(call: CreateTargetGroup) {
            name(call.name) vpc_id(call.vpc) target_type(types::TargetTypeEnum::Instance)
            protocol(call.protocol.as_str().into()) port(call.port)
            set_tags(Some(elb::to_tags(call.tags))) health_check_protocol(types::ProtocolEnum::Http)
            health_check_path(call.health_check.path)
            matcher(types::Matcher::builder().http_code(call.health_check.matcher).build())
            health_check_interval_seconds(call.health_check.interval_s)
            health_check_timeout_seconds(call.health_check.timeout_s)
            healthy_threshold_count(call.health_check.healthy)
            unhealthy_threshold_count(call.health_check.unhealthy)
        } => |answer| made(Operation::CreateTargetGroup, first(answer.target_groups), target_group)?;
        find describe_target_groups(call: DescribeTargetGroups) {
            names(call.name)
        } or "TargetGroupNotFound" => |answer| each(answer.target_groups, target_group);
        modify_target_group(call: ModifyTargetGroup) {
            target_group_arn(call.target_group) health_check_protocol(types::ProtocolEnum::Http)
            health_check_path(call.health_check.path)
            matcher(types::Matcher::builder().http_code(call.health_check.matcher).build())
            health_check_interval_seconds(call.health_check.interval_s)
            health_check_timeout_seconds(call.health_check.timeout_s)
            healthy_threshold_count(call.health_check.healthy)
            unhealthy_threshold_count(call.health_check.unhealthy)
        };
        describe_target_group_attributes(call: DescribeTargetGroupAttributes) {
            target_group_arn(call.target_group)
        } => |answer| attributes(answer.attributes);
        modify_target_group_attributes(call: ModifyTargetGroupAttributes) {
            target_group_arn(call.target_group)
            set_attributes(Some(call.attributes.into_iter().map(to_attribute).collect()))
        };
        delete_target_group(call: DeleteTargetGroup) { target_group_arn(call.target_group) };
        describe_target_health(call: DescribeTargetHealth) { target_group_arn(call.target_group) }
            => |answer| each(answer.target_health_descriptions, health);
    }
}
