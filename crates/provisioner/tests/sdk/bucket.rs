//! A bucket and every part of its configuration.

use skyward_aws::model::{BucketPart, BucketSetting, ObjectVersion};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;

use crate::server::{Moto, tags};

async fn get(sdk: &Sdk, bucket: &str, part: BucketPart) -> Option<BucketSetting> {
    send(sdk, GetBucketSetting { bucket: bucket.into(), part }).await.unwrap()
}

async fn code(sdk: &Sdk, bucket: &str) -> String {
    send(sdk, HeadBucket { bucket: bucket.into() }).await.unwrap_err().code
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_bucket_is_made_where_it_was_asked_to() {
    // The first of them may not be named.
    for region in ["us-east-1", "eu-central-1"] {
        let (_moto, sdk) = Moto::client(region).await;
        let bucket = format!("test-assets-{region}");
        assert_eq!(code(&sdk, &bucket).await, "NotFound");
        let create = CreateBucket { bucket: bucket.clone(), tags: tags("bucket/assets") };
        send(&sdk, create.clone()).await.unwrap();
        send(&sdk, HeadBucket { bucket: bucket.clone() }).await.unwrap();
        let expected = Some(BucketSetting::Tagging(tags("bucket/assets")));
        assert_eq!(get(&sdk, &bucket, BucketPart::Tagging).await, expected);
        let again = send(&sdk, create).await;
        match again {
            Ok(()) => assert_eq!(region, "us-east-1"),
            Err(error) => assert_eq!(error.code, "BucketAlreadyOwnedByYou", "{region}"),
        }
        let delete = DeleteBucket { bucket: bucket.clone() };
        send(&sdk, delete.clone()).await.unwrap();
        let error = send(&sdk, delete).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.class()), ("NoSuchBucket", Class::NotFound));
        assert_eq!(code(&sdk, &bucket).await, "NotFound");
    }
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn each_part_of_a_bucket_is_set_read_and_taken_away() {
    let (_moto, sdk) = Moto::client("eu-west-2").await;
    let bucket = "test-parts-eu-west-2".to_owned();
    send(&sdk, CreateBucket { bucket: bucket.clone(), tags: tags("bucket/parts") }).await.unwrap();
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    });
    let days = BucketSetting::Lifecycle { uploads: Some(7), old_versions: Some(30), objects: None };
    let all_days =
        BucketSetting::Lifecycle { uploads: Some(7), old_versions: Some(7), objects: Some(90) };
    for (part, settings, taken_away) in [
        (BucketPart::Tagging, vec![BucketSetting::Tagging(tags("bucket/other"))], None),
        (
            BucketPart::PublicAccessBlock,
            vec![
                BucketSetting::PublicAccessBlocked(false),
                BucketSetting::PublicAccessBlocked(true),
            ],
            None,
        ),
        (
            BucketPart::OwnershipControls,
            vec![BucketSetting::Ownership("BucketOwnerEnforced".into())],
            None,
        ),
        (BucketPart::Encryption, vec![BucketSetting::Encryption("AES256".into())], None),
        (
            BucketPart::Versioning,
            vec![BucketSetting::Versioning(true)],
            Some(BucketSetting::Versioning(false)),
        ),
        (BucketPart::Policy, vec![BucketSetting::Policy(policy)], None),
        (BucketPart::Lifecycle, vec![days, all_days], None),
    ] {
        for setting in settings {
            let put = PutBucketSetting { bucket: bucket.clone(), setting: setting.clone() };
            send(&sdk, put).await.unwrap();
            assert_eq!(get(&sdk, &bucket, part).await, Some(setting), "{part:?}");
        }
        send(&sdk, DeleteBucketSetting { bucket: bucket.clone(), part }).await.unwrap();
        assert_eq!(get(&sdk, &bucket, part).await, taken_away, "{part:?} taken away");
    }
    send(&sdk, DeleteBucket { bucket }).await.unwrap();
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn access_is_logged_to_another_bucket() {
    let (_moto, sdk) = Moto::client("eu-north-1").await;
    let (bucket, logs) = ("test-logged-eu-north-1".to_owned(), "test-logs-eu-north-1".to_owned());
    for bucket in [&bucket, &logs] {
        let call = CreateBucket { bucket: bucket.clone(), tags: tags("bucket") };
        send(&sdk, call).await.unwrap();
    }
    assert_eq!(get(&sdk, &bucket, BucketPart::Logging).await, None);
    // moto looks whether S3 may write there by the older of the two ways, a grant.
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "logging.s3.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{logs}/assets/*"),
        }],
    });
    let setting = BucketSetting::Policy(policy);
    send(&sdk, PutBucketSetting { bucket: logs.clone(), setting }).await.unwrap();
    let setting = BucketSetting::Logging { bucket: logs, prefix: "assets/".into() };
    let put = PutBucketSetting { bucket: bucket.clone(), setting: setting.clone() };
    send(&sdk, put).await.unwrap();
    assert_eq!(get(&sdk, &bucket, BucketPart::Logging).await, Some(setting));
    let part = BucketPart::Logging;
    send(&sdk, DeleteBucketSetting { bucket: bucket.clone(), part }).await.unwrap();
    assert_eq!(get(&sdk, &bucket, BucketPart::Logging).await, None);
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_bucket_is_emptied_version_by_version() {
    let (moto, sdk) = Moto::client("eu-west-3").await;
    let bucket = "test-full-eu-west-3".to_owned();
    send(&sdk, CreateBucket { bucket: bucket.clone(), tags: tags("bucket") }).await.unwrap();
    let setting = BucketSetting::Versioning(true);
    send(&sdk, PutBucketSetting { bucket: bucket.clone(), setting }).await.unwrap();
    let s3 = moto.s3("eu-west-3").await;
    for _ in 0..2 {
        s3.put_object().bucket(&bucket).key("a key/é&").send().await.unwrap();
    }
    s3.delete_object().bucket(&bucket).key("a key/é&").send().await.unwrap();
    let error = send(&sdk, DeleteBucket { bucket: bucket.clone() }).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), ("BucketNotEmpty", Class::NotYet), "{error}");
    let list = ListObjectVersions { bucket: bucket.clone(), prefix: String::new(), page: None };
    let objects: Vec<ObjectVersion> = all(&sdk, list.clone()).await.unwrap();
    assert_eq!(objects.len(), 3, "two versions and a marker: {objects:?}");
    assert!(objects.iter().all(|object| object.key == "a key/é&" && object.version.is_some()));
    send(&sdk, DeleteObjects { bucket: bucket.clone(), objects }).await.unwrap();
    assert_eq!(all(&sdk, list).await.unwrap(), []);
    send(&sdk, DeleteBucket { bucket }).await.unwrap();
}
