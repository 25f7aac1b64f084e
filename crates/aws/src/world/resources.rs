//! The access of a kind to its own records, and to those that it refers to.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Display;

use crate::page::Tags;
use crate::page::{Page, Select};

use super::{Answer, DefaultQuota, Item, Kind, Refusal, Registered, Tie, World, refuse};
use crate::world::store::{Store, Time};

impl World {
    fn store<T: Kind>(&self) -> &Store<T> {
        let store: &dyn Any = &*self.stores[T::NAME];
        store.downcast_ref().expect("the kinds' names differ")
    }

    fn store_mut<T: Kind>(&mut self) -> &mut Store<T> {
        let store: &mut dyn Any = &mut **self.stores.get_mut(T::NAME).expect("the kind is listed");
        store.downcast_mut().expect("the kinds' names differ")
    }

    /// A record as it is.
    pub(crate) fn get<T: Kind>(&self, id: &str) -> Option<&T> {
        self.store().get(id)
    }

    /// A record as the call under way sees it.
    pub(crate) fn seen<T: Kind>(&self, id: &str) -> Option<&T> {
        self.store().seen(id, self.view)
    }

    /// A record that the call under way names; AWS's code where it does not exist, or is not visible yet.
    pub(crate) fn find<T: Kind>(&self, id: &str) -> Answer<&T> {
        self.find_or(id, T::MISSING)
    }

    /// The same with another code: some operations have their own.
    pub(crate) fn find_or<T: Kind>(&self, id: &str, code: &str) -> Answer<&T> {
        let missing = || Refusal { code: code.to_owned(), message: format!("{id} does not exist") };
        self.store().known(id, self.view).ok_or_else(missing)
    }

    /// Refuses where one of several does not exist.
    pub(crate) fn find_all<T: Kind>(&self, ids: &BTreeSet<String>) -> Answer<()> {
        ids.iter().try_for_each(|id| self.find::<T>(id).map(|_| ()))
    }

    /// The state that the call under way sees of a record that it names.
    pub(crate) fn look<T: Kind>(&self, id: &str) -> Answer<&T> {
        self.find::<T>(id)?;
        Ok(self.seen(id).expect("it is known"))
    }

    /// The records with a key.
    pub(crate) fn with<'a, T: Kind>(
        &'a self,
        key: &str,
    ) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
        self.store().with(key)
    }

    /// The records with a key, as the call under way sees them.
    pub(crate) fn seen_with<'a, T: Kind>(
        &'a self,
        key: &str,
    ) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
        self.store().seen_with(key, self.view)
    }

    /// The ids of the records with a key that meet a condition.
    pub(crate) fn ids<T: Kind>(&self, key: &str, meets: impl Fn(&T) -> bool) -> Vec<String> {
        self.with(key).filter(|(_, record)| meets(record)).map(|(id, _)| id.clone()).collect()
    }

    /// Tells whether anything of a kind has a key.
    pub(crate) fn any<T: Kind>(&self, key: &str) -> bool {
        self.with::<T>(key).next().is_some()
    }

    /// The number of resources of a kind.
    pub(crate) fn count<T: Kind>(&self) -> usize {
        self.store::<T>().len()
    }

    /// All records of a kind.
    pub(crate) fn all<T: Kind>(&self) -> impl Iterator<Item = &T> {
        self.store::<T>().all().map(|(_, record)| record)
    }

    /// Writes a record, new or changed.
    pub(crate) fn put<T: Kind>(&mut self, id: &str, record: T) {
        let moment = self.moment();
        self.store_mut().put(moment, id, record);
    }

    /// Changes a record; whether it exists.
    pub(crate) fn update<T: Kind>(&mut self, id: &str, change: impl FnOnce(&mut T)) -> bool {
        let moment = self.moment();
        self.store_mut().update(moment, id, change)
    }

    /// Changes a record that the call under way names.
    pub(crate) fn change<T: Kind>(&mut self, id: &str, change: impl FnOnce(&mut T)) -> Answer<()> {
        self.find::<T>(id)?;
        self.update(id, change);
        Ok(())
    }

    /// Takes a record away.
    pub(crate) fn remove<T: Kind>(&mut self, id: &str) -> Option<T> {
        let moment = self.moment();
        self.store_mut().remove(moment, id)
    }

    /// Takes a record away, as an event.
    pub(crate) fn forget<T: Kind>(&mut self, id: &str) {
        self.remove::<T>(id);
    }

    /// Takes a record away that the call under way names.
    pub(crate) fn delete<T: Kind>(&mut self, id: &str) -> Answer<()> {
        self.find::<T>(id)?;
        self.remove::<T>(id);
        Ok(())
    }

    /// A page of what the call under way sees.
    #[expect(
        clippy::needless_pass_by_value,
        clippy::unnecessary_wraps,
        reason = "it takes what an operation is given, and is the operation's whole answer"
    )]
    pub(crate) fn page<T: Kind, M>(
        &self,
        select: &Select,
        page: Option<String>,
        view: impl Fn(&T) -> M,
    ) -> Answer<Page<M>> {
        let size = self.settings.page_size;
        let found = self.store().page(select, self.view, page.as_deref(), size);
        Ok(Page { items: found.items.into_iter().map(view).collect(), next: found.next })
    }

    /// All that the call under way sees, in one answer.
    pub(crate) fn list<T: Kind, M>(&self, select: &Select, view: impl Fn(&T) -> M) -> Vec<M> {
        let found = self.store().page(select, self.view, None, usize::MAX);
        found.items.into_iter().map(view).collect()
    }

    /// Everything that an inventory shows, in the order of kinds and ids.
    pub(crate) fn inventory(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.stores.values().flat_map(|store| store.items()).collect();
        items.sort();
        items
    }

    /// Tells whether something blocks the deletion of what has this key.
    pub(crate) fn is_used(&self, key: &str) -> bool {
        self.stores.values().any(|store| !store.tied(key, Tie::Blocks).is_empty())
    }

    /// Takes away what goes with what has this key.
    pub(crate) fn remove_with(&mut self, key: &str) {
        let moment = self.moment();
        for store in self.stores.values_mut() {
            for id in store.tied(key, Tie::GoesWith) {
                store.remove(moment, &id);
            }
        }
    }

    /// The height of a quota in this account.
    pub(crate) fn most(&self, quota: &DefaultQuota) -> i64 {
        let most = self.settings.quotas.get(quota.name).copied();
        most.unwrap_or(quota.most.saturating_mul(self.settings.quotas_times))
    }

    /// Refuses what goes over a quota.
    pub(crate) fn room(&self, quota: &DefaultQuota, used: usize) -> Answer<()> {
        let most = self.most(quota);
        if i64::try_from(used).is_ok_and(|used| used < most) {
            return Ok(());
        }
        let message = format!("The maximum number of {} has been reached: {most}.", quota.name);
        refuse(quota.code, message)
    }

    /// The resource that an earlier call with this token made, if it asked for the same.
    pub(crate) fn earlier(
        &self,
        operation: impl Display + Copy,
        token: &str,
        request: &str,
    ) -> Answer<Option<String>> {
        match self.tokens.get(&format!("{operation} {token}")) {
            None => Ok(None),
            Some((earlier, id)) if earlier == request => Ok(Some(id.clone())),
            Some(_) => refuse(
                "IdempotentParameterMismatch",
                "The client token was used before with other parameters.",
            ),
        }
    }

    /// Remembers what a call with a token made.
    pub(crate) fn remember(
        &mut self,
        operation: impl Display + Copy,
        token: &str,
        request: String,
        id: &str,
    ) {
        self.tokens.insert(format!("{operation} {token}"), (request, id.to_owned()));
    }

    /// Keeps a name from being taken again for a while.
    pub(crate) fn hold_name(&mut self, name: &str, delay: Time) {
        self.held_names.insert(name.to_owned(), self.now + delay);
    }

    /// Tells whether a name cannot be taken again yet.
    pub(crate) fn is_name_held(&self, name: &str) -> bool {
        self.held_names.get(name).is_some_and(|until| *until > self.now)
    }

    /// The kind whose ids or ARNs begin so.
    pub(crate) fn tagged_as(&self, word: &str) -> Option<&'static Registered> {
        self.kinds.iter().find(|kind| kind.tagged_as == Some(word))
    }

    /// Tells whether there is something of a kind under an id.
    pub(crate) fn contains(&self, kind: &Registered, id: &str) -> bool {
        self.stores[kind.name].contains(id)
    }

    /// The tags of something, as the call under way sees them.
    pub(crate) fn tags(&self, kind: &Registered, id: &str) -> Option<&Tags> {
        self.stores[kind.name].tags(id, self.view)
    }

    /// Changes the tags of something; whether it exists.
    pub(crate) fn retag(
        &mut self,
        kind: &Registered,
        id: &str,
        change: &dyn Fn(&mut Tags),
    ) -> bool {
        let moment = self.moment();
        self.stores.get_mut(kind.name).is_some_and(|store| store.retag(moment, id, change))
    }
}
