use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::network::ids;
use super::store::Thing;
use super::world::{Answer, Event, World};
use skyward_aws::model::{NetworkInterface, Tags};
use skyward_aws::{DescribeNetworkInterfaces, Page};

/// A network interface, and what it belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Interface {
    pub(super) shown: NetworkInterface,
    vpc: String,
    owner: String,
    /// It has a public address.
    pub(super) is_mapped: bool,
    tags: Tags,
}

impl Thing for Interface {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        let groups = self.shown.groups.iter().map(|group| format!("group={group}"));
        let mut keys: Vec<String> = groups.collect();
        keys.push(format!("vpc={}", self.vpc));
        keys.push(format!("subnet={}", self.shown.subnet));
        keys.push(format!("owner={}", self.owner));
        keys
    }
}

/// A network interface to be.
pub(super) struct NewInterface<'a> {
    pub(super) owner: &'a str,
    pub(super) subnet: &'a str,
    pub(super) vpc: &'a str,
    pub(super) description: String,
    pub(super) groups: &'a [String],
    pub(super) is_mapped: bool,
}

impl World {
    pub(super) fn add_interface(&mut self, new: NewInterface<'_>) {
        let id = self.id("eni");
        let shown = NetworkInterface {
            id: id.clone(),
            subnet: new.subnet.to_owned(),
            description: new.description,
            groups: new.groups.iter().cloned().collect(),
        };
        let interface = Interface {
            shown,
            vpc: new.vpc.to_owned(),
            owner: new.owner.to_owned(),
            is_mapped: new.is_mapped,
            tags: Tags::new(),
        };
        self.state.interfaces.put(self.moment(), &id, interface);
    }

    /// What has gone leaves its interfaces behind for a while.
    pub(super) fn leave_interfaces_of(&mut self, owner: &str) {
        for id in ids(self.state.interfaces.with(&format!("owner={owner}")), |_| true) {
            self.after(assumed::INTERFACE_LINGER, Event::InterfaceGone(id));
        }
    }

    /// Takes the interfaces away at once.
    pub(super) fn remove_interfaces_of(&mut self, owner: &str) {
        for id in ids(self.state.interfaces.with(&format!("owner={owner}")), |_| true) {
            self.interface_gone(&id);
        }
    }

    pub(super) fn interface_gone(&mut self, id: &str) {
        self.state.interfaces.remove(self.moment(), id);
    }

    /// Puts what belongs to an owner into other security groups.
    pub(super) fn regroup_interfaces_of(
        &mut self,
        owner: &str,
        groups: &std::collections::BTreeSet<String>,
    ) {
        let moment = self.moment();
        for id in ids(self.state.interfaces.with(&format!("owner={owner}")), |_| true) {
            let change = |interface: &mut Interface| interface.shown.groups.clone_from(groups);
            self.state.interfaces.update(moment, &id, change);
        }
    }

    pub(super) fn describe_network_interfaces(
        &mut self,
        call: DescribeNetworkInterfaces,
    ) -> Answer<Page<NetworkInterface>> {
        let view = |interface: &Interface| interface.shown.clone();
        Ok(self.page(|state| &state.interfaces, &call.select, call.page.as_ref(), view))
    }
}
