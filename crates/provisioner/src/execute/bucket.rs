use super::context::At;
use super::refresh;
use crate::caller::{Fault, Patience};
use crate::topology::Bucket;
use skyward_aws::model::{BucketPart, BucketSetting, Tags};
use skyward_aws::{
    Class, CreateBucket, DeleteBucket, DeleteBucketSetting, DeleteObjects, GetBucketSetting,
    HeadBucket, ListObjectVersions, PutBucketSetting,
};

/// A bucket, with each part of its configuration. S3 answers 409 to two writes at once: one after the other.
pub(super) async fn bucket(at: &At<'_>, spec: &Bucket) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    let is_new = at.existing().is_none();
    let mut has_tags = false;
    if is_new {
        // In us-east-1 S3 answers 200 to the owner's second creation: so look before.
        match run.caller.find(HeadBucket { bucket: name.clone() }).await {
            Ok(None) => has_tags = create(at, &name).await?,
            Ok(Some(())) => own(at, &name).await?,
            Err(fault) if fault.class() == Some(Class::Denied) => {
                return Err(Fault::Foreign { what: "bucket".into(), name });
            }
            Err(fault) => return Err(fault),
        }
    }
    run.remember(at.id(), &name);
    for (field, setting) in settings(at, spec)? {
        let is_wanted = match field {
            "tags." => at.differs(field) || (is_new && !has_tags),
            _ => is_new || at.differs(field),
        };
        if !is_wanted {
            continue;
        }
        let bucket = name.clone();
        match setting {
            Ok(setting) => run.caller.change(PutBucketSetting { bucket, setting }).await?,
            Err(_) if is_new && has_tags => {}
            Err(part) => run.caller.delete(DeleteBucketSetting { bucket, part }).await?,
        }
    }
    Ok(())
}

/// Whether it was this call that made it, with its tags.
async fn create(at: &At<'_>, name: &str) -> Result<bool, Fault> {
    let call = CreateBucket { bucket: name.to_owned(), tags: at.tags() };
    match at.run.caller.change(call).await {
        Ok(()) => Ok(true),
        Err(fault) if fault.class() == Some(Class::Exists) => own(at, name).await.map(|()| false),
        Err(fault) => Err(fault),
    }
}

async fn own(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let look = async || {
        let call = GetBucketSetting { bucket: name.to_owned(), part: BucketPart::Tagging };
        match at.run.caller.find(call).await {
            Ok(Some(Some(BucketSetting::Tagging(tags)))) => Ok(Some(((), tags))),
            Ok(_) => Ok(Some(((), Tags::new()))),
            Err(fault) if fault.class() == Some(Class::Denied) => Ok(Some(((), Tags::new()))),
            Err(fault) => Err(fault),
        }
    };
    refresh::adopt(at, "bucket", name, look).await
}

/// What a part is set to; the part alone, where it is not set.
type Setting = Result<BucketSetting, BucketPart>;

/// Each part's field, with its value or that it is not to be set.
fn settings(at: &At<'_>, spec: &Bucket) -> Result<[(&'static str, Setting); 8], Fault> {
    let logging = match &spec.logging {
        Some((bucket, prefix)) => {
            let (bucket, prefix) = (at.run.physical(bucket)?, prefix.clone());
            Ok(BucketSetting::Logging { bucket, prefix })
        }
        None => Err(BucketPart::Logging),
    };
    let lifecycle = spec.lifecycle.as_ref().ok_or(BucketPart::Lifecycle).map(|lifecycle| {
        BucketSetting::Lifecycle {
            uploads: lifecycle.uploads,
            old_versions: lifecycle.old_versions,
            objects: lifecycle.objects,
        }
    });
    Ok([
        // First what keeps others out.
        (
            "public_access_blocked",
            Ok(BucketSetting::PublicAccessBlocked(spec.public_access_blocked)),
        ),
        ("ownership", Ok(BucketSetting::Ownership(spec.ownership.clone()))),
        ("policy", Ok(BucketSetting::Policy(spec.policy.clone()))),
        ("encryption", Ok(BucketSetting::Encryption(spec.encryption.clone()))),
        ("versioning", Ok(BucketSetting::Versioning(spec.versioning))),
        ("lifecycle", lifecycle),
        ("logging", logging),
        ("tags.", Ok(BucketSetting::Tagging(at.tags()))),
    ])
}

/// Deletes a bucket with every version of everything in it.
pub(super) async fn delete(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    loop {
        loop {
            let call = ListObjectVersions { bucket: name.to_owned(), page: None };
            let Some(page) = caller.find(call).await? else { return Ok(()) };
            if page.items.is_empty() {
                break;
            }
            at.progress("deleting its objects");
            let call = DeleteObjects { bucket: name.to_owned(), objects: page.items };
            caller.delete(call).await?;
        }
        let patience = Patience { not_yet: std::time::Duration::ZERO, ..Patience::DELETE };
        match caller.send(DeleteBucket { bucket: name.to_owned() }, patience).await {
            Ok(()) => return Ok(()),
            Err(fault) if fault.class() == Some(Class::NotFound) => return Ok(()),
            // Someone still writes into it, or another write is under way.
            Err(fault) if fault.class() == Some(Class::NotYet) => at.pause("not empty yet").await?,
            Err(fault) => return Err(fault),
        }
    }
}
