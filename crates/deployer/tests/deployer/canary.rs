//! A canary runs beside what serves, says so wherever one looks, and ends in one of two ways.

use std::process::Output;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, ListParams};

use skyward_testkit::kubernetes::until;

use crate::support::deployer::{Deployer, said};
use crate::support::{block_on, cluster};

fn deployer(namespace: &str) -> Deployer {
    Deployer::new(&cluster().kubeconfig(), namespace)
}

/// The Deployments by name: image, number of pods, generation.
fn deployments(namespace: &str) -> Vec<(String, String, i32, i64)> {
    block_on(async {
        let all = Api::<Deployment>::namespaced(cluster().client().await, namespace);
        let all = all.list(&ListParams::default()).await.expect("a list");
        all.into_iter()
            .map(|it| {
                let spec = it.spec.expect("a specification");
                let image = spec.template.spec.expect("pods").containers[0].image.clone();
                let name = it.metadata.name.expect("a name");
                let generation = it.metadata.generation.expect("a generation");
                (name, image.expect("an image"), spec.replicas.unwrap_or(1), generation)
            })
            .collect()
    })
}

fn names(namespace: &str) -> Vec<String> {
    deployments(namespace).into_iter().map(|it| it.0).collect()
}

fn refused(output: &Output, words: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    assert!(said(output).contains(words), "{}", said(output));
}

/// The statuses of all revisions.
fn statuses(web: &Deployer) -> Vec<String> {
    web.history().into_iter().map(|it| it.status).collect()
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_canary_is_told_of_and_promoted_as_it_was_tried() {
    let namespace = "canary-promoted";
    let (web, full) = (deployer(namespace), deployer(namespace).environment("full"));
    // Nothing serves that it could run beside: all of it is deployed.
    let first = full.run("apply --image acme/web:1 --canary 1");
    assert!(
        first.status.success() && said(&first).contains("all of it is deployed"),
        "{}",
        said(&first)
    );
    let before = deployments(namespace);
    assert_eq!(before.len(), 2);

    let started = full.run("apply --image acme/web:2 --canary 1");
    assert!(
        said(&started).contains("canary of revision 2 of web runs, in 1 pod"),
        "{}",
        said(&started)
    );
    let during = deployments(namespace);
    assert_eq!(during.len(), 3);
    assert_eq!(during.iter().filter(|it| before.contains(it)).count(), 2, "{during:?}");
    assert_eq!((&*during[1].0, &*during[1].1, during[1].2), ("web-canary", "acme/web:2", 1));
    // The Service chooses its pod too.
    endpoints(namespace, 3);

    let status = web.succeed("status");
    assert!(status.contains("revision  1\n"), "{status}");
    assert!(status.contains("the canary of revision 2 runs, in 1 pod: `promote`"), "{status}");
    assert!(status.contains("Deployment web-canary") && !status.contains("drifted"), "{status}");
    assert!(web.run("status --exit-code").status.success());
    assert_eq!(statuses(&web), ["serving", "canary"]);
    let history = web.succeed("history");
    assert!(history.contains("in 1 pod: `promote` or"), "{history}");
    let diff = full.run("diff --image acme/web:2");
    assert!(
        said(&diff).contains("these changes are those of `cargo xtask deploy-k3s promote`"),
        "{}",
        said(&diff)
    );
    let text = String::from_utf8_lossy(&diff.stdout);
    assert!(text.contains("- Deployment web-canary") && text.contains("acme/web:2"), "{text}");
    assert!(!text.contains("migrate"), "its job has run: {text}");

    let again = full.run("apply --image acme/web:2 --canary 1");
    assert!(said(&again).contains("Nothing to do: the canary of revision 2"), "{}", said(&again));
    for command in [
        "apply --image acme/web:2",
        "apply --image acme/web:2 --canary 2",
        "apply --image acme/web:3 --canary 1",
        "scale 3",
    ] {
        refused(&full.run(command), "deploy-k3s promote` rolls that revision out");
    }
    refused(&full.run("rollback 2"), "`promote` rolls it out");

    // The configuration of whoever promotes is not asked.
    let promoted = web.run("promote");
    assert!(said(&promoted).contains("Revision 2 of web is promoted"), "{}", said(&promoted));
    let after: Vec<_> = deployments(namespace).into_iter().map(|it| (it.0, it.1, it.2)).collect();
    let image = |name: &str, pods| (name.to_owned(), "acme/web:2".to_owned(), pods);
    assert_eq!(after, [image("web", 2), image("web-mailer", 1)]);
    assert_eq!(statuses(&web), ["superseded", "serving"]);
    assert_eq!(jobs(namespace), ["web-announce-2", "web-migrate-2"], "each once");
    assert!(said(&web.run("promote")).contains("Nothing to do"));
    assert!(full.run("diff --image acme/web:2 --exit-code").status.success());
    refused(&web.run("abort"), "none runs; revision 2 serves");
    web.succeed("remove --yes");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn an_aborted_canary_leaves_what_served_as_it_was() {
    let namespace = "canary-aborted";
    let (web, scaled) = (deployer(namespace), deployer(namespace).environment("scaled"));
    scaled.succeed("apply --image acme/web:1");
    let before = deployments(namespace);
    refused(&web.run("promote"), "none runs; revision 1 serves");
    let full = deployer(namespace).environment("full");
    full.succeed("apply --image acme/web:2 --canary 2");
    endpoints(namespace, 4);
    let aborted = web.run("abort");
    assert!(
        said(&aborted).contains("what revision 1 says serves, as revision 3"),
        "{}",
        said(&aborted)
    );
    assert_eq!(deployments(namespace), before, "nothing was written to it");
    assert_eq!(statuses(&web), ["superseded", "failed", "serving"]);
    assert_eq!(web.history()[1].reason.as_deref(), Some("its canary was aborted"));
    assert_eq!(jobs(namespace), [""; 0]);
    assert!(scaled.run("diff --image acme/web:1 --exit-code").status.success());
    let again = web.run("abort");
    assert!(said(&again).contains("Nothing to do"), "{}", said(&again));

    // To roll back while a canary runs is to end it; to a revision by number too.
    full.succeed("apply --image acme/web:2 --canary 1");
    web.succeed("rollback");
    assert_eq!(deployments(namespace), before);
    full.succeed("apply --image acme/web:2 --canary 1");
    web.succeed("rollback 1");
    assert_eq!(deployments(namespace), before);
    full.succeed("apply --image acme/web:2 --canary 1");
    web.succeed("remove --yes");
    assert_eq!(names(namespace), [""; 0]);
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_canary_that_fails_is_undone_and_one_that_cannot_be_is_refused() {
    let namespace = "canary-failed";
    let web = deployer(namespace);
    web.succeed("apply --image acme/web:1");
    let before = deployments(namespace);
    refused(
        &web.run("apply --image acme/missing:2 --canary 1"),
        "revision 1 serves again, as revision 3",
    );
    assert_eq!(deployments(namespace), before);
    assert_eq!(statuses(&web), ["superseded", "failed", "serving"]);
    // Left as it is, it is in nobody's way: what serves was not touched.
    refused(
        &web.run("apply --image acme/missing:2 --canary 1 --no-rollback"),
        "nothing was rolled back",
    );
    assert_eq!(names(namespace), ["web", "web-canary"]);
    refused(&web.run("promote"), "none runs");
    web.succeed("apply --image acme/web:3 --canary 1");
    web.succeed("promote");
    assert_eq!(names(namespace), ["web"]);

    // Beside half a rollout nothing can be tried.
    refused(&web.run("apply --image acme/missing:4 --no-rollback"), "nothing was rolled back");
    refused(
        &web.run("apply --image acme/web:5 --canary 1"),
        "deploy-k3s rollback`, or deploy without a canary",
    );
    web.succeed("apply --image acme/web:5");
    let disk = "k3s.volume=[{name=\"data\",path=\"/data\",size=\"1Mi\"}]";
    let single = deployer(namespace).set("k3s.replicas=1").set(disk);
    refused(&single.run("apply --image acme/web:6 --canary 1"), "a volume for one pod alone");
    let worker = deployer(namespace).set("k3s.worker=[{name=\"canary\"}]");
    refused(&worker.run("apply --image acme/web:6 --canary 1"), "a worker has the name canary");
    web.succeed("remove --yes");
}

/// Waits until the Service leads to so many pods: its controller follows the pods by itself.
fn endpoints(namespace: &str, expected: usize) {
    block_on(async {
        let slices = Api::<EndpointSlice>::namespaced(cluster().client().await, namespace);
        until("the Service's endpoints", 60, async || {
            let slices = slices.list(&ListParams::default()).await.expect("a list");
            let count: usize = slices.iter().map(|slice| slice.endpoints.len()).sum();
            (count == expected).then_some(())
        })
        .await;
    });
}

/// The jobs that were started, with the number of times that each was.
fn jobs(namespace: &str) -> Vec<String> {
    block_on(async {
        let jobs = Api::<Job>::namespaced(cluster().client().await, namespace);
        let jobs = jobs.list(&ListParams::default()).await.expect("a list");
        jobs.into_iter().filter_map(|it| it.metadata.name).collect()
    })
}
