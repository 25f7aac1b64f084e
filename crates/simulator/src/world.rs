use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::assumptions::{self as assumed, Assumption};
use super::limits::Buckets;
use super::random::{Random, mix};
use super::settings::Settings;
use super::state::State;
use super::store::{HORIZON, Moment, Store, Thing, Time};
use skyward_aws::{Operation, Page, Select};

/// An answer other than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

/// What an operation answers.
pub(super) type Answer<T> = Result<T, Refusal>;

/// A refusal with AWS's code.
pub(super) fn refuse<T>(code: &str, message: impl Into<String>) -> Answer<T> {
    Err(Refusal { code: code.to_owned(), message: message.into() })
}

/// What happens later by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Event {
    VpcReady(String),
    SubnetReady(String),
    NatSettles(String),
    NatGone(String),
    NatForgotten(String),
    EndpointReady(String),
    EndpointGone(String),
    InterfaceGone(String),
    BalancerReady(String),
    BalancerGone(String),
    GroupLooks(String),
    InstanceRuns(String),
    InstanceBooted(String),
    InstanceDrained(String),
    InstanceTerminated(String),
    InstanceForgotten(String),
    ClusterReady(String),
    ClusterChanges(String),
    ClusterChanged(String),
    ClusterGone(String),
}

/// A simulated account: its state, its clock, and what is about to happen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) settings: Settings,
    pub(super) state: State,
    #[serde(skip)]
    pub(super) buckets: Buckets,
    pub(super) random: Random,
    pub(super) calls: u64,
    pub(super) by_operation: BTreeMap<Operation, u64>,
    /// Since the account was made.
    pub(super) now: Time,
    /// The call under way sees the state as it was then.
    pub(super) view: Time,
    /// What the call under way writes is seen at once by everyone.
    is_direct: bool,
    /// The call under way is one whose NAT gateways fail, or whose databases take this long.
    pub(super) nat_fails: bool,
    pub(super) database_minutes: Option<u32>,
    pub(super) no_database_capacity: bool,
    /// NAT gateways ever made.
    pub(super) nats_made: u64,
    seed: u64,
    ids: u64,
    #[serde(skip)]
    clock: Option<Instant>,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    event_number: u64,
}

impl World {
    pub(super) fn new(seed: u64, region: &str) -> Self {
        Self {
            account: "123456789012".into(),
            region: region.to_owned(),
            settings: Settings::default(),
            state: State::default(),
            buckets: Buckets::default(),
            random: Random::new(seed),
            calls: 0,
            by_operation: BTreeMap::new(),
            now: Time::ZERO,
            view: Time::ZERO,
            is_direct: false,
            nat_fails: false,
            database_minutes: None,
            no_database_capacity: false,
            nats_made: 0,
            seed,
            ids: 0,
            clock: None,
            events: BinaryHeap::new(),
            event_number: 0,
        }
    }

    /// Lets everything happen that is due by now. An account can outlive its runtime: where a clock begins before the last
    /// one ended, no time has passed.
    pub(super) fn catch_up(&mut self) {
        let instant = Instant::now();
        let passed =
            self.clock.map_or(Duration::ZERO, |last| instant.saturating_duration_since(last));
        self.clock = Some(instant);
        let until = self.now + passed;
        while let Some(Reverse((due, _, _))) = self.events.peek() {
            if *due > until {
                break;
            }
            let Reverse((due, _, event)) = self.events.pop().expect("just seen");
            self.now = due;
            self.happen(event);
        }
        self.now = until;
        self.view = until;
    }

    /// The names of the region's zones.
    pub(super) fn zone_names(&self) -> Vec<String> {
        self.settings.zones.iter().map(|zone| format!("{}{}", self.region, zone.letter)).collect()
    }

    /// Begins a call that sees a state of this age.
    pub(super) fn begin(&mut self, staleness: Duration) {
        self.is_direct = false;
        self.view = self.now.saturating_sub(staleness.min(HORIZON));
    }

    /// Begins a change that everyone sees at once.
    pub(super) fn begin_directly(&mut self) {
        self.catch_up();
        self.is_direct = true;
        (self.nat_fails, self.database_minutes, self.no_database_capacity) = (false, None, false);
    }

    /// How old the state is that a call sees, if the assumed age is taken this many times.
    pub(super) fn staleness(&mut self, lag: f64) -> Duration {
        let is_stale = self.random.chance(assumed::STALE_SHARE.range.0);
        let age = self.sample(assumed::STALENESS);
        if is_stale { age.mul_f64(lag.max(0.0)) } else { Duration::ZERO }
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { now: self.now, is_seen_at_once: self.is_direct }
    }

    /// A time within what is assumed.
    pub(super) fn sample(&mut self, assumption: Assumption) -> Duration {
        self.random.between(assumption.range.0, assumption.range.1)
    }

    /// Lets something happen after a while.
    pub(super) fn later(&mut self, delay: Duration, event: Event) {
        self.event_number += 1;
        self.events.push(Reverse((self.now + delay, self.event_number, event)));
    }

    /// The same after a time within what is assumed.
    pub(super) fn after(&mut self, assumption: Assumption, event: Event) {
        let delay = self.sample(assumption);
        self.later(delay, event);
    }

    /// A number that no other thing has: 17 hexadecimal digits, as AWS's ids have.
    pub(super) fn number(&mut self) -> String {
        self.ids += 1;
        format!("0{:016x}", mix(self.ids ^ self.seed.rotate_left(32)))
    }

    /// An id that no other thing has.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.number())
    }

    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// The date of now. The account was made on a day long past, whatever day it is.
    pub(super) fn timestamp(&self) -> Timestamp {
        let began: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
        began + self.now
    }

    /// A page of what a call sees.
    pub(super) fn page<T: Thing, M>(
        &self,
        store: impl Fn(&State) -> &Store<T>,
        select: &Select,
        page: Option<&String>,
        view: impl Fn(&T) -> M,
    ) -> Page<M> {
        let size = self.settings.page_size;
        let found = store(&self.state).page(select, self.view, page.map(String::as_str), size);
        Page { items: found.items.into_iter().map(view).collect(), next: found.next }
    }

    /// Refuses what goes over a quota.
    pub(super) fn quota(&self, name: &str, used: usize, code: &str) -> Answer<()> {
        let most = self.settings.quota(name);
        if i64::try_from(used).is_ok_and(|used| used < most) {
            return Ok(());
        }
        refuse(code, format!("The maximum number of {name} has been reached: {most}."))
    }

    /// What an earlier call with this token made, if it asked for the same.
    pub(super) fn earlier(
        &self,
        operation: Operation,
        token: &str,
        request: &str,
    ) -> Answer<Option<String>> {
        match self.state.tokens.get(&(operation, token.to_owned())) {
            None => Ok(None),
            Some((earlier, id)) if earlier == request => Ok(Some(id.clone())),
            Some(_) => refuse(
                "IdempotentParameterMismatch",
                "The client token was used before with other parameters.",
            ),
        }
    }

    /// Remembers what a call with a token made.
    pub(super) fn remember(
        &mut self,
        operation: Operation,
        token: &str,
        request: String,
        id: &str,
    ) {
        self.state.tokens.insert((operation, token.to_owned()), (request, id.to_owned()));
    }

    fn happen(&mut self, event: Event) {
        // What happens by itself is seen as late as what is called for.
        let was_direct = std::mem::take(&mut self.is_direct);
        match event {
            Event::VpcReady(id) => self.vpc_ready(&id),
            Event::SubnetReady(id) => self.subnet_ready(&id),
            Event::NatSettles(id) => self.nat_settles(&id),
            Event::NatGone(id) => self.nat_gone(&id),
            Event::NatForgotten(id) => self.nat_forgotten(&id),
            Event::InterfaceGone(id) => self.interface_gone(&id),
            Event::EndpointReady(id) => self.endpoint_ready(&id),
            Event::EndpointGone(id) => self.endpoint_gone(&id),
            Event::BalancerReady(arn) => self.balancer_ready(&arn),
            Event::BalancerGone(arn) => self.balancer_gone(&arn),
            Event::GroupLooks(name) => self.group_looks(&name),
            Event::InstanceRuns(id) => self.instance_runs(&id),
            Event::InstanceBooted(id) => self.instance_booted(&id),
            Event::InstanceDrained(id) => self.instance_drained(&id),
            Event::InstanceTerminated(id) => self.instance_terminated(&id),
            Event::InstanceForgotten(id) => self.instance_forgotten(&id),
            Event::ClusterReady(name) => self.cluster_ready(&name),
            Event::ClusterChanges(name) => self.cluster_changes(&name),
            Event::ClusterChanged(name) => self.cluster_changed(&name),
            Event::ClusterGone(name) => self.cluster_gone(&name),
        }
        self.is_direct = was_direct;
    }
}

/// What a call sees of a thing that it names; AWS's code where it is not there, or not visible yet.
pub(super) fn find<'a, T: Thing>(
    store: &'a Store<T>,
    id: &str,
    view: Time,
    code: &str,
) -> Answer<&'a T> {
    let missing = || Refusal { code: code.to_owned(), message: format!("{id} does not exist") };
    store.known(id, view).ok_or_else(missing)
}

/// Ids, or names, of several things.
pub(super) fn all_of<T: Thing>(
    store: &Store<T>,
    ids: &BTreeSet<String>,
    view: Time,
    code: &str,
) -> Answer<()> {
    ids.iter().try_for_each(|id| find(store, id, view, code).map(|_| ()))
}
