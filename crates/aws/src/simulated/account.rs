//! The account itself, as a test and the provisioner hold it, and all that it assumes of AWS.

use std::cell::{RefCell, RefMut};
use std::fmt::Write;
use std::rc::Rc;

use crate::kind::RECORDS;
use crate::kind::simulated::network_interface;
use crate::{ApiError, Call, Operation, Request, Response, dispatch};
use futures_util::FutureExt;
use serde_json::Value;

use crate::simulated::limits::{Buckets, LIMITS, Limit};
use crate::world::assumption::{Assumption, Behaviour, OF_CALLS, RULES_OF_CALLS};
use crate::world::settings::Settings;
use crate::world::{Item, World};

/// A simulated account in a region. Clones are the same account.
#[derive(Debug, Clone)]
pub struct Account {
    world: Rc<RefCell<World>>,
    buckets: Rc<RefCell<Buckets>>,
}

impl Account {
    /// A new, empty account, 123456789012, in eu-central-1. The same seed and the same calls in the same order give the same
    /// account.
    pub fn new(seed: u64) -> Self {
        Self::in_region(seed, "eu-central-1")
    }

    /// The same in another region.
    pub fn in_region(seed: u64, region: &str) -> Self {
        Self::of(World::new(seed, region, RECORDS))
    }

    fn of(world: World) -> Self {
        Self { world: Rc::new(RefCell::new(world)), buckets: Rc::default() }
    }

    pub(crate) fn world(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    pub(crate) fn buckets(&self) -> RefMut<'_, Buckets> {
        self.buckets.borrow_mut()
    }

    /// The region.
    pub fn region(&self) -> String {
        self.world().region.clone()
    }

    /// Changes the properties of the account.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Carries out an operation behind everyone's back: at once, seen by all at once, not counted, never throttled.
    ///
    /// # Errors
    /// The account answers with one.
    pub fn directly<C: Call>(&self, call: C) -> Result<C::Output, ApiError> {
        self.world().begin_directly();
        let response = self.carry_out(call.into_request())?;
        Ok(C::output(response).expect("an account answers what it was asked"))
    }

    /// Carries out an operation at once.
    pub(crate) fn carry_out(&self, request: Request) -> Result<Response, ApiError> {
        dispatch(&*self.world, request).now_or_never().expect("a simulated operation does not wait")
    }

    /// Gives a bucket's name to someone else.
    pub fn take_bucket(&self, name: &str) {
        self.world().settings.taken_buckets.insert(name.to_owned());
    }

    /// Puts an object into a bucket, as its users do; false where there is no such bucket.
    pub fn put_object(&self, bucket: &str, key: &str) -> bool {
        let mut world = self.world();
        world.begin_directly();
        world.place_object(bucket, key, None)
    }

    /// Leaves a network interface in a subnet that nothing uses, as services of AWS do at times: its id, where there is such a subnet.
    pub fn strand_interface(&self, subnet: &str, description: &str) -> Option<String> {
        let mut world = self.world();
        world.begin_directly();
        network_interface::strand(&mut world, subnet, description)
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

    /// The whole account as it is, to be [restored](Self::restore) in another process. Everyone sees
    /// its newest state then, and the token buckets are full.
    pub fn state(&self) -> Value {
        let mut world = self.world();
        world.catch_up();
        world.save()
    }

    /// The account that was written down.
    ///
    /// # Errors
    /// It is not the state of an account, or that of another version of this program.
    pub fn restore(state: Value) -> Result<Self, serde_json::Error> {
        Ok(Self::of(World::restore(state, RECORDS)?))
    }

    /// The number of calls that its clients have made.
    pub fn calls(&self) -> u64 {
        self.world().calls
    }

    /// The number of calls of one operation.
    pub fn calls_of(&self, operation: Operation) -> u64 {
        self.world().by_operation.get(operation.name()).copied().unwrap_or_default()
    }

    /// Every resource as it is now, in the order of kinds and ids, without those that AWS still shows after their end: deleted
    /// and failed NAT gateways, terminated instances.
    pub fn inventory(&self) -> Vec<Item> {
        let mut world = self.world();
        world.catch_up();
        world.inventory()
    }
}

/// Every number that the simulator works with, beside its token buckets and quotas.
pub fn assumptions() -> impl Iterator<Item = &'static Assumption> {
    OF_CALLS.iter().chain(RECORDS.iter().flat_map(|kind| kind.assumptions))
}

/// The behaviour of the simulated services where AWS's documentation leaves it open, or where it matters most, with its source.
pub fn rules() -> impl Iterator<Item = &'static Behaviour> {
    RULES_OF_CALLS.iter().chain(RECORDS.iter().flat_map(|kind| kind.rules))
}

/// The assumptions of the simulator as tables in Markdown, with the source of each number.
pub fn assumptions_markdown() -> String {
    let mut text = String::from("| what | assumed | source |\n|---|---|---|\n");
    for Assumption { what, range: (low, high), unit, source } in assumptions() {
        let value = if low < high { format!("{low}–{high}") } else { low.to_string() };
        let _ = writeln!(text, "| {what} | {value} {unit} | {} |", source.letter());
    }
    text.push_str(
        "\n| calls, by account and region | at once | a second | source |\n|---|---|---|---|\n",
    );
    for Limit { what, capacity, refill, source, .. } in LIMITS {
        let _ = writeln!(text, "| {what} | {capacity} | {refill} | {} |", source.letter());
    }
    text.push_str("\n| quota of a new account | at most | source |\n|---|---|---|\n");
    for quota in RECORDS.iter().flat_map(|kind| kind.quotas) {
        let _ = writeln!(text, "| {} | {} | D |", quota.name, quota.most);
    }
    text.push_str("\n| rule | source |\n|---|---|\n");
    for (rule, source) in rules() {
        let _ = writeln!(text, "| {rule} | {} |", source.letter());
    }
    text.push_str(
        "\nSources: B botocore's service models; D AWS's documentation; L published Terraform logs; U not verified.\n",
    );
    text
}
