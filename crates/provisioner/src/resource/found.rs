//! A stack as it was found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use skyward_aws::model::Tags;

use super::{Resource, Spec};
use crate::stack::{Id, LETTERS, Names, RESOURCE_TAG, STACK_TAG};
use crate::workload::Addresses;

/// The progress of a resource towards its use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "state")]
pub enum Readiness {
    /// It can be used.
    Ready,
    /// It becomes ready by itself: AWS's word for it.
    Pending(String),
    /// It goes away by itself: AWS's word for it.
    Leaving(String),
    /// It never becomes ready, and why.
    Failed(String),
}

impl Readiness {
    /// Ready in this state, and on the way there in any other.
    pub(crate) fn when(state: &str, ready: &str) -> Self {
        if state == ready { Self::Ready } else { Self::Pending(state.to_owned()) }
    }
}

/// A resource that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its name within the stack.
    pub id: Id,
    /// AWS's id, ARN or name, whichever its calls take.
    pub physical: String,
    /// Its fields.
    pub spec: Spec,
    /// Its tags; none where its kind has none.
    pub tags: Tags,
    /// Its readiness.
    pub state: Readiness,
}

impl Found {
    /// A resource that is ready, with the id that its tags say.
    pub(crate) fn tagged<R: Resource>(physical: &str, spec: R, tags: &Tags) -> Self {
        Self::new(tagged_id(tags, physical), physical, spec, tags)
    }

    /// A resource that is ready.
    pub(crate) fn new<R: Resource>(
        id: impl Into<Id>,
        physical: &str,
        spec: R,
        tags: &Tags,
    ) -> Self {
        Self {
            id: id.into(),
            physical: physical.to_owned(),
            spec: Spec::new(spec),
            tags: tags.clone(),
            state: Readiness::Ready,
        }
    }

    pub(crate) fn in_state(self, state: Readiness) -> Self {
        Self { state, ..self }
    }
}

/// The id in the tags; without one, AWS's own.
pub(super) fn tagged_id(tags: &Tags, physical: &str) -> Id {
    tags.get(RESOURCE_TAG).map_or_else(|| Id::new(physical), Id::new)
}

/// Something that has the place of one of the stack's resources, and is not the stack's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Foreign {
    /// The resource whose place it has.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// It may not be looked at: whose it is is not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_hidden: bool,
}

/// The problem of something that may not be looked at, and the next step. It may be one's own: nothing is said of deleting it.
pub(crate) fn hidden(kind: &str, name: &str) -> (String, &'static str) {
    let problem = format!(
        "the {kind} {name} is there and may not be looked at: it is another account's, or the rights to look are missing"
    );
    let next = "choose another [aws] name; or, where it is yours, allow s3:ListBucket and s3:GetBucketTagging (infra/ has the policies)";
    (problem, next)
}

/// The things that a stack offers to its users. There is no secret in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The address of the page behind the load balancer.
    pub page: Option<String>,
    /// The endpoint of the database's writer.
    pub database: Option<String>,
    /// The endpoint of its readers.
    pub database_reader: Option<String>,
    /// The port of both.
    pub database_port: Option<i32>,
    /// The secret that holds the database's user and password, by ARN.
    pub database_secret: Option<String>,
    /// The bucket for assets.
    pub bucket: Option<String>,
}

impl Outputs {
    /// The addresses of the database.
    pub(crate) fn addresses(&self) -> Addresses<'_> {
        Addresses {
            writer: self.database.as_deref(),
            readers: self.database_reader.as_deref(),
            secret: self.database_secret.as_deref(),
        }
    }

    /// Those that there are, each with its name.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let port = self.database_port.map(|port| port.to_string());
        [
            ("page", &self.page),
            ("database", &self.database),
            ("database (readers)", &self.database_reader),
            ("database port", &port),
            ("database secret", &self.database_secret),
            ("bucket", &self.bucket),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
    }
}

/// A stack as it was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Its resources.
    pub found: BTreeMap<Id, Found>,
    /// Second ones, which an interruption has left, and what is in them.
    pub duplicates: Vec<Found>,
    /// Things with the name of one of its resources that are not the stack's.
    pub foreign: Vec<Foreign>,
    /// Resources that are gone and whose creation's client token is spent, by AWS's id: the same token would only tell of them.
    pub spent: BTreeMap<Id, String>,
    /// The things that the stack offers.
    pub outputs: Outputs,
}

impl Observed {
    /// AWS's id of a resource.
    pub fn physical(&self, id: &str) -> Option<&str> {
        self.found.get(&Id::from(id)).map(|found| found.physical.as_str())
    }

    /// The zones of the resources that lie in one, where each of the three is known.
    pub fn zones(&self) -> Option<[String; 3]> {
        let zone = |letter: &str| {
            let suffix = format!("-{letter}");
            let of_letter =
                self.found.values().filter(|found| found.id.as_str().ends_with(&suffix));
            of_letter.filter_map(|found| found.spec.inner().zone()).next_back().map(str::to_owned)
        };
        let [a, b, c] = LETTERS.map(zone);
        Some([a?, b?, c?])
    }

    /// Nothing of the stack exists.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.duplicates.is_empty()
    }
}

/// An observation in the making: the kinds put what they were told in terms of the topology, one after the other.
pub(crate) struct Observation<'a> {
    pub(crate) names: &'a Names,
    /// Our ids by the kind and AWS's id.
    ids: BTreeMap<(&'static str, String), Id>,
    pub(crate) observed: Observed,
}

impl<'a> Observation<'a> {
    pub(crate) fn new(names: &'a Names) -> Self {
        Self { names, ids: BTreeMap::new(), observed: Observed::default() }
    }

    /// Forgets what was found, and keeps the ids: what refers to a kind that comes later is known by its id the second time.
    pub(crate) fn again(&mut self) {
        self.observed = Observed::default();
    }

    /// These tags are the stack's.
    pub(crate) fn is_ours(&self, tags: &Tags) -> bool {
        is_of(self.names, tags)
    }

    /// Our id of what AWS calls so; what is not the stack's has AWS's id for one.
    pub(crate) fn id<R: Resource>(&self, physical: &str) -> Id {
        let known = self.ids.get(&(R::ID, physical.to_owned()));
        known.cloned().unwrap_or_else(|| Id::new(physical))
    }

    pub(crate) fn ids<'b, R: Resource>(
        &self,
        physical: impl IntoIterator<Item = &'b String>,
    ) -> BTreeSet<Id> {
        physical.into_iter().map(|physical| self.id::<R>(physical)).collect()
    }

    /// This is the resource that was kept, and not a second one or somebody else's.
    pub(crate) fn is_kept<R: Resource>(&self, physical: &str) -> bool {
        self.ids.contains_key(&(R::ID, physical.to_owned()))
    }

    /// Keeps a resource; a second one of the same id is a duplicate.
    pub(crate) fn keep(&mut self, found: Found) {
        if self.observed.found.contains_key(&found.id) {
            self.observed.duplicates.push(found);
        } else {
            self.ids.insert((found.spec.kind().id(), found.physical.clone()), found.id.clone());
            self.observed.found.insert(found.id.clone(), found);
        }
    }

    /// Keeps what is in a resource that was kept; what is in a second one of that goes with it.
    pub(crate) fn keep_in<R: Resource>(&mut self, container: &str, found: Found) {
        if self.is_kept::<R>(container) {
            self.keep(found);
        } else {
            self.observed.duplicates.push(found);
        }
    }

    /// Keeps a resource that AWS knows by name, where it is the stack's; else its place is taken.
    pub(crate) fn keep_named(&mut self, name: &str, found: Found) -> bool {
        let is_ours = self.is_ours(&found.tags);
        if is_ours {
            self.keep(found);
        } else {
            self.foreign(found.id.as_str(), name);
        }
        is_ours
    }

    pub(crate) fn foreign(&mut self, id: &str, name: &str) {
        let (id, name) = (id.into(), name.into());
        self.observed.foreign.push(Foreign { id, name, is_hidden: false });
    }

    /// Keeps that the name of a resource is in use by something that may not be looked at.
    pub(crate) fn hidden(&mut self, id: &str, name: &str) {
        let (id, name) = (id.into(), name.into());
        self.observed.foreign.push(Foreign { id, name, is_hidden: true });
    }
}

/// These tags are the stack's.
pub(super) fn is_of(names: &Names, tags: &Tags) -> bool {
    tags.get(STACK_TAG).is_some_and(|stack| stack == names.stack())
}
