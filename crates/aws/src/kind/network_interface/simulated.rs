//! Network interfaces, which hold subnets and security groups for those that own them.

use crate::kind::simulated::prelude::*;

/// A network interface, and what it belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InterfaceRecord {
    pub(crate) shown: NetworkInterface,
    vpc: String,
    owner: String,
    /// It has a public address.
    pub(crate) is_mapped: bool,
}

const LINGER: Assumption =
    seconds("network interfaces: after their owner is gone", 2.0, 25.0, Unverified);
const GONE: Event = Event::new("network interface gone", World::forget::<InterfaceRecord>);

impl Kind for InterfaceRecord {
    const NAME: &'static str = "network-interface";
    const MISSING: &'static str = "InvalidNetworkInterfaceID.NotFound";
    const EVENTS: &'static [Event] = &[GONE];
    const ASSUMPTIONS: &'static [Assumption] = &[LINGER];
    const RULES: &'static [Behaviour] = &[(
        "Load balancer, NAT gateway, instance and database hold network interfaces, and with them subnets and groups",
        Documents,
    )];

    tags!(shown.tags);

    fn keys(&self) -> Vec<String> {
        let groups = self.shown.groups.iter().map(|group| format!("security-group={group}"));
        let mut keys: Vec<String> = groups.collect();
        keys.push(format!("vpc={}", self.vpc));
        keys.push(format!("subnet={}", self.shown.subnet));
        keys.push(format!("owner={}", self.owner));
        keys
    }

    fn state(&self) -> String {
        self.shown.description.clone()
    }
}

/// A network interface to be.
pub(crate) struct NewInterface<'a> {
    pub(crate) owner: &'a str,
    pub(crate) subnet: &'a str,
    pub(crate) vpc: &'a str,
    pub(crate) description: String,
    pub(crate) groups: &'a BTreeSet<String>,
    pub(crate) is_mapped: bool,
}

/// Makes a network interface for its owner.
pub(crate) fn add(world: &mut World, new: NewInterface<'_>) {
    let id = world.id("eni");
    let shown = NetworkInterface {
        id: id.clone(),
        subnet: new.subnet.to_owned(),
        description: new.description,
        groups: new.groups.clone(),
        status: "in-use".into(),
        tags: Tags::new(),
    };
    let (vpc, owner) = (new.vpc.to_owned(), new.owner.to_owned());
    world.put(&id, InterfaceRecord { shown, vpc, owner, is_mapped: new.is_mapped });
}

/// Leaves a network interface in a subnet that nothing uses, as services of AWS do at times; its id.
pub(crate) fn strand(world: &mut World, subnet: &str, description: &str) -> Option<String> {
    let vpc = world.get::<Subnet>(subnet)?.vpc.clone();
    let id = world.id("eni");
    let shown = NetworkInterface {
        id: id.clone(),
        subnet: subnet.to_owned(),
        description: description.to_owned(),
        groups: BTreeSet::new(),
        status: "available".into(),
        tags: Tags::new(),
    };
    world.put(&id, InterfaceRecord { shown, vpc, owner: String::new(), is_mapped: false });
    Some(id)
}

fn all_of(world: &World, owner: &str, meets: impl Fn(&InterfaceRecord) -> bool) -> Vec<String> {
    world.ids(&format!("owner={owner}"), meets)
}

/// Takes those of an owner away after a while: an owner that is gone, or has left their subnets.
pub(crate) fn leave(world: &mut World, owner: &str, meets: impl Fn(&InterfaceRecord) -> bool) {
    for id in all_of(world, owner, meets) {
        world.after(LINGER, GONE, &id);
    }
}

/// Takes those of an owner away at once.
pub(crate) fn remove_all_of(world: &mut World, owner: &str) {
    for id in all_of(world, owner, |_| true) {
        world.forget::<InterfaceRecord>(&id);
    }
}

/// Puts those of an owner into other security groups.
pub(crate) fn regroup(world: &mut World, owner: &str, groups: &BTreeSet<String>) {
    for id in all_of(world, owner, |_| true) {
        let change = |record: &mut InterfaceRecord| record.shown.groups.clone_from(groups);
        world.update(&id, change);
    }
}

impl World {
    pages!(describe_network_interfaces(DescribeNetworkInterfaces) of InterfaceRecord => |interface| interface.shown.clone());

    pub(crate) fn delete_network_interface(&mut self, call: DeleteNetworkInterface) -> Answer<()> {
        let id = &call.interface;
        if self.find::<InterfaceRecord>(id)?.shown.status != "available" {
            let message = format!("Network interface '{id}' is currently in use.");
            return refuse("InvalidParameterValue", message);
        }
        self.delete::<InterfaceRecord>(id)
    }
}
