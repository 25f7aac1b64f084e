//! The whole life of the service on the instances, by the commands that its owner types: released, upgraded, taken back, deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skyward_aws::model::{AutoScalingGroup, DbCluster};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;
use skyward_provisioner::topology::Names;

use crate::cycle::{Owner, left, updates};
use crate::image;
use crate::server::Moto;

const REGION: &str = "ap-northeast-2";
const CONFIGURATION: &str = "[service]\nname = \"shop\"\n\n[image]\noutput = \"out\"\n\n\
                             [aws]\nname = \"web\"\nregion = \"ap-northeast-2\"\nrun = \"service\"\n";

/// What a binary's layer has in it: in moto, nothing is unpacked.
const FIRST: &[u8] = b"the layer of the first binary";
const SECOND: &[u8] = b"the layer of another binary";

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The user of a stack in moto, who looks at what there is.
struct Seen {
    sdk: Sdk,
    s3: sdk::aws_sdk_s3::Client,
    names: Names,
}

impl Seen {
    async fn group(&self) -> AutoScalingGroup {
        let call = DescribeAutoScalingGroups { name: self.names.auto_scaling_group() };
        send(&self.sdk, call).await.unwrap().remove(0)
    }

    /// The instances, and the versions that they have.
    async fn instances(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let instances = self.group().await.instances;
        let versions = instances.iter().filter_map(|one| one.version.clone());
        (instances.iter().map(|one| one.id.clone()).collect(), versions.collect())
    }

    async fn database(&self) -> DbCluster {
        let call = DescribeDBClusters { name: self.names.database() };
        send(&self.sdk, call).await.unwrap().remove(0)
    }

    /// The user data of a version of the template.
    async fn user_data(&self, version: &str) -> String {
        let (template, _) = self.group().await.launch_template.unwrap();
        let call = DescribeLaunchTemplateVersions { template, version: Some(version.to_owned()) };
        send(&self.sdk, call).await.unwrap().remove(0).data.user_data
    }

    /// The bytes of the release of this digest.
    async fn release(&self, digest: &str) -> Option<Vec<u8>> {
        let (bucket, key) = (self.names.bucket("assets"), format!("releases/{digest}"));
        let got = self.s3.get_object().bucket(bucket).key(key).send().await.ok()?;
        Some(got.body.collect().await.unwrap().to_vec())
    }
}

/// Builds the image of a binary.
fn build(owner: &Owner, layer: &[u8]) {
    image::write(&owner.folder().join("out/shop"), &json!(["/shop"]), &[layer]);
}

/// What `history` says: each version with its release and its state.
async fn history(owner: &Owner) -> Vec<(i64, String, String)> {
    let printed = owner.does("history --output json").await;
    let versions: Value = serde_json::from_str(&printed).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let versions = versions.as_array().unwrap().iter();
    versions
        .map(|one| (one["version"].as_i64().unwrap(), text(&one["release"]), text(&one["state"])))
        .collect()
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_service_is_released_upgraded_taken_back_and_deleted() {
    let (moto, sdk) = Moto::client(REGION).await;
    let owner = Owner::new(moto.url(), CONFIGURATION);
    let s3 = moto.s3(REGION).await;
    let seen = Seen { sdk, s3, names: Names::new("web", REGION, "123456789012") };
    let (first, second) = (sha256(FIRST), sha256(SECOND));

    build(&owner, FIRST);
    let made = owner.finds("plan").await;
    assert!(made.iter().all(|(_, action)| action == "create"), "{made:?}");
    owner.does("apply --yes --no-page").await;
    assert_eq!(owner.finds("plan").await, [].into());
    assert_eq!(owner.finds("drift").await, [].into());
    assert_eq!(seen.release(&first).await.as_deref(), Some(FIRST));
    let user_data = seen.user_data("1").await;
    let host = seen.database().await.endpoint.unwrap();
    for expected in [
        &*format!("KEY='releases/{first}'\n"),
        &format!("SHA256='{first}'\n"),
        &format!("\"DATABASE_HOST={host}\""),
        &format!("\"ASSETS_BUCKET={}\"", seen.names.bucket("assets")),
    ] {
        assert!(user_data.contains(expected), "{expected}: {user_data}");
    }
    assert!(!user_data.contains("{{"), "{user_data}");
    let (instances, versions) = seen.instances().await;
    assert_eq!((instances.len(), versions), (3, BTreeSet::from(["1".to_owned()])));

    // Another binary: another object, another version, other instances; and nothing else.
    build(&owner, SECOND);
    let expected = updates(["auto-scaling-group", "launch-template", "release"]);
    assert_eq!(owner.finds("plan").await, expected);
    owner.does("apply --yes --no-page").await;
    assert_eq!(owner.finds("plan").await, [].into());
    assert_eq!(seen.release(&second).await.as_deref(), Some(SECOND));
    assert!(seen.user_data("2").await.contains(&format!("KEY='releases/{second}'\n")));
    let (replaced, versions) = seen.instances().await;
    assert!(replaced.is_disjoint(&instances), "{replaced:?}, {instances:?}");
    assert_eq!((replaced.len(), versions), (3, BTreeSet::from(["2".to_owned()])));
    assert_eq!(seen.group().await.launch_template.unwrap().1, "2");
    let line =
        |version, release: &String, state: &str| (version, release.clone(), state.to_owned());
    let expected = [line(2, &second, "current"), line(1, &first, "ran")];
    assert_eq!(history(&owner).await, expected);

    // And back, to a release whose object has stayed.
    owner.does("rollback --yes").await;
    let (back, versions) = seen.instances().await;
    assert!(back.is_disjoint(&replaced), "{back:?}, {replaced:?}");
    assert_eq!((back.len(), versions), (3, BTreeSet::from(["1".to_owned()])));
    let expected = [line(2, &second, "ran"), line(1, &first, "current")];
    assert_eq!(history(&owner).await, expected);
    assert_eq!(seen.release(&first).await.as_deref(), Some(FIRST));
    assert_eq!(owner.finds("plan").await, updates(["auto-scaling-group"]));

    let console = owner.does(&format!("logs {}", back.first().unwrap())).await;
    assert!(console.contains("Kernel command line: "), "{console}");
    let unknown = owner.types("logs i-0123456789abcdef0").await;
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(!unknown.status.success() && said.contains("InvalidInstanceID.NotFound"), "{said}");

    owner.does("destroy --yes --no-snapshot --everything").await;
    assert_eq!(left(&seen.sdk, &seen.names).await, [] as [String; 0]);
    assert_eq!(seen.release(&first).await.or(seen.release(&second).await), None);
    assert_eq!(owner.finds("plan").await, made);
}
