use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::interfaces::NewInterface;
use super::network::ids;
use super::store::Thing;
use super::world::{Answer, Event, World, find, refuse};
use skyward_aws::model::{Attributes, LoadBalancer, Tags};
use skyward_aws::{
    AddElbTags, CreateLoadBalancer, DeleteLoadBalancer, DescribeElbTags,
    DescribeLoadBalancerAttributes, DescribeLoadBalancers, ModifyLoadBalancerAttributes,
    SetSecurityGroups, SetSubnets,
};

/// A load balancer with its attributes and tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Balancer {
    pub(super) shown: LoadBalancer,
    attributes: Attributes,
    pub(super) tags: Tags,
    is_going: bool,
}

impl Thing for Balancer {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.shown.name), format!("dns={}", self.shown.dns_name)]
    }
}

pub(super) const NO_BALANCER: &str = "LoadBalancerNotFound";

/// The attributes of a new load balancer. AWS's documentation.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
    ("idle_timeout.timeout_seconds", "60"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
];

/// Attributes as they are when nobody has set any.
pub(super) fn defaults(attributes: &[(&str, &str)]) -> Attributes {
    attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Sets attributes that there are.
pub(super) fn set(attributes: &Attributes, changes: Attributes) -> Answer<Attributes> {
    if let Some(unknown) = changes.keys().find(|name| !attributes.contains_key(*name)) {
        return refuse("ValidationError", format!("Attribute key '{unknown}' is not recognized"));
    }
    let mut attributes = attributes.clone();
    attributes.extend(changes);
    Ok(attributes)
}

/// What load balancers and target groups can be called.
pub(super) fn check_name(name: &str) -> Answer<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.len() > 32 {
        return refuse(
            "ValidationError",
            format!("The name '{name}' cannot be longer than '32' characters"),
        );
    }
    let is_edge = name.starts_with('-') || name.ends_with('-') || name.starts_with("internal-");
    if name.is_empty() || is_edge || !name.chars().all(is_good) {
        return refuse("ValidationError", format!("The name '{name}' is not valid"));
    }
    Ok(())
}

impl World {
    pub(super) fn create_load_balancer(
        &mut self,
        call: CreateLoadBalancer,
    ) -> Answer<LoadBalancer> {
        check_name(&call.name)?;
        let named = self.state.balancers.with(&format!("name={}", call.name)).next();
        if let Some((_, record)) = named {
            let is_same = record.shown.subnets == call.subnets
                && record.shown.security_groups == call.security_groups;
            if is_same && !record.is_going {
                return Ok(record.shown.clone());
            }
            let message = format!(
                "A load balancer with the same name '{}' exists, but with different settings",
                call.name
            );
            return refuse("DuplicateLoadBalancerName", message);
        }
        let vpc = self.check_balancer_subnets(&call.subnets)?;
        self.check_balancer_groups(&vpc, &call.security_groups)?;
        if !self.state.gateways.any(&format!("vpc={vpc}")) {
            return refuse("InvalidSubnet", format!("VPC {vpc} has no internet gateway"));
        }
        let count = self.state.balancers.len();
        self.quota("application load balancers", count, "TooManyLoadBalancers")?;
        let number = self.number();
        let arn =
            self.arn("elasticloadbalancing", &format!("loadbalancer/app/{}/{number}", call.name));
        let balancer = LoadBalancer {
            arn: arn.clone(),
            dns_name: format!("{}-{}.{}.elb.amazonaws.com", call.name, &number[7..], self.region),
            name: call.name,
            scheme: "internet-facing".into(),
            vpc,
            subnets: call.subnets,
            security_groups: call.security_groups,
            state: "provisioning".into(),
        };
        for subnet in &balancer.subnets {
            self.balancer_interface(&balancer, subnet);
        }
        let record = Balancer {
            shown: balancer.clone(),
            attributes: defaults(&ATTRIBUTES),
            tags: call.tags,
            is_going: false,
        };
        self.state.balancers.put(self.moment(), &arn, record);
        self.after(assumed::BALANCER_CREATE, Event::BalancerReady(arn));
        Ok(balancer)
    }

    fn balancer_interface(&mut self, balancer: &LoadBalancer, subnet: &str) {
        let groups: Vec<String> = balancer.security_groups.iter().cloned().collect();
        let number = balancer.arn.rsplit('/').next().unwrap_or_default();
        self.add_interface(NewInterface {
            owner: &balancer.arn,
            subnet,
            vpc: &balancer.vpc,
            description: format!("ELB app/{}/{number}", balancer.name),
            groups: &groups,
            is_mapped: true,
        });
    }

    /// The VPC of subnets in two zones or more.
    fn check_balancer_subnets(&self, subnets: &BTreeSet<String>) -> Answer<String> {
        let mut zones = BTreeSet::new();
        let mut vpc = String::new();
        for id in subnets {
            let Some(subnet) = self.state.subnets.get(id) else {
                return refuse("SubnetNotFound", format!("The subnet ID '{id}' is not found"));
            };
            if !vpc.is_empty() && vpc != subnet.vpc {
                return refuse("InvalidConfigurationRequest", "The subnets must be of one VPC");
            }
            zones.insert(&subnet.zone);
            vpc.clone_from(&subnet.vpc);
        }
        if zones.len() < 2 {
            let message =
                "At least two subnets in two different Availability Zones must be specified";
            return refuse("ValidationError", message);
        }
        Ok(vpc)
    }

    fn check_balancer_groups(&self, vpc: &str, groups: &BTreeSet<String>) -> Answer<()> {
        let is_here =
            |id: &&String| self.state.groups.get(id).is_some_and(|group| group.0.vpc == vpc);
        match groups.iter().find(|id| !is_here(id)) {
            Some(id) => refuse(
                "InvalidSecurityGroup",
                format!("The security group '{id}' does not exist in {vpc}"),
            ),
            None => Ok(()),
        }
    }

    pub(super) fn balancer_ready(&mut self, arn: &str) {
        self.state.balancers.update(self.moment(), arn, |record| {
            record.shown.state = "active".into();
        });
    }

    pub(super) fn describe_load_balancers(
        &mut self,
        call: DescribeLoadBalancers,
    ) -> Answer<Vec<LoadBalancer>> {
        let found = self.state.balancers.seen_with(&format!("name={}", call.name), self.view);
        let found: Vec<LoadBalancer> = found.map(|(_, record)| record.shown.clone()).collect();
        if found.is_empty() {
            return refuse(NO_BALANCER, format!("Load balancers '[{}]' not found", call.name));
        }
        Ok(found)
    }

    pub(super) fn set_subnets(&mut self, call: SetSubnets) -> Answer<()> {
        let record =
            find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?.clone();
        self.check_balancer_subnets(&call.subnets)?;
        let old = &record.shown.subnets;
        for subnet in call.subnets.difference(old) {
            self.balancer_interface(&record.shown, subnet);
        }
        let owned = format!("owner={}", call.load_balancer);
        let left: Vec<String> = ids(self.state.interfaces.with(&owned), |interface| {
            !call.subnets.contains(&interface.shown.subnet)
        });
        for id in left {
            self.after(assumed::INTERFACE_LINGER, Event::InterfaceGone(id));
        }
        self.state.balancers.update(self.moment(), &call.load_balancer, |record| {
            record.shown.subnets = call.subnets;
        });
        Ok(())
    }

    pub(super) fn set_security_groups(&mut self, call: SetSecurityGroups) -> Answer<()> {
        let record = find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?;
        self.check_balancer_groups(&record.shown.vpc, &call.security_groups)?;
        self.regroup_interfaces_of(&call.load_balancer, &call.security_groups);
        self.state.balancers.update(self.moment(), &call.load_balancer, |record| {
            record.shown.security_groups = call.security_groups;
        });
        Ok(())
    }

    pub(super) fn describe_load_balancer_attributes(
        &mut self,
        call: DescribeLoadBalancerAttributes,
    ) -> Answer<Attributes> {
        find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?;
        let record = self.state.balancers.seen(&call.load_balancer, self.view);
        Ok(record.expect("it is known").attributes.clone())
    }

    pub(super) fn modify_load_balancer_attributes(
        &mut self,
        call: ModifyLoadBalancerAttributes,
    ) -> Answer<()> {
        let record = find(&self.state.balancers, &call.load_balancer, self.view, NO_BALANCER)?;
        let attributes = set(&record.attributes, call.attributes)?;
        let bucket = attributes.get("access_logs.s3.bucket").cloned().unwrap_or_default();
        let is_logging = attributes.get("access_logs.s3.enabled").is_some_and(|on| on == "true");
        if is_logging
            && !self.delivers_to(&bucket, "logdelivery.elasticloadbalancing.amazonaws.com")
        {
            let message =
                format!("Access Denied for bucket: {bucket}. Please check S3bucket permission");
            return refuse("InvalidConfigurationRequest", message);
        }
        self.state.balancers.update(self.moment(), &call.load_balancer, |record| {
            record.attributes = attributes;
        });
        Ok(())
    }

    /// A load balancer that is not there is as good as deleted: the answer is the same.
    pub(super) fn delete_load_balancer(&mut self, call: DeleteLoadBalancer) -> Answer<()> {
        let Some(record) = self.state.balancers.get(&call.load_balancer) else { return Ok(()) };
        if record.attributes.get("deletion_protection.enabled").is_some_and(|on| on == "true") {
            let message = format!(
                "Load balancer '{}' cannot be deleted because deletion protection is enabled",
                call.load_balancer
            );
            return refuse("OperationNotPermitted", message);
        }
        if record.is_going {
            return Ok(());
        }
        self.state
            .balancers
            .update(self.moment(), &call.load_balancer, |record| record.is_going = true);
        self.after(assumed::BALANCER_DELETE, Event::BalancerGone(call.load_balancer));
        Ok(())
    }

    /// Its listeners go with it; its network interfaces stay for a while.
    pub(super) fn balancer_gone(&mut self, arn: &str) {
        let moment = self.moment();
        self.state.balancers.remove(moment, arn);
        for listener in ids(self.state.listeners.with(&format!("balancer={arn}")), |_| true) {
            self.state.listeners.remove(moment, &listener);
        }
        self.leave_interfaces_of(arn);
    }

    pub(super) fn describe_elb_tags(
        &mut self,
        call: DescribeElbTags,
    ) -> Answer<BTreeMap<String, Tags>> {
        if call.resources.len() > 20 {
            return refuse("ValidationError", "At most 20 resources can be described at once");
        }
        let mut found = BTreeMap::new();
        for arn in call.resources {
            let state = &self.state;
            let balancer = state.balancers.seen(&arn, self.view).map(Thing::tags);
            let group = || state.target_groups.seen(&arn, self.view).map(Thing::tags);
            let listener = || state.listeners.seen(&arn, self.view).map(Thing::tags);
            let Some(tags) = balancer.or_else(group).or_else(listener) else {
                return refuse(not_found(&arn), format!("'{arn}' not found"));
            };
            found.insert(arn, tags.clone());
        }
        Ok(found)
    }

    pub(super) fn add_elb_tags(&mut self, call: AddElbTags) -> Answer<()> {
        let (moment, arn, new) = (self.moment(), &call.resource, &call.tags);
        let state = &mut self.state;
        let is_there = state.balancers.update(moment, arn, |it| it.tags.extend(new.clone()))
            || state.target_groups.update(moment, arn, |it| it.tags.extend(new.clone()))
            || state.listeners.update(moment, arn, |it| it.tags.extend(new.clone()));
        if is_there { Ok(()) } else { refuse(not_found(arn), format!("'{arn}' not found")) }
    }
}

fn not_found(arn: &str) -> &'static str {
    if arn.contains(":targetgroup/") {
        "TargetGroupNotFound"
    } else if arn.contains(":listener/") {
        "ListenerNotFound"
    } else {
        NO_BALANCER
    }
}
