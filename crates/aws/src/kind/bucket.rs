//! Buckets: what is in them, and the parts of their configuration, each of which is an API of its own.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// A part of a bucket's configuration; each is an API of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BucketPart {
    Tagging,
    PublicAccessBlock,
    OwnershipControls,
    Encryption,
    Versioning,
    Policy,
    Lifecycle,
    Logging,
}

impl BucketPart {
    /// The actions of IAM's policies that read it, write it and delete it ("Actions defined by Amazon S3").
    pub(crate) fn actions(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Tagging => ("GetBucketTagging", "PutBucketTagging", "PutBucketTagging"),
            Self::PublicAccessBlock => (
                "GetBucketPublicAccessBlock",
                "PutBucketPublicAccessBlock",
                "PutBucketPublicAccessBlock",
            ),
            Self::OwnershipControls => (
                "GetBucketOwnershipControls",
                "PutBucketOwnershipControls",
                "PutBucketOwnershipControls",
            ),
            Self::Encryption => (
                "GetEncryptionConfiguration",
                "PutEncryptionConfiguration",
                "PutEncryptionConfiguration",
            ),
            Self::Versioning => {
                ("GetBucketVersioning", "PutBucketVersioning", "PutBucketVersioning")
            }
            Self::Policy => ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
            Self::Lifecycle => (
                "GetLifecycleConfiguration",
                "PutLifecycleConfiguration",
                "PutLifecycleConfiguration",
            ),
            Self::Logging => ("GetBucketLogging", "PutBucketLogging", "PutBucketLogging"),
        }
    }
}

/// The value of a part. What it says of other kinds than ours is `Other`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BucketSetting {
    Tagging(Tags),
    /// All four blocks are on.
    PublicAccessBlocked(bool),
    /// `BucketOwnerEnforced`, …
    Ownership(String),
    /// `AES256` or `aws:kms`.
    Encryption(String),
    /// On or off.
    Versioning(bool),
    /// A policy document.
    Policy(serde_json::Value),
    /// Days after which unfinished uploads and, where given, old versions and objects go.
    Lifecycle {
        uploads: Option<i32>,
        old_versions: Option<i32>,
        objects: Option<i32>,
    },
    /// Access logs go to this bucket under this prefix.
    Logging {
        bucket: String,
        prefix: String,
    },
    Other(String),
}

/// A version of an object, or the marker of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    pub key: String,
    pub version: Option<String>,
}

operations! {
    CreateBucket { bucket: String, tags: Tags } -> ();
    HeadBucket { bucket: String } -> ();
    GetBucketSetting { bucket: String, part: BucketPart } -> Option<BucketSetting>;
    PutBucketSetting { bucket: String, setting: BucketSetting } -> ();
    DeleteBucketSetting { bucket: String, part: BucketPart } -> ();
    // Of the keys that begin so.
    ListObjectVersions { bucket: String, prefix: String, page: Option<String> } -> Page<ObjectVersion>;
    DeleteObjects { bucket: String, objects: Vec<ObjectVersion> } -> ();
    DeleteBucket { bucket: String } -> ();
}

#[cfg(feature = "sdk")]
mod settings;

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_s3::error::BuildError;
    use aws_sdk_s3::types::{
        BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag,
    };

    use super::*;
    use crate::kind::prelude::*;

    /// The region that is S3's default, and the only one that may not be named.
    const DEFAULT_REGION: &str = "us-east-1";

    pub(super) fn to_tags(tags: Tags) -> Result<Vec<Tag>, BuildError> {
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
        pub(crate) async fn create_bucket(&self, call: CreateBucket) -> Result<(), ApiError> {
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

        pub(crate) async fn list_object_versions(
            &self,
            call: ListObjectVersions,
        ) -> Result<Page<ObjectVersion>, ApiError> {
            let (key, version) = markers(call.page);
            let prefix = (!call.prefix.is_empty()).then_some(call.prefix);
            let request = self.s3.list_object_versions().bucket(call.bucket).set_prefix(prefix);
            let request = request.set_key_marker(key).set_version_id_marker(version);
            let answer = request.send().await.answer(Operation::ListObjectVersions)?;
            let next = token(answer.next_key_marker, answer.next_version_id_marker);
            let versions = each(answer.versions, |found| (found.key, found.version_id));
            let markers = each(answer.delete_markers, |found| (found.key, found.version_id));
            let all = versions.into_iter().chain(markers);
            Ok(Page {
                items: all
                    .map(|(key, version)| ObjectVersion { key: text(key), version })
                    .collect(),
                next: next.filter(|_| answer.is_truncated == Some(true)),
            })
        }

        /// Fails where objects stay, with the first of them: S3 does not answer that with an error.
        pub(crate) async fn delete_objects(&self, call: DeleteObjects) -> Result<(), ApiError> {
            let operation = Operation::DeleteObjects;
            let object = |object: ObjectVersion| {
                ObjectIdentifier::builder().key(object.key).set_version_id(object.version).build()
            };
            let objects = call.objects.into_iter().map(object).collect::<Result<_, _>>();
            let objects = objects.and_then(|objects| {
                Delete::builder().set_objects(Some(objects)).quiet(true).build()
            });
            let objects = objects.map_err(|error| invalid(operation, &error))?;
            let request = self.s3.delete_objects().bucket(call.bucket).delete(objects);
            let failed = request.send().await.answer(operation)?.errors.unwrap_or_default();
            failed.into_iter().next().map_or(Ok(()), |error| {
                let message = format!("{}: {}", text(error.key), text(error.message));
                Err(ApiError::new(operation, &text(error.code), message))
            })
        }
    }

    requests! { s3
        head_bucket(call: HeadBucket) { bucket(call.bucket) };
        delete_bucket(call: DeleteBucket) { bucket(call.bucket) };
    }
}
