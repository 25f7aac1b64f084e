//! The releases of the service in the assets bucket: the layer of its image, under its SHA-256.
//!
//! A release is written once and never changed. The ones before stay as long as a version of the launch template names them, so
//! that the instances can go back to them.

use skyward_aws::model::{Content, ObjectVersion};
use skyward_aws::{
    DeleteObjects, DescribeLaunchTemplateVersions, HeadObject, ListObjectVersions, PutObject,
};
use skyward_config::Run;

use super::auto_scaling_group::GROUP_OWN;
use super::bucket::OBJECTS;
use super::{Bucket, launch_template};
use crate::resource::prelude::*;
use crate::workload::RELEASES;

/// The objects, read.
const READ_OBJECTS: Scope = Scope::read((35, "ReadObjects"), Area::Data, |stack| {
    let releases = format!("{}/{RELEASES}*", stack.names.bucket("assets"));
    vec![stack.names.partition().s3(&releases)]
});

/// The releases in the bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseObject {
    pub(crate) bucket: Id,
    /// The SHA-256 of each object by its key. Those that are desired are the one that the instances fetch.
    pub objects: BTreeMap<String, String>,
    /// The bytes that are put there.
    #[serde(skip)]
    content: Option<Content>,
}

/// The call that lists all versions of the releases' objects.
fn listing(bucket: &str) -> ListObjectVersions {
    ListObjectVersions { bucket: bucket.to_owned(), prefix: RELEASES.into(), page: None }
}

/// All versions of the releases' objects.
async fn versions(step: &StepContext<'_>, bucket: &str) -> Result<Vec<ObjectVersion>, CallError> {
    match step.run.caller.list(listing(bucket)).await {
        Err(error) if error.class() == Some(Class::NotFound) => Ok(Vec::new()),
        answer => answer,
    }
}

impl ReleaseObject {
    /// Puts the object, where there is none of its content.
    async fn put(&self, step: &StepContext<'_>, bucket: &str) -> Result<(), CallError> {
        let caller = step.run.caller;
        let (Some(content), Some(key)) = (&self.content, self.objects.keys().next()) else {
            return Ok(());
        };
        let put = |is_new| PutObject {
            bucket: bucket.to_owned(),
            key: key.clone(),
            content: content.clone(),
            is_new,
        };
        step.progress("sending the release");
        if caller.create(put(true)).await?.is_some() {
            return Ok(());
        }
        // An earlier run has put it; or somebody else something else of its name.
        let head = HeadObject { bucket: bucket.to_owned(), key: key.clone() };
        let found = caller.find(head).await?.and_then(|head| head.sha256);
        if found.as_deref() == Some(content.sha256()) {
            return Ok(());
        }
        caller.change(put(false)).await
    }

    /// Deletes the releases that no version of the launch template names any more.
    async fn prune(&self, step: &StepContext<'_>, bucket: &str) -> Result<(), CallError> {
        let run = step.run;
        let name = run.names.launch_template();
        let Some(template) = launch_template::look(run, &name).await? else { return Ok(()) };
        let call = DescribeLaunchTemplateVersions { template: template.id, version: None };
        let named = run.caller.find(call).await?.unwrap_or_default();
        let is_kept = |key: &str| {
            self.objects.contains_key(key)
                || named.iter().any(|version| version.data.user_data.contains(key))
        };
        let mut old = versions(step, bucket).await?;
        old.retain(|version| !is_kept(&version.key));
        if old.is_empty() {
            return Ok(());
        }
        run.caller.delete(DeleteObjects { bucket: bucket.to_owned(), objects: old }).await
    }
}

impl Resource for ReleaseObject {
    const ID: &'static str = "release";
    const NAME: &'static str = "release of the service";
    const HAS_TAGS: bool = false;
    const ONLY_WITH: Option<Run> = Some(Run::Service);
    const GRANTS: &'static [Grants] = grants! {
        All [READ_OBJECTS]: HeadObject;
        Apply [OBJECTS]: PutObject;
        Apply [NETWORK_OWN]: DeleteLaunchTemplateVersions;
        Apply [GROUP_OWN]: CancelInstanceRefresh, TerminateInstanceInAutoScalingGroup;
    };

    /// The bucket, and the objects in it.
    type Answer = (String, BTreeMap<String, String>);

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let Some(release) = stack.workload.release() else { return Vec::new() };
        let spec = Self {
            bucket: "bucket/assets".into(),
            objects: BTreeMap::from([(release.key(), release.digest().to_owned())]),
            content: Some(release.content.clone()),
        };
        vec![Wanted::new("release", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.bucket]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let bucket = reader.names.bucket("assets");
        let listed = match reader.caller.list(listing(&bucket)).await {
            // The bucket is another one's: that is said of the bucket itself.
            Err(error) if error.class() == Some(Class::Denied) => None,
            answer => reader.found(answer),
        };
        let keys: BTreeSet<String> =
            listed.unwrap_or_default().into_iter().map(|version| version.key).collect();
        let heads = keys.into_iter().map(async |key| {
            let call = HeadObject { bucket: bucket.clone(), key: key.clone() };
            let head = reader.find(call).await;
            Some((key, head.as_ref().clone()?.sha256.unwrap_or_default()))
        });
        let objects = futures_util::future::join_all(heads).await;
        (bucket, objects.into_iter().flatten().collect())
    }

    fn find((bucket, objects): &Self::Answer, observation: &mut Observation<'_>) {
        if objects.is_empty() || !observation.is_kept::<Bucket>(bucket) {
            return;
        }
        let id = observation.id::<Bucket>(bucket);
        let spec = Self { bucket: id, objects: objects.clone(), content: None };
        observation.keep(Found::new("release", bucket, spec, &Tags::new()));
    }

    fn is_in_place(field: &str) -> bool {
        field.starts_with("objects.")
    }

    fn goes_along(&self, is_deleted: &dyn Fn(&Id) -> bool, _: &dyn Fn(&Id) -> bool) -> bool {
        is_deleted(&self.bucket)
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let bucket = step.run.physical(&self.bucket)?;
        self.put(step, &bucket).await?;
        step.run.remember(step.id(), &bucket);
        self.prune(step, &bucket).await
    }

    async fn delete(step: &StepContext<'_>, bucket: &str) -> Result<(), CallError> {
        let objects = versions(step, bucket).await?;
        if objects.is_empty() {
            return Ok(());
        }
        step.run.caller.delete(DeleteObjects { bucket: bucket.to_owned(), objects }).await
    }

    /// A release has a megabyte or two, and hundreds with large files.
    fn estimate(_: Action) -> Estimate {
        Estimate::seconds(1, 3, 1800)
    }

    fn detail(&self) -> String {
        let digest = self.objects.values().next();
        digest.map(|digest| digest.chars().take(12).collect()).unwrap_or_default()
    }

    /// No template holds an object: it is said what must be there first.
    fn template(&self, _: &Id, template: &mut Template<'_>) {
        template.objects.extend(self.objects.clone());
    }
}
