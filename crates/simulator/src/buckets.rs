use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::store::{Thing, Time};
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{BucketPart, BucketSetting, ObjectVersion, Tags};
use skyward_aws::{
    CreateBucket, DeleteBucket, DeleteBucketSetting, DeleteObjects, GetBucketSetting, HeadBucket,
    ListObjectVersions, Page, PutBucketSetting,
};

/// A bucket with its configuration and what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Bucket {
    tags: Tags,
    settings: BTreeMap<BucketPart, BucketSetting>,
    /// Key and version.
    objects: BTreeSet<(String, Option<String>)>,
    /// A write until then is answered that another is under way.
    busy_until: Time,
}

impl Bucket {
    /// How many versions of objects are in it.
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }
}

impl Thing for Bucket {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

const NO_BUCKET: &str = "NoSuchBucket";
const BUSY: &str = "OperationAborted";
const BUSY_MESSAGE: &str = "A conflicting conditional operation is currently in progress against this resource. Please try again.";

fn part_of(setting: &BucketSetting, other: BucketPart) -> BucketPart {
    match setting {
        BucketSetting::Tagging(_) => BucketPart::Tagging,
        BucketSetting::PublicAccessBlocked(_) => BucketPart::PublicAccessBlock,
        BucketSetting::Ownership(_) => BucketPart::OwnershipControls,
        BucketSetting::Encryption(_) => BucketPart::Encryption,
        BucketSetting::Versioning(_) => BucketPart::Versioning,
        BucketSetting::Policy(_) => BucketPart::Policy,
        BucketSetting::Lifecycle { .. } => BucketPart::Lifecycle,
        BucketSetting::Logging { .. } => BucketPart::Logging,
        BucketSetting::Other(_) => other,
    }
}

/// What every new bucket has. AWS's documentation, since April 2023.
fn defaults() -> BTreeMap<BucketPart, BucketSetting> {
    BTreeMap::from([
        (BucketPart::PublicAccessBlock, BucketSetting::PublicAccessBlocked(true)),
        (BucketPart::OwnershipControls, BucketSetting::Ownership("BucketOwnerEnforced".into())),
        (BucketPart::Encryption, BucketSetting::Encryption("AES256".into())),
    ])
}

impl World {
    pub(super) fn create_bucket(&mut self, call: CreateBucket) -> Answer<()> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if !(3..=63).contains(&call.bucket.len()) || !call.bucket.chars().all(is_name) {
            return refuse("InvalidBucketName", "The specified bucket is not valid.");
        }
        if self.state.taken_buckets.contains(&call.bucket) {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                           system. Please select a different name and try again.";
            return refuse("BucketAlreadyExists", message);
        }
        if self.state.buckets.get(&call.bucket).is_some() {
            // S3's oldest region answers a repeated creation as the first one.
            if self.region == "us-east-1" {
                return Ok(());
            }
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return refuse("BucketAlreadyOwnedByYou", message);
        }
        let freed = self.state.freed_buckets.get(&call.bucket);
        if freed.is_some_and(|freed| *freed > self.now) {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        self.quota("buckets", self.state.buckets.len(), "TooManyBuckets")?;
        let mut settings = defaults();
        if !call.tags.is_empty() {
            settings.insert(BucketPart::Tagging, BucketSetting::Tagging(call.tags.clone()));
        }
        let bucket =
            Bucket { tags: call.tags, settings, objects: BTreeSet::new(), busy_until: self.now };
        self.state.buckets.put(self.moment(), &call.bucket, bucket);
        Ok(())
    }

    pub(super) fn head_bucket(&mut self, call: HeadBucket) -> Answer<()> {
        if self.state.taken_buckets.contains(&call.bucket) {
            return refuse("AccessDenied", "Forbidden");
        }
        match self.state.buckets.seen(&call.bucket, self.view) {
            Some(_) => Ok(()),
            None => refuse("NotFound", "Not Found"),
        }
    }

    fn bucket(&self, name: &str) -> Answer<&Bucket> {
        if self.state.taken_buckets.contains(name) {
            return refuse("AccessDenied", "Access Denied");
        }
        find(&self.state.buckets, name, self.view, NO_BUCKET)
    }

    /// A bucket takes one change of its configuration at a time.
    fn change_bucket(&mut self, name: &str, change: impl FnOnce(&mut Bucket)) -> Answer<()> {
        if self.bucket(name)?.busy_until > self.now {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        // Shorter than any answer takes: changes that wait for each other's answers meet nothing.
        let busy_until = self.now + self.sample(assumed::BUCKET_WRITE);
        self.state.buckets.update(self.moment(), name, |bucket| {
            change(bucket);
            bucket.busy_until = busy_until;
        });
        Ok(())
    }

    pub(super) fn get_bucket_setting(
        &mut self,
        call: GetBucketSetting,
    ) -> Answer<Option<BucketSetting>> {
        self.bucket(&call.bucket)?;
        let bucket = self.state.buckets.seen(&call.bucket, self.view).expect("it is known");
        Ok(bucket.settings.get(&call.part).cloned())
    }

    pub(super) fn put_bucket_setting(&mut self, call: PutBucketSetting) -> Answer<()> {
        if let BucketSetting::Logging { bucket, .. } = &call.setting
            && self.state.buckets.get(bucket).is_none()
        {
            let message = "The target bucket for logging does not exist";
            return refuse("InvalidTargetBucketForLogging", message);
        }
        self.change_bucket(&call.bucket, |bucket| {
            if let BucketSetting::Tagging(tags) = &call.setting {
                bucket.tags.clone_from(tags);
            }
            let part = part_of(&call.setting, BucketPart::Policy);
            bucket.settings.insert(part, call.setting);
        })
    }

    pub(super) fn delete_bucket_setting(&mut self, call: DeleteBucketSetting) -> Answer<()> {
        self.change_bucket(&call.bucket, |bucket| {
            if call.part == BucketPart::Tagging {
                bucket.tags.clear();
            }
            bucket.settings.remove(&call.part);
        })
    }

    pub(super) fn list_object_versions(
        &mut self,
        call: ListObjectVersions,
    ) -> Answer<Page<ObjectVersion>> {
        let bucket = self.bucket(&call.bucket)?;
        let skip: usize = call.page.and_then(|page| page.parse().ok()).unwrap_or_default();
        let size = self.settings.page_size;
        let items: Vec<ObjectVersion> = bucket
            .objects
            .iter()
            .skip(skip)
            .take(size)
            .map(|(key, version)| ObjectVersion { key: key.clone(), version: version.clone() })
            .collect();
        let end = skip + items.len();
        Ok(Page { items, next: (end < bucket.objects.len()).then(|| end.to_string()) })
    }

    pub(super) fn delete_objects(&mut self, call: DeleteObjects) -> Answer<()> {
        self.bucket(&call.bucket)?;
        if call.objects.len() > 1000 {
            return refuse("MalformedXML", "More than 1000 keys in one request");
        }
        let mut markers = Vec::new();
        let is_versioned = matches!(
            self.state
                .buckets
                .get(&call.bucket)
                .and_then(|bucket| bucket.settings.get(&BucketPart::Versioning)),
            Some(BucketSetting::Versioning(true))
        );
        for object in &call.objects {
            // Without a version, an object of a versioned bucket stays, under a marker.
            if is_versioned && object.version.is_none() {
                markers.push((object.key.clone(), Some(self.number())));
            }
        }
        self.state.buckets.update(self.moment(), &call.bucket, |bucket| {
            for object in call.objects {
                bucket.objects.remove(&(object.key, object.version));
            }
            bucket.objects.extend(markers);
        });
        Ok(())
    }

    pub(super) fn delete_bucket(&mut self, call: DeleteBucket) -> Answer<()> {
        let bucket = self.bucket(&call.bucket)?;
        if bucket.len() > 0 {
            return refuse("BucketNotEmpty", "The bucket you tried to delete is not empty");
        }
        if bucket.busy_until > self.now {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        self.state.buckets.remove(self.moment(), &call.bucket);
        let freed = self.now + self.sample(assumed::BUCKET_GONE);
        self.state.freed_buckets.insert(call.bucket, freed);
        Ok(())
    }

    /// Puts an object into a bucket, as whoever uses it does.
    pub(super) fn put_object(&mut self, bucket: &str, key: &str) -> bool {
        let version = self.number();
        let moment = self.moment();
        self.state.buckets.update(moment, bucket, |bucket| {
            let is_versioned = bucket.settings.get(&BucketPart::Versioning)
                == Some(&BucketSetting::Versioning(true));
            bucket.objects.insert((key.to_owned(), is_versioned.then_some(version)));
        })
    }

    /// Whether a bucket's policy lets a service write its logs there.
    pub(super) fn delivers_to(&self, bucket: &str, service: &str) -> bool {
        let bucket = self.state.buckets.get(bucket);
        let policy = bucket.and_then(|bucket| bucket.settings.get(&BucketPart::Policy));
        matches!(policy, Some(BucketSetting::Policy(document)) if document.to_string().contains(service))
    }
}
