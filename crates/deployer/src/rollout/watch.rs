//! Watches what a rollout consists of, and keeps it in a snapshot.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::Pin;

use futures_util::stream::{Stream, StreamExt, select};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, watcher};
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;

use super::{DeploymentRef, Snapshot};

/// The server ends a watch after so many seconds; the watcher then continues with a new one.
const WATCH_S: u32 = 240;

/// One watch's news.
pub(super) enum News {
    Deployment(watcher::Event<Deployment>),
    ReplicaSet(watcher::Event<ReplicaSet>),
    Pod(watcher::Event<Pod>),
    Event(watcher::Event<Event>),
}

/// The watch that a message or an error is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Deployment,
    ReplicaSet,
    Pod,
    Event,
}

/// All four watches; they never end.
pub(super) type Watches =
    Pin<Box<dyn Stream<Item = Result<News, (Source, watcher::Error)>> + Send>>;

/// Starts all watches again, each with a list.
pub(super) fn watches(client: &Client, target: &DeploymentRef) -> Watches {
    let named = Config::default().fields(&format!("metadata.name={}", target.name));
    let labelled = Config::default().labels(&target.selector);
    // One watch for all pods of the namespace: their names are not known beforehand, and the API selects by one at a time.
    let of_pods = Config::default().fields("involvedObject.kind=Pod");
    let left = select(
        watch(client, target, named, Source::Deployment, News::Deployment),
        watch(client, target, labelled.clone(), Source::ReplicaSet, News::ReplicaSet),
    );
    let right = select(
        watch(client, target, labelled, Source::Pod, News::Pod),
        watch(client, target, of_pods, Source::Event, News::Event),
    );
    Box::pin(select(left, right))
}

fn watch<K>(
    client: &Client,
    target: &DeploymentRef,
    config: Config,
    source: Source,
    news: fn(watcher::Event<K>) -> News,
) -> impl Stream<Item = Result<News, (Source, watcher::Error)>> + Send + use<K>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + Debug
        + Send
        + 'static,
{
    let api: Api<K> = Api::namespaced(client.clone(), &target.namespace);
    watcher(api, config.timeout(WATCH_S))
        .default_backoff()
        .map(move |item| item.map(news).map_err(|error| (source, error)))
}

/// All that the watches have told so far.
#[derive(Default)]
pub(super) struct Store {
    deployments: Known<Deployment>,
    replica_sets: Known<ReplicaSet>,
    pods: Known<Pod>,
    events: Known<Event>,
}

impl Store {
    /// Takes one message.
    pub(super) fn take(&mut self, news: News) {
        match news {
            News::Deployment(event) => self.deployments.take(event),
            News::ReplicaSet(event) => self.replica_sets.take(event),
            News::Pod(event) => self.pods.take(event),
            News::Event(event) => self.events.take(event),
        }
    }

    /// Brings the snapshot up to date, once all lists were read; events may be forbidden to us and are not waited for.
    pub(super) fn show(&self, seen: &mut Snapshot) -> bool {
        let complete =
            self.deployments.is_listed && self.replica_sets.is_listed && self.pods.is_listed;
        if complete {
            seen.deployment = self.deployments.now.values().next().cloned();
            seen.replica_sets = self.replica_sets.now.values().cloned().collect();
            seen.pods = self.pods.now.values().cloned().collect();
            seen.events = self.events.now.values().cloned().collect();
        }
        complete
    }
}

/// The objects of one kind. While they are listed again, the old ones stay: a list under way says nothing of what is not yet
/// in it.
struct Known<K> {
    now: BTreeMap<String, K>,
    listing: BTreeMap<String, K>,
    is_listed: bool,
}

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), listing: BTreeMap::new(), is_listed: false }
    }
}

impl<K: ResourceExt> Known<K> {
    fn take(&mut self, event: watcher::Event<K>) {
        match event {
            watcher::Event::Init => self.listing.clear(),
            watcher::Event::InitApply(object) => {
                self.listing.insert(object.name_any(), object);
            }
            watcher::Event::InitDone => {
                self.now = std::mem::take(&mut self.listing);
                self.is_listed = true;
            }
            watcher::Event::Apply(object) => {
                self.now.insert(object.name_any(), object);
            }
            watcher::Event::Delete(object) => {
                self.now.remove(&object.name_any());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> Pod {
        let metadata = kube::api::ObjectMeta { name: Some(name.into()), ..Default::default() };
        Pod { metadata, ..Pod::default() }
    }

    #[test]
    fn a_list_under_way_hides_nothing_and_a_finished_one_replaces_all() {
        let mut pods = Known::default();
        let names = |pods: &Known<Pod>| pods.now.keys().cloned().collect::<Vec<_>>().join(" ");
        pods.take(watcher::Event::Init);
        pods.take(watcher::Event::InitApply(pod("a")));
        assert_eq!((names(&pods).as_str(), pods.is_listed), ("", false));
        pods.take(watcher::Event::InitDone);
        pods.take(watcher::Event::Apply(pod("b")));
        assert_eq!((names(&pods).as_str(), pods.is_listed), ("a b", true));
        // 410 Gone: the watcher lists again. A connection that breaks within leaves a part of the list behind.
        pods.take(watcher::Event::Init);
        pods.take(watcher::Event::InitApply(pod("x")));
        pods.take(watcher::Event::Init);
        pods.take(watcher::Event::InitApply(pod("b")));
        assert_eq!(names(&pods), "a b");
        pods.take(watcher::Event::InitDone);
        assert_eq!(
            names(&pods),
            "b",
            "a was deleted while nobody watched, x is of the broken list"
        );
        pods.take(watcher::Event::Delete(pod("b")));
        assert_eq!(names(&pods), "");
    }
}
