//! The engine of a simulated account: its clock, its resources, and the events to come.
//!
//! The engine knows kinds of resources by the trait [`Kind`] alone: a kind says what its records are found by, what happens to
//! them by themselves, and what they hold back. The operations of a kind are methods of [`World`] in the kind's own file.

/// The accessors of a record's tags, which are in this field.
macro_rules! tags {
    ($($field:ident).+) => {
        fn tags(&self) -> &Tags {
            &self.$($field).+
        }

        fn tags_mut(&mut self) -> &mut Tags {
            &mut self.$($field).+
        }
    };
}
pub(crate) use tags;

/// Answers a list of EC2 in pages: a method for an operation, with the view that it gives of a kind of records.
macro_rules! pages {
    ($method:ident($operation:ident) of $record:ty => $view:expr) => {
        pub(crate) fn $method(&mut self, call: $operation) -> Answer<<$operation as Call>::Output> {
            let view: fn(&$record) -> <$operation as Paged>::Item = $view;
            self.page(&call.select, call.page, view)
        }
    };
}
pub(crate) use pages;

pub(crate) mod assumption;
mod kind;
mod resources;
pub(crate) mod settings;
pub(crate) mod store;

/// The engine's names that the simulated half of every kind uses.
pub(crate) mod prelude {
    pub(crate) use std::collections::{BTreeMap, BTreeSet};

    pub(crate) use serde::{Deserialize, Serialize};
    pub(crate) use serde_json::Value;

    pub(crate) use super::assumption::Source::{Documents, Logs, Unverified};
    pub(crate) use super::assumption::{Assumption, Behaviour, seconds};
    pub(crate) use super::store::Time;
    pub(crate) use super::{Answer, DefaultQuota, Event, Kind, Tie, World, pages, refuse, tags};
}

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Partition;
use crate::random::{Random, mix};
use crate::world::assumption::{self as assumed, Assumption};
use crate::world::settings::Settings;
use crate::world::store::{HORIZON, Moment, Time};

pub use kind::Item;
pub(crate) use kind::{AnyStore, DefaultQuota, Event, Kind, Registered, Tie};

/// A refusal: an answer other than the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The answer of an operation.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// Refuses with AWS's code.
pub(crate) fn refuse<T>(code: &str, message: impl Into<String>) -> Answer<T> {
    Err(Refusal { code: code.to_owned(), message: message.into() })
}

/// The accidents that happen within a kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accidents {
    /// The client's NAT gateways that fail, counted from 1.
    pub(crate) nat_fails: BTreeSet<u32>,
    /// The time that the client's database clusters take to create.
    pub(crate) database_minutes: Option<u32>,
    /// AWS has no capacity for a database cluster.
    pub(crate) no_database_capacity: bool,
}

/// A simulated account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) settings: Settings,
    pub(crate) random: Random,
    pub(crate) calls: u64,
    pub(crate) by_operation: BTreeMap<String, u64>,
    /// Since the account was made.
    pub(crate) now: Time,
    /// The call under way sees the state as it was then.
    view: Time,
    /// Everyone sees at once what the call under way writes.
    is_direct: bool,
    /// The accidents of the client whose call is under way.
    #[serde(skip)]
    pub(crate) accidents: Accidents,
    /// The number of NAT gateways that that client has made.
    #[serde(skip)]
    pub(crate) nat_gateways_made: Rc<Cell<u32>>,
    /// The requests of calls with client tokens, and the resources that they made.
    tokens: BTreeMap<String, (String, String)>,
    /// Names of what is gone, and from when on they can be taken again.
    held_names: BTreeMap<String, Time>,
    /// The times of the events of which only the earliest counts.
    earliest: BTreeMap<String, Time>,
    seed: u64,
    ids: u64,
    event_number: u64,
    #[serde(skip)]
    clock: Option<Instant>,
    /// The events to come, each with its resource, by their times. Of two at the same time, the one that was decided on first happens
    /// first.
    #[serde(skip)]
    events: BTreeMap<(Time, u64), (Event, String)>,
    #[serde(skip)]
    kinds: &'static [Registered],
    #[serde(skip)]
    stores: BTreeMap<&'static str, Box<dyn AnyStore>>,
}

impl World {
    /// An empty account that can hold these kinds.
    pub(crate) fn new(seed: u64, region: &str, kinds: &'static [Registered]) -> Self {
        Self {
            account: "123456789012".into(),
            region: region.to_owned(),
            settings: Settings::of(region),
            random: Random::new(seed),
            calls: 0,
            by_operation: BTreeMap::new(),
            now: Time::ZERO,
            view: Time::ZERO,
            is_direct: false,
            accidents: Accidents::default(),
            nat_gateways_made: Rc::default(),
            tokens: BTreeMap::new(),
            held_names: BTreeMap::new(),
            earliest: BTreeMap::new(),
            seed,
            ids: 0,
            event_number: 0,
            clock: None,
            events: BTreeMap::new(),
            kinds,
            stores: kinds.iter().map(|kind| (kind.name, (kind.new)())).collect(),
        }
    }

    /// The account as a value.
    pub(crate) fn save(&self) -> Value {
        let mut saved = serde_json::to_value(self).expect("an account is a value");
        let event = |((at, number), (event, id)): (&(Time, u64), &(Event, String))| {
            json!([at, number, event.name, id])
        };
        saved["events"] = self.events.iter().map(event).collect();
        saved["resources"] =
            self.stores.iter().map(|(name, store)| (*name, store.save())).collect();
        saved
    }

    /// The account that [`World::save`] wrote.
    ///
    /// # Errors
    /// The value is not an account of these kinds.
    pub(crate) fn restore(
        mut saved: Value,
        kinds: &'static [Registered],
    ) -> serde_json::Result<Self> {
        let mut resources = saved["resources"].take();
        let events: Vec<(Time, u64, String, String)> =
            serde_json::from_value(saved["events"].take())?;
        let mut world: Self = serde_json::from_value(saved)?;
        world.kinds = kinds;
        for kind in kinds {
            world.stores.insert(kind.name, (kind.load)(resources[kind.name].take())?);
        }
        let all = || kinds.iter().flat_map(|kind| kind.events);
        for (at, number, name, id) in events {
            let unknown = || serde::de::Error::custom(format!("there is no event {name:?}"));
            let event = *all().find(|event| event.name == name).ok_or_else(unknown)?;
            world.events.insert((at, number), (event, id));
        }
        Ok(world)
    }

    /// Lets everything happen that is due by now. An account can outlive its runtime: where a clock begins before the last
    /// one ended, no time has passed.
    pub(crate) fn catch_up(&mut self) {
        let instant = Instant::now();
        let passed =
            self.clock.map_or(Duration::ZERO, |last| instant.saturating_duration_since(last));
        self.clock = Some(instant);
        let until = self.now + passed;
        while let Some(next) = self.events.first_entry()
            && next.key().0 <= until
        {
            let ((at, _), (event, id)) = next.remove_entry();
            self.now = at;
            self.happen(event, &id);
        }
        self.now = until;
        self.view = until;
    }

    fn happen(&mut self, event: Event, id: &str) {
        if event.is_earliest_only {
            let key = event.key(id);
            if self.earliest.get(&key) != Some(&self.now) {
                return;
            }
            self.earliest.remove(&key);
        }
        // Events are seen with the same lag as calls.
        let was_direct = std::mem::take(&mut self.is_direct);
        (event.happens)(self, id);
        self.is_direct = was_direct;
    }

    /// Begins a call that sees a state of this age.
    pub(crate) fn begin(&mut self, staleness: Duration) {
        self.is_direct = false;
        self.view = self.now.saturating_sub(staleness.min(HORIZON));
    }

    /// Begins a change that everyone sees at once, and for which nothing goes wrong.
    pub(crate) fn begin_directly(&mut self) {
        self.catch_up();
        self.is_direct = true;
        self.accidents = Accidents::default();
    }

    /// Tells whether everyone sees at once what the call under way writes.
    pub(crate) fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The age of the state that a call sees, if the assumed age is taken this many times.
    pub(crate) fn staleness(&mut self, lag: f64) -> Duration {
        let is_stale = self.random.chance(assumed::STALE_SHARE.range.0);
        let age = self.sample(assumed::STALENESS);
        if is_stale { age.mul_f64(lag.max(0.0)) } else { Duration::ZERO }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now, is_seen_at_once: self.is_direct }
    }

    /// A time within what is assumed.
    pub(crate) fn sample(&mut self, assumption: Assumption) -> Duration {
        self.random.between(assumption.range.0, assumption.range.1)
    }

    /// Lets something happen to a resource after a while.
    pub(crate) fn later(&mut self, delay: Duration, event: Event, id: &str) {
        let at = self.now + delay;
        if event.is_earliest_only {
            let key = event.key(id);
            if self.earliest.get(&key).is_some_and(|next| *next <= at) {
                return;
            }
            self.earliest.insert(key, at);
        }
        self.event_number += 1;
        self.events.insert((at, self.event_number), (event, id.to_owned()));
    }

    /// The same after a time within what is assumed.
    pub(crate) fn after(&mut self, assumption: Assumption, event: Event, id: &str) {
        let delay = self.sample(assumption);
        self.later(delay, event, id);
    }

    /// A number that nothing else has: 17 hexadecimal digits, as AWS's ids have.
    pub(crate) fn number(&mut self) -> String {
        self.ids += 1;
        format!("0{:016x}", mix(self.ids ^ self.seed.rotate_left(32)))
    }

    /// An id that nothing else has.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{}", self.number())
    }

    /// An ARN in this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition().id, self.region, self.account)
    }

    /// The partition of the account.
    pub(crate) fn partition(&self) -> Partition {
        Partition::of(&self.region)
    }

    /// The date of now. The account was made on a day long past, whatever day it is.
    pub(crate) fn timestamp(&self) -> Timestamp {
        let began: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
        began + self.now
    }

    /// The names of the region's zones that meet a condition.
    pub(crate) fn zones(
        &self,
        meets: impl Fn(&crate::world::settings::Zone) -> bool,
    ) -> Vec<String> {
        let zones = self.settings.zones.iter().filter(|zone| meets(zone));
        zones.map(|zone| format!("{}{}", self.region, zone.letter)).collect()
    }
}
