//! Day two, by the commands that people type.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::deployer::{Deployer, said};
use crate::support::{block_on, cluster, shared_node};

/// A namespace of a test's own.
fn web(namespace: &str) -> Deployer {
    Deployer::new(&cluster().kubeconfig(), namespace)
}

/// The names of the pods that stay.
fn pods(namespace: &str) -> BTreeSet<String> {
    block_on(async {
        let pods: Api<Pod> = Api::namespaced(cluster().client().await, namespace);
        let pods = pods.list(&ListParams::default()).await.expect("the pods");
        let stays = pods.items.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        stays.filter_map(|pod| pod.metadata.name).collect()
    })
}

/// A command that fails; what it says.
fn refused(web: &Deployer, words: &str) -> String {
    let output = web.run(words);
    assert_eq!(output.status.code(), Some(1), "{words}: {}", said(&output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn logs_are_those_of_all_pods() {
    let web = web("operate-logs");
    assert!(refused(&web, "logs").contains("web has no pod in namespace operate-logs"));
    web.succeed("apply --image acme/web:1");
    let names = pods("operate-logs");
    let text = web.succeed("logs");
    assert_eq!(text.lines().count(), 4, "{text}");
    for name in &names {
        assert!(text.contains(&format!("{name} starting acme/web:1\n")), "{text}");
    }
    let one = names.first().expect("a pod");
    let lines: Vec<Value> = web
        .succeed(&format!("logs {one} --output json"))
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["pod"], &lines[0]["text"]),
        (&one.as_str().into(), &"starting acme/web:1".into())
    );
    assert!(lines[0]["time"].is_string());
    assert!(refused(&web, "logs --previous").contains("no container was started again"));
    assert!(refused(&web, "logs nobody").contains("web has no pod nobody"));

    // Following shows each line once, also where the log is asked for again, and the pods that come.
    let mut follow = web.start("logs --follow");
    let mut lines = BufReader::new(follow.stdout.take().expect("its output")).lines();
    let mut seen = BTreeSet::new();
    while seen.len() < 4 {
        assert!(seen.insert(lines.next().expect("a line").expect("text")), "twice: {seen:?}");
    }
    web.succeed("restart");
    while seen.len() < 8 {
        assert!(seen.insert(lines.next().expect("a line").expect("text")), "twice: {seen:?}");
    }
    kill_process(Pid::from_child(&follow), Signal::TERM).expect("a signal");
    assert_eq!(follow.wait().expect("an end").code(), Some(0));
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_restart_makes_new_pods_and_is_no_drift() {
    let web = web("operate-restart");
    assert!(refused(&web, "restart").contains("no revision of it serves"));
    web.succeed("apply --image acme/web:1");
    let before = pods("operate-restart");
    web.succeed("restart");
    let after = pods("operate-restart");
    assert!(after.is_disjoint(&before) && after.len() == 2, "{before:?} {after:?}");
    web.succeed("status --exit-code");
    web.succeed("diff --image acme/web:1 --exit-code");
    web.succeed("apply --image acme/web:1");
    assert_eq!(web.history().len(), 1);
    assert_eq!(pods("operate-restart"), after);
    assert!(
        refused(&web, "restart --only nobody")
            .contains("it has no Deployment nobody; there are web")
    );
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn another_number_of_pods_is_a_revision() {
    let web = web("operate-scale");
    web.succeed("apply --image acme/web:1");
    web.succeed("scale 3");
    assert_eq!(pods("operate-scale").len(), 3);
    web.succeed("status --exit-code");
    web.succeed("scale 3");
    assert_eq!(web.history().len(), 2);
    web.succeed("rollback");
    web.succeed("scale 0");
    assert_eq!(pods("operate-scale").len(), 0);
    web.succeed("apply --image acme/web:1");
    assert_eq!(pods("operate-scale").len(), 2);
    let scaled = Deployer::new(&cluster().kubeconfig(), "operate-scaled").environment("scaled");
    scaled.succeed("apply --image acme/web:1");
    assert!(refused(&scaled, "scale 3").contains("an autoscaler sets the number"));
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn what_the_cluster_says_and_what_it_does_not_serve() {
    let web = web("operate-looks");
    web.succeed("apply --image acme/web:1");
    let events: Vec<Value> =
        serde_json::from_str(&web.succeed("events --output json")).expect("events");
    assert!(events.iter().any(|event| event["reason"] == "ScalingReplicaSet"), "{events:?}");
    assert!(web.succeed("events").contains("Deployment web"));
    assert!(refused(&web, "top").contains("the cluster serves no metrics.k8s.io"));
    assert!(refused(&web, "open --print").contains("has an Ingress with a host name"));
    let routed = web.set("k3s.ingress=any-host").set("k3s.host=web.example.com");
    routed.succeed("apply --image acme/web:1 --set k3s.min_ready_s=0");
    assert_eq!(routed.succeed("open --print"), "http://web.example.com/\n");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_secret_is_needed_set_rotated_and_never_shown() {
    let namespace = "operate-secret";
    let web = web(namespace).set("k3s.secrets.DATABASE_URL=database/url");
    let text = refused(&web, "apply --image acme/web:1");
    assert!(text.contains("`cargo xtask deploy-k3s secret set database url` makes it"), "{text}");
    assert!(refused(&web, "status").contains("it has no revision"), "nothing was applied");

    let set = |value: &[u8]| {
        let mut child = web.command("secret set database url");
        let mut child = child.stdin(Stdio::piped()).spawn().expect("the deployer starts");
        child.stdin.take().expect("its input").write_all(value).expect("written");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let mut all = set(b"postgres://one\n");
    web.succeed("apply --image acme/web:1");
    let first = pods(namespace);
    all += &set(b"postgres://one");
    assert!(all.contains("has this value already"), "an end of line is no part of it: {all}");
    web.succeed("diff --image acme/web:1 --exit-code");
    all += &set(b"postgres://two");
    let differs = web.run("diff --image acme/web:1 --exit-code");
    assert_eq!(differs.status.code(), Some(3), "{}", said(&differs));
    all += &String::from_utf8_lossy(&differs.stdout);
    assert!(all.contains("skyward.dev/secrets") && all.contains("database="), "{all}");
    web.succeed("apply --image acme/web:1");
    assert!(pods(namespace).is_disjoint(&first));
    let listed = web.succeed("secret list");
    assert!(
        listed.contains("database") && listed.contains("url") && listed.contains("14"),
        "{listed}"
    );
    all += &listed;
    web.succeed("secret remove database url --yes");
    assert!(refused(&web, "apply --image acme/web:1").contains("Secret database has no url"));
    web.succeed("secret remove database --yes");
    assert!(!all.contains("postgres"), "{all}");
    assert!(
        refused(&web, "secret remove skyward.web.v1 --yes").contains("a record of a deployment")
    );
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn jobs_run_once_a_revision_and_a_failure_changes_nothing() {
    let namespace = "operate-jobs";
    let full = || web(namespace).environment("full");
    let output = full().run("apply --image acme/web:1");
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("log of Job web-migrate-1:") && text.contains("starting acme/web:1"),
        "{text}"
    );
    full().succeed("status --exit-code");
    let before = pods(namespace);
    let has = |prefix: &str| before.iter().filter(|name| name.starts_with(prefix)).count();
    assert_eq!(
        (has("web-migrate-1-"), has("web-announce-1-"), has("web-mailer-")),
        (1, 1, 1),
        "{before:?}"
    );
    full().succeed("apply --image acme/web:1");
    assert_eq!((full().history().len(), pods(namespace)), (1, before.clone()), "nothing to do");
    assert!(full().succeed("logs --only migrate").contains("web-migrate-1-"));
    assert_eq!(full().succeed("logs --only web").lines().count(), 4);

    let broken = web(namespace).environment("broken");
    let text = refused(&broken, "apply --image acme/web:2");
    assert!(
        text.contains("Job web-migrate-2: it failed with exit code 1; no pod was changed"),
        "{text}"
    );
    assert!(text.contains("revision 1 serves again"), "{text}");
    let serving = |names: &BTreeSet<String>| {
        names
            .iter()
            .filter(|name| !name.contains("-migrate-") && !name.contains("-announce-"))
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(serving(&pods(namespace)), serving(&before), "no pod was changed");
    full().succeed("status --exit-code");

    // A file that changes replaces the pods; the ConfigMap that it was in goes when they are gone.
    let changed = full();
    std::fs::write(changed.folder().join("app.toml"), "greeting = \"other\"\n").expect("a file");
    changed.succeed("apply --image acme/web:1");
    assert!(serving(&pods(namespace)).is_disjoint(&serving(&before)));
    changed.succeed("status --exit-code");
    changed.succeed("remove --yes");
    assert!(pods(namespace).is_empty());
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let namespace = "operate-refused";
    let full = || web(namespace).environment("full");
    let refused_with = |name: &str, text: &str, reason: &str| {
        let web = full();
        std::fs::write(web.folder().join(name), text).expect("a file");
        let said = refused(&web, "apply --image acme/web:1");
        assert!(said.contains(reason), "{reason}: {said}");
    };
    refused_with("app.toml", &"x".repeat(1024 * 1024 + 1), "a ConfigMap holds 1 MiB");
    refused_with("extra.yaml", "a: [", "it is not YAML");
    refused_with(
        "extra.yaml",
        "apiVersion: v1\nkind: Nothing\nmetadata: { name: a }",
        "has no kind Nothing of v1",
    );
    refused_with(
        "extra.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: a }",
        "it is of the whole cluster",
    );
    refused_with(
        "extra.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 1 }] }",
        "the release has one of that name itself",
    );
    let missing = full();
    std::fs::remove_file(missing.folder().join("app.toml")).expect("it was there");
    assert!(
        refused(&missing, "apply --image acme/web:1")
            .contains("k3s.files.\"/etc/app/config.toml\": reading")
    );
    assert!(refused(&full(), "status").contains("it has no revision"), "nothing was applied");
}

/// On a real node, with the workspace's own service: its image holds nothing else.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn a_program_runs_in_a_pod_with_its_exit_code() {
    let node = shared_node();
    let kubeconfig = node.control_plane().kubeconfig();
    let web = Deployer::of_workspace(&kubeconfig, "operate-exec", &node.reference("acme/web"));
    web.succeed("apply");
    let run = |words: &[&str]| {
        let mut command = web.command("exec --no-stdin");
        command.arg("--").args(words).output().expect("the deployer starts")
    };
    let version = run(&["/skyward-service", "--version"]);
    assert!(version.status.success(), "{}", said(&version));
    assert!(
        String::from_utf8_lossy(&version.stdout).contains("skyward-service"),
        "{}",
        said(&version)
    );
    assert_eq!(run(&["/skyward-service", "--no-such-flag"]).status.code(), Some(2));
    let shell = run(&["sh"]);
    assert_eq!(shell.status.code(), Some(1));
    assert!(said(&shell).contains("no shell"), "{}", said(&shell));
    assert!(web.succeed("logs --tail 5").lines().count() > 1);
    web.succeed("restart");
    web.succeed("remove --yes");
}
