//! Objects: read, apply, delete, list; and logs.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{ListableResource, Resource};
use kube::core::params::{
    DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, Preconditions,
};
use kube::core::subresource::LogParams;
use kube::core::{ObjectList, Request as Builder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiServer;
use super::error::{CallError, Reason, Verb};
use super::path::{self, Request, ResourcePath};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::release::MANAGER;

/// The options of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    /// The field manager: who owns what is applied.
    pub manager: &'static str,
    /// Changes nothing; the answer is what would be.
    pub dry_run: bool,
    /// Takes over fields that others own.
    pub force: bool,
}

impl Default for Apply {
    fn default() -> Self {
        Self { manager: MANAGER, dry_run: false, force: false }
    }
}

impl ApiServer {
    /// Reads an object; none if it is not there.
    ///
    /// # Errors
    /// All but [`Reason::NotFound`].
    pub async fn get(&self, id: &ObjectId) -> Result<Option<Value>, CallError> {
        self.read(&id.into()).await
    }

    /// Server-side apply with strict validation; the answer is the object as it is then (or would be), without
    /// `managedFields`.
    pub async fn apply(&self, manifest: &Manifest, how: Apply) -> Result<Value, CallError> {
        let place = ResourcePath::from(&manifest.id);
        let verb = if how.dry_run { Verb::DryRun } else { Verb::Apply };
        let mut parameters = PatchParams::apply(how.manager).validation_strict();
        parameters.dry_run = how.dry_run;
        parameters.force = how.force;
        let request = build(
            verb,
            &place,
            place.builder().patch(&place.name, &parameters, &Patch::Apply(&manifest.object)),
        )?;
        let mut object: Value = self.send_for(verb, &place.shown, request).await?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        Ok(object)
    }

    /// Deletes the object of this UID. A Deployment or a job goes after its pods, of other objects the dependents go later. False: it
    /// was not there, or another was.
    pub async fn delete(&self, id: &ObjectId, uid: &str) -> Result<bool, CallError> {
        let mut parameters = DeleteParams::background();
        if matches!(id.kind, Kind::Deployment | Kind::Job | Kind::CronJob) {
            parameters = DeleteParams::foreground();
        }
        self.remove_with(&id.into(), uid, None, parameters).await
    }

    /// Lists the objects that have the labels (`key=value,…`), in one namespace or in all.
    pub async fn list<K>(&self, namespace: Option<&str>, labels: &str) -> Result<Vec<K>, CallError>
    where
        K: Resource + ListableResource + DeserializeOwned + Clone,
    {
        let shown = match namespace {
            Some(namespace) => format!("{} in namespace {namespace}", K::URL_PATH_SEGMENT),
            None => K::URL_PATH_SEGMENT.to_owned(),
        };
        let place = ResourcePath {
            collection: path::collection(K::API_VERSION, K::URL_PATH_SEGMENT, namespace),
            name: String::new(),
            shown,
        };
        let request = build(Verb::List, &place, place.builder().list(&labelled(labels)))?;
        let list: ObjectList<K> = self.send_for(Verb::List, &place.shown, request).await?;
        Ok(list.items)
    }

    /// Lists the metadata of the objects in a place's collection that have the labels.
    pub(crate) async fn list_metadata(
        &self,
        place: &ResourcePath,
        labels: &str,
    ) -> Result<Vec<ObjectMeta>, CallError> {
        let request = place.builder().list_metadata(&labelled(labels));
        let request = build(Verb::List, place, request)?;
        let list: MetadataList = self.send_for(Verb::List, &place.shown, request).await?;
        Ok(list.items.into_iter().flatten().map(|item| item.metadata).collect())
    }

    /// Lists the objects of a place's collection, of a kind that may be unknown here.
    ///
    /// # Errors
    /// Also [`Reason::NotFound`]: the API server has no such kind.
    pub(crate) async fn list_values(
        &self,
        place: &ResourcePath,
        labels: &str,
    ) -> Result<Vec<Value>, CallError> {
        let request = build(Verb::List, place, place.builder().list(&labelled(labels)))?;
        let mut list: Value = self.send_for(Verb::List, &place.shown, request).await?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// The last `lines` of a container's log; `previous`: of the container before its last restart.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        lines: i64,
    ) -> Result<String, CallError> {
        let place = ResourcePath::new("Pod", "v1", "pods", namespace, pod);
        let parameters = LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(lines),
            ..LogParams::default()
        };
        let builder = Builder::new(place.collection.as_str());
        let request = build(Verb::Log, &place, builder.logs(pod, &parameters))?;
        let body = self.send(Verb::Log, &place.shown, request).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Reads any object.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        place: &ResourcePath,
    ) -> Result<Option<T>, CallError> {
        let request =
            build(Verb::Get, place, place.builder().get(&place.name, &GetParams::default()))?;
        match self.send_for(Verb::Get, &place.shown, request).await {
            Ok(object) => Ok(Some(object)),
            Err(CallError { reason: Reason::NotFound | Reason::NoNamespace(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes any object; [`Reason::AlreadyExists`] may also mean that an earlier attempt's answer was lost.
    pub(crate) async fn create<T>(&self, place: &ResourcePath, object: &T) -> Result<T, CallError>
    where
        T: Serialize + DeserializeOwned,
    {
        let request = build(
            Verb::Create,
            place,
            place.builder().create(&written(), encode(Verb::Create, place, object)?),
        )?;
        self.send_for(Verb::Create, &place.shown, request).await
    }

    /// Replaces any object of the resource version that it holds; [`Reason::Changed`] may also mean that an earlier
    /// attempt's answer was lost.
    pub(crate) async fn update<T>(&self, place: &ResourcePath, object: &T) -> Result<T, CallError>
    where
        T: Serialize + DeserializeOwned,
    {
        let body = encode(Verb::Update, place, object)?;
        let request =
            build(Verb::Update, place, place.builder().replace(&place.name, &written(), body))?;
        self.send_for(Verb::Update, &place.shown, request).await
    }

    /// Deletes any object of this UID, and of this resource version where one is given. False: it was not there, or
    /// another was.
    pub(crate) async fn remove(
        &self,
        place: &ResourcePath,
        uid: &str,
        resource_version: Option<&str>,
    ) -> Result<bool, CallError> {
        self.remove_with(place, uid, resource_version, DeleteParams::background()).await
    }

    async fn remove_with(
        &self,
        place: &ResourcePath,
        uid: &str,
        resource_version: Option<&str>,
        how: DeleteParams,
    ) -> Result<bool, CallError> {
        let parameters = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: resource_version.map(str::to_owned),
            }),
            ..how
        };
        let request = build(Verb::Delete, place, place.builder().delete(&place.name, &parameters))?;
        match self.send(Verb::Delete, &place.shown, request).await {
            Ok(_) => Ok(true),
            // The answer to an earlier attempt was lost; that attempt may have been the one that deleted it.
            Err(CallError {
                reason: Reason::NotFound | Reason::NoNamespace(_),
                maybe_done,
                ..
            }) => Ok(maybe_done),
            Err(CallError { reason: Reason::Changed, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// `PartialObjectMetadataList` of `meta.k8s.io/v1`.
#[derive(Deserialize)]
struct MetadataList {
    /// `null` where there is none: the list is Go's.
    items: Option<Vec<Metadata>>,
}

#[derive(Deserialize)]
struct Metadata {
    metadata: ObjectMeta,
}

/// The objects that have the labels (`key=value,…`); all, where there are none.
fn labelled(labels: &str) -> ListParams {
    let all = ListParams::default();
    if labels.is_empty() { all } else { all.labels(labels) }
}

fn written() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

fn encode<T: Serialize>(
    verb: Verb,
    place: &ResourcePath,
    object: &T,
) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(object).map_err(|error| refused(verb, place, error.to_string()))
}

pub(super) fn build<E: ToString>(
    verb: Verb,
    place: &ResourcePath,
    request: Result<Request, E>,
) -> Result<Request, CallError> {
    request.map_err(|error| refused(verb, place, error.to_string()))
}

fn refused(verb: Verb, place: &ResourcePath, text: String) -> CallError {
    CallError {
        verb,
        object: place.shown.clone(),
        reason: Reason::Invalid(text),
        maybe_done: false,
    }
}
