//! The instances' role and its profile.

use serde_json::{Value, json};
use skyward_aws::*;

use crate::server::{Moto, tags};

fn trust(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    })
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_role_reads_as_it_was_written() {
    let (_moto, sdk) = Moto::client("eu-central-1").await;
    let name = "test-eu-central-1-instance".to_owned();
    let get = GetRole { name: name.clone() };
    let error = send(&sdk, get.clone()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), ("NoSuchEntity", Class::NotFound), "{error}");
    let create =
        CreateRole { name: name.clone(), trust: trust("ec2.amazonaws.com"), tags: tags("role") };
    let made = send(&sdk, create.clone()).await.unwrap();
    let error = send(&sdk, create).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("EntityAlreadyExists", Class::Exists),
        "{error}"
    );
    assert_eq!(send(&sdk, get.clone()).await.unwrap(), made);
    assert_eq!((&made.tags, &made.trust), (&tags("role"), &trust("ec2.amazonaws.com")));
    let call = UpdateAssumeRolePolicy { name: name.clone(), trust: trust("ecs.amazonaws.com") };
    send(&sdk, call).await.unwrap();
    let more = [("owner".to_owned(), "web".to_owned())];
    send(&sdk, TagRole { name: name.clone(), tags: more.into() }).await.unwrap();
    let found = send(&sdk, get).await.unwrap();
    assert_eq!((&found.trust, found.tags["owner"].as_str()), (&trust("ecs.amazonaws.com"), "web"));

    let (role, policy) = (name.clone(), "assets".to_owned());
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::a-bucket/50 %/*" }],
    });
    let get = GetRolePolicy { role: role.clone(), policy: policy.clone() };
    let error = send(&sdk, get.clone()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), ("NoSuchEntity", Class::NotFound), "{error}");
    let put =
        PutRolePolicy { role: role.clone(), policy: policy.clone(), document: document.clone() };
    send(&sdk, put).await.unwrap();
    assert_eq!(send(&sdk, get).await.unwrap(), document);
    let arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore".to_owned();
    let list = ListAttachedRolePolicies { role: role.clone() };
    assert_eq!(send(&sdk, list.clone()).await.unwrap(), [].into());
    send(&sdk, AttachRolePolicy { role: role.clone(), arn: arn.clone() }).await.unwrap();
    assert_eq!(send(&sdk, list.clone()).await.unwrap(), [arn.clone()].into());
    let error = send(&sdk, DeleteRole { name: name.clone() }).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), ("DeleteConflict", Class::NotYet), "{error}");
    send(&sdk, DetachRolePolicy { role: role.clone(), arn }).await.unwrap();
    assert_eq!(send(&sdk, list).await.unwrap(), [].into());
    send(&sdk, DeleteRolePolicy { role, policy }).await.unwrap();
    send(&sdk, DeleteRole { name }).await.unwrap();
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_profile_has_its_role() {
    let (_moto, sdk) = Moto::client("eu-west-1").await;
    let name = "test-eu-west-1-instance".to_owned();
    let get = GetInstanceProfile { name: name.clone() };
    let error = send(&sdk, get.clone()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), ("NoSuchEntity", Class::NotFound), "{error}");
    let create =
        CreateRole { name: name.clone(), trust: trust("ec2.amazonaws.com"), tags: tags("role") };
    send(&sdk, create).await.unwrap();
    let create = CreateInstanceProfile { name: name.clone(), tags: tags("instance-profile") };
    assert_eq!(send(&sdk, create).await.unwrap().role, None);
    let add = AddRoleToInstanceProfile { profile: name.clone(), role: name.clone() };
    send(&sdk, add).await.unwrap();
    let more = [("owner".to_owned(), "web".to_owned())];
    send(&sdk, TagInstanceProfile { name: name.clone(), tags: more.into() }).await.unwrap();
    let found = send(&sdk, get.clone()).await.unwrap();
    assert_eq!((found.name.as_str(), found.role.as_ref()), (name.as_str(), Some(&name)));
    assert!(found.arn.ends_with(&format!("instance-profile/{name}")), "{}", found.arn);
    assert_eq!(
        (&found.tags["skyward:stack"], &found.tags["owner"]),
        (&"test".to_owned(), &"web".to_owned())
    );
    let remove = RemoveRoleFromInstanceProfile { profile: name.clone(), role: name.clone() };
    send(&sdk, remove).await.unwrap();
    assert_eq!(send(&sdk, get).await.unwrap().role, None);
    send(&sdk, DeleteInstanceProfile { name: name.clone() }).await.unwrap();
    send(&sdk, DeleteRole { name }).await.unwrap();
}
