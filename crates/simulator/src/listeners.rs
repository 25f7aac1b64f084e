use serde::{Deserialize, Serialize};

use super::balancer::{NO_BALANCER, check_name, defaults, set};
use super::store::Thing;
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{Attributes, HealthCheck, Listener, ListenerAction, Tags, TargetGroup};
use skyward_aws::{
    CreateListener, CreateTargetGroup, DeleteListener, DeleteTargetGroup, DescribeListeners,
    DescribeTargetGroupAttributes, DescribeTargetGroups, ModifyListener, ModifyTargetGroup,
    ModifyTargetGroupAttributes, Page,
};

/// A listener with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Port {
    pub(super) listener: Listener,
    pub(super) tags: Tags,
}

impl Thing for Port {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("balancer={}", self.listener.load_balancer)];
        if let ListenerAction::Forward(target) = &self.listener.action {
            keys.push(format!("target={target}"));
        }
        keys
    }
}

/// A target group with its attributes and tags. Which load balancers use it follows from their listeners.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Targets {
    pub(super) group: TargetGroup,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

impl Thing for Targets {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.group.name)]
    }
}

const NO_TARGETS: &str = "TargetGroupNotFound";
const NO_LISTENER: &str = "ListenerNotFound";

/// The attributes of a new target group. AWS's documentation.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("deregistration_delay.timeout_seconds", "300"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
];

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
    pub(super) fn create_target_group(&mut self, call: CreateTargetGroup) -> Answer<TargetGroup> {
        check_name(&call.name)?;
        check_health(&call.health_check)?;
        if let Some((_, record)) =
            self.state.target_groups.with(&format!("name={}", call.name)).next()
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
        if self.state.vpcs.get(&call.vpc).is_none() {
            return refuse("ValidationError", format!("The VPC ID '{}' is not found", call.vpc));
        }
        let count = self.state.target_groups.len();
        self.quota("target groups", count, "TooManyTargetGroups")?;
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
        let record =
            Targets { group: group.clone(), attributes: defaults(&ATTRIBUTES), tags: call.tags };
        self.state.target_groups.put(self.moment(), &group.arn, record);
        Ok(group)
    }

    pub(super) fn describe_target_groups(
        &mut self,
        call: DescribeTargetGroups,
    ) -> Answer<Vec<TargetGroup>> {
        let found = self.state.target_groups.seen_with(&format!("name={}", call.name), self.view);
        let with_balancers = |(arn, record): (&String, &Targets)| {
            let mut group = record.group.clone();
            let ports = self.state.listeners.with(&format!("target={arn}"));
            group.load_balancers =
                ports.map(|(_, port)| port.listener.load_balancer.clone()).collect();
            group.load_balancers.dedup();
            group
        };
        let found: Vec<TargetGroup> = found.map(with_balancers).collect();
        if found.is_empty() {
            return refuse(NO_TARGETS, "One or more target groups not found");
        }
        Ok(found)
    }

    pub(super) fn modify_target_group(&mut self, call: ModifyTargetGroup) -> Answer<()> {
        find(&self.state.target_groups, &call.target_group, self.view, NO_TARGETS)?;
        check_health(&call.health_check)?;
        self.state.target_groups.update(self.moment(), &call.target_group, |record| {
            record.group.health_check = call.health_check;
        });
        Ok(())
    }

    pub(super) fn describe_target_group_attributes(
        &mut self,
        call: DescribeTargetGroupAttributes,
    ) -> Answer<Attributes> {
        find(&self.state.target_groups, &call.target_group, self.view, NO_TARGETS)?;
        let record = self.state.target_groups.seen(&call.target_group, self.view);
        Ok(record.expect("it is known").attributes.clone())
    }

    pub(super) fn modify_target_group_attributes(
        &mut self,
        call: ModifyTargetGroupAttributes,
    ) -> Answer<()> {
        let record = find(&self.state.target_groups, &call.target_group, self.view, NO_TARGETS)?;
        let attributes = set(&record.attributes, call.attributes)?;
        self.state.target_groups.update(self.moment(), &call.target_group, |record| {
            record.attributes = attributes;
        });
        Ok(())
    }

    pub(super) fn delete_target_group(&mut self, call: DeleteTargetGroup) -> Answer<()> {
        find(&self.state.target_groups, &call.target_group, self.view, NO_TARGETS)?;
        if self.state.listeners.any(&format!("target={}", call.target_group)) {
            let message = format!(
                "Target group '{}' is currently in use by a listener or a rule",
                call.target_group
            );
            return refuse("ResourceInUse", message);
        }
        self.state.target_groups.remove(self.moment(), &call.target_group);
        Ok(())
    }

    fn check_action(&self, balancer: &str, action: &ListenerAction) -> Answer<()> {
        let ListenerAction::Forward(target) = action else { return Ok(()) };
        let targets = find(&self.state.target_groups, target, self.view, NO_TARGETS)?;
        let balancer = self.state.balancers.get(balancer);
        if balancer.is_some_and(|record| record.shown.vpc != targets.group.vpc) {
            let message = "The target group and the load balancer are in different VPCs";
            return refuse("InvalidConfigurationRequest", message);
        }
        Ok(())
    }

    pub(super) fn create_listener(&mut self, call: CreateListener) -> Answer<Listener> {
        find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?;
        self.check_action(&call.load_balancer, &call.action)?;
        if call.protocol == "HTTPS" && call.certificate.is_none() {
            return refuse(
                "ValidationError",
                "A certificate must be specified for HTTPS listeners",
            );
        }
        let key = format!("balancer={}", call.load_balancer);
        let new = Listener {
            arn: String::new(),
            load_balancer: call.load_balancer.clone(),
            port: call.port,
            protocol: call.protocol,
            certificate: call.certificate,
            tls_policy: call.tls_policy,
            action: call.action,
        };
        let mut ports = self.state.listeners.with(&key);
        if let Some((arn, port)) = ports.find(|(_, port)| port.listener.port == call.port) {
            if port.listener == (Listener { arn: arn.clone(), ..new }) {
                return Ok(port.listener.clone());
            }
            return refuse(
                "DuplicateListener",
                "A listener already exists on this port for this load balancer",
            );
        }
        drop(ports);
        let count = self.state.listeners.with(&key).count();
        self.quota("listeners of a load balancer", count, "TooManyListeners")?;
        let arn = call.load_balancer.replacen(":loadbalancer/", ":listener/", 1);
        let listener = Listener { arn: format!("{arn}/{}", self.number()), ..new };
        let port = Port { listener: listener.clone(), tags: call.tags };
        self.state.listeners.put(self.moment(), &listener.arn, port);
        Ok(listener)
    }

    pub(super) fn describe_listeners(&mut self, call: DescribeListeners) -> Answer<Page<Listener>> {
        find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?;
        let key = format!("balancer={}", call.load_balancer);
        let size = self.settings.page_size;
        let after = |arn: &String| call.page.as_ref().is_none_or(|page| arn > page);
        let found = self.state.listeners.seen_with(&key, self.view).filter(|(arn, _)| after(arn));
        let mut items: Vec<Listener> = found.map(|(_, port)| port.listener.clone()).collect();
        let is_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| is_more).map(|listener| listener.arn.clone());
        Ok(Page { items, next })
    }

    pub(super) fn modify_listener(&mut self, call: ModifyListener) -> Answer<()> {
        let port = find(&self.state.listeners, &call.listener, self.view, NO_LISTENER)?;
        self.check_action(&port.listener.load_balancer, &call.action)?;
        self.state.listeners.update(self.moment(), &call.listener, |port| {
            port.listener.protocol = call.protocol;
            port.listener.certificate = call.certificate;
            port.listener.tls_policy = call.tls_policy;
            port.listener.action = call.action;
        });
        Ok(())
    }

    pub(super) fn delete_listener(&mut self, call: DeleteListener) -> Answer<()> {
        find(&self.state.listeners, &call.listener, self.view, NO_LISTENER)?;
        self.state.listeners.remove(self.moment(), &call.listener);
        Ok(())
    }
}
