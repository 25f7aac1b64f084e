//! A kind of resource as the engine sees it.

use std::any::Any;
use std::fmt::Debug;

use crate::page::Tags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::World;
use crate::world::assumption::{Assumption, Behaviour};
use crate::world::store::{Moment, Record, Store, Time};

/// A kind of resource: everything that is said of it once. Its operations are methods of [`World`].
pub(crate) trait Kind: Clone + Debug + Serialize + DeserializeOwned + 'static {
    /// Its name in an inventory, such as `nat-gateway`.
    const NAME: &'static str;
    /// AWS's code where one is named that does not exist.
    const MISSING: &'static str;
    /// The beginning of the ids, or the word in the ARNs, by which an operation for all kinds tags it.
    const TAGGED_AS: Option<&'static str> = None;
    /// The events that happen to one by itself.
    const EVENTS: &'static [Event] = &[];
    /// The numbers that are assumed of it.
    const ASSUMPTIONS: &'static [Assumption] = &[];
    /// The quotas of an account for it.
    const QUOTAS: &'static [DefaultQuota] = &[];
    /// The behaviour of AWS where its documentation leaves it open, or where it matters most.
    const RULES: &'static [Behaviour] = &[];

    /// Its tags.
    fn tags(&self) -> &Tags;

    /// Its tags, to be changed.
    fn tags_mut(&mut self) -> &mut Tags;

    /// The keys that it is found by beside its id and its stack: `vpc=…`, `name=…`, and its references.
    fn keys(&self) -> Vec<String> {
        Vec::new()
    }

    /// Its state in an inventory, such as `available`.
    fn state(&self) -> String {
        String::new()
    }

    /// Tells whether an inventory leaves it out: it is part of another resource, or AWS still shows it after its end.
    fn is_hidden(&self) -> bool {
        false
    }

    /// Its fate when the thing behind one of its keys, such as `vpc=vpc-1`, is deleted.
    fn tie(&self, _key: &str) -> Tie {
        Tie::Blocks
    }
}

impl<T: Kind> Record for T {
    fn tags(&self) -> &Tags {
        Kind::tags(self)
    }

    fn keys(&self) -> Vec<String> {
        Kind::keys(self)
    }
}

/// The fate of a record when something that it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Nothing: the deletion is refused while it is there.
    Blocks,
    /// It is deleted too.
    GoesWith,
    /// It stays.
    Ignores,
}

/// Something that happens by itself to a resource of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(super) name: &'static str,
    pub(super) happens: fn(&mut World, &str),
    pub(super) is_earliest_only: bool,
}

impl Event {
    /// An event under a name that no other one has: a saved account remembers it by that.
    pub(crate) const fn new(name: &'static str, happens: fn(&mut World, &str)) -> Self {
        Self { name, happens, is_earliest_only: false }
    }

    /// The same; of those that are to come for one resource only the earliest happens.
    pub(crate) const fn earliest_only(self) -> Self {
        Self { is_earliest_only: true, ..self }
    }

    pub(super) fn key(&self, id: &str) -> String {
        format!("{} {id}", self.name)
    }
}

/// A quota of a new account, and AWS's code where it is used up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefaultQuota {
    pub(crate) name: &'static str,
    pub(crate) most: i64,
    pub(crate) code: &'static str,
}

impl DefaultQuota {
    /// A quota of this name and height, and the code of its refusals.
    pub(crate) const fn new(name: &'static str, most: i64, code: &'static str) -> Self {
        Self { name, most, code }
    }
}

/// Something that an account holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Its kind, such as `nat-gateway`.
    pub kind: &'static str,
    /// AWS's id, or its name where it has no id.
    pub id: String,
    /// Its tags.
    pub tags: Tags,
    /// Its state where it has one, such as `available`.
    pub state: String,
}

/// A kind in the list of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registered {
    pub(crate) name: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) tagged_as: Option<&'static str>,
    pub(crate) events: &'static [Event],
    pub(crate) assumptions: &'static [Assumption],
    pub(crate) quotas: &'static [DefaultQuota],
    pub(crate) rules: &'static [Behaviour],
    pub(super) new: fn() -> Box<dyn AnyStore>,
    pub(super) load: fn(Value) -> serde_json::Result<Box<dyn AnyStore>>,
}

impl Registered {
    /// The entry of a kind.
    pub(crate) const fn of<T: Kind>() -> Self {
        Self {
            name: T::NAME,
            missing: T::MISSING,
            tagged_as: T::TAGGED_AS,
            events: T::EVENTS,
            assumptions: T::ASSUMPTIONS,
            quotas: T::QUOTAS,
            rules: T::RULES,
            new: || Box::new(Store::<T>::default()),
            load: |saved| Ok(Box::new(serde_json::from_value::<Store<T>>(saved)?)),
        }
    }
}

/// The store of a kind, whichever it is.
pub(crate) trait AnyStore: Any + Debug {
    /// The items of an inventory.
    fn items(&self) -> Vec<Item>;
    /// Its records as a value.
    fn save(&self) -> Value;
    /// The tags of a record as they were then.
    fn tags(&self, id: &str, then: Time) -> Option<&Tags>;
    /// Changes the tags of a record; whether there is one.
    fn retag(&mut self, moment: Moment, id: &str, change: &dyn Fn(&mut Tags)) -> bool;
    /// Tells whether there is a record of this id.
    fn contains(&self, id: &str) -> bool;
    /// The records with a key that are tied to it so.
    fn tied(&self, key: &str, tie: Tie) -> Vec<String>;
    /// Takes a record away.
    fn remove(&mut self, moment: Moment, id: &str);
}

impl<T: Kind> AnyStore for Store<T> {
    fn items(&self) -> Vec<Item> {
        let item = |(id, record): (&String, &T)| Item {
            kind: T::NAME,
            id: id.clone(),
            tags: Kind::tags(record).clone(),
            state: record.state(),
        };
        self.all().filter(|(_, record)| !record.is_hidden()).map(item).collect()
    }

    fn save(&self) -> Value {
        serde_json::to_value(self).expect("a record is a value")
    }

    fn tags(&self, id: &str, then: Time) -> Option<&Tags> {
        self.seen(id, then).map(Kind::tags)
    }

    fn retag(&mut self, moment: Moment, id: &str, change: &dyn Fn(&mut Tags)) -> bool {
        self.update(moment, id, |record| change(record.tags_mut()))
    }

    fn contains(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    fn tied(&self, key: &str, tie: Tie) -> Vec<String> {
        let tied = self.with(key).filter(|(_, record)| record.tie(key) == tie);
        tied.map(|(id, _)| id.clone()).collect()
    }

    fn remove(&mut self, moment: Moment, id: &str) {
        Store::remove(self, moment, id);
    }
}
