//! Instances of auto scaling groups: they start, run their user data, serve a page, are drained and go.

mod boot;

use crate::kind::simulated::account::vcpus;
use crate::kind::simulated::auto_scaling_group::{self, ScalingGroupRecord};
use crate::kind::simulated::network_interface::{self, NewInterface};
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::target_group::TargetGroupRecord;
use crate::kind::simulated::target_health;

use boot::WebPage;

/// An instance of an auto scaling group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InstanceRecord {
    pub(crate) instance: Instance,
    pub(crate) group: String,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) data: LaunchTemplateData,
    /// Of the launch template.
    pub(crate) version: i64,
    pub(crate) lifecycle: String,
    pub(crate) health: String,
    pub(crate) launched: Time,
    /// Since when it runs, and its targets are looked at.
    pub(crate) running: Option<Time>,
    /// The page that it serves, once its user data has run.
    pub(crate) page: Option<WebPage>,
    /// The lines that its user data has written to its console.
    console: String,
}

const START: Assumption = seconds("instance: pending until running", 10.0, 30.0, Unverified);
const BOOT: Assumption =
    seconds("instance: running until its user data has run", 25.0, 60.0, Unverified);
const BOOT_PATIENCE: Assumption = seconds("user data: waits for a way out", 50.0, 50.0, Unverified);
const STOP: Assumption =
    seconds("instance: shutting down until terminated", 20.0, 60.0, Unverified);
const VISIBLE: Assumption = seconds("instance: visible after its end", 3600.0, 3600.0, Documents);
/// The time after which user data that cannot reach the internet tries again.
const BOOT_RETRY: Time = Time::from_secs(5);
/// The time after which a group finds out that an instance is broken.
const BREAKAGE: Time = Time::from_secs(5);
const RUNS: Event = Event::new("instance runs", World::instance_runs);
const BOOTED: Event = Event::new("instance booted", World::instance_booted);
const DRAINED: Event = Event::new("instance drained", World::instance_drained);
const TERMINATED: Event = Event::new("instance terminated", World::instance_terminated);
const FORGOTTEN: Event = Event::new("instance forgotten", World::forget::<InstanceRecord>);

impl Kind for InstanceRecord {
    const NAME: &'static str = "instance";
    const MISSING: &'static str = "InvalidInstanceID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("i");
    const EVENTS: &'static [Event] = &[RUNS, BOOTED, DRAINED, TERMINATED, FORGOTTEN];
    const ASSUMPTIONS: &'static [Assumption] = &[START, BOOT, BOOT_PATIENCE, STOP, VISIBLE];
    const RULES: &'static [Behaviour] = &[
        (
            "Instances install their packages over a NAT gateway; the way through an S3 endpoint is not counted",
            Unverified,
        ),
        (
            "A service's user data gets its object over a NAT gateway or an S3 endpoint, by the role; another script's own \
             server answers on every port that the script names",
            Unverified,
        ),
        (
            "Without an index.html an instance answers 403, and is replaced after its time of grace",
            Documents,
        ),
    ];

    tags!(instance.tags);

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.vpc)];
        if self.lifecycle != "Terminated" {
            keys.push(format!("scaling-group={}", self.group));
        }
        keys
    }

    fn state(&self) -> String {
        self.instance.state.clone()
    }

    fn is_hidden(&self) -> bool {
        self.instance.state == "terminated"
    }

    fn tie(&self, _key: &str) -> Tie {
        // Its network interface blocks, as long as it is alive.
        Tie::Ignores
    }
}

impl InstanceRecord {
    /// It is in its group, not on its way out.
    pub(crate) fn is_member(&self) -> bool {
        matches!(self.lifecycle.as_str(), "Pending" | "InService")
    }

    /// As its group shows it; none once it is gone.
    pub(crate) fn in_group(&self) -> Option<GroupInstance> {
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

/// The instances of a group that are not gone yet.
pub(crate) fn all_of<'a>(
    world: &'a World,
    group: &str,
) -> impl Iterator<Item = (&'a String, &'a InstanceRecord)> + use<'a> {
    world.with(&format!("scaling-group={group}"))
}

impl World {
    pages!(describe_instances(DescribeInstances) of InstanceRecord => |machine| machine.instance.clone());

    pub(crate) fn launch(
        &mut self,
        group: &str,
        subnet: &Subnet,
        version: i64,
        data: LaunchTemplateData,
    ) {
        let id = self.id("i");
        network_interface::add(
            self,
            NewInterface {
                owner: &id,
                subnet: &subnet.id,
                vpc: &subnet.vpc,
                description: String::new(),
                groups: &data.security_groups,
                is_mapped: subnet.public_addresses,
            },
        );
        let host = self.random.next();
        let network = subnet.cidr.rsplit_once('.').map_or("10.0.0", |(network, _)| network);
        let mut tags = data.tags.clone();
        tags.insert("aws:autoscaling:groupName".into(), group.to_owned());
        let machine = InstanceRecord {
            instance: Instance {
                id: id.clone(),
                zone: subnet.zone.clone(),
                state: "pending".into(),
                private_ip: Some(format!("{network}.{}", 4 + host % 200)),
                instance_type: data.instance_type.clone(),
                vcpus: Some(vcpus(&data.instance_type)),
                is_on_demand: true,
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
            page: None,
            console: String::new(),
        };
        self.put(&id, machine);
        self.after(START, RUNS, &id);
    }

    pub(crate) fn instance_runs(&mut self, id: &str) {
        let now = self.now;
        let mut is_running = false;
        self.update::<InstanceRecord>(id, |machine| {
            if machine.lifecycle == "Pending" {
                machine.instance.state = "running".into();
                machine.lifecycle = "InService".into();
                machine.running = Some(now);
                is_running = true;
            }
        });
        if is_running {
            self.after(BOOT, BOOTED, id);
        }
    }

    /// The user data runs: without a way to what it fetches it waits for one, and then gives up for good.
    pub(crate) fn instance_booted(&mut self, id: &str) {
        let Some(machine) = self.get::<InstanceRecord>(id) else { return };
        let Some(running) = machine.running.filter(|_| machine.is_member()) else { return };
        let (reason, may_pass) = match boot::run(self, machine) {
            Ok((page, said)) => {
                let group = machine.group.clone();
                self.update::<InstanceRecord>(id, |machine| {
                    machine.page = page;
                    machine.console.push_str(&said);
                });
                auto_scaling_group::look(self, &group, Time::ZERO);
                return;
            }
            Err(boot::Failure::Passing(reason)) => (reason, true),
            Err(boot::Failure::Final(reason)) => (reason, false),
        };
        if may_pass {
            let patience = self.sample(BOOT_PATIENCE) + Time::from_secs_f64(BOOT.range.1);
            if self.now < running + patience {
                self.later(BOOT_RETRY, BOOTED, id);
                return;
            }
        }
        self.update::<InstanceRecord>(id, |machine| machine.console.push_str(&reason));
    }

    pub(crate) fn get_console_output(&mut self, call: GetConsoleOutput) -> Answer<String> {
        Ok(self.find::<InstanceRecord>(&call.instance)?.console.clone())
    }

    /// Takes an instance out of its group. What the load balancer still sends to it has time to end.
    pub(crate) fn terminate(&mut self, id: &str) {
        let Some(machine) = self.get::<InstanceRecord>(id) else { return };
        if !machine.is_member() {
            return;
        }
        let delay =
            if machine.running.is_some() { self.draining_of(&machine.group) } else { Time::ZERO };
        self.update::<InstanceRecord>(id, |machine| machine.lifecycle = "Terminating".into());
        self.later(delay, DRAINED, id);
    }

    /// The time for which targets of a group are drained: the longest of its target groups.
    fn draining_of(&self, group: &str) -> Time {
        let Some(scaling) = self.get::<ScalingGroupRecord>(group) else { return Time::ZERO };
        let targets =
            scaling.group.target_groups.iter().filter_map(|arn| self.get::<TargetGroupRecord>(arn));
        targets.map(TargetGroupRecord::draining).max().unwrap_or_default()
    }

    pub(crate) fn instance_drained(&mut self, id: &str) {
        self.update::<InstanceRecord>(id, |machine| {
            machine.instance.state = "shutting-down".into();
        });
        self.after(STOP, TERMINATED, id);
    }

    pub(crate) fn instance_terminated(&mut self, id: &str) {
        self.update::<InstanceRecord>(id, |machine| {
            machine.instance.state = "terminated".into();
            machine.instance.private_ip = None;
            machine.lifecycle = "Terminated".into();
        });
        network_interface::remove_all_of(self, id);
        target_health::forget(self, id);
        self.after(VISIBLE, FORGOTTEN, id);
    }

    /// Ends an instance as a broken machine does: its group finds out when it looks.
    pub(crate) fn break_instance(&mut self, id: &str) -> bool {
        let group = self.get::<InstanceRecord>(id).map(|machine| machine.group.clone());
        self.terminate(id);
        if let Some(group) = &group {
            auto_scaling_group::look(self, group, BREAKAGE);
        }
        group.is_some()
    }
}
