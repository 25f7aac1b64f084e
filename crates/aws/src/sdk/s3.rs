//! The buckets: what is in them, and the parts of their configuration.

mod settings;

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag,
};

use super::Sdk;
use super::convert::text;
use super::error::{Answer, invalid};
use crate::model::{ObjectVersion, Tags};
use crate::{
    ApiError, CreateBucket, DeleteBucket, DeleteObjects, HeadBucket, ListObjectVersions, Operation,
    Page,
};

/// The region that is S3's default, and the only one that may not be named.
const DEFAULT_REGION: &str = "us-east-1";

fn to_tags(tags: Tags) -> Result<Vec<Tag>, BuildError> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Two markers as one token.
fn token(key: Option<String>, version: Option<String>) -> Option<String> {
    let key = key.filter(|key| !key.is_empty())?;
    serde_json::to_string(&(key, version)).ok()
}

fn markers(token: Option<String>) -> (Option<String>, Option<String>) {
    let read = |token: String| serde_json::from_str::<(String, Option<String>)>(&token).ok();
    token.and_then(read).map_or((None, None), |(key, version)| (Some(key), version))
}

impl Sdk {
    pub(super) async fn create_bucket(&self, call: CreateBucket) -> Result<(), ApiError> {
        let operation = Operation::CreateBucket;
        let tags = to_tags(call.tags).map_err(|error| invalid(operation, &error))?;
        let region = (self.region != DEFAULT_REGION)
            .then(|| BucketLocationConstraint::from(self.region.as_str()));
        let has_configuration = region.is_some() || !tags.is_empty();
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(region)
            .set_tags((!tags.is_empty()).then_some(tags))
            .build();
        let request = self.s3.create_bucket().bucket(call.bucket);
        let request =
            request.set_create_bucket_configuration(has_configuration.then_some(configuration));
        request.send().await.answer(operation).map(|_| ())
    }

    pub(super) async fn head_bucket(&self, call: HeadBucket) -> Result<(), ApiError> {
        let answer = self.s3.head_bucket().bucket(call.bucket).send().await;
        answer.answer(Operation::HeadBucket).map(|_| ())
    }

    pub(super) async fn list_object_versions(
        &self,
        call: ListObjectVersions,
    ) -> Result<Page<ObjectVersion>, ApiError> {
        let (key, version) = markers(call.page);
        let request = self.s3.list_object_versions().bucket(call.bucket);
        let request = request.set_key_marker(key).set_version_id_marker(version);
        let answer = request.send().await.answer(Operation::ListObjectVersions)?;
        let versions = answer.versions.unwrap_or_default().into_iter();
        let markers = answer.delete_markers.unwrap_or_default().into_iter();
        let versions = versions.map(|found| (found.key, found.version_id));
        let all = versions.chain(markers.map(|found| (found.key, found.version_id)));
        let is_truncated = answer.is_truncated == Some(true);
        Ok(Page {
            items: all.map(|(key, version)| ObjectVersion { key: text(key), version }).collect(),
            next: token(answer.next_key_marker, answer.next_version_id_marker)
                .filter(|_| is_truncated),
        })
    }

    /// The answer is no error where some objects stay: the first of those is.
    pub(super) async fn delete_objects(&self, call: DeleteObjects) -> Result<(), ApiError> {
        let operation = Operation::DeleteObjects;
        let object = |object: ObjectVersion| {
            ObjectIdentifier::builder().key(object.key).set_version_id(object.version).build()
        };
        let objects = call.objects.into_iter().map(object).collect::<Result<_, _>>();
        let objects = objects
            .and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
        let objects = objects.map_err(|error| invalid(operation, &error))?;
        let request = self.s3.delete_objects().bucket(call.bucket).delete(objects);
        let failed = request.send().await.answer(operation)?.errors.unwrap_or_default();
        match failed.into_iter().next() {
            None => Ok(()),
            Some(error) => {
                let message = format!("{}: {}", text(error.key), text(error.message));
                Err(ApiError::new(operation, &text(error.code), message))
            }
        }
    }

    pub(super) async fn delete_bucket(&self, call: DeleteBucket) -> Result<(), ApiError> {
        let answer = self.s3.delete_bucket().bucket(call.bucket).send().await;
        answer.answer(Operation::DeleteBucket).map(|_| ())
    }
}
