//! Target groups with their health checks. The load balancers that use one follow from their listeners.

pub(crate) mod health;

use crate::kind::simulated::listener::ListenerRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::VpcRecord;

/// A target group with its attributes and tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TargetGroupRecord {
    pub(crate) group: TargetGroup,
    attributes: Attributes,
    tags: Tags,
}

/// The time that targets are drained for.
const DRAINING: Assumption =
    seconds("deregistration delay where no attribute says another", 300.0, 300.0, Documents);
pub(crate) const QUOTA: DefaultQuota =
    DefaultQuota::new("target groups", 3000, "TooManyTargetGroups");

impl TargetGroupRecord {
    /// The time for which targets are drained.
    pub(crate) fn draining(&self) -> Time {
        let delay = self.attributes.get("deregistration_delay.timeout_seconds");
        delay.and_then(|delay| delay.parse().ok()).map_or(DRAINING.time(), Time::from_secs_f64)
    }
}

impl Kind for TargetGroupRecord {
    const NAME: &'static str = "target-group";
    const MISSING: &'static str = "TargetGroupNotFound";
    const TAGGED_AS: Option<&'static str> = Some("targetgroup");
    const ASSUMPTIONS: &'static [Assumption] = &[DRAINING];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.group.name)]
    }

    fn state(&self) -> String {
        self.group.name.clone()
    }
}

/// The attributes of a new target group. AWS's documentation.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("deregistration_delay.timeout_seconds", "300"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
];

/// Attributes as they are when nobody has set any.
pub(crate) fn attributes(attributes: &[(&str, &str)]) -> Attributes {
    attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Sets attributes that there are.
pub(crate) fn set(attributes: &Attributes, changes: Attributes) -> Answer<Attributes> {
    if let Some(unknown) = changes.keys().find(|name| !attributes.contains_key(*name)) {
        return refuse("ValidationError", format!("Attribute key '{unknown}' is not recognized"));
    }
    let mut attributes = attributes.clone();
    attributes.extend(changes);
    Ok(attributes)
}

/// The names that load balancers and target groups take.
pub(crate) fn check_name(name: &str) -> Answer<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.len() > 32 {
        return refuse(
            "ValidationError",
            format!("The name '{name}' cannot be longer than '32' characters"),
        );
    }
    let is_reserved = name.starts_with('-') || name.ends_with('-') || name.starts_with("internal-");
    if name.is_empty() || is_reserved || !name.chars().all(is_good) {
        return refuse("ValidationError", format!("The name '{name}' is not valid"));
    }
    Ok(())
}

fn check_health(check: &HealthCheck) -> Answer<()> {
    let is_good = (5..=300).contains(&check.interval_s)
        && (2..=120).contains(&check.timeout_s)
        && check.timeout_s < check.interval_s
        && (2..=10).contains(&check.healthy)
        && (2..=10).contains(&check.unhealthy)
        && check.path.starts_with('/');
    if is_good { Ok(()) } else { refuse("ValidationError", "The health check is not valid") }
}

impl World {
    pub(crate) fn create_target_group(&mut self, call: CreateTargetGroup) -> Answer<TargetGroup> {
        check_name(&call.name)?;
        check_health(&call.health_check)?;
        if let Some((_, record)) =
            self.with::<TargetGroupRecord>(&format!("name={}", call.name)).next()
        {
            let group = &record.group;
            let is_same = (&group.vpc, &group.protocol, group.port, &group.health_check)
                == (&call.vpc, &call.protocol, call.port, &call.health_check);
            if is_same {
                return Ok(group.clone());
            }
            let message = format!(
                "A target group with the same name '{}' exists, but with different settings",
                call.name
            );
            return refuse("DuplicateTargetGroupName", message);
        }
        if self.get::<VpcRecord>(&call.vpc).is_none() {
            return refuse("ValidationError", format!("The VPC ID '{}' is not found", call.vpc));
        }
        self.room(&QUOTA, self.count::<TargetGroupRecord>())?;
        let number = self.number();
        let group = TargetGroup {
            arn: self.arn("elasticloadbalancing", &format!("targetgroup/{}/{number}", call.name)),
            name: call.name,
            vpc: call.vpc,
            protocol: call.protocol,
            port: call.port,
            health_check: call.health_check,
            load_balancers: Vec::new(),
        };
        let record = TargetGroupRecord {
            group: group.clone(),
            attributes: attributes(&ATTRIBUTES),
            tags: call.tags,
        };
        self.put(&group.arn, record);
        Ok(group)
    }

    pub(crate) fn describe_target_groups(
        &mut self,
        call: DescribeTargetGroups,
    ) -> Answer<Vec<TargetGroup>> {
        let found = self.seen_with::<TargetGroupRecord>(&format!("name={}", call.name));
        let with_balancers = |(arn, record): (&String, &TargetGroupRecord)| {
            let mut group = record.group.clone();
            let ports = self.with::<ListenerRecord>(&format!("target={arn}"));
            group.load_balancers =
                ports.map(|(_, port)| port.listener.load_balancer.clone()).collect();
            group.load_balancers.dedup();
            group
        };
        let found: Vec<TargetGroup> = found.map(with_balancers).collect();
        if found.is_empty() {
            return refuse(TargetGroupRecord::MISSING, "One or more target groups not found");
        }
        Ok(found)
    }

    pub(crate) fn modify_target_group(&mut self, call: ModifyTargetGroup) -> Answer<()> {
        self.find::<TargetGroupRecord>(&call.target_group)?;
        check_health(&call.health_check)?;
        self.change::<TargetGroupRecord>(&call.target_group, |record| {
            record.group.health_check = call.health_check;
        })
    }

    pub(crate) fn describe_target_group_attributes(
        &mut self,
        call: DescribeTargetGroupAttributes,
    ) -> Answer<Attributes> {
        Ok(self.look::<TargetGroupRecord>(&call.target_group)?.attributes.clone())
    }

    pub(crate) fn modify_target_group_attributes(
        &mut self,
        call: ModifyTargetGroupAttributes,
    ) -> Answer<()> {
        let record = self.find::<TargetGroupRecord>(&call.target_group)?;
        let attributes = set(&record.attributes, call.attributes)?;
        self.change::<TargetGroupRecord>(&call.target_group, |record| {
            record.attributes = attributes;
        })
    }

    pub(crate) fn delete_target_group(&mut self, call: DeleteTargetGroup) -> Answer<()> {
        self.find::<TargetGroupRecord>(&call.target_group)?;
        if self.is_used(&format!("target={}", call.target_group)) {
            let message = format!(
                "Target group '{}' is currently in use by a listener or a rule",
                call.target_group
            );
            return refuse("ResourceInUse", message);
        }
        self.delete::<TargetGroupRecord>(&call.target_group)
    }
}
