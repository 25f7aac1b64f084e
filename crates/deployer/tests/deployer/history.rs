//! Revisions in a real API server: large ones, two at once, and a deployer that is stopped in the middle.

use std::fmt::Write as _;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use skyward_deployer::api::{ApiServer, ApiSettings, ContextRef, Reason, RetryPolicy};
use skyward_deployer::history::{self, History, Owned, Revision, Status};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use skyward_testkit::sample::sample;

use crate::support::control_plane::CONTEXT;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{block_on, cluster};

async fn connect(kubeconfig: std::path::PathBuf, policy: RetryPolicy) -> ApiServer {
    let target = ContextRef { kubeconfig: Some(kubeconfig), context: Some(CONTEXT.to_owned()) };
    ApiServer::connect_with(&target, ApiSettings { policy, ..ApiSettings::default() })
        .await
        .expect("let in")
}

/// Manifests of so many bytes that do not compress: hexadecimal digits of a generator.
fn manifests(bytes: usize, mut seed: u64) -> Vec<Manifest> {
    let mut text = String::with_capacity(bytes);
    while text.len() < bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{:08x}", seed >> 32).expect("a String takes all that is written");
    }
    let id =
        ObjectId { kind: Kind::Service, namespace: Some("web".to_owned()), name: "web".to_owned() };
    vec![Manifest { id, object: json!({"data": text}) }]
}

fn revision(number: u32, manifests: Vec<Manifest>) -> Revision {
    let id = manifests[0].id.clone();
    Revision {
        number,
        started: "2026-01-02T03:04:05.678Z".parse().expect("a time"),
        by: "a@b".to_owned(),
        image: "registry/web@sha256:00".to_owned(),
        status: Status::Pending,
        reason: None,
        rollback_of: None,
        canary: None,
        hash: history::hash(&manifests),
        manifests,
        inventory: vec![Owned { id, uid: "1".to_owned() }],
    }
}

async fn secrets(cluster: &ApiServer, namespace: &str) -> Vec<Secret> {
    let api: Api<Secret> = Api::namespaced(cluster.client(), namespace);
    api.list(&ListParams::default()).await.expect("a list").items
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_history_of_five_megabytes_is_kept() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    block_on(async {
        let namespace = &control_plane.namespace("large").await;
        let cluster = &connect(proxy.kubeconfig(), RetryPolicy::default()).await;
        let history = History::new(cluster, namespace, "web");
        assert_eq!(history.list().await, Ok(Vec::new()));
        assert_eq!(History::new(cluster, "nowhere", "web").list().await, Ok(Vec::new()));

        let mut large = revision(1, manifests(5 << 20, 1));
        let small = revision(2, manifests(100, 2));
        history.put(&large).await.expect("recorded");
        history.put(&small).await.expect("recorded");
        // Half of the digits' bits are noise: 2.5 MB in pieces of 512 KiB, and two heads.
        let count = secrets(cluster, namespace).await.len();
        assert!((7..=9).contains(&count), "{count}");

        proxy.clear();
        assert_eq!(history.list().await, Ok(vec![large.clone(), small.clone()]));
        assert_eq!(proxy.seen().len(), 1, "one call");

        large.status = Status::Failed;
        large.reason = Some("its pods crash".to_owned());
        proxy.clear();
        history.put(&large).await.expect("recorded again");
        let methods: Vec<String> =
            proxy.seen().iter().map(|seen| seen.method.to_string()).collect();
        assert_eq!(methods, ["GET", "PUT"], "the pieces are as they were");
        assert_eq!(history.list().await, Ok(vec![large, small.clone()]));

        history.delete(1).await.expect("forgotten");
        history.delete(7).await.expect("there is none");
        assert_eq!(history.list().await, Ok(vec![small]));
        assert_eq!(secrets(cluster, namespace).await.len(), 1, "no piece is left");
        history.clear().await.expect("forgotten");
        assert_eq!(secrets(cluster, namespace).await, []);
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn one_number_is_recorded_once() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    block_on(async {
        let namespace = &control_plane.namespace("number").await;
        let cluster = &connect(proxy.kubeconfig(), RetryPolicy::default()).await;
        let history = History::new(cluster, namespace, "web");
        let first = revision(1, manifests(50, 1));
        let others = Revision { by: "c@d".to_owned(), ..revision(1, manifests(50, 2)) };
        history.put(&first).await.expect("recorded");
        let error = history.put(&others).await.expect_err("it is another's");
        assert_eq!(error.reason, Reason::AlreadyExists);
        let wrong = Revision { hash: history::hash(&[]), ..revision(2, manifests(50, 1)) };
        let error = history.put(&wrong).await.expect_err("a wrong hash");
        assert!(matches!(error.reason, Reason::Invalid(_)), "{error:?}");

        // Both look, and both find nothing: the second to write is told.
        let (one, two) = (
            Revision { number: 2, ..first.clone() },
            Revision { number: 2, by: "c@d".to_owned(), ..first.clone() },
        );
        let (one, two) = tokio::join!(history.put(&one), history.put(&two));
        let reasons: Vec<_> = [one, two].into_iter().filter_map(Result::err).collect();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert_eq!(reasons[0].reason, Reason::AlreadyExists);
        // An answer that was lost is not taken for another's deed, be it to a new head or to a changed one.
        for revision in [
            Revision { number: 3, ..first.clone() },
            Revision { number: 3, status: Status::Deployed, ..first },
        ] {
            proxy.at(2, |_| true, Fault::Lose);
            history.put(&revision).await.expect("recorded");
            assert_eq!(proxy.hits(), 1);
            assert_eq!(history.list().await.expect("a list").last(), Some(&revision));
        }
    });
}

/// The deployer is cut off at each of its calls; the next one goes on from what is there.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_history_survives_being_cut_off_at_each_call() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    block_on(async {
        let namespace = &control_plane.namespace("cut").await;
        let impatient = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        let cluster = &connect(proxy.kubeconfig(), impatient).await;
        let history = History::new(cluster, namespace, "web");
        // What is not to be cut off waits for a busy machine.
        let patient = &connect(proxy.kubeconfig(), RetryPolicy::default()).await;
        let patient = History::new(patient, namespace, "web");
        let old = revision(1, manifests(3 << 20, 1));
        let new = revision(2, manifests(3 << 20, 2));
        for fault in [Fault::Close, Fault::Lose] {
            patient.put(&old).await.expect("recorded");
            proxy.clear();
            patient.put(&new).await.expect("recorded");
            let calls = proxy.seen().len();
            patient.delete(2).await.expect("forgotten");
            // After the last of them nothing is cut off any more.
            let points = sample(&format!("history cut off, {fault:?}"), 1..=calls, 2);
            let mut done = false;
            for call in points.into_iter().chain([calls + 1]) {
                proxy.script(move |seen| (seen.number >= call).then_some(fault));
                let history = if call > calls { &patient } else { &history };
                done = history.put(&new).await.is_ok();
                proxy.clear();
                let list = patient.list().await.expect("nothing is damaged");
                assert_eq!(list[0], old, "{fault:?} {call}");
                // What was lost is the answer alone.
                let whole = list.get(1) == Some(&new);
                assert!(whole || list.len() == 1, "{fault:?} {call}");
                assert!(whole || !done, "{fault:?} {call}");
                if done {
                    assert!(call > 6, "a list, four pieces, a head: {call}");
                    break;
                }
                // The next attempt has all its calls to make again.
                patient.delete(2).await.expect("forgotten");
            }
            assert!(done, "{fault:?}: more than {calls} calls");
            for call in 1.. {
                proxy.script(move |seen| (seen.number >= call).then_some(fault));
                let done = history.clear().await.is_ok();
                proxy.clear();
                let list = patient.list().await.expect("nothing is damaged");
                assert!(
                    [vec![], vec![new.clone()], vec![old.clone(), new.clone()]].contains(&list)
                );
                if done {
                    assert_eq!(secrets(cluster, namespace).await, []);
                    break;
                }
            }
        }
    });
}

/// Pieces that a stopped deployer has left go with the next write.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn pieces_that_nobody_needs_are_swept() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    block_on(async {
        let namespace = &control_plane.namespace("swept").await;
        // The cut ends it, and never a busy machine.
        let minute = Duration::from_mins(1);
        let once = RetryPolicy { attempts: 1, attempt: minute, ..RetryPolicy::default() };
        let once = &connect(proxy.kubeconfig(), once).await;
        let cluster = &connect(control_plane.kubeconfig(), RetryPolicy::default()).await;
        proxy.at(4, |_| true, Fault::Close);
        let cut = History::new(once, namespace, "web");
        cut.put(&revision(1, manifests(3 << 20, 1))).await.expect_err("cut off");
        assert_eq!(secrets(cluster, namespace).await.len(), 2, "two pieces");
        let history = History::new(cluster, namespace, "web");
        history.put(&revision(1, manifests(50, 2))).await.expect("recorded");
        assert_eq!(secrets(cluster, namespace).await.len(), 1, "a head");
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_damaged_revision_is_told_by_its_secret() {
    let control_plane = cluster();
    block_on(async {
        let namespace = &control_plane.namespace("damaged").await;
        let cluster = &connect(control_plane.kubeconfig(), RetryPolicy::default()).await;
        let history = History::new(cluster, namespace, "web");
        let api: Api<Secret> = Api::namespaced(cluster.client(), namespace);
        history.put(&revision(1, manifests(3 << 20, 1))).await.expect("recorded");
        let piece =
            secrets(cluster, namespace).await.into_iter().map(|secret| secret.metadata.name);
        let piece = piece.flatten().find(|name| name.ends_with(".1")).expect("the second piece");
        api.delete(&piece, &DeleteParams::default()).await.expect("deleted");
        let error = history.list().await.expect_err("a piece is missing");
        assert_eq!(
            error.to_string(),
            format!(
                "cannot read Secret skyward.web.v1 in namespace {namespace}: piece 2 of its 4 is missing. Next step: \
                 delete that Secret to forget the revision, or bring it back from a backup"
            )
        );
        history.clear().await.expect("forgotten");

        history.put(&revision(1, manifests(50, 1))).await.expect("recorded");
        history.put(&revision(2, manifests(50, 2))).await.expect("recorded");
        let data = api.get("skyward.web.v2").await.expect("a head").data.expect("its data");
        let patch = json!({"data": {"manifests": data["manifests"]}});
        let parameters = PatchParams::default();
        api.patch("skyward.web.v1", &parameters, &Patch::Merge(patch)).await.expect("altered");
        let error = history.list().await.expect_err("altered");
        assert!(error.to_string().contains("skyward.web.v1 in"), "{error}");
        assert!(error.to_string().contains("its hash is sha256:"), "{error}");
    });
}
