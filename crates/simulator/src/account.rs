use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use serde_json::Value;

use super::client::Client;
use super::settings::Settings;
use super::store::{Store, Thing};
use super::world::World;
use skyward_aws::model::Tags;
use skyward_aws::{ApiError, Call, Operation};

/// A simulated account in a region. Clones are the same account.
#[derive(Debug, Clone)]
pub struct Account {
    world: Rc<RefCell<World>>,
}

/// Something that an account holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// What it is, such as `nat-gateway`.
    pub kind: &'static str,
    /// AWS's id, or its name where it has no id.
    pub id: String,
    /// Its tags.
    pub tags: Tags,
    /// Its state where it has one, such as `available`.
    pub state: String,
}

impl Account {
    /// A new, empty account, 123456789012, in eu-central-1. The same seed and the same calls in the same order give the same
    /// account.
    pub fn new(seed: u64) -> Self {
        Self::in_region(seed, "eu-central-1")
    }

    /// The same in another region.
    pub fn in_region(seed: u64, region: &str) -> Self {
        Self { world: Rc::new(RefCell::new(World::new(seed, region))) }
    }

    pub(super) fn world(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// Changes what the account is like.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// A new process that calls this account.
    pub fn client(&self) -> Client {
        Client::new(self.clone())
    }

    /// Carries out an operation behind everyone's back: at once, seen by all at once, not counted, never throttled.
    ///
    /// # Errors
    /// What the account answers.
    pub fn directly<C: Call>(&self, call: C) -> Result<C::Output, ApiError> {
        self.world().begin_directly();
        let response = self.carry_out(call.into_request())?;
        Ok(C::output(response).expect("an account answers what it was asked"))
    }

    /// Gives a bucket's name to someone else.
    pub fn take_bucket(&self, name: &str) {
        self.world().state.taken_buckets.insert(name.to_owned());
    }

    /// Puts an object into a bucket, as whoever uses it does; false where there is no such bucket.
    pub fn put_object(&self, bucket: &str, key: &str) -> bool {
        let mut world = self.world();
        world.begin_directly();
        world.put_object(bucket, key)
    }

    /// Ends an instance, as a broken machine does; false where there is none of this id.
    pub fn break_instance(&self, id: &str) -> bool {
        let mut world = self.world();
        world.begin_directly();
        world.break_instance(id)
    }

    /// The page that a load balancer answers to `http://` and its name: only while a healthy instance has one.
    pub fn page(&self, dns_name: &str) -> Option<String> {
        let mut world = self.world();
        world.catch_up();
        world.web_page(dns_name)
    }

    /// The whole account as it is, to be [restored](Self::restore) in another process. What only some see yet, everyone sees
    /// then; the token buckets are full.
    pub fn state(&self) -> Value {
        let mut world = self.world();
        world.catch_up();
        serde_json::to_value(&*world).expect("a state is a value")
    }

    /// The account that was written down.
    ///
    /// # Errors
    /// It is not the state of an account, or that of another version of this program.
    pub fn restore(state: Value) -> Result<Self, serde_json::Error> {
        let world = serde_json::from_value(state)?;
        Ok(Self { world: Rc::new(RefCell::new(world)) })
    }

    /// How many calls its clients have made.
    pub fn calls(&self) -> u64 {
        self.world().calls
    }

    /// How many of them were calls of this operation.
    pub fn calls_of(&self, operation: Operation) -> u64 {
        self.world().by_operation.get(&operation).copied().unwrap_or_default()
    }

    /// Everything that there is now, as it is, in the order of kinds and ids. What AWS still shows of what is gone (deleted
    /// and failed NAT gateways, terminated instances) is not in it.
    pub fn inventory(&self) -> Vec<Item> {
        let mut world = self.world();
        world.catch_up();
        world.inventory()
    }
}

impl World {
    fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let state = &self.state;
        list(&mut items, "vpc", &state.vpcs, |it| it.vpc.state.clone());
        list(&mut items, "subnet", &state.subnets, |it| it.state.clone());
        list(&mut items, "internet-gateway", &state.gateways, |it| {
            it.vpc.clone().unwrap_or_default()
        });
        list(&mut items, "address", &state.addresses, |it| it.user.clone().unwrap_or_default());
        list(&mut items, "nat-gateway", &state.nats, |it| it.gateway.state.clone());
        list(&mut items, "route-table", &state.tables, |it| {
            if it.0.is_main { "main" } else { "" }.into()
        });
        list(&mut items, "security-group", &state.groups, |it| it.0.name.clone());
        list(&mut items, "network-interface", &state.interfaces, |it| it.shown.description.clone());
        list(&mut items, "vpc-endpoint", &state.endpoints, |it| it.state.clone());
        list(&mut items, "flow-log", &state.flow_logs, |_| String::new());
        list(&mut items, "launch-template", &state.templates, |it| it.template.name.clone());
        list(&mut items, "auto-scaling-group", &state.scaling, |it| {
            it.group.status.clone().unwrap_or_default()
        });
        list(&mut items, "instance", &state.machines, |it| it.instance.state.clone());
        list(&mut items, "load-balancer", &state.balancers, |it| it.shown.state.clone());
        list(&mut items, "target-group", &state.target_groups, |it| it.group.name.clone());
        list(&mut items, "listener", &state.listeners, |it| it.listener.port.to_string());
        list(&mut items, "db-subnet-group", &state.subnet_groups, |_| String::new());
        list(&mut items, "db-cluster", &state.clusters, |it| it.cluster.status.clone());
        list(&mut items, "db-cluster-snapshot", &state.snapshots, |_| String::new());
        list(&mut items, "bucket", &state.buckets, |it| format!("{} object versions", it.len()));
        list(&mut items, "role", &state.roles, |_| String::new());
        list(&mut items, "instance-profile", &state.profiles, |_| String::new());
        items.retain(|item| {
            !matches!(
                (item.kind, item.state.as_str()),
                ("nat-gateway", "deleted" | "failed") | ("instance", "terminated")
            )
        });
        items.sort();
        items
    }
}

fn list<T: Thing>(
    items: &mut Vec<Item>,
    kind: &'static str,
    store: &Store<T>,
    state: impl Fn(&T) -> String,
) {
    items.extend(store.all().map(|(id, thing)| Item {
        kind,
        id: id.clone(),
        tags: thing.tags().clone(),
        state: state(thing),
    }));
}
