//! Where moto is not AWS.

use std::collections::BTreeSet;

use skyward_aws::model::{BucketPart, BucketSetting, ListenerAction};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;

use crate::database::{cluster, groups};
use crate::edge::{balancer, target_group};
use crate::instances::group;
use crate::network::{subnet, vpc};
use crate::server::{Moto, tags};

/// The SHA-256 of the letter `a`.
const SHA256_OF_A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

/// Something that moto 5.2.5 does otherwise than AWS.
struct Wrong {
    operation: Operation,
    moto: &'static str,
    /// How the tests take account of it.
    tests: &'static str,
}

const fn wrong(operation: Operation, moto: &'static str, tests: &'static str) -> Wrong {
    Wrong { operation, moto, tests }
}

/// All that the tests know of. A test looks whether it is still so, so that a newer moto shortens this list.
const MOTO_IS_WRONG: &[Wrong] = &[
    wrong(
        Operation::CreateNatGateway,
        "makes one without an internet gateway, and does not know its client token again",
        "idempotency by token is the simulator's to show",
    ),
    wrong(
        Operation::DescribeNatGateways,
        "knows no filter of tags: it answers with every gateway of the region",
        "a test has its region for itself",
    ),
    wrong(
        Operation::DeleteVpc,
        "deletes one with a gateway attached",
        "the order of a destroy is the simulator's to show",
    ),
    wrong(
        Operation::DeleteSecurityGroup,
        "deletes one that another group's rule refers to",
        "the order of a destroy is the simulator's to show",
    ),
    wrong(
        Operation::DeleteVpcEndpoints,
        "fails when a route table was added after the creation, having given it no route",
        "the table is taken from the endpoint first",
    ),
    wrong(
        Operation::CreateLoadBalancer,
        "makes a second one of the same name",
        "no test relies on a refusal",
    ),
    wrong(
        Operation::DeleteLoadBalancer,
        "deletes one that is protected from it",
        "no test relies on a refusal",
    ),
    wrong(
        Operation::CreateListener,
        "makes a second one for the same port",
        "no test relies on a refusal",
    ),
    wrong(
        Operation::CreateAutoScalingGroup,
        "replaces the one of the same name",
        "no test relies on a refusal",
    ),
    wrong(
        Operation::DeleteAutoScalingGroup,
        "deletes one with instances without being forced to",
        "no test relies on a refusal",
    ),
    wrong(
        Operation::StartInstanceRefresh,
        "does not know the operation: status 500",
        "the relay before moto replaces moto's instances, one after the other",
    ),
    wrong(
        Operation::DescribeInstanceRefreshes,
        "does not know the operation: status 500",
        "the relay before moto tells of those that it carries out",
    ),
    wrong(
        Operation::TerminateInstanceInAutoScalingGroup,
        "starts no instance in its place from any version of a template but the first: status 500",
        "the relay before moto replaces instances from the first version",
    ),
    wrong(
        Operation::DescribeAutoScalingGroups,
        "says of every instance that it has the template's default version",
        "the relay before moto remembers what each was started from",
    ),
    wrong(
        Operation::DescribeRdsAccountAttributes,
        "does not know the operation: status 500",
        "the relay before moto answers with the quotas of a new account",
    ),
    wrong(
        Operation::DescribeAutoScalingAccountLimits,
        "does not know the operation: status 500",
        "the relay before moto answers with the quotas of a new account",
    ),
    wrong(
        Operation::DescribeOrderableDBInstanceOptions,
        "has no catalogue of MySQL and PostgreSQL",
        "the relay before moto answers with one class, two kinds of storage and three zones",
    ),
    wrong(
        Operation::CreateDBSubnetGroup,
        "replaces the one of the same name",
        "no test relies on a refusal",
    ),
    wrong(Operation::ModifyDBSubnetGroup, "loses the group", "no test changes one but this"),
    wrong(
        Operation::CreateDBCluster,
        "refuses a second one of the same name with the code of a snapshot's",
        "no test relies on the code",
    ),
    wrong(
        Operation::RestoreDBClusterFromSnapshot,
        "fails where the password of the snapshot's cluster was managed: status 500",
        "what is sent is held against RDS's reference, and the rest is the simulator's to show",
    ),
    wrong(
        Operation::ModifyDBCluster,
        "does not change which logs are sent",
        "what is changed in the whole cycle is something else",
    ),
    wrong(
        Operation::CreateBucket,
        "forgets the tags of the creation",
        "the relay before moto sets them after it",
    ),
    wrong(
        Operation::PutObject,
        "denies what a policy denies under a condition that is not met",
        "the relay before moto takes the policy away for a call on objects",
    ),
    wrong(
        Operation::GetBucketSetting,
        "names the root of a bucket's versioning wrongly, which the SDK refuses to read",
        "the relay before moto puts the right name there",
    ),
];

#[tokio::test]
#[ignore = "needs moto_server"]
async fn moto_is_still_wrong() {
    let region = "ap-southeast-2";
    let (moto, sdk) = Moto::client(region).await;
    let vpc = vpc(&sdk).await;
    let mut found = network(&sdk, region, &vpc).await;
    let direct = moto.direct(region).await;
    found.extend(catalogue(&direct).await);
    found.extend(edge(&sdk, region, &vpc).await);
    found.extend(instances(&sdk, &direct, region).await);
    found.extend(database(&sdk, region, &vpc).await);
    found.extend(bucket(&sdk, &direct, region).await);
    for wrong in MOTO_IS_WRONG {
        println!("{}: moto {}; so {}", wrong.operation, wrong.moto, wrong.tests);
    }
    let expected: BTreeSet<_> = MOTO_IS_WRONG.iter().map(|wrong| wrong.operation).collect();
    assert_eq!(found, expected);
}

/// Those of these operations that were wrong.
fn those<const N: usize>(found: [(bool, Operation); N]) -> BTreeSet<Operation> {
    found.into_iter().filter_map(|(is_wrong, operation)| is_wrong.then_some(operation)).collect()
}

async fn network(sdk: &Sdk, region: &str, used: &str) -> BTreeSet<Operation> {
    let subnet = subnet(sdk, region, used, 100).await;
    let allocation = send(sdk, AllocateAddress { tags: tags("address") }).await.unwrap().allocation;
    let nat = CreateNatGateway {
        subnet,
        allocation,
        client_token: "token".into(),
        tags: tags("nat-gateway/a"),
    };
    let first = send(sdk, nat.clone()).await.unwrap().id;
    let second = send(sdk, nat).await.map(|nat| nat.id);
    let another = Select::Stack("another".into());
    let found = all(sdk, DescribeNatGateways { select: another, page: None }).await.unwrap();

    let lonely = vpc(sdk).await;
    let gateway = send(sdk, CreateInternetGateway { tags: tags("gateway") }).await.unwrap().id;
    send(sdk, AttachInternetGateway { gateway, vpc: lonely.clone() }).await.unwrap();
    let with_gateway = send(sdk, DeleteVpc { vpc: lonely }).await;

    let mut ids = Vec::new();
    for name in ["referred-to", "referring"] {
        let (vpc, description) = (used.to_owned(), "a group".into());
        let call = CreateSecurityGroup { vpc, name: name.into(), description, tags: tags(name) };
        ids.push(send(sdk, call).await.unwrap());
    }
    let rule = model::Rule {
        protocol: "tcp".into(),
        ports: Some((80, 80)),
        peer: model::Peer::Group(ids[0].clone()),
        description: String::new(),
    };
    let call = AuthorizeSecurityGroupIngress { group: ids[1].clone(), rules: [rule].into() };
    send(sdk, call).await.unwrap();
    let referred_to = send(sdk, DeleteSecurityGroup { group: ids[0].clone() }).await;
    those([
        (second != Ok(first), Operation::CreateNatGateway),
        (!found.is_empty(), Operation::DescribeNatGateways),
        (with_gateway.is_ok(), Operation::DeleteVpc),
        (referred_to.is_ok(), Operation::DeleteSecurityGroup),
        (!deletes_endpoint(sdk, region, used).await, Operation::DeleteVpcEndpoints),
    ])
}

/// Whether an endpoint with a table that was added later can be deleted.
async fn deletes_endpoint(sdk: &Sdk, region: &str, vpc: &str) -> bool {
    let table =
        CreateRouteTable { vpc: vpc.into(), client_token: "one".into(), tags: tags("table") };
    let table = send(sdk, table).await.unwrap().id;
    let create = CreateVpcEndpoint {
        vpc: vpc.into(),
        service: format!("com.amazonaws.{region}.s3"),
        route_tables: BTreeSet::new(),
        client_token: "token".into(),
        tags: tags("vpc-endpoint/s3"),
    };
    let endpoint = send(sdk, create).await.unwrap().id;
    let modify = ModifyVpcEndpoint {
        endpoint: endpoint.clone(),
        add_route_tables: [table].into(),
        remove_route_tables: BTreeSet::new(),
    };
    send(sdk, modify).await.unwrap();
    send(sdk, DeleteVpcEndpoints { endpoint }).await.is_ok()
}

async fn edge(sdk: &Sdk, region: &str, vpc: &str) -> BTreeSet<Operation> {
    let create = balancer(sdk, region, vpc).await;
    let first = send(sdk, create.clone()).await.unwrap().arn;
    let second = send(sdk, create).await.unwrap().arn;
    let attributes = [("deletion_protection.enabled".to_owned(), "true".to_owned())].into();
    let protect = ModifyLoadBalancerAttributes { load_balancer: second.clone(), attributes };
    send(sdk, protect).await.unwrap();
    let is_deleted = send(sdk, DeleteLoadBalancer { load_balancer: second.clone() }).await.is_ok();
    let listener = CreateListener {
        load_balancer: first.clone(),
        port: 80,
        protocol: "HTTP".into(),
        certificate: None,
        tls_policy: None,
        action: ListenerAction::Forward(target_group(sdk, vpc, "test-wrong").await),
        tags: tags("listener/http"),
    };
    send(sdk, listener.clone()).await.unwrap();
    let is_made_twice = send(sdk, listener).await.is_ok();
    those([
        (first != second, Operation::CreateLoadBalancer),
        (is_deleted, Operation::DeleteLoadBalancer),
        (is_made_twice, Operation::CreateListener),
    ])
}

/// `direct` goes around the relay.
async fn instances(sdk: &Sdk, direct: &Sdk, region: &str) -> BTreeSet<Operation> {
    let (group, _) = group(sdk, region).await;
    let name = group.name.clone();
    send(sdk, CreateAutoScalingGroup { group: group.clone() }).await.unwrap();
    let template = group.launch_template.clone().unwrap().0;
    let is_made_twice = send(sdk, CreateAutoScalingGroup { group }).await.is_ok();
    let (is_as_default, is_lost) = {
        let version = Some("1".to_owned());
        let first = DescribeLaunchTemplateVersions { template: template.clone(), version };
        let data = send(sdk, first).await.unwrap().remove(0).data;
        let (template, client_token) = (|| template.clone(), "next".to_owned());
        let next = CreateLaunchTemplateVersion { template: template(), data, client_token };
        send(sdk, next).await.unwrap();
        send(sdk, ModifyLaunchTemplate { template: template(), default_version: 2 }).await.unwrap();
        let call = DescribeAutoScalingGroups { name: name.clone() };
        let found = send(direct, call).await.unwrap().remove(0);
        let instance = found.instances[0].id.clone();
        let replaced = send(direct, TerminateInstanceInAutoScalingGroup { instance }).await;
        let is_as_default = found.instances.iter().all(|one| one.version.as_deref() == Some("2"));
        (is_as_default, replaced.is_err())
    };
    let list = send(direct, DescribeInstanceRefreshes { name: name.clone() }).await;
    let order = skyward_aws::model::RefreshOrder::default();
    let start = send(direct, StartInstanceRefresh { name: name.clone(), order }).await;
    let is_unknown =
        |code: Option<ApiError>| code.is_some_and(|error| error.code == "InternalError");
    let delete = DeleteAutoScalingGroup { name, force: false };
    those([
        (is_made_twice, Operation::CreateAutoScalingGroup),
        (is_as_default, Operation::DescribeAutoScalingGroups),
        (is_lost, Operation::TerminateInstanceInAutoScalingGroup),
        (is_unknown(list.err()), Operation::DescribeInstanceRefreshes),
        (is_unknown(start.err()), Operation::StartInstanceRefresh),
        (send(sdk, delete).await.is_ok(), Operation::DeleteAutoScalingGroup),
    ])
}

/// `direct` goes around the relay.
async fn catalogue(direct: &Sdk) -> BTreeSet<Operation> {
    let (engine, class) = ("mysql".to_owned(), "db.m5d.large".to_owned());
    let options = DescribeOrderableDBInstanceOptions { engine, class, page: None };
    let options = send(direct, options).await.unwrap().items;
    let quotas = send(direct, DescribeRdsAccountAttributes {}).await;
    let groups = send(direct, DescribeAutoScalingAccountLimits {}).await;
    those([
        (options.is_empty(), Operation::DescribeOrderableDBInstanceOptions),
        (quotas.is_err(), Operation::DescribeRdsAccountAttributes),
        (groups.is_err(), Operation::DescribeAutoScalingAccountLimits),
    ])
}

async fn database(sdk: &Sdk, region: &str, vpc: &str) -> BTreeSet<Operation> {
    let (subnet_group, security_group) = groups(sdk, region, vpc).await;
    let is_replaced = send(sdk, subnet_group.clone()).await.is_ok();
    let cluster = cluster(security_group);
    let name = cluster.name.clone();
    let create = CreateDBCluster { cluster };
    send(sdk, create.clone()).await.unwrap();
    let code = send(sdk, create).await.unwrap_err().code;
    let changes = DbClusterChanges {
        disable_logs: ["slowquery".to_owned()].into(),
        ..DbClusterChanges::default()
    };
    send(sdk, ModifyDBCluster { name: name.clone(), changes }).await.unwrap();
    let found = send(sdk, DescribeDBClusters { name: name.clone() }).await.unwrap();
    let restores = restores(sdk, name).await;
    let CreateDBSubnetGroup { name, description, subnets, .. } = subnet_group;
    let modify = ModifyDBSubnetGroup { name: name.clone(), description, subnets };
    send(sdk, modify).await.unwrap();
    let groups = send(sdk, DescribeDBSubnetGroups { name }).await.unwrap();
    those([
        (is_replaced, Operation::CreateDBSubnetGroup),
        (groups.is_empty(), Operation::ModifyDBSubnetGroup),
        (!restores, Operation::RestoreDBClusterFromSnapshot),
        (code != "DBClusterAlreadyExistsFault", Operation::CreateDBCluster),
        (found[0].log_exports.contains("slowquery"), Operation::ModifyDBCluster),
    ])
}

/// Whether a cluster is made from the snapshot that this one leaves.
async fn restores(sdk: &Sdk, name: String) -> bool {
    let changes =
        DbClusterChanges { deletion_protection: Some(false), ..DbClusterChanges::default() };
    send(sdk, ModifyDBCluster { name: name.clone(), changes }).await.unwrap();
    let snapshot = "test-wrong".to_owned();
    let delete = DeleteDBCluster { name: name.clone(), final_snapshot: Some(snapshot.clone()) };
    send(sdk, delete).await.unwrap();
    let engine = "mysql".to_owned();
    let cluster = model::DbCluster { name, engine, ..model::DbCluster::default() };
    send(sdk, RestoreDBClusterFromSnapshot { cluster, snapshot }).await.is_ok()
}

/// `direct` goes around the relay.
async fn bucket(sdk: &Sdk, direct: &Sdk, region: &str) -> BTreeSet<Operation> {
    let bucket = format!("test-wrong-{region}");
    send(direct, CreateBucket { bucket: bucket.clone(), tags: tags("bucket") }).await.unwrap();
    let get = |part| GetBucketSetting { bucket: bucket.clone(), part };
    let tags = send(direct, get(BucketPart::Tagging)).await.unwrap();
    let put = PutBucketSetting { bucket: bucket.clone(), setting: BucketSetting::Versioning(true) };
    send(sdk, put).await.unwrap();
    let versioning = send(direct, get(BucketPart::Versioning)).await;
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::{bucket}/*"),
            "Condition": { "Bool": { "aws:SecureTransport": "true" } },
        }],
    });
    let setting = BucketSetting::Policy(policy);
    send(sdk, PutBucketSetting { bucket: bucket.clone(), setting }).await.unwrap();
    let content = model::Content::new(b"a".to_vec(), SHA256_OF_A);
    let put = PutObject { bucket: bucket.clone(), key: "a".into(), content, is_new: true };
    let is_denied = send(direct, put.clone()).await.is_err();
    send(sdk, put).await.unwrap();
    those([
        (tags.is_none(), Operation::CreateBucket),
        (is_denied, Operation::PutObject),
        (versioning.is_err(), Operation::GetBucketSetting),
    ])
}
