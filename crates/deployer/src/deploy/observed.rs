//! The observed state: the revisions, and the live objects that matter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::api::{ApiServer, CallError};
use crate::deploy::inventory;
use crate::history::{self, History, Revision};
use crate::manifest::{Kind, Manifest, ObjectId};

/// The state of the cluster as one look has shown it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The release's revisions, the oldest first.
    pub revisions: Vec<Revision>,
    /// The live objects among those that are wanted or may be ours.
    pub live: BTreeMap<ObjectId, Value>,
}

impl Observed {
    /// Looks: one list and a GET for each object.
    pub async fn look(
        api: &ApiServer,
        history: &History<'_>,
        wanted: &[Manifest],
    ) -> Result<Self, CallError> {
        Self::of(api, history.usable(|_| ()).await?, wanted).await
    }

    /// Looks at the objects alone, where the revisions are known: a GET for each.
    ///
    /// # Errors
    /// The API server does not tell.
    pub async fn of(
        api: &ApiServer,
        revisions: Vec<Revision>,
        wanted: &[Manifest],
    ) -> Result<Self, CallError> {
        // No object has the name of a release's job: each revision makes one of its own.
        let objects = wanted.iter().filter(|manifest| manifest.id.kind != Kind::Job);
        let mut ids: BTreeSet<_> = objects.map(|manifest| manifest.id.clone()).collect();
        ids.extend(inventory::unrecorded(&revisions));
        // One after the other, over one connection: to open more takes longer than the answers do.
        let mut live = BTreeMap::new();
        for id in ids {
            if let Some(object) = api.get(&id).await? {
                live.insert(id, object);
            }
        }
        Ok(Self { revisions, live })
    }

    /// Returns true where an Ingress controller has given the Ingress an address.
    pub fn admitted(&self) -> bool {
        let ingress = self.live.iter().find(|(id, _)| id.kind == Kind::Ingress);
        let addresses = ingress.and_then(|(_, live)| live.pointer("/status/loadBalancer/ingress"));
        addresses.and_then(Value::as_array).is_some_and(|addresses| !addresses.is_empty())
    }

    /// The newest revision that was seen to serve.
    pub fn last_good(&self) -> Option<&Revision> {
        history::serving(&self.revisions)
    }

    /// Everything that is the release's: what is written down, and what an interrupted run has made and marked.
    pub fn inventory(&self, release: &str) -> Vec<crate::history::Owned> {
        let mut owned = inventory::recorded(&self.revisions);
        for id in inventory::unrecorded(&self.revisions) {
            if let Some(live) = self.live.get(&id)
                && inventory::bears_our_labels(live, release)
            {
                inventory::record(&mut owned, &id, inventory::uid(live));
            }
        }
        owned
    }
}
