//! A stack's whole life, by the commands that its owner types.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use skyward_aws::model::{BucketSetting, Peer, Rule, VpcAttribute};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;
use skyward_provisioner::topology::Names;
use tempfile::TempDir;

use crate::server::Moto;

/// Where it stands.
const REGION: &str = "ap-southeast-3";
/// A configuration that says nothing of what has a default.
const CONFIGURATION: &str =
    "[aws]\nname = \"web\"\nregion = \"ap-southeast-3\"\nuser_data = \"user-data.sh\"\n";
const USER_DATA: &str = include_str!("../../../../infra/user-data.sh");

/// Someone with a configuration, credentials, and moto for an account.
pub(crate) struct Owner {
    folder: TempDir,
    url: String,
}

impl Owner {
    /// In a folder with this configuration.
    pub(crate) fn new(url: &str, configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("skyward.toml"), configuration).unwrap();
        Self { folder, url: url.to_owned() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Types a command, in an environment where nothing but moto can be reached.
    pub(crate) async fn types(&self, command: &str) -> Output {
        let mut process = Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"));
        process
            .args(command.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "nobody")
            .env("AWS_SECRET_ACCESS_KEY", "nothing");
        tokio::task::spawn_blocking(move || process.output().unwrap()).await.unwrap()
    }

    /// Types a command that succeeds, and returns what it prints.
    pub(crate) async fn does(&self, command: &str) -> String {
        let output = self.types(command).await;
        let said = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}: {}\n{printed}\n{said}", output.status);
        assert!(!printed.contains("nothing\""), "{command} prints the secret");
        printed
    }

    /// What `plan` or `drift` finds: the ids of what differs, each with what is to be done.
    pub(crate) async fn finds(&self, command: &str) -> BTreeSet<(String, String)> {
        let output = self.types(&format!("{command} --exit-code --output json")).await;
        let said = String::from_utf8_lossy(&output.stderr);
        let plan: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{command}: {error}: {}\n{said}", output.status));
        let changes = plan["changes"].as_array().unwrap();
        let expected = if changes.is_empty() { 0 } else { 3 };
        assert_eq!(output.status.code(), Some(expected), "{command}: {said}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        changes.iter().map(|change| (text(&change["id"]), text(&change["action"]))).collect()
    }
}

pub(crate) fn updates<const N: usize>(ids: [&str; N]) -> BTreeSet<(String, String)> {
    ids.map(|id| (id.to_owned(), "update".to_owned())).into()
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_stack_is_made_changed_repaired_and_deleted() {
    let (moto, sdk) = Moto::client(REGION).await;
    let owner = Owner::new(moto.url(), CONFIGURATION);
    std::fs::write(owner.folder().join("user-data.sh"), USER_DATA).unwrap();
    let names = Names::new("web", REGION, "123456789012");

    let made = owner.finds("plan").await;
    assert!(made.iter().all(|(_, action)| action == "create"), "{made:?}");
    let apply = owner.does("apply --yes --no-page --output json").await;
    let done = apply.lines().filter(|line| line.contains("\"event\":\"done\"")).count();
    assert_eq!(done, made.len(), "{apply}");
    let before = moto.calls();
    assert_eq!(owner.finds("plan").await, [].into());
    println!("a stack of {} resources: plan makes {} calls", made.len(), moto.calls() - before);
    assert_eq!(owner.finds("drift").await, [].into());
    let again = owner.does("apply --yes --no-page").await;
    assert!(again.starts_with("http://web-web"), "{again}");

    // Half of it is set otherwise, and two of the ways out go.
    let options = "--set aws.backup_days=14 --set aws.target_cpu=70 --set aws.health_path=/health --set aws.max_instances=5 \
                   --set aws.single_nat_gateway=true --set aws.deletion_protection=false";
    let mut expected = updates([
        "auto-scaling-group",
        "db-cluster",
        "load-balancer",
        "route/internal-b",
        "route/internal-c",
        "scaling-policy",
        "target-group",
    ]);
    for id in ["address/b", "address/c", "nat-gateway/b", "nat-gateway/c"] {
        expected.insert((id.into(), "delete".into()));
    }
    assert_eq!(owner.finds(&format!("plan {options}")).await, expected);
    owner.does(&format!("apply --yes --no-page {options}")).await;
    assert_eq!(owner.finds(&format!("plan {options}")).await, [].into());

    let meddled = meddle(&sdk, &names).await;
    assert_eq!(owner.finds(&format!("drift {options}")).await, meddled);
    owner.does(&format!("apply --yes --no-page {options}")).await;
    assert_eq!(owner.finds(&format!("drift {options}")).await, [].into());

    owner.does(&format!("destroy --yes --no-snapshot {options}")).await;
    assert_eq!(left(&sdk, &names).await, [] as [String; 0]);
    assert_eq!(owner.finds("plan").await, made);
}

/// What someone changes by hand, and the plan that it makes.
async fn meddle(sdk: &Sdk, names: &Names) -> BTreeSet<(String, String)> {
    let select = || Select::Stack("web".into());
    let vpc = all(sdk, DescribeVpcs { select: select(), page: None }).await.unwrap().remove(0).id;
    let attribute = VpcAttribute::DnsHostnames;
    send(sdk, ModifyVpcAttribute { vpc, attribute, value: false }).await.unwrap();
    let groups = all(sdk, DescribeSecurityGroups { select: select(), page: None }).await.unwrap();
    let group = groups.iter().find(|group| group.name == names.security_group("cms")).unwrap();
    let ssh = Rule {
        protocol: "tcp".into(),
        ports: Some((22, 22)),
        peer: Peer::Network("0.0.0.0/0".into()),
        description: "just for today".into(),
    };
    let open = AuthorizeSecurityGroupIngress { group: group.id.clone(), rules: [ssh].into() };
    send(sdk, open).await.unwrap();
    let subnets = all(sdk, DescribeSubnets { select: select(), page: None }).await.unwrap();
    let subnet = subnets.iter().find(|subnet| subnet.tags["skyward:resource"] == "subnet/public-b");
    let resources = vec![subnet.unwrap().id.clone()];
    send(sdk, DeleteTags { resources, names: vec!["Name".into()] }).await.unwrap();
    let setting = BucketSetting::Versioning(false);
    send(sdk, PutBucketSetting { bucket: names.bucket("assets"), setting }).await.unwrap();
    let policy = names.scaling_policy();
    let name = names.auto_scaling_group();
    send(sdk, DeletePolicy { name, policy }).await.unwrap();
    let mut expected = updates(["bucket/assets", "rules/cms", "subnet/public-b", "vpc"]);
    expected.insert(("scaling-policy".into(), "create".into()));
    expected
}

/// All that carries the stack's tag or has a name of it.
pub(crate) async fn left(sdk: &Sdk, names: &Names) -> Vec<String> {
    let mut left = Vec::new();
    macro_rules! tagged {
        ($($operation:ident),*) => {$(
            let select = Select::Stack("web".into());
            for found in all(sdk, $operation { select, page: None }).await.unwrap() {
                left.push(format!("{found:?}"));
            }
        )*};
    }
    tagged!(DescribeVpcs, DescribeSubnets, DescribeInternetGateways, DescribeRouteTables);
    tagged!(DescribeSecurityGroups, DescribeFlowLogs, DescribeLaunchTemplates);
    let select = || Select::Stack("web".into());
    for found in send(sdk, DescribeAddresses { select: select() }).await.unwrap() {
        left.push(format!("{found:?}"));
    }
    // These stay visible for a while.
    for found in all(sdk, DescribeNatGateways { select: select(), page: None }).await.unwrap() {
        left.extend((found.state != "deleted").then(|| format!("{found:?}")));
    }
    for found in all(sdk, DescribeVpcEndpoints { select: select(), page: None }).await.unwrap() {
        left.extend((found.state != "deleted").then(|| format!("{found:?}")));
    }
    for found in all(sdk, DescribeInstances { select: select(), page: None }).await.unwrap() {
        left.extend((found.state != "terminated").then(|| format!("{found:?}")));
    }
    macro_rules! named {
        ($($operation:ident: $name:expr),*) => {$(
            for found in send(sdk, $operation { name: $name }).await.unwrap() {
                left.push(format!("{found:?}"));
            }
        )*};
    }
    named!(DescribeLoadBalancers: names.load_balancer(), DescribeTargetGroups: names.target_group());
    named!(DescribeAutoScalingGroups: names.auto_scaling_group());
    named!(DescribeDBClusters: names.database(), DescribeDBSubnetGroups: names.database());
    left.extend(send(sdk, GetRole { name: names.role() }).await.ok().map(|role| role.name));
    let profile = GetInstanceProfile { name: names.role() };
    left.extend(send(sdk, profile).await.ok().map(|profile| profile.name));
    let bucket = names.bucket("assets");
    left.extend(send(sdk, HeadBucket { bucket: bucket.clone() }).await.ok().map(|()| bucket));
    left
}
