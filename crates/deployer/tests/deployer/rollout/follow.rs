//! A rollout is followed through to its end, whatever happens to the watches.

use std::cell::RefCell;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ResourceQuota, Secret};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use skyward_deployer::api::{ApiServer, Reason};
use skyward_deployer::event::Event;
use skyward_deployer::manifest::Manifest;
use skyward_deployer::rollout::{DeploymentRef, Failure, Outcome, follow};
use skyward_terminal::event::Progress;

use super::pods::{apply, connect, deployment, impatient};
use crate::support::control_plane::{ControlPlane, User};
use crate::support::hollow::{HollowNode, Pace};
use crate::support::proxy::{Fault, Proxy};
use crate::support::shared_node;
use crate::support::{cluster, runtime, until};

/// Far longer than any of these takes: what fails by it has not been noticed.
const DEADLINE: Duration = Duration::from_secs(90);

/// Applies and follows; what was told on the way comes with the outcome.
async fn followed(api: &ApiServer, manifest: &Manifest) -> (Outcome, Vec<String>) {
    let target = apply(api, manifest).await;
    let told = RefCell::new(Vec::new());
    let sink = |event: Event| {
        if let Event::Progress(Progress { object, state, .. }) = event {
            told.borrow_mut().push(format!("{object}: {state}"));
        }
    };
    let outcome = follow(api, &target, DEADLINE, &sink).await.expect("an outcome");
    let told = told.into_inner();
    assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "told once: {told:?}");
    (outcome, told)
}

async fn failure(api: &ApiServer, manifest: &Manifest) -> Failure {
    match followed(api, manifest).await {
        (Outcome::Failed(failure), _) => *failure,
        (outcome, told) => panic!("{outcome:?} after {told:?}"),
    }
}

fn assert_begins(failure: &Failure, reason: &str, next: &str) {
    assert!(failure.reason.contains(reason), "{failure:?}");
    assert!(failure.next.contains(next), "{failure:?}");
    assert!(!failure.reason.contains("not done after"), "noticed before the deadline: {failure:?}");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_followed_rollout_ends_as_its_pods_do() {
    let control_plane = cluster();
    runtime().block_on(async {
        let namespace = control_plane.namespace("follow").await;
        let api = connect(control_plane.kubeconfig()).await;
        let of = |name: &str| deployment(&namespace, name, &format!("acme/{name}:1"), &json!({}));

        let (outcome, _) = followed(&api, &of("good")).await;
        assert_eq!(outcome, Outcome::Ready { replicas: 1 });
        // Nothing has changed: done at once.
        let (outcome, told) = followed(&api, &of("good")).await;
        assert_eq!((outcome, told.len()), (Outcome::Ready { replicas: 1 }, 0));

        let missing = failure(&api, &of("missing")).await;
        assert_begins(&missing, "image acme/missing:1", "image.repository");
        assert_eq!(missing.image.as_deref(), Some("acme/missing:1"));

        let crash = failure(&api, &of("crash")).await;
        assert_begins(&crash, "container web: exited with code 1, 2 times", "read its log");
        let log = [crash.log, crash.previous_log].concat().join("\n");
        assert!(log.contains("Error: DATABASE_URL is not set"), "{log}");

        let oom = failure(&api, &of("oom")).await;
        assert_begins(&oom, "more memory than its limit", "k3s.memory_limit");

        let unready = failure(&api, &impatient(of("unready"), 3)).await;
        assert_begins(&unready, "no progress for 3 s", "");
        assert!(unready.pod.is_some());

        // A bad revision of what was good, and back again.
        let bad = with_image_of(&of("crash"), &of("good"));
        assert_begins(&failure(&api, &bad).await, "exited with code 1", "");
        let (outcome, _) = followed(&api, &of("good")).await;
        assert_eq!(outcome, Outcome::Ready { replicas: 1 });
    });
}

/// The one's image in the other.
fn with_image_of(bad: &Manifest, good: &Manifest) -> Manifest {
    let mut manifest = good.clone();
    let path = "/spec/template/spec/containers/0/image";
    let image = bad.object.pointer(path).expect("an image").clone();
    *manifest.object.pointer_mut(path).expect("an image") = image;
    manifest
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn watches_that_end_and_versions_that_are_too_old_are_survived() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    runtime().block_on(async {
        let namespace = control_plane.namespace("watches").await;
        let api = connect(proxy.kubeconfig()).await;
        // Each watch ends after its first event, and of each five one is refused for its age, one by a server that is busy.
        proxy.script(|seen| match seen.number % 5 {
            _ if !seen.is_watch() => None,
            0 => Some(Fault::Answer(410)),
            1 => Some(Fault::Answer(503)),
            2 => Some(Fault::Close),
            _ => Some(Fault::EndWatch { after: 1 }),
        });
        let good = deployment(&namespace, "good", "acme/good:1", &json!({}));
        let (outcome, _) = followed(&api, &good).await;
        assert_eq!(outcome, Outcome::Ready { replicas: 1 });
        let crash = deployment(&namespace, "crash", "acme/crash:1", &json!({}));
        assert_begins(&failure(&api, &crash).await, "exited with code 1", "");
        assert!(proxy.hits() > 3, "the faults did happen");
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn an_api_server_that_goes_away_is_waited_for() {
    let control_plane = ControlPlane::with_controllers();
    let _node = HollowNode::start(&control_plane, Pace::default());
    let (told, heard) = std::sync::mpsc::channel();
    let (api, target) = runtime().block_on(async {
        let namespace = control_plane.namespace("away").await;
        let api = connect(control_plane.kubeconfig()).await;
        let unready = deployment(&namespace, "web", "acme/unready:1", &json!({}));
        let target = apply(&api, &unready).await;
        (api, target)
    });
    let followed = || {
        let sink = |event: Event| {
            if let Event::Progress(Progress { state, .. }) = event {
                told.send(state).expect("heard");
            }
        };
        runtime().block_on(follow(&api, &target, DEADLINE, &sink))
    };
    let wait_for = |words: &str| {
        loop {
            let state = heard.recv_timeout(DEADLINE).expect("something is told");
            if state.contains(words) {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        let followed = scope.spawn(followed);
        wait_for("0 of 1 new pods ready");
        control_plane.stop_api_server();
        wait_for("the API server does not answer");
        control_plane.start_api_server();
        wait_for("0 of 1 new pods ready");
        let good = deployment(&target.namespace, "web", "acme/good:1", &json!({}));
        runtime().block_on(apply(&api, &good));
        let outcome = followed.join().expect("no panic").expect("an outcome");
        assert_eq!(outcome, Outcome::Ready { replicas: 1 });
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn what_stands_in_the_way_of_following_is_told() {
    let control_plane = ControlPlane::start();
    runtime().block_on(async {
        let namespace = control_plane.namespace("way").await;
        let api = connect(control_plane.kubeconfig()).await;
        let web = deployment(&namespace, "web", "acme/web:1", &json!({}));
        let target = apply(&api, &web).await;
        let sink = |_: Event| ();

        // We may not look.
        let guest = connect(control_plane.kubeconfig_of(User::Guest)).await;
        let error = follow(&guest, &target, DEADLINE, &sink).await.expect_err("forbidden");
        assert!(matches!(error.reason, Reason::Forbidden(_)), "{error:?}");

        // Nobody works on it: there are no controllers here.
        let outcome = follow(&api, &target, Duration::from_secs(2), &sink).await;
        let Ok(Outcome::Failed(failure)) = outcome else { panic!("{outcome:?}") };
        assert!(failure.reason.contains("not done after 2 s"), "{failure:?}");
        assert!(failure.reason.contains("controller has not looked at it"), "{failure:?}");

        // Another one of the name, and none.
        let other = DeploymentRef { uid: "another".to_owned(), ..target.clone() };
        let outcome = follow(&api, &other, DEADLINE, &sink).await;
        let Ok(Outcome::Failed(failure)) = outcome else { panic!("{outcome:?}") };
        assert_begins(&failure, "made again by someone else", "who else");
        assert!(api.delete(&web.id, &target.uid).await.expect("deleted"));
        let outcome = follow(&api, &target, DEADLINE, &sink).await;
        let Ok(Outcome::Failed(failure)) = outcome else { panic!("{outcome:?}") };
        // The collector of what it owns does not run here, so that it stays half deleted.
        assert_begins(&failure, "is being deleted by someone else", "who else");

        // No server at all.
        control_plane.stop_api_server();
        let error = follow(&api, &target, Duration::from_secs(3), &sink).await;
        let error = error.expect_err("nobody answers");
        assert!(matches!(error.reason, Reason::Unreachable(_)), "{error:?}");
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn a_real_node_s_reasons_are_told() {
    let node = shared_node();
    runtime().block_on(async {
        let control_plane = node.control_plane();
        let namespace = control_plane.namespace("reasons").await;
        let api = connect(control_plane.kubeconfig()).await;
        let image = "localhost/pause:test";
        let of = |name: &str, container| deployment(&namespace, name, image, &container);

        let (outcome, _) = followed(&api, &of("good", json!({}))).await;
        assert_eq!(outcome, Outcome::Ready { replicas: 1 });

        let absent = deployment(&namespace, "absent", &node.reference("acme/absent:1"), &json!({}));
        assert_begins(
            &failure(&api, &absent).await,
            "is not there: not found",
            "image.repository",
        );

        let secret: Secret =
            serde_json::from_value(json!({ "metadata": { "name": "present" } })).expect("a Secret");
        let secrets: Api<Secret> = Api::namespaced(api.client(), &namespace);
        secrets.create(&PostParams::default(), &secret).await.expect("a Secret");
        let env = json!({ "env": [{ "name": "TOKEN", "valueFrom": { "secretKeyRef": { "name": "present", "key": "token" } } }] });
        let no_key = failure(&api, &of("no-key", env)).await;
        assert_begins(&no_key, "couldn't find key token in Secret", "add the key token to Secret");

        let no_command = of("no-command", json!({ "command": ["/none"] }));
        assert_begins(&failure(&api, &no_command).await, "/none", "entry point");
        // The kubelet backs off from its second start on, which may come after the first failure is told.
        let crash = failure(&api, &no_command).await;
        assert_begins(&crash, "/none", "entry point");
        assert!(crash.events.iter().any(|event| event.contains("BackOff")), "{crash:?}");

        let probe = json!({ "readinessProbe": { "tcpSocket": { "port": 1 }, "periodSeconds": 1 } });
        let unready = failure(&api, &impatient(of("unready", probe), 5)).await;
        assert_begins(&unready, "Readiness probe failed: dial tcp", "log");

        let large = json!({ "resources": { "requests": { "cpu": "9000" } } });
        let full = failure(&api, &impatient(of("full", large), 5)).await;
        assert_begins(&full, "Insufficient cpu", "add a node");
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn refused_pods_are_told_with_the_reason() {
    let control_plane = cluster();
    runtime().block_on(async {
        let api = connect(control_plane.kubeconfig()).await;
        let namespace = control_plane.namespace("refused").await;
        let quota = json!({ "metadata": { "name": "none" }, "spec": { "hard": { "pods": "0" } } });
        let quota: ResourceQuota = serde_json::from_value(quota).expect("a quota");
        let quotas: Api<ResourceQuota> = Api::namespaced(api.client(), &namespace);
        quotas.create(&PostParams::default(), &quota).await.expect("a quota");
        until("a quota that counts", 30, async || {
            quotas.get("none").await.ok()?.status?.used.map(|_| ())
        })
        .await;
        let web = deployment(&namespace, "web", "acme/web:1", &json!({}));
        let refused = failure(&api, &web).await;
        assert_begins(&refused, "its pods are refused: exceeded quota", "ResourceQuota");
        assert!(refused.events.iter().any(|event| event.contains("FailedCreate")), "{refused:?}");

        let namespace = control_plane.namespace("restricted").await;
        let label = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(api.client());
        namespaces
            .patch(&namespace, &PatchParams::default(), &Patch::Merge(label))
            .await
            .expect("a label");
        let web = deployment(&namespace, "web", "acme/web:1", &json!({}));
        let refused = failure(&api, &web).await;
        assert_begins(&refused, "violates PodSecurity \"restricted", "Pod Security");
    });
}
