//! Whatever is wrong, the command ends with one clear reason and exit code 1, and what served before still serves.

use std::path::Path;
use std::process::{Command, Output};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ResourceQuota, Secret, Service};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, from_value, json};

use crate::support::control_plane::{ControlPlane, User};
use crate::support::deployer::{Deployer, said};
use crate::support::{block_on, cluster, until};

const GOOD: &str =
    "acme/web@sha256:5af291e57db769df0841e2fcb6e07443f05b73e7ada1799f77a86997858f0730";

/// Exit code 1, and one error line that holds all of `parts`.
#[track_caller]
fn refused(output: &Output, parts: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    let [error] = errors[..] else { panic!("one error line, not {}: {said}", errors.len()) };
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
}

/// Short deadlines: a pod that never gets ready ends the test in seconds.
fn impatient_as(kubeconfig: &Path, namespace: &str) -> Deployer {
    let web = Deployer::new(kubeconfig, namespace);
    web.set("k3s.timeout_s=40").set("k3s.progress_deadline_s=6")
}

fn impatient(control_plane: &ControlPlane, namespace: &str) -> Deployer {
    impatient_as(&control_plane.kubeconfig(), namespace)
}

#[test]
fn no_cluster_no_context_no_kubeconfig() {
    let folder = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = folder.path().join("kubeconfig");
    let cluster = format!("{{name: a, cluster: {{server: \"http://{closed}\"}}}}");
    let context = "{name: there, context: {cluster: a, user: a}}";
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters: [{cluster}]\nusers: [{{name: a, user: {{}}}}]\ncontexts: [{context}, {}]\n",
        context.replace("there", "beside")
    );
    std::fs::write(&path, text).unwrap();
    let run = |kubeconfig: &Path, context: &str| {
        Deployer::new(kubeconfig, "nowhere").run(&format!("status --context {context}"))
    };
    refused(&run(&path, "there"), &["connect", "there", &closed.to_string()]);
    refused(&run(&path, "elsewhere"), &["elsewhere", "beside", "there"]);
    refused(&run(&folder.path().join("none"), "there"), &["none"]);
    let configuration = folder.path().join("skyward.toml");
    std::fs::write(&configuration, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_skyward-deployer"))
        .args([
            Path::new("status"),
            "--kubeconfig".as_ref(),
            &path,
            "--config".as_ref(),
            &configuration,
        ])
        .output()
        .unwrap();
    refused(&output, &["beside", "there", "--context"]);
}

/// The proxy of the environment is on the way to every server that `NO_PROXY` does not name, and is named where it fails.
#[test]
fn a_proxy_that_is_in_the_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let write = |extra: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: a, cluster: {{server: 'https://api.invalid:6443'{extra}}}}}]\n\
             users: [{{name: a, user: {{}}}}]\ncontexts: [{{name: there, context: {{cluster: a, user: a}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = |no_proxy: &str| {
        let web = Deployer::new(&path, "nowhere");
        let mut status = web.command("status --context there");
        let proxy = format!("http://me:hidden@{closed}");
        status.env("HTTPS_PROXY", proxy).env("NO_PROXY", no_proxy).output().unwrap()
    };
    write("");
    let through =
        format!("https://api.invalid:6443 cannot be reached through the proxy http://{closed}/");
    let output = run("example.com");
    refused(&output, &[&through]);
    assert!(!said(&output).contains("hidden"), "{}", said(&output));
    let direct = run(".invalid");
    refused(&direct, &["https://api.invalid:6443 cannot be reached: "]);
    write(&format!(", proxy-url: 'socks5://{closed}'"));
    refused(&run("*"), &[&format!("through the proxy socks5://{closed}/")]);
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn who_may_not_is_told_why() {
    let control_plane = cluster();
    for (user, parts) in [
        (User::Expired, ["expired", "certificate"]),
        (User::WrongAuthority, ["certificate", "authority"]),
        (User::Guest, ["list", "secrets"]),
    ] {
        let web = impatient_as(&control_plane.kubeconfig_of(user), "refused");
        refused(&web.run(&format!("apply --image {GOOD}")), &parts);
    }
    let censored = block_on(async {
        Api::<Namespace>::all(control_plane.client().await).get_opt("refused").await.unwrap()
    });
    assert!(censored.is_none(), "nothing was made");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn what_belongs_to_others_stays_theirs() {
    let control_plane = cluster();
    let theirs: Service = from_value(json!({
        "metadata": { "name": "web", "labels": { "app.kubernetes.io/managed-by": "Helm" } },
        "spec": { "ports": [{ "port": 80 }] },
    }))
    .unwrap();
    let before = block_on(async {
        control_plane.named_namespace("theirs").await;
        let services = Api::<Service>::namespaced(control_plane.client().await, "theirs");
        services.create(&PostParams::default(), &theirs).await.unwrap()
    });
    let web = impatient(control_plane, "theirs");
    refused(&web.run(&format!("apply --image {GOOD}")), &["Service web", "Helm", "--force"]);
    let after = block_on(async {
        Api::<Service>::namespaced(control_plane.client().await, "theirs").get("web").await.unwrap()
    });
    assert_eq!(before, after);
    assert!(web.history().is_empty());
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_namespace_that_goes_away_takes_nothing_new() {
    let control_plane = cluster();
    let held: ConfigMap = from_value(json!({
        "metadata": { "name": "held", "finalizers": ["example.com/held"] },
    }))
    .unwrap();
    let maps = block_on(async {
        control_plane.named_namespace("going").await;
        let client = control_plane.client().await;
        let maps = Api::<ConfigMap>::namespaced(client.clone(), "going");
        maps.create(&PostParams::default(), &held).await.unwrap();
        Api::<Namespace>::all(client).delete("going", &DeleteParams::default()).await.unwrap();
        maps
    });
    let output = impatient(control_plane, "going").run(&format!("apply --image {GOOD}"));
    refused(&output, &["going", "being deleted"]);
    let free = kube::api::Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    block_on(async { maps.patch("held", &PatchParams::default(), &free).await.map(drop) }).unwrap();
}

/// An upgrade that cannot come up: what is wrong with it, and what the reason holds.
const UPGRADES: [(&str, &str, &[&str]); 5] = [
    ("missing", "--image acme/missing:1", &["image acme/missing:1", "not there"]),
    ("crash", "--image acme/crash:1", &["exited with code 1"]),
    ("oom", "--image acme/oom:1", &["memory", "k3s.memory_limit"]),
    ("unready", "--image acme/unready:1", &["Readiness probe failed", "no progress for 6 s"]),
    (
        "full",
        "--set k3s.cpu=99999 --set k3s.cpu_limit=99999",
        &["no node takes it", "Insufficient cpu"],
    ),
];

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn an_upgrade_that_does_not_come_up_leaves_the_old_revision_serving() {
    let control_plane = cluster();
    std::thread::scope(|scope| {
        for (namespace, flags, parts) in UPGRADES {
            scope.spawn(move || {
                let web = impatient(control_plane, namespace);
                web.succeed(&format!("apply --image {GOOD}"));
                let image = if flags.contains("--image") {
                    String::new()
                } else {
                    format!("--image {GOOD}")
                };
                let output = web.run(&format!("apply {image} {flags}"));
                refused(&output, parts);
                serves_as_before(&web);
                web.succeed("remove --yes");
            });
        }
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_quota_is_told_and_the_old_revision_serves() {
    let control_plane = cluster();
    let web = impatient(control_plane, "quota");
    web.succeed(&format!("apply --image {GOOD}"));
    let quota: ResourceQuota = from_value(json!({
        "metadata": { "name": "small" }, "spec": { "hard": { "pods": "2" } },
    }))
    .unwrap();
    block_on(async {
        let quotas = Api::<ResourceQuota>::namespaced(control_plane.client().await, "quota");
        quotas.create(&PostParams::default(), &quota).await.unwrap();
        until("the quota's count", 20, || async {
            let quota = quotas.get("small").await.unwrap();
            quota.status?.used?.contains_key("pods").then_some(())
        })
        .await;
    });
    let output = web.run("apply --image acme/web:2");
    refused(&output, &["quota", "small"]);
    serves_as_before(&web);
}

#[track_caller]
fn serves_as_before(web: &Deployer) {
    let status: Value = serde_json::from_str(&web.succeed("status --output json")).unwrap();
    assert_eq!(status["image"], GOOD, "{status:#}");
    let ready = status["pods"].as_array().unwrap().iter().filter(|pod| pod["ready"] == true);
    assert_eq!((ready.count(), &status["healthy"]), (2, &Value::Bool(true)), "{status:#}");
    let history = web.history();
    let told: Vec<_> = history.iter().map(|it| (it.revision, it.status.as_str())).collect();
    assert_eq!(told, [(1, "superseded"), (2, "failed"), (3, "serving")]);
    assert_eq!(history[2].rollback_of, Some(1));
}

/// A Deployment of the same name whose selector is another: it can be taken over, but not changed.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn what_cannot_be_changed_is_replaced_only_when_asked() {
    let control_plane = cluster();
    let pods = json!({ "app": "old" });
    let theirs: Deployment = from_value(json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": 0,
            "selector": { "matchLabels": pods },
            "template": {
                "metadata": { "labels": pods },
                "spec": { "containers": [{ "name": "web", "image": "acme/web:0" }] },
            },
        },
    }))
    .unwrap();
    let before = block_on(async {
        control_plane.named_namespace("immutable").await;
        let deployments = Api::<Deployment>::namespaced(control_plane.client().await, "immutable");
        deployments.create(&PostParams::default(), &theirs).await.unwrap()
    });
    let web = impatient(control_plane, "immutable");
    let forced = format!("apply --image {GOOD} --force");
    refused(&web.run(&forced), &["Deployment web", "spec.selector", "--replace"]);
    assert!(web.history().is_empty(), "nothing was begun");
    web.succeed(&format!("{forced} --replace"));
    let after = block_on(async {
        let deployments = Api::<Deployment>::namespaced(control_plane.client().await, "immutable");
        deployments.get("web").await.unwrap()
    });
    assert_ne!(before.metadata.uid, after.metadata.uid);
    assert_eq!(web.history().len(), 1);
}

/// A record that cannot be read is named and passed over; the newest one is needed, and asked for.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_revision_that_cannot_be_read_blocks_nobody_who_does_not_need_it() {
    let namespace = "damaged-revision";
    let web = Deployer::new(&cluster().kubeconfig(), namespace);
    web.succeed("apply --image acme/web:1");
    web.succeed("apply --image acme/web:2");
    let damage = |name: &str| {
        block_on(async {
            let secrets = Api::<Secret>::namespaced(cluster().client().await, namespace);
            let patch = Patch::Merge(json!({ "data": { "manifests": "bm90aGluZw==" } }));
            secrets.patch(name, &PatchParams::default(), &patch).await.expect("damaged");
        });
    };
    damage("skyward.web.v1");
    let named = "revision 1 cannot be read, and is passed over: Secret skyward.web.v1";
    assert!(web.succeed("status").contains(named));
    for command in ["history", "diff --image acme/web:2", "apply --image acme/web:3", "restart"] {
        let output = web.run(command);
        assert!(output.status.success() && said(&output).contains(named), "{}", said(&output));
    }
    let output = web.run("rollback 1");
    assert!(said(&output).contains(named) && !output.status.success(), "{}", said(&output));
    damage("skyward.web.v3");
    assert!(web.run("status").status.success());
    for command in ["apply --image acme/web:3", "remove --yes"] {
        let output = web.run(command);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(
            said(&output).contains("delete that Secret to forget the revision"),
            "{}",
            said(&output)
        );
    }
    block_on(async {
        let secrets = Api::<Secret>::namespaced(cluster().client().await, namespace);
        secrets.delete("skyward.web.v3", &DeleteParams::default()).await.expect("deleted");
    });
    web.succeed("remove --yes");
}

/// The Role that `render --rights` prints is enough for the whole life of a release; what lacks is told before anything is written.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_least_rights_are_enough_and_looked_at_first() {
    let namespace = "least-rights";
    let control_plane = cluster();
    let guest = || Deployer::new(&control_plane.kubeconfig_of(User::Guest), namespace);
    let text = guest()
        .environment("full")
        .set("k3s.max_replicas=3")
        .succeed("render --rights --output json");
    let role: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(role["metadata"]["name"], "web-deployer");
    block_on(async {
        control_plane.named_namespace(namespace).await;
        let client = control_plane.client().await;
        let mut less = role.clone();
        let granted = less["rules"].as_array_mut().expect("rules");
        granted.retain(|rule| rule["apiGroups"] != json!(["apps"]));
        let roles = Api::<Role>::namespaced(client.clone(), namespace);
        roles
            .create(&PostParams::default(), &from_value(less).expect("a Role"))
            .await
            .expect("created");
        let binding = json!({
            "metadata": { "name": "guests" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web-deployer" },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated" }],
        });
        let bindings = Api::<RoleBinding>::namespaced(client, namespace);
        bindings
            .create(&PostParams::default(), &from_value(binding).expect("a binding"))
            .await
            .expect("created");
    });
    let lacking = || {
        let output = guest().run("apply --image acme/web:1");
        let said = said(&output);
        (output.status.code() == Some(1) && said.contains("nothing was changed")).then_some(said)
    };
    // The API server learns of a Role a moment later.
    let said = block_on(until("a Role in part", 10, async || lacking()));
    assert!(
        said.contains("create deployments.apps") && said.contains("watch replicasets.apps"),
        "{said}"
    );
    assert!(said.contains("render --rights") && !said.contains("secrets"), "{said}");
    block_on(async {
        let roles = Api::<Role>::namespaced(control_plane.client().await, namespace);
        let patch = Patch::Merge(json!({ "rules": role["rules"] }));
        roles.patch("web-deployer", &PatchParams::default(), &patch).await.expect("changed");
    });
    let full = || guest().environment("full");
    block_on(until("the whole Role", 60, async || {
        full().run("apply --image acme/web:1").status.success().then_some(())
    }));
    for command in [
        "status",
        "history",
        "diff --image acme/web:2",
        "apply --image acme/web:2 --canary 1",
        "promote",
        "rollback",
        "restart",
        "logs",
        "remove --yes",
    ] {
        full().succeed(command);
    }
}
