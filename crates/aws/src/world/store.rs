//! Records of one kind with their short past: a call may see a state that is some seconds old, and never an older one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::page::STACK_TAG;
use crate::page::Tags;
use crate::page::{Page, Select};

/// Since the account was made.
pub(crate) type Time = Duration;

/// No call sees a state that is older than this: what was before is forgotten.
pub(crate) const HORIZON: Duration = Duration::from_mins(1);

/// A resource in a store.
pub(crate) trait Record: Clone {
    /// Its tags.
    fn tags(&self) -> &Tags;
    /// The keys that it is found by beside its id and its stack: `vpc=…`, `name=…`, and its references.
    fn keys(&self) -> Vec<String>;
}

/// The time of a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    /// Everyone sees it from now on.
    pub(crate) is_seen_at_once: bool,
}

/// Records of one kind, each with what it was a short while ago, found by id and by key.
#[derive(Debug, Clone)]
pub(crate) struct Store<T> {
    /// Oldest first; none where it did not exist.
    records: BTreeMap<String, VecDeque<(Time, Option<T>)>>,
    /// Ids by key. A record that lost a key is still listed: a search compares.
    index: BTreeMap<String, BTreeSet<String>>,
    /// The records that are gone, to be forgotten when no call can see them any more.
    gone: VecDeque<(Time, String)>,
    /// The number of records.
    len: usize,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { records: BTreeMap::new(), index: BTreeMap::new(), gone: VecDeque::new(), len: 0 }
    }
}

fn all_keys<T: Record>(thing: &T) -> Vec<String> {
    let mut keys = thing.keys();
    if let Some(stack) = thing.tags().get(STACK_TAG) {
        keys.push(format!("stack={stack}"));
    }
    keys
}

impl<T: Record> Store<T> {
    /// Writes a record, new or changed.
    pub(crate) fn put(&mut self, moment: Moment, id: &str, thing: T) {
        // Before the new keys are there: a name that comes back must not lose them with those of its last bearer.
        self.forget(moment.now);
        for key in all_keys(&thing) {
            let ids = self.index.entry(key).or_default();
            if !ids.contains(id) {
                ids.insert(id.to_owned());
            }
        }
        self.len += usize::from(self.get(id).is_none());
        self.write(moment, id, Some(thing));
    }

    fn write(&mut self, moment: Moment, id: &str, thing: Option<T>) {
        self.forget(moment.now);
        if !self.records.contains_key(id) {
            self.records.insert(id.to_owned(), VecDeque::new());
        }
        let history = self.records.get_mut(id).expect("just inserted");
        if moment.is_seen_at_once {
            history.clear();
        }
        let horizon = moment.now.saturating_sub(HORIZON);
        while history.len() > 1 && history[1].0 <= horizon {
            history.pop_front();
        }
        history.push_back((moment.now, thing));
    }

    /// Changes a record, and tells whether it exists.
    pub(crate) fn update(&mut self, moment: Moment, id: &str, change: impl FnOnce(&mut T)) -> bool {
        let Some(mut thing) = self.get(id).cloned() else { return false };
        change(&mut thing);
        self.put(moment, id, thing);
        true
    }

    /// Takes a record away.
    pub(crate) fn remove(&mut self, moment: Moment, id: &str) -> Option<T> {
        let thing = self.get(id)?.clone();
        self.len -= 1;
        self.write(moment, id, None);
        self.gone.push_back((moment.now, id.to_owned()));
        Some(thing)
    }

    fn forget(&mut self, now: Time) {
        while let Some((gone, _)) = self.gone.front() {
            if *gone + HORIZON > now {
                return;
            }
            let (_, id) = self.gone.pop_front().expect("there is one");
            let Some(history) = self.records.get(&id) else { continue };
            // Names come back: one that is there again stays.
            if history.back().is_some_and(|(_, thing)| thing.is_some()) {
                continue;
            }
            let history = self.records.remove(&id).expect("just found");
            for thing in history.iter().filter_map(|(_, thing)| thing.as_ref()) {
                for key in all_keys(thing) {
                    if let Some(ids) = self.index.get_mut(&key) {
                        ids.remove(&id);
                        if ids.is_empty() {
                            self.index.remove(&key);
                        }
                    }
                }
            }
        }
    }

    /// A record as it is.
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.records.get(id)?.back()?.1.as_ref()
    }

    /// A record as it was then.
    pub(crate) fn seen(&self, id: &str, then: Time) -> Option<&T> {
        as_of(self.records.get(id)?, then)
    }

    /// A record that exists, and existed then already, so that a call can work with it.
    pub(crate) fn known(&self, id: &str, then: Time) -> Option<&T> {
        self.seen(id, then)?;
        self.get(id)
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All records.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &T)> {
        self.records.iter().filter_map(|(id, history)| Some((id, history.back()?.1.as_ref()?)))
    }

    /// The records with a key.
    pub(crate) fn with<'a>(
        &'a self,
        key: &str,
    ) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
        let key = key.to_owned();
        let ids = self.index.get(&key).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.get(id)?)))
            .filter(move |(_, thing)| all_keys(*thing).contains(&key))
    }

    /// The records with a key, as they were then.
    pub(crate) fn seen_with<'a>(
        &'a self,
        key: &str,
        then: Time,
    ) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
        let key = key.to_owned();
        let ids = self.index.get(&key).into_iter().flatten();
        ids.filter_map(move |id| Some((id, self.seen(id, then)?)))
            .filter(move |(_, thing)| all_keys(*thing).contains(&key))
    }

    /// A page of the selected records as they were then, in the order of ids.
    pub(crate) fn page(
        &self,
        select: &Select,
        then: Time,
        from: Option<&str>,
        size: usize,
    ) -> Page<&T> {
        let key = match select {
            Select::Stack(stack) => Some(format!("stack={stack}")),
            Select::Vpc(vpc) => Some(format!("vpc={vpc}")),
            Select::Name(name) => Some(format!("name={name}")),
            Select::All | Select::Ids(_) => None,
        };
        let ids: Box<dyn Iterator<Item = &String>> = match select {
            Select::All => Box::new(self.records.keys()),
            Select::Ids(ids) => Box::new(ids.iter().collect::<BTreeSet<_>>().into_iter()),
            _ => Box::new(self.index.get(key.as_deref().unwrap_or_default()).into_iter().flatten()),
        };
        let mut found = ids
            .filter(|id| from.is_none_or(|from| id.as_str() > from))
            .filter_map(|id| Some((id, self.seen(id, then)?)))
            .filter(|(_, thing)| key.as_ref().is_none_or(|key| all_keys(*thing).contains(key)));
        let mut page = Page::only(Vec::new());
        let mut last = None;
        for (id, thing) in found.by_ref() {
            if page.items.len() == size {
                page.next = last;
                break;
            }
            page.items.push(thing);
            last = Some(id.clone());
        }
        page
    }
}

/// The present records; their past is left out.
impl<T: Record + Serialize> Serialize for Store<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.all())
    }
}

impl<'de, T: Record + Deserialize<'de>> Deserialize<'de> for Store<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let moment = Moment { now: Time::ZERO, is_seen_at_once: true };
        let mut store = Self::default();
        for (id, thing) in BTreeMap::<String, T>::deserialize(deserializer)? {
            store.put(moment, &id, thing);
        }
        Ok(store)
    }
}

fn as_of<T>(history: &VecDeque<(Time, Option<T>)>, then: Time) -> Option<&T> {
    history.iter().rev().find(|(written, _)| *written <= then)?.1.as_ref()
}
