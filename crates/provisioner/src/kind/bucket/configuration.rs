//! The configuration of a bucket: its parts, who may write into it, and when its objects are deleted.

use skyward_aws::Partition;
use skyward_aws::model::{BucketPart, BucketSetting};

use super::{Bucket, Lifecycle};
use crate::resource::prelude::*;

/// A part's value; the part alone, where it is not set.
type Setting = Result<BucketSetting, BucketPart>;

/// A policy that refuses everything that is not asked over TLS.
pub(super) fn tls_only(bucket: &str, partition: Partition) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [partition.s3(bucket), partition.s3(&format!("{bucket}/*"))],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
}

/// The same, and the writers of logs: the load balancer, the network, and S3 itself. As AWS's guides to each of the three ask for it.
pub(super) fn for_logs(bucket: &str, names: &Names) -> Value {
    let (account, partition) = (names.account(), names.partition());
    let of_account = json!({ "StringEquals": { "aws:SourceAccount": account } });
    let allow = |sid: &str, service: &str, action: &str, path: &str| {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Service": format!("{service}.amazonaws.com") },
            "Action": action,
            "Resource": partition.s3(&format!("{bucket}{path}")),
        })
    };
    let load_balancer = format!("/load-balancer/AWSLogs/{account}/*");
    let flow_logs = format!("/AWSLogs/{account}/*");
    let mut allowed = [
        allow("LoadBalancer", "logdelivery.elasticloadbalancing", "s3:PutObject", &load_balancer),
        allow("FlowLogs", "delivery.logs", "s3:PutObject", &flow_logs),
        allow("FlowLogsAcl", "delivery.logs", "s3:GetBucketAcl", ""),
        allow("AccessLogs", "logging.s3", "s3:PutObject", "/assets/*"),
    ];
    for statement in &mut allowed[1..] {
        statement["Condition"] = of_account.clone();
    }
    let mut policy = tls_only(bucket, partition);
    policy["Statement"].as_array_mut().expect("a list of statements").extend(allowed);
    policy
}

impl Lifecycle {
    /// The rules in a template.
    pub(super) fn template(&self) -> Vec<Value> {
        let rule = |id: &str, name: &str, value: Value| json!({ "Id": id, "Status": "Enabled", name: value });
        let uploads = self.uploads.map(|days| {
            let value = json!({ "DaysAfterInitiation": days });
            rule("uploads", "AbortIncompleteMultipartUpload", value)
        });
        let old_versions = self.old_versions.map(|days| {
            let value = json!({ "NoncurrentDays": days });
            rule("old-versions", "NoncurrentVersionExpiration", value)
        });
        let objects = self.objects.map(|days| rule("objects", "ExpirationInDays", json!(days)));
        [uploads, old_versions, objects].into_iter().flatten().collect()
    }
}

impl Bucket {
    /// Each part's field, with its value or that it is not to be set.
    pub(super) fn settings(
        &self,
        step: &StepContext<'_>,
    ) -> Result<[(&'static str, Setting); 8], CallError> {
        let logging = match &self.logging {
            Some((bucket, prefix)) => {
                let (bucket, prefix) = (step.run.physical(bucket)?, prefix.clone());
                Ok(BucketSetting::Logging { bucket, prefix })
            }
            None => Err(BucketPart::Logging),
        };
        let lifecycle = self.lifecycle.as_ref().ok_or(BucketPart::Lifecycle).map(|lifecycle| {
            let Lifecycle { uploads, old_versions, objects } = lifecycle.clone();
            BucketSetting::Lifecycle { uploads, old_versions, objects }
        });
        let blocked = BucketSetting::PublicAccessBlocked(self.public_access_blocked);
        Ok([
            // First what keeps others out.
            ("public_access_blocked", Ok(blocked)),
            ("ownership", Ok(BucketSetting::Ownership(self.ownership.clone()))),
            ("policy", Ok(BucketSetting::Policy(self.policy.clone()))),
            ("encryption", Ok(BucketSetting::Encryption(self.encryption.clone()))),
            ("versioning", Ok(BucketSetting::Versioning(self.versioning))),
            ("lifecycle", lifecycle),
            ("logging", logging),
            ("tags.", Ok(BucketSetting::Tagging(step.tags()))),
        ])
    }
}
