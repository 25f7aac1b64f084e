//! Application load balancers with their attributes, and the page that a visitor gets.

use crate::kind::simulated::auto_scaling_group::ScalingGroupRecord;
use crate::kind::simulated::instance::InstanceRecord;
use crate::kind::simulated::listener::{self, ListenerRecord};
use crate::kind::simulated::network_interface::{self, NewInterface};
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::{
    bucket, instance, route_table, security_group, target_group, target_health,
};

/// A load balancer with its attributes and tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LoadBalancerRecord {
    pub(crate) shown: LoadBalancer,
    attributes: Attributes,
    tags: Tags,
    is_going: bool,
}

const CREATE: Assumption = seconds("load balancer: provisioning until active", 139.0, 192.0, Logs);
const DELETE: Assumption = seconds("load balancer: deleted until gone", 2.0, 16.0, Logs);
const READY: Event = Event::new("load balancer ready", World::balancer_ready);
const GONE: Event = Event::new("load balancer gone", World::balancer_gone);
const QUOTA: DefaultQuota =
    DefaultQuota::new("application load balancers", 50, "TooManyLoadBalancers");

impl Kind for LoadBalancerRecord {
    const NAME: &'static str = "load-balancer";
    const MISSING: &'static str = "LoadBalancerNotFound";
    const TAGGED_AS: Option<&'static str> = Some("loadbalancer");
    const EVENTS: &'static [Event] = &[READY, GONE];
    const ASSUMPTIONS: &'static [Assumption] = &[CREATE, DELETE];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.shown.name), format!("dns={}", self.shown.dns_name)]
    }

    fn state(&self) -> String {
        self.shown.state.clone()
    }
}

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

impl World {
    pub(crate) fn create_load_balancer(
        &mut self,
        call: CreateLoadBalancer,
    ) -> Answer<LoadBalancer> {
        target_group::check_name(&call.name)?;
        let named = self.with::<LoadBalancerRecord>(&format!("name={}", call.name)).next();
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
        if !self.any::<InternetGateway>(&format!("vpc={vpc}")) {
            return refuse("InvalidSubnet", format!("VPC {vpc} has no internet gateway"));
        }
        self.room(&QUOTA, self.count::<LoadBalancerRecord>())?;
        let number = self.number();
        let arn =
            self.arn("elasticloadbalancing", &format!("loadbalancer/app/{}/{number}", call.name));
        let balancer = LoadBalancer {
            arn: arn.clone(),
            dns_name: format!(
                "{}-{}.{}.elb.{}",
                call.name,
                &number[7..],
                self.region,
                self.partition().domain
            ),
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
        let record = LoadBalancerRecord {
            shown: balancer.clone(),
            attributes: target_group::attributes(&ATTRIBUTES),
            tags: call.tags,
            is_going: false,
        };
        self.put(&arn, record);
        self.after(CREATE, READY, &arn);
        Ok(balancer)
    }

    pub(crate) fn describe_elb_account_limits(
        &mut self,
        _: DescribeElbAccountLimits,
    ) -> Answer<Vec<Quota>> {
        Ok(vec![
            self.quota_as("application-load-balancers", &QUOTA, None),
            self.quota_as("target-groups", &target_group::QUOTA, None),
            self.quota_as("listeners-per-application-load-balancer", &listener::QUOTA, None),
        ])
    }

    fn balancer_interface(&mut self, balancer: &LoadBalancer, subnet: &str) {
        let number = balancer.arn.rsplit('/').next().unwrap_or_default();
        network_interface::add(
            self,
            NewInterface {
                owner: &balancer.arn,
                subnet,
                vpc: &balancer.vpc,
                description: format!("ELB app/{}/{number}", balancer.name),
                groups: &balancer.security_groups,
                is_mapped: true,
            },
        );
    }

    /// The VPC of subnets in two zones or more.
    fn check_balancer_subnets(&self, subnets: &BTreeSet<String>) -> Answer<String> {
        let mut zones = BTreeSet::new();
        let mut vpc = String::new();
        for id in subnets {
            let Some(subnet) = self.get::<Subnet>(id) else {
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
            |id: &&String| self.get::<SecurityGroup>(id).is_some_and(|group| group.vpc == vpc);
        match groups.iter().find(|id| !is_here(id)) {
            Some(id) => refuse(
                "InvalidSecurityGroup",
                format!("The security group '{id}' does not exist in {vpc}"),
            ),
            None => Ok(()),
        }
    }

    pub(crate) fn balancer_ready(&mut self, arn: &str) {
        self.update::<LoadBalancerRecord>(arn, |record| {
            record.shown.state = "active".into();
        });
    }

    pub(crate) fn describe_load_balancers(
        &mut self,
        call: DescribeLoadBalancers,
    ) -> Answer<Vec<LoadBalancer>> {
        let found = self.seen_with::<LoadBalancerRecord>(&format!("name={}", call.name));
        let found: Vec<LoadBalancer> = found.map(|(_, record)| record.shown.clone()).collect();
        if found.is_empty() {
            return refuse(
                LoadBalancerRecord::MISSING,
                format!("Load balancers '[{}]' not found", call.name),
            );
        }
        Ok(found)
    }

    pub(crate) fn set_subnets(&mut self, call: SetSubnets) -> Answer<()> {
        let record = self.find::<LoadBalancerRecord>(&call.load_balancer)?.clone();
        self.check_balancer_subnets(&call.subnets)?;
        let old = &record.shown.subnets;
        for subnet in call.subnets.difference(old) {
            self.balancer_interface(&record.shown, subnet);
        }
        network_interface::leave(self, &call.load_balancer, |interface| {
            !call.subnets.contains(&interface.shown.subnet)
        });
        self.change::<LoadBalancerRecord>(&call.load_balancer, |record| {
            record.shown.subnets = call.subnets;
        })
    }

    pub(crate) fn set_security_groups(&mut self, call: SetSecurityGroups) -> Answer<()> {
        let record = self.find::<LoadBalancerRecord>(&call.load_balancer)?;
        self.check_balancer_groups(&record.shown.vpc, &call.security_groups)?;
        network_interface::regroup(self, &call.load_balancer, &call.security_groups);
        self.change::<LoadBalancerRecord>(&call.load_balancer, |record| {
            record.shown.security_groups = call.security_groups;
        })
    }

    pub(crate) fn describe_load_balancer_attributes(
        &mut self,
        call: DescribeLoadBalancerAttributes,
    ) -> Answer<Attributes> {
        Ok(self.look::<LoadBalancerRecord>(&call.load_balancer)?.attributes.clone())
    }

    pub(crate) fn modify_load_balancer_attributes(
        &mut self,
        call: ModifyLoadBalancerAttributes,
    ) -> Answer<()> {
        let record = self.find::<LoadBalancerRecord>(&call.load_balancer)?;
        let attributes = target_group::set(&record.attributes, call.attributes)?;
        let bucket = attributes.get("access_logs.s3.bucket").cloned().unwrap_or_default();
        let is_logging = attributes.get("access_logs.s3.enabled").is_some_and(|on| on == "true");
        if is_logging
            && !bucket::delivers_to(self, &bucket, "logdelivery.elasticloadbalancing.amazonaws.com")
        {
            let message =
                format!("Access Denied for bucket: {bucket}. Please check S3bucket permission");
            return refuse("InvalidConfigurationRequest", message);
        }
        self.change::<LoadBalancerRecord>(&call.load_balancer, |record| {
            record.attributes = attributes;
        })
    }

    /// A load balancer that is not there is as good as deleted: the answer is the same.
    pub(crate) fn delete_load_balancer(&mut self, call: DeleteLoadBalancer) -> Answer<()> {
        let Some(record) = self.get::<LoadBalancerRecord>(&call.load_balancer) else {
            return Ok(());
        };
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
        self.update::<LoadBalancerRecord>(&call.load_balancer, |record| record.is_going = true);
        self.after(DELETE, GONE, &call.load_balancer);
        Ok(())
    }

    /// Its listeners go with it; its network interfaces stay for a while.
    pub(crate) fn balancer_gone(&mut self, arn: &str) {
        self.remove::<LoadBalancerRecord>(arn);
        for listener in self.ids::<ListenerRecord>(&format!("balancer={arn}"), |_| true) {
            self.remove::<ListenerRecord>(&listener);
        }
        network_interface::leave(self, arn, |_| true);
    }

    /// The page that a load balancer answers to a visitor.
    pub(crate) fn web_page(&mut self, dns_name: &str) -> Option<String> {
        let (arn, record) = self.with::<LoadBalancerRecord>(&format!("dns={dns_name}")).next()?;
        let (arn, balancer) = (arn.clone(), record.shown.clone());
        let is_reached = balancer.state == "active"
            && balancer.subnets.iter().any(|subnet| {
                matches!(
                    route_table::internet_route(self, &balancer.vpc, subnet),
                    Some(RouteTarget::InternetGateway(_))
                )
            });
        let target =
            is_reached.then(|| self.forward(&arn, &balancer.security_groups, 80)).flatten()?;
        let groups = self.with::<ScalingGroupRecord>(&format!("target={target}"));
        let groups: Vec<String> = groups.map(|(name, _)| name.clone()).collect();
        let ids: Vec<String> = groups
            .iter()
            .flat_map(|group| instance::all_of(self, group))
            .filter(|(_, machine)| machine.is_member())
            .map(|(id, _)| id.clone())
            .collect();
        let healthy =
            ids.iter().find(|id| target_health::of(self, &target, id).state == "healthy")?;
        let page = self.get::<InstanceRecord>(healthy)?.page.as_ref()?;
        Some(page.get("/").1)
    }

    /// The target group behind a port that is open to anyone; where the port leads to another, behind that one.
    fn forward(&self, balancer: &str, groups: &BTreeSet<String>, port: i32) -> Option<String> {
        let mut listeners = self.with::<ListenerRecord>(&format!("balancer={balancer}"));
        let (_, listener) = listeners.find(|(_, other)| other.listener.port == port)?;
        if !security_group::is_public(self, groups, port) {
            return None;
        }
        match &listener.listener.action {
            ListenerAction::Forward(target) => Some(target.clone()),
            ListenerAction::RedirectToHttps(other) if *other != port => {
                self.forward(balancer, groups, *other)
            }
            _ => None,
        }
    }
}
