use serde_json::{Value, json};

use super::build::Builder;
use super::{Bucket, Id, Lifecycle, Spec};

/// The bucket for assets, and where asked the one for logs.
pub(super) fn buckets(builder: &mut Builder<'_>) {
    let no_needs = [] as [Id; 0];
    let (assets, logs) = (builder.names.bucket("assets"), builder.names.bucket("logs"));
    if builder.aws.logs {
        let lifecycle = Lifecycle { uploads: Some(7), old_versions: Some(7), objects: Some(90) };
        let mut policy = tls_only(&logs);
        let statements = policy["Statement"].as_array_mut().expect("a list of statements");
        statements.extend(deliveries(&logs, &builder.place.account));
        let bucket = bucket(logs, policy, lifecycle);
        builder.add("bucket/logs", Spec::Bucket(Box::new(bucket)), no_needs.clone());
    }
    let lifecycle = Lifecycle { uploads: Some(7), old_versions: Some(30), objects: None };
    let policy = tls_only(&assets);
    let mut bucket = bucket(assets, policy, lifecycle);
    if builder.aws.logs {
        bucket.logging = Some(("bucket/logs".into(), "assets/".into()));
        builder.add("bucket/assets", Spec::Bucket(Box::new(bucket)), ["bucket/logs"]);
    } else {
        builder.add("bucket/assets", Spec::Bucket(Box::new(bucket)), no_needs);
    }
}

fn bucket(name: String, policy: Value, lifecycle: Lifecycle) -> Bucket {
    Bucket {
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

fn tls_only(bucket: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
}

/// What may write logs: the load balancer, the network, and S3 itself. As AWS's guides to each of the three ask for it.
fn deliveries(bucket: &str, account: &str) -> Vec<Value> {
    let write = |sid: &str, service: &str, prefix: &str| {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{bucket}/{prefix}*"),
            "Condition": { "StringEquals": { "aws:SourceAccount": account } },
        })
    };
    let acl = json!({
        "Sid": "FlowLogsAcl",
        "Effect": "Allow",
        "Principal": { "Service": "delivery.logs.amazonaws.com" },
        "Action": "s3:GetBucketAcl",
        "Resource": format!("arn:aws:s3:::{bucket}"),
        "Condition": { "StringEquals": { "aws:SourceAccount": account } },
    });
    let load_balancer = json!({
        "Sid": "LoadBalancer",
        "Effect": "Allow",
        "Principal": { "Service": "logdelivery.elasticloadbalancing.amazonaws.com" },
        "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{bucket}/load-balancer/AWSLogs/{account}/*"),
    });
    vec![
        load_balancer,
        write("FlowLogs", "delivery.logs.amazonaws.com", &format!("AWSLogs/{account}/")),
        acl,
        write("AccessLogs", "logging.s3.amazonaws.com", "assets/"),
    ]
}
