use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::interfaces::NewInterface;
use super::store::{Thing, Time};
use super::world::{Answer, Event, World};
use skyward_aws::model::{GroupInstance, Instance, LaunchTemplateData, RouteTarget, Subnet, Tags};
use skyward_aws::{DescribeInstances, Page};

/// An instance of an auto scaling group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) instance: Instance,
    pub(super) group: String,
    pub(super) subnet: String,
    pub(super) vpc: String,
    pub(super) data: LaunchTemplateData,
    /// Of the launch template.
    version: i64,
    pub(super) lifecycle: String,
    pub(super) health: String,
    pub(super) launched: Time,
    /// Since when it runs, and its targets are looked at.
    pub(super) running: Option<Time>,
    /// What it serves, once its user data has run.
    pub(super) site: Option<Site>,
}

/// What the web server of an instance serves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Site {
    /// The page `/`; without one, it answers 403 with a welcome page of its own, as httpd of Amazon Linux 2023 does.
    index: Option<String>,
}

impl Site {
    /// The status and the page under a path.
    pub(super) fn get(&self, path: &str) -> (u16, String) {
        match (&self.index, path) {
            (Some(page), "/" | "/index.html") => (200, page.clone()),
            (None, "/") => (403, "It works!".into()),
            _ => (404, "Not Found".into()),
        }
    }
}

impl Thing for Machine {
    fn tags(&self) -> &Tags {
        &self.instance.tags
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.vpc)];
        if self.lifecycle != "Terminated" {
            keys.push(format!("group={}", self.group));
        }
        keys
    }
}

impl Machine {
    /// It is in its group, not on its way out.
    pub(super) fn is_member(&self) -> bool {
        matches!(self.lifecycle.as_str(), "Pending" | "InService")
    }

    /// As its group shows it; none once it is gone.
    pub(super) fn in_group(&self) -> Option<GroupInstance> {
        let id = self.instance.id.clone();
        (self.lifecycle != "Terminated").then(|| GroupInstance {
            id,
            zone: self.instance.zone.clone(),
            lifecycle: self.lifecycle.clone(),
            health: self.health.clone(),
            version: Some(self.version.to_string()),
        })
    }
}

/// What a script sets up: a web server where it installs one, with the page that it writes.
fn site(user_data: &str) -> Option<Site> {
    if !user_data.contains("httpd") {
        return None;
    }
    let line = user_data
        .lines()
        .find(|line| line.contains("index.html") && !line.trim_start().starts_with('#'));
    let index = line.map(|line| {
        let quote = |quote: char| line.split(quote).nth(1).filter(|text| !text.is_empty());
        quote('\'').or_else(|| quote('"')).unwrap_or(line).to_owned()
    });
    Some(Site { index })
}

impl World {
    pub(super) fn describe_instances(&mut self, call: DescribeInstances) -> Answer<Page<Instance>> {
        let view = |machine: &Machine| machine.instance.clone();
        Ok(self.page(|state| &state.machines, &call.select, call.page.as_ref(), view))
    }

    pub(super) fn launch(
        &mut self,
        group: &str,
        subnet: &Subnet,
        version: i64,
        data: LaunchTemplateData,
    ) {
        let id = self.id("i");
        let groups: Vec<String> = data.security_groups.iter().cloned().collect();
        self.add_interface(NewInterface {
            owner: &id,
            subnet: &subnet.id,
            vpc: &subnet.vpc,
            description: String::new(),
            groups: &groups,
            is_mapped: subnet.public_addresses,
        });
        let host = self.random.next();
        let network = subnet.cidr.rsplit_once('.').map_or("10.0.0", |(network, _)| network);
        let mut tags = data.tags.clone();
        tags.insert("aws:autoscaling:groupName".into(), group.to_owned());
        let machine = Machine {
            instance: Instance {
                id: id.clone(),
                zone: subnet.zone.clone(),
                state: "pending".into(),
                private_ip: Some(format!("{network}.{}", 4 + host % 200)),
                tags,
            },
            group: group.to_owned(),
            subnet: subnet.id.clone(),
            vpc: subnet.vpc.clone(),
            data,
            version,
            lifecycle: "Pending".into(),
            health: "Healthy".into(),
            launched: self.now,
            running: None,
            site: None,
        };
        self.state.machines.put(self.moment(), &id, machine);
        self.after(assumed::INSTANCE_START, Event::InstanceRuns(id));
    }

    pub(super) fn instance_runs(&mut self, id: &str) {
        let now = self.now;
        let mut is_running = false;
        self.state.machines.update(self.moment(), id, |machine| {
            if machine.lifecycle == "Pending" {
                machine.instance.state = "running".into();
                machine.lifecycle = "InService".into();
                machine.running = Some(now);
                is_running = true;
            }
        });
        if is_running {
            self.after(assumed::INSTANCE_BOOT, Event::InstanceBooted(id.to_owned()));
        }
    }

    /// The user data installs packages: without a way out it waits for one, and then gives up for good.
    pub(super) fn instance_booted(&mut self, id: &str) {
        let Some(machine) = self.state.machines.get(id) else { return };
        let Some(running) = machine.running.filter(|_| machine.is_member()) else { return };
        if self.has_way_out(machine) {
            let site = site(&machine.data.user_data);
            let group = machine.group.clone();
            self.state.machines.update(self.moment(), id, |machine| machine.site = site);
            self.look_at_group(&group, Time::ZERO);
            return;
        }
        let patience = self.sample(assumed::BOOT_PATIENCE)
            + Time::from_secs_f64(assumed::INSTANCE_BOOT.range.1);
        if self.now < running + patience {
            self.later(Time::from_secs(5), Event::InstanceBooted(id.to_owned()));
        }
    }

    /// Packages come over HTTPS, through a NAT gateway whose subnet leads to the internet, or straight through an internet
    /// gateway where the instance has a public address.
    fn has_way_out(&self, machine: &Machine) -> bool {
        if !self.reaches_internet(&machine.data.security_groups, 443) {
            return false;
        }
        match self.way_out(&machine.vpc, &machine.subnet) {
            Some(RouteTarget::InternetGateway(_)) => self
                .state
                .subnets
                .get(&machine.subnet)
                .is_some_and(|subnet| subnet.public_addresses),
            Some(RouteTarget::NatGateway(id)) => {
                let subnet = self.state.nats.get(id).map(|nat| nat.gateway.subnet.clone());
                let target = subnet.and_then(|subnet| self.way_out(&machine.vpc, &subnet));
                matches!(target, Some(RouteTarget::InternetGateway(_)))
            }
            _ => false,
        }
    }

    /// Where a subnet's route to everywhere leads, if it leads anywhere.
    pub(super) fn way_out(&self, vpc: &str, subnet: &str) -> Option<&RouteTarget> {
        let table = self.table_of(vpc, subnet)?;
        let route = table.routes.iter().find(|route| route.destination == "0.0.0.0/0")?;
        self.leads_somewhere(vpc, &route.target).then_some(&route.target)
    }

    /// Takes an instance out of its group. What the load balancer still sends to it has time to end.
    pub(super) fn terminate(&mut self, id: &str) {
        let Some(machine) = self.state.machines.get(id) else { return };
        if !machine.is_member() {
            return;
        }
        let delay =
            if machine.running.is_some() { self.draining_of(&machine.group) } else { Time::ZERO };
        self.state
            .machines
            .update(self.moment(), id, |machine| machine.lifecycle = "Terminating".into());
        self.later(delay, Event::InstanceDrained(id.to_owned()));
    }

    /// How long targets of a group are drained: as long as its target groups say.
    fn draining_of(&self, group: &str) -> Time {
        let Some(scaling) = self.state.scaling.get(group) else { return Time::ZERO };
        let targets =
            scaling.group.target_groups.iter().filter_map(|arn| self.state.target_groups.get(arn));
        let seconds = targets.map(|targets| {
            let delay = targets.attributes.get("deregistration_delay.timeout_seconds");
            delay.and_then(|delay| delay.parse().ok()).unwrap_or(assumed::DRAINING.range.0)
        });
        seconds.map(Time::from_secs_f64).max().unwrap_or_default()
    }

    pub(super) fn instance_drained(&mut self, id: &str) {
        self.state
            .machines
            .update(self.moment(), id, |machine| machine.instance.state = "shutting-down".into());
        self.after(assumed::INSTANCE_STOP, Event::InstanceTerminated(id.to_owned()));
    }

    pub(super) fn instance_terminated(&mut self, id: &str) {
        self.state.machines.update(self.moment(), id, |machine| {
            machine.instance.state = "terminated".into();
            machine.instance.private_ip = None;
            machine.lifecycle = "Terminated".into();
        });
        self.remove_interfaces_of(id);
        self.forget_targets_of(id);
        self.after(assumed::INSTANCE_VISIBLE, Event::InstanceForgotten(id.to_owned()));
    }

    pub(super) fn instance_forgotten(&mut self, id: &str) {
        self.state.machines.remove(self.moment(), id);
    }
}
