//! Buckets with their configuration and what is in them. Their names are taken by all accounts, and free again after a while.

use crate::kind::simulated::prelude::*;

/// A bucket with its configuration and what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    tags: Tags,
    settings: BTreeMap<BucketPart, BucketSetting>,
    /// Key and version.
    objects: BTreeSet<(String, Option<String>)>,
    /// The content of the newest version of each object, where it has one.
    contents: BTreeMap<String, ObjectHead>,
    /// A write until then is answered that another is under way.
    busy_until: Time,
}

const WRITE: Assumption =
    seconds("bucket: a write during which another is answered 409", 0.02, 0.05, Unverified);
const NAME_HELD: Assumption =
    seconds("bucket: its name after its deletion, answered 409", 5.0, 60.0, Documents);
const QUOTA: DefaultQuota = DefaultQuota::new("buckets", 10_000, "TooManyBuckets");
const BUSY: &str = "OperationAborted";
const BUSY_MESSAGE: &str = "A conflicting conditional operation is currently in progress against this resource. Please try again.";

impl Kind for Bucket {
    const NAME: &'static str = "bucket";
    const MISSING: &'static str = "NoSuchBucket";
    const ASSUMPTIONS: &'static [Assumption] = &[WRITE, NAME_HELD];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];
    const RULES: &'static [Behaviour] =
        &[("us-east-1 answers the second creation of one's own bucket as the first", Documents)];

    tags!(tags);

    fn state(&self) -> String {
        format!("{} object versions", self.objects.len())
    }
}

impl Bucket {
    /// The object of a key, without its bytes.
    pub(crate) fn content(&self, key: &str) -> Option<&ObjectHead> {
        self.contents.get(key)
    }
}

/// The part that a setting is of.
pub(crate) fn part_of(setting: &BucketSetting, other: BucketPart) -> BucketPart {
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

/// Beginnings of names that S3 keeps for itself.
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
/// Ends of names that S3 keeps for itself.
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// The settings of a new bucket. AWS's documentation, since April 2023.
fn defaults() -> BTreeMap<BucketPart, BucketSetting> {
    BTreeMap::from([
        (BucketPart::PublicAccessBlock, BucketSetting::PublicAccessBlocked(true)),
        (BucketPart::OwnershipControls, BucketSetting::Ownership("BucketOwnerEnforced".into())),
        (BucketPart::Encryption, BucketSetting::Encryption("AES256".into())),
    ])
}

impl World {
    pub(crate) fn create_bucket(&mut self, call: CreateBucket) -> Answer<()> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        // "General purpose bucket naming rules" in the user guide of S3.
        let is_end =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let (first, last) = (call.bucket.chars().next(), call.bucket.chars().next_back());
        let is_reserved = RESERVED_PREFIXES.iter().any(|prefix| call.bucket.starts_with(prefix))
            || RESERVED_SUFFIXES.iter().any(|suffix| call.bucket.ends_with(suffix));
        if !(3..=63).contains(&call.bucket.len())
            || !call.bucket.chars().all(is_name)
            || !is_end(first)
            || !is_end(last)
            || call.bucket.contains("..")
            || is_reserved
        {
            return refuse("InvalidBucketName", "The specified bucket is not valid.");
        }
        if self.settings.taken_buckets.contains(&call.bucket) {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                           system. Please select a different name and try again.";
            return refuse("BucketAlreadyExists", message);
        }
        if self.get::<Bucket>(&call.bucket).is_some() {
            // S3's oldest region answers a repeated creation as the first one.
            if self.region == "us-east-1" {
                return Ok(());
            }
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return refuse("BucketAlreadyOwnedByYou", message);
        }
        if self.is_name_held(&call.bucket) {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        self.room(&QUOTA, self.count::<Bucket>())?;
        let mut settings = defaults();
        if !call.tags.is_empty() {
            settings.insert(BucketPart::Tagging, BucketSetting::Tagging(call.tags.clone()));
        }
        let bucket = Bucket {
            tags: call.tags,
            settings,
            objects: BTreeSet::new(),
            contents: BTreeMap::new(),
            busy_until: self.now,
        };
        self.put(&call.bucket, bucket);
        Ok(())
    }

    pub(crate) fn head_bucket(&mut self, call: HeadBucket) -> Answer<()> {
        if self.settings.taken_buckets.contains(&call.bucket) {
            return refuse("AccessDenied", "Forbidden");
        }
        match self.seen::<Bucket>(&call.bucket) {
            Some(_) => Ok(()),
            None => refuse("NotFound", "Not Found"),
        }
    }

    pub(crate) fn bucket(&self, name: &str) -> Answer<&Bucket> {
        if self.settings.taken_buckets.contains(name) {
            return refuse("AccessDenied", "Access Denied");
        }
        self.find::<Bucket>(name)
    }

    /// A bucket takes one change of its configuration at a time.
    fn change_bucket(&mut self, name: &str, change: impl FnOnce(&mut Bucket)) -> Answer<()> {
        if self.bucket(name)?.busy_until > self.now {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        // Shorter than any answer takes: changes that wait for each other's answers meet nothing.
        let busy_until = self.now + self.sample(WRITE);
        self.update::<Bucket>(name, |bucket| {
            change(bucket);
            bucket.busy_until = busy_until;
        });
        Ok(())
    }

    pub(crate) fn get_bucket_setting(
        &mut self,
        call: GetBucketSetting,
    ) -> Answer<Option<BucketSetting>> {
        self.bucket(&call.bucket)?;
        let bucket = self.seen::<Bucket>(&call.bucket).expect("it is known");
        Ok(bucket.settings.get(&call.part).cloned())
    }

    pub(crate) fn put_bucket_setting(&mut self, call: PutBucketSetting) -> Answer<()> {
        if let BucketSetting::Logging { bucket, .. } = &call.setting
            && self.get::<Bucket>(bucket).is_none()
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

    pub(crate) fn delete_bucket_setting(&mut self, call: DeleteBucketSetting) -> Answer<()> {
        self.change_bucket(&call.bucket, |bucket| {
            if call.part == BucketPart::Tagging {
                bucket.tags.clear();
            }
            bucket.settings.remove(&call.part);
        })
    }

    pub(crate) fn list_object_versions(
        &mut self,
        call: ListObjectVersions,
    ) -> Answer<Page<ObjectVersion>> {
        let bucket = self.bucket(&call.bucket)?;
        let skip: usize = call.page.and_then(|page| page.parse().ok()).unwrap_or_default();
        let size = self.settings.page_size;
        let is_of = |(key, _): &&(String, Option<String>)| key.starts_with(&call.prefix);
        let items: Vec<ObjectVersion> = bucket
            .objects
            .iter()
            .filter(is_of)
            .skip(skip)
            .take(size)
            .map(|(key, version)| ObjectVersion { key: key.clone(), version: version.clone() })
            .collect();
        let end = skip + items.len();
        let all = bucket.objects.iter().filter(is_of).count();
        Ok(Page { items, next: (end < all).then(|| end.to_string()) })
    }

    pub(crate) fn delete_objects(&mut self, call: DeleteObjects) -> Answer<()> {
        self.bucket(&call.bucket)?;
        if call.objects.len() > 1000 {
            return refuse("MalformedXML", "More than 1000 keys in one request");
        }
        let mut markers = Vec::new();
        let is_versioned = matches!(
            self.get::<Bucket>(&call.bucket)
                .and_then(|bucket| bucket.settings.get(&BucketPart::Versioning)),
            Some(BucketSetting::Versioning(true))
        );
        for object in &call.objects {
            // Without a version, an object of a versioned bucket stays, under a marker.
            if is_versioned && object.version.is_none() {
                markers.push((object.key.clone(), Some(self.number())));
            }
        }
        self.update::<Bucket>(&call.bucket, |bucket| {
            for object in call.objects {
                bucket.objects.remove(&(object.key, object.version));
            }
            for (key, marker) in markers {
                bucket.contents.remove(&key);
                bucket.objects.insert((key, marker));
            }
            let Bucket { objects, contents, .. } = bucket;
            contents.retain(|key, _| objects.iter().any(|(other, _)| other == key));
        });
        Ok(())
    }

    pub(crate) fn delete_bucket(&mut self, call: DeleteBucket) -> Answer<()> {
        let bucket = self.bucket(&call.bucket)?;
        if !bucket.objects.is_empty() {
            return refuse("BucketNotEmpty", "The bucket you tried to delete is not empty");
        }
        if bucket.busy_until > self.now {
            return refuse(BUSY, BUSY_MESSAGE);
        }
        self.remove::<Bucket>(&call.bucket);
        let delay = self.sample(NAME_HELD);
        self.hold_name(&call.bucket, delay);
        Ok(())
    }

    /// Puts an object into a bucket, as its users do.
    pub(crate) fn place_object(
        &mut self,
        bucket: &str,
        key: &str,
        head: Option<ObjectHead>,
    ) -> bool {
        let version = self.number();
        self.update::<Bucket>(bucket, |bucket| {
            bucket.contents.extend(head.map(|head| (key.to_owned(), head)));
            let is_versioned = bucket.settings.get(&BucketPart::Versioning)
                == Some(&BucketSetting::Versioning(true));
            bucket.objects.insert((key.to_owned(), is_versioned.then_some(version)));
        })
    }
}

/// Tells whether a bucket's policy lets a service write its logs there.
pub(crate) fn delivers_to(world: &World, bucket: &str, service: &str) -> bool {
    let bucket = world.get::<Bucket>(bucket);
    let policy = bucket.and_then(|bucket| bucket.settings.get(&BucketPart::Policy));
    matches!(policy, Some(BucketSetting::Policy(document)) if document.to_string().contains(service))
}
