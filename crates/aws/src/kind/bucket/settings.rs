//! The parts of a bucket's configuration, each read, written and deleted by calls of its own.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLoggingStatus,
    BucketVersioningStatus, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, LoggingEnabled, NoncurrentVersionExpiration, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tagging, VersioningConfiguration,
};

use super::sdk::to_tags;
use super::*;
use crate::kind::prelude::*;

/// The codes by which S3 says that a bucket has no such part.
const ABSENT: [&str; 6] = [
    "NoSuchTagSet",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
];

/// Sends a request whose answer says nothing.
macro_rules! sent {
    ($operation:expr, $request:expr) => {
        $request.send().await.answer($operation).map(|_| ())
    };
}

impl Sdk {
    pub(crate) async fn get_bucket_setting(
        &self,
        call: GetBucketSetting,
    ) -> Result<Option<BucketSetting>, ApiError> {
        let bucket = call.bucket;
        let setting = match call.part {
            BucketPart::Tagging => self.tagging(bucket).await,
            BucketPart::PublicAccessBlock => self.public_access_block(bucket).await,
            BucketPart::OwnershipControls => self.ownership(bucket).await,
            BucketPart::Encryption => self.encryption(bucket).await,
            BucketPart::Versioning => self.versioning(bucket).await,
            BucketPart::Policy => self.policy(bucket).await,
            BucketPart::Lifecycle => self.lifecycle(bucket).await,
            BucketPart::Logging => self.logging(bucket).await,
        };
        Ok(setting.or_none(&ABSENT)?.flatten())
    }

    pub(crate) async fn put_bucket_setting(&self, call: PutBucketSetting) -> Result<(), ApiError> {
        let operation = Operation::PutBucketSetting;
        let (s3, bucket) = (&self.s3, call.bucket);
        let wrong = |error: BuildError| invalid(operation, &error);
        match call.setting {
            BucketSetting::Tagging(tags) => {
                let tagging = tagging(tags).map_err(wrong)?;
                sent!(operation, s3.put_bucket_tagging().bucket(bucket).tagging(tagging))
            }
            BucketSetting::PublicAccessBlocked(on) => {
                let block = PublicAccessBlockConfiguration::builder()
                    .block_public_acls(on)
                    .ignore_public_acls(on)
                    .block_public_policy(on)
                    .restrict_public_buckets(on);
                let request = s3.put_public_access_block().bucket(bucket);
                sent!(operation, request.public_access_block_configuration(block.build()))
            }
            BucketSetting::Ownership(kind) => {
                let controls = ownership(&kind).map_err(wrong)?;
                let request = s3.put_bucket_ownership_controls().bucket(bucket);
                sent!(operation, request.ownership_controls(controls))
            }
            BucketSetting::Encryption(algorithm) => {
                let encryption = encryption(&algorithm).map_err(wrong)?;
                let request = s3.put_bucket_encryption().bucket(bucket);
                sent!(operation, request.server_side_encryption_configuration(encryption))
            }
            BucketSetting::Versioning(on) => self.put_versioning(operation, bucket, on).await,
            BucketSetting::Policy(policy) => {
                sent!(operation, s3.put_bucket_policy().bucket(bucket).policy(policy.to_string()))
            }
            BucketSetting::Lifecycle { uploads, old_versions, objects } => {
                let rules = lifecycle(uploads, old_versions, objects).map_err(wrong)?;
                let request = s3.put_bucket_lifecycle_configuration().bucket(bucket);
                sent!(operation, request.lifecycle_configuration(rules))
            }
            BucketSetting::Logging { bucket: target, prefix } => {
                let logging = LoggingEnabled::builder().target_bucket(target).target_prefix(prefix);
                let logging = logging.build().map_err(wrong)?;
                self.put_logging(operation, bucket, Some(logging)).await
            }
            BucketSetting::Other(what) => {
                Err(invalid(operation, &format!("it cannot set a bucket's {what}")))
            }
        }
    }

    /// Versioning cannot be taken away, only suspended; logging goes by being set to none.
    pub(crate) async fn delete_bucket_setting(
        &self,
        call: DeleteBucketSetting,
    ) -> Result<(), ApiError> {
        let operation = Operation::DeleteBucketSetting;
        let (s3, bucket) = (&self.s3, call.bucket);
        match call.part {
            BucketPart::Tagging => sent!(operation, s3.delete_bucket_tagging().bucket(bucket)),
            BucketPart::PublicAccessBlock => {
                sent!(operation, s3.delete_public_access_block().bucket(bucket))
            }
            BucketPart::OwnershipControls => {
                sent!(operation, s3.delete_bucket_ownership_controls().bucket(bucket))
            }
            BucketPart::Encryption => {
                sent!(operation, s3.delete_bucket_encryption().bucket(bucket))
            }
            BucketPart::Versioning => self.put_versioning(operation, bucket, false).await,
            BucketPart::Policy => sent!(operation, s3.delete_bucket_policy().bucket(bucket)),
            BucketPart::Lifecycle => sent!(operation, s3.delete_bucket_lifecycle().bucket(bucket)),
            BucketPart::Logging => self.put_logging(operation, bucket, None).await,
        }
    }

    async fn put_versioning(
        &self,
        operation: Operation,
        bucket: String,
        on: bool,
    ) -> Result<(), ApiError> {
        use BucketVersioningStatus::{Enabled, Suspended};
        let status = if on { Enabled } else { Suspended };
        let versioning = VersioningConfiguration::builder().status(status).build();
        let request = self.s3.put_bucket_versioning().bucket(bucket);
        sent!(operation, request.versioning_configuration(versioning))
    }

    async fn put_logging(
        &self,
        operation: Operation,
        bucket: String,
        logging: Option<LoggingEnabled>,
    ) -> Result<(), ApiError> {
        let status = BucketLoggingStatus::builder().set_logging_enabled(logging).build();
        sent!(operation, self.s3.put_bucket_logging().bucket(bucket).bucket_logging_status(status))
    }
}

/// Sends a request that reads a part.
macro_rules! read {
    ($request:expr) => {
        $request.send().await.answer(Operation::GetBucketSetting)?
    };
}

/// The parts as they are now.
impl Sdk {
    async fn tagging(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let tags = read!(self.s3.get_bucket_tagging().bucket(bucket)).tag_set.into_iter();
        let tags = tags_from(tags.map(|tag| (Some(tag.key), Some(tag.value))));
        Ok(Some(BucketSetting::Tagging(tags)))
    }

    async fn public_access_block(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let answer = read!(self.s3.get_public_access_block().bucket(bucket));
        let block = answer.public_access_block_configuration;
        Ok(block.map(|block| {
            let switches = [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ];
            BucketSetting::PublicAccessBlocked(switches.iter().all(|on| *on == Some(true)))
        }))
    }

    async fn ownership(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let answer = read!(self.s3.get_bucket_ownership_controls().bucket(bucket));
        let rule = answer.ownership_controls.and_then(|controls| controls.rules.into_iter().next());
        Ok(rule.map(|rule| BucketSetting::Ownership(rule.object_ownership.as_str().to_owned())))
    }

    async fn encryption(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let answer = read!(self.s3.get_bucket_encryption().bucket(bucket));
        let rules = answer.server_side_encryption_configuration.map(|found| found.rules);
        let rule = rules.and_then(|rules| rules.into_iter().next());
        let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
        Ok(default
            .map(|default| BucketSetting::Encryption(default.sse_algorithm.as_str().to_owned())))
    }

    async fn versioning(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let status = read!(self.s3.get_bucket_versioning().bucket(bucket)).status;
        Ok(status
            .map(|status| BucketSetting::Versioning(status == BucketVersioningStatus::Enabled)))
    }

    async fn policy(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let policy = read!(self.s3.get_bucket_policy().bucket(bucket)).policy;
        Ok(policy.map(|policy| match serde_json::from_str(&policy) {
            Ok(policy) => BucketSetting::Policy(policy),
            Err(_) => BucketSetting::Other(policy),
        }))
    }

    async fn lifecycle(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let rules = read!(self.s3.get_bucket_lifecycle_configuration().bucket(bucket))
            .rules
            .unwrap_or_default();
        if rules.is_empty() {
            return Ok(None);
        }
        Ok(Some(days(&rules).unwrap_or_else(|| {
            let ids: Vec<_> = rules.iter().map(|rule| rule.id().unwrap_or("without id")).collect();
            BucketSetting::Other(format!("rules {}", ids.join(", ")))
        })))
    }

    async fn logging(&self, bucket: String) -> Result<Option<BucketSetting>, ApiError> {
        let logging = read!(self.s3.get_bucket_logging().bucket(bucket)).logging_enabled;
        Ok(logging.map(|logging| BucketSetting::Logging {
            bucket: logging.target_bucket,
            prefix: logging.target_prefix,
        }))
    }
}

fn tagging(tags: Tags) -> Result<Tagging, BuildError> {
    Tagging::builder().set_tag_set(Some(to_tags(tags)?)).build()
}

fn ownership(kind: &str) -> Result<OwnershipControls, BuildError> {
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(kind));
    OwnershipControls::builder().rules(rule.build()?).build()
}

fn encryption(algorithm: &str) -> Result<ServerSideEncryptionConfiguration, BuildError> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(algorithm))
        .build()?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
    ServerSideEncryptionConfiguration::builder().rules(rule.build()).build()
}

/// One rule for everything in the bucket.
fn lifecycle(
    uploads: Option<i32>,
    old_versions: Option<i32>,
    objects: Option<i32>,
) -> Result<BucketLifecycleConfiguration, BuildError> {
    let rule = LifecycleRule::builder()
        .id("skyward")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .set_abort_incomplete_multipart_upload(uploads.map(|days| {
            AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()
        }))
        .set_noncurrent_version_expiration(
            old_versions
                .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
        )
        .set_expiration(objects.map(|days| LifecycleExpiration::builder().days(days).build()));
    BucketLifecycleConfiguration::builder().rules(rule.build()?).build()
}

/// The days of one rule for everything; none where the rules are of another kind.
fn days(rules: &[LifecycleRule]) -> Option<BucketSetting> {
    let [rule] = rules else { return None };
    let is_for_all = rule.filter().is_none_or(|filter| {
        filter.prefix().is_none_or(str::is_empty)
            && filter.tag().is_none()
            && filter.and().is_none()
    });
    let is_plain = rule.status == ExpirationStatus::Enabled
        && is_for_all
        && rule.transitions().is_empty()
        && rule.noncurrent_version_transitions().is_empty();
    is_plain.then(|| BucketSetting::Lifecycle {
        uploads: rule
            .abort_incomplete_multipart_upload()
            .and_then(AbortIncompleteMultipartUpload::days_after_initiation),
        old_versions: rule
            .noncurrent_version_expiration()
            .and_then(NoncurrentVersionExpiration::noncurrent_days),
        objects: rule.expiration().and_then(LifecycleExpiration::days),
    })
}
