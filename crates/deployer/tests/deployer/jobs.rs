//! Jobs that do not end as they should: that hang, that someone deletes, that have no image.

use std::process::Output;
use std::thread;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, DeleteParams};

use crate::support::deployer::{Deployer, said};
use crate::support::{block_on, cluster, until};

/// The release `web` with a migration that never ends by itself.
fn hanging(namespace: &str, timeout_s: u32) -> Deployer {
    let job = format!("[{{ name = \"migrate\", args = [\"hang\"], timeout_s = {timeout_s} }}]");
    Deployer::new(&cluster().kubeconfig(), namespace).set(&format!("k3s.job={job}"))
}

/// The deployment has failed, with these words, and an earlier one serves on as it did.
#[track_caller]
fn changed_nothing(output: &Output, reasons: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for reason in ["no pod was changed", "revision 1 serves again"].iter().chain(reasons) {
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_job_that_hangs_ends_with_its_own_time() {
    let namespace = "jobs-hang";
    Deployer::new(&cluster().kubeconfig(), namespace).succeed("apply --image acme/web:1");
    let output = hanging(namespace, 2).run("apply --image acme/web:2");
    changed_nothing(&output, &["Job web-migrate-2", "it took longer than its timeout_s"]);
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_job_that_someone_deletes_is_told_and_not_started_again() {
    let namespace = "jobs-deleted";
    Deployer::new(&cluster().kubeconfig(), namespace).succeed("apply --image acme/web:1");
    let web = hanging(namespace, 50);
    let apply = web.start("apply --image acme/web:2");
    let someone = thread::spawn(move || {
        block_on(async {
            let jobs: Api<Job> = Api::namespaced(cluster().client().await, namespace);
            until("a running job", 30, async || {
                let job = jobs.get("web-migrate-2").await.ok()?;
                job.status?.active.filter(|active| *active > 0).map(|_| ())
            })
            .await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            jobs.delete("web-migrate-2", &DeleteParams::background()).await.expect("deleted");
        });
    });
    let output = apply.wait_with_output().expect("an end");
    someone.join().expect("it was deleted");
    changed_nothing(&output, &["Job web-migrate-2", "someone deleted it"]);
    web.succeed("remove --yes");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_job_whose_image_is_not_there_is_told_within_seconds() {
    let namespace = "jobs-missing";
    Deployer::new(&cluster().kubeconfig(), namespace).succeed("apply --image acme/web:1");
    let output = hanging(namespace, 50).run("apply --image acme/missing:2");
    changed_nothing(&output, &["Job web-migrate-2", "ErrImagePull"]);
}
