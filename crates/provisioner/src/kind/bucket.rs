//! A bucket with every part of its configuration: one for assets, and where asked one for logs.

mod configuration;

use skyward_aws::model::{BucketPart, BucketSetting};
use skyward_aws::{
    CreateBucket, DeleteBucket, DeleteBucketSetting, DeleteObjects, GetBucketSetting, HeadBucket,
    ListObjectVersions, PutBucketSetting,
};

use super::{AutoScalingGroup, DbCluster, FlowLog, LoadBalancer};
use crate::resource::hidden;
use crate::resource::prelude::*;

/// The parts of a bucket's configuration.
const PARTS: [BucketPart; 8] = [
    BucketPart::Tagging,
    BucketPart::PublicAccessBlock,
    BucketPart::OwnershipControls,
    BucketPart::Encryption,
    BucketPart::Versioning,
    BucketPart::Policy,
    BucketPart::Lifecycle,
    BucketPart::Logging,
];

/// The buckets, read.
pub(super) const READ_BUCKET: Scope =
    Scope::read((3, "ReadBucket"), Area::Data, |stack| arns(stack, ""));
/// The buckets. S3 knows no tags in conditions: their names are the limit.
const BUCKET: Scope =
    Scope::new((28, "Bucket"), Area::Data, |stack| arns(stack, ""), Condition::Always);
/// The objects in them.
pub(super) const OBJECTS: Scope =
    Scope::new((29, "Objects"), Area::Data, |stack| arns(stack, "/*"), Condition::Always);

fn arns(stack: &PolicyStack<'_>, rest: &str) -> Vec<String> {
    let bucket = |part: &str| format!("{}{rest}", stack.names.bucket(part));
    ["assets", "logs"].map(|part| stack.names.partition().s3(&bucket(part))).into()
}

/// A bucket with every part of its configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bucket {
    pub(crate) name: String,
    pub(crate) public_access_blocked: bool,
    pub(crate) ownership: String,
    pub(crate) encryption: String,
    pub(crate) versioning: bool,
    pub(crate) policy: Value,
    pub(crate) lifecycle: Option<Lifecycle>,
    /// The bucket that this one's access is logged to, and the prefix there.
    pub(crate) logging: Option<(Id, String)>,
}

/// The days after which what is left over is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Lifecycle {
    pub(crate) uploads: Option<i32>,
    pub(crate) old_versions: Option<i32>,
    pub(crate) objects: Option<i32>,
}

/// A bucket of one of the stack's names.
pub(crate) enum Answer {
    /// It exists and may not be looked at.
    Taken,
    /// Each part that is set.
    Readable(BTreeMap<BucketPart, BucketSetting>),
}

/// The error of a bucket that may not be looked at.
fn taken(name: &str) -> CallError {
    let (problem, next) = hidden("bucket", name);
    CallError::Advised { problem, next: next.into() }
}

async fn read(reader: &Reader<'_>, bucket: &str) -> Result<Option<Answer>, CallError> {
    match reader.caller.find(HeadBucket { bucket: bucket.into() }).await {
        Ok(Some(())) => {}
        Ok(None) => return Ok(None),
        // S3 says why it refuses a request only where that is none for the head alone.
        Err(error) if error.class() == Some(Class::Denied) => {
            let part = BucketPart::Tagging;
            let call = GetBucketSetting { bucket: bucket.into(), part };
            return match reader.caller.find(call).await {
                Ok(_) => Err(error),
                Err(why) if why.class() == Some(Class::Denied) && !why.has_cause() => {
                    Ok(Some(Answer::Taken))
                }
                Err(why) => Err(why),
            };
        }
        Err(error) => return Err(error),
    }
    let settings = futures_util::future::try_join_all(PARTS.map(|part| async move {
        let call = GetBucketSetting { bucket: bucket.into(), part };
        Ok::<_, CallError>((part, reader.caller.find(call).await?.flatten()))
    }))
    .await?;
    let settings = settings.into_iter().filter_map(|(part, setting)| Some((part, setting?)));
    Ok(Some(Answer::Readable(settings.collect())))
}

impl Bucket {
    fn desired(name: String, policy: Value, lifecycle: Lifecycle) -> Self {
        Self {
            name,
            public_access_blocked: true,
            ownership: "BucketOwnerEnforced".into(),
            encryption: "AES256".into(),
            versioning: true,
            policy,
            lifecycle: Some(lifecycle),
            logging: None,
        }
    }

    /// The bucket as it was found.
    fn found<'a>(
        name: &str,
        settings: impl IntoIterator<Item = &'a BucketSetting>,
        observation: &Observation<'_>,
    ) -> Self {
        let mut bucket = Self {
            name: name.to_owned(),
            public_access_blocked: false,
            ownership: String::new(),
            encryption: String::new(),
            versioning: false,
            policy: Value::Null,
            lifecycle: None,
            logging: None,
        };
        for setting in settings {
            match setting.clone() {
                BucketSetting::Tagging(_) => {}
                BucketSetting::PublicAccessBlocked(on) => bucket.public_access_blocked = on,
                BucketSetting::Encryption(encryption) => bucket.encryption = encryption,
                BucketSetting::Versioning(versioning) => bucket.versioning = versioning,
                BucketSetting::Policy(policy) => bucket.policy = policy,
                BucketSetting::Lifecycle { uploads, old_versions, objects } => {
                    bucket.lifecycle = Some(Lifecycle { uploads, old_versions, objects });
                }
                BucketSetting::Logging { bucket: target, prefix } => {
                    bucket.logging = Some((observation.id::<Self>(&target), prefix));
                }
                BucketSetting::Ownership(other) | BucketSetting::Other(other) => {
                    bucket.ownership = other;
                }
            }
        }
        bucket
    }

    /// Creates it with its tags; false where it exists already.
    async fn create(&self, step: &StepContext<'_>) -> Result<bool, CallError> {
        let name = self.name.clone();
        // In us-east-1 S3 answers 200 to the owner's second creation: so look before.
        match step.run.caller.find(HeadBucket { bucket: name.clone() }).await {
            Ok(None) => {}
            Ok(Some(())) => return self.adopt(step).await.map(|()| false),
            Err(error) if error.class() == Some(Class::Denied) => {
                return Err(taken(&name));
            }
            Err(error) => return Err(error),
        }
        match step.run.caller.create(CreateBucket { bucket: name, tags: step.tags() }).await? {
            Some(()) => Ok(true),
            None => self.adopt(step).await.map(|()| false),
        }
    }

    async fn adopt(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let look = async || {
            let call = GetBucketSetting { bucket: self.name.clone(), part: BucketPart::Tagging };
            match step.run.caller.find(call).await {
                Ok(Some(Some(BucketSetting::Tagging(tags)))) => Ok(Some(((), tags))),
                Ok(_) => Ok(Some(((), Tags::new()))),
                Err(error) if error.class() == Some(Class::Denied) => Err(taken(&self.name)),
                Err(error) => Err(error),
            }
        };
        step.adopt("bucket", &self.name, look).await
    }
}

impl Resource for Bucket {
    const ID: &'static str = "bucket";
    const NAME: &'static str = "bucket";
    const DATA: Option<&'static str> = Some("the bucket is deleted with its objects");
    const GONE_FIRST: &'static [Kind] =
        &[Kind::of::<LoadBalancer>(), Kind::of::<FlowLog>(), Kind::of::<AutoScalingGroup>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ_BUCKET]: HeadBucket, ListObjectVersions;
        All [] "s3:GetBucketTagging" on READ_BUCKET, "s3:GetBucketPublicAccessBlock" on READ_BUCKET,
            "s3:GetBucketOwnershipControls" on READ_BUCKET, "s3:GetEncryptionConfiguration" on READ_BUCKET,
            "s3:GetBucketVersioning" on READ_BUCKET, "s3:GetBucketPolicy" on READ_BUCKET,
            "s3:GetLifecycleConfiguration" on READ_BUCKET, "s3:GetBucketLogging" on READ_BUCKET: GetBucketSetting;
        Apply [BUCKET] "s3:TagResource" on BUCKET: CreateBucket;
        // Most parts are deleted by the action that writes them.
        Apply [] "s3:PutBucketTagging" on BUCKET, "s3:PutBucketPublicAccessBlock" on BUCKET,
            "s3:PutBucketOwnershipControls" on BUCKET, "s3:PutEncryptionConfiguration" on BUCKET,
            "s3:PutBucketVersioning" on BUCKET, "s3:PutBucketPolicy" on BUCKET,
            "s3:PutLifecycleConfiguration" on BUCKET, "s3:PutBucketLogging" on BUCKET: PutBucketSetting;
        Apply [] "s3:PutBucketTagging" on BUCKET, "s3:PutBucketPublicAccessBlock" on BUCKET,
            "s3:PutBucketOwnershipControls" on BUCKET, "s3:PutEncryptionConfiguration" on BUCKET,
            "s3:PutBucketVersioning" on BUCKET, "s3:DeleteBucketPolicy" on BUCKET,
            "s3:PutLifecycleConfiguration" on BUCKET, "s3:PutBucketLogging" on BUCKET: DeleteBucketSetting;
        ApplyAndDestroy [BUCKET]: DeleteBucket;
        ApplyAndDestroy [OBJECTS] "s3:DeleteObjectVersion" on OBJECTS: DeleteObjects;
    };

    /// The buckets for logs and for assets.
    type Answer = [(&'static str, String, Option<Answer>); 2];

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let (assets, logs) = (stack.names.bucket("assets"), stack.names.bucket("logs"));
        let lifecycle = Lifecycle { uploads: Some(7), old_versions: Some(30), objects: None };
        let policy = configuration::tls_only(&assets, stack.names.partition());
        let mut bucket = Self::desired(assets, policy, lifecycle);
        if !stack.aws.logs {
            return vec![Wanted::new("bucket/assets", bucket)];
        }
        bucket.logging = Some(("bucket/logs".into(), "assets/".into()));
        let lifecycle = Lifecycle { uploads: Some(7), old_versions: Some(7), objects: Some(90) };
        let policy = configuration::for_logs(&logs, &stack.names);
        let logs = Self::desired(logs, policy, lifecycle);
        vec![Wanted::new("bucket/logs", logs), Wanted::new("bucket/assets", bucket)]
    }

    fn refs(&self) -> Vec<&Id> {
        self.logging.iter().map(|(bucket, _)| bucket).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let read = |part: &'static str| async move {
            let name = reader.names.bucket(part);
            let answer = reader.found(read(reader, &name).await).flatten();
            (part, name, answer)
        };
        tokio::join!(read("logs"), read("assets")).into()
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for (part, name, answer) in answer {
            let id = format!("bucket/{part}");
            match answer {
                None => {}
                Some(Answer::Taken) => observation.hidden(&id, name),
                Some(Answer::Readable(settings)) => {
                    let tags = match settings.get(&BucketPart::Tagging) {
                        Some(BucketSetting::Tagging(tags)) => tags.clone(),
                        _ => Tags::new(),
                    };
                    let spec = Self::found(name, settings.values(), observation);
                    let is_ours = observation.keep_named(name, Found::new(id, name, spec, &tags));
                    if is_ours && *part == "assets" {
                        observation.observed.outputs.bucket = Some(name.clone());
                    }
                }
            }
        }
    }

    /// Sets one part after the other: S3 answers 409 to two writes at once.
    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, is_new) = (step.run, step.existing().is_none());
        let has_tags = is_new && self.create(step).await?;
        run.remember(step.id(), &self.name);
        for (field, setting) in self.settings(step)? {
            let is_wanted = match field {
                "tags." => step.differs(field) || (is_new && !has_tags),
                _ => is_new || step.differs(field),
            };
            if !is_wanted {
                continue;
            }
            let bucket = self.name.clone();
            match setting {
                Ok(setting) => run.caller.change(PutBucketSetting { bucket, setting }).await?,
                Err(_) if is_new && has_tags => {}
                Err(part) => run.caller.delete(DeleteBucketSetting { bucket, part }).await?,
            }
        }
        Ok(())
    }

    /// Deletes it with every version of everything in it.
    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let caller = step.run.caller;
        loop {
            loop {
                let call = ListObjectVersions {
                    bucket: name.to_owned(),
                    prefix: String::new(),
                    page: None,
                };
                let Some(page) = caller.find(call).await? else { return Ok(()) };
                if page.items.is_empty() {
                    break;
                }
                step.progress("deleting its objects");
                let call = DeleteObjects { bucket: name.to_owned(), objects: page.items };
                caller.delete(call).await?;
            }
            let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::DELETE };
            match caller.send(DeleteBucket { bucket: name.to_owned() }, policy).await {
                Ok(()) => return Ok(()),
                Err(error) if error.class() == Some(Class::NotFound) => return Ok(()),
                // Someone still writes into it, or another write is under way.
                Err(error) if error.class() == Some(Class::NotYet) => {
                    step.pause("not empty yet").await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Its tags are a part of its configuration.
    async fn set_tags(_: &StepContext<'_>, _: &str) -> Result<(), CallError> {
        Ok(())
    }

    fn estimate(_: Action) -> Estimate {
        Estimate::seconds(2, 4, 600)
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Some(NameLimit { name: &self.name, longest: 63 })
    }

    async fn outputs(reader: &Reader<'_>, _: &Aws, outputs: &mut Outputs) {
        outputs.bucket = Some(reader.names.bucket("assets"));
    }

    fn detail(&self) -> String {
        self.name.clone()
    }

    /// Adds the bucket and its policy. In a protected stack they stay when it goes: what is in them may be needed.
    fn template(&self, id: &Id, template: &mut Template<'_>) {
        template.known_arn(template.partition().s3(&self.name), id);
        let blocked = self.public_access_blocked;
        let versioning = if self.versioning { "Enabled" } else { "Suspended" };
        let mut properties = json!({
            "BucketName": self.name,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": blocked,
                "BlockPublicPolicy": blocked,
                "IgnorePublicAcls": blocked,
                "RestrictPublicBuckets": blocked,
            },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": self.ownership }] },
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{
                    "ServerSideEncryptionByDefault": { "SSEAlgorithm": self.encryption },
                }],
            },
            "VersioningConfiguration": { "Status": versioning },
            "Tags": template.tags(id),
        });
        if let Some(lifecycle) = &self.lifecycle {
            properties["LifecycleConfiguration"] = json!({ "Rules": lifecycle.template() });
        }
        let policy_of = |bucket: &Id| format!("{}Policy", logical_name(bucket));
        if let Some((target, prefix)) = &self.logging {
            properties["LoggingConfiguration"] =
                json!({ "DestinationBucketName": reference(target), "LogFilePrefix": prefix });
        }
        let is_protected =
            template.topology.all::<DbCluster>().any(|(_, cluster)| cluster.deletion_protection);
        let stays = if is_protected { "Retain" } else { "Delete" };
        let resource = template.add(&logical_name(id), "AWS::S3::Bucket", properties);
        resource["DeletionPolicy"] = json!(stays);
        resource["UpdateReplacePolicy"] = json!(stays);
        if let Some((target, _)) = &self.logging {
            resource["DependsOn"] = json!(policy_of(target));
        }
        let document = template.document(&self.policy);
        let properties = json!({ "Bucket": reference(id), "PolicyDocument": document });
        let policy = template.add(&policy_of(id), "AWS::S3::BucketPolicy", properties);
        policy["DeletionPolicy"] = json!(stays);
        policy["UpdateReplacePolicy"] = json!(stays);
        template.output(&logical_name(id), "A bucket", reference(id));
    }
}
