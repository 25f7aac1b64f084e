//! The lock against a real API server: two deployers, one that is killed, one that sleeps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, DeleteParams};
use serde_json::json;
use skyward_deployer::api::{ApiServer, Apply, ContextRef, Reason};
use skyward_deployer::event::Event;
use skyward_deployer::lock::{Clock, Held, Holder, Lock, LockError};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use skyward_terminal::event::Progress;

use crate::support::control_plane::{CONTEXT, ControlPlane};
use crate::support::proxy::{Fault, Proxy};
use crate::support::{cluster, until};

/// As the program does it: all on one thread.
fn alone<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

async fn connect(kubeconfig: std::path::PathBuf) -> ApiServer {
    let target = ContextRef { kubeconfig: Some(kubeconfig), context: Some(CONTEXT.to_owned()) };
    ApiServer::connect(&target).await.expect("let in")
}

async fn lease(api: &ApiServer, namespace: &str) -> Option<Lease> {
    let api: Api<Lease> = Api::namespaced(api.client(), namespace);
    api.get_opt("skyward.web").await.expect("an answer")
}

fn elsewhere(who: &str) -> Holder {
    Holder { who: who.to_owned(), process: None, nonce: "1".to_owned() }
}

/// A clock that can be put forward.
#[derive(Clone)]
struct Shifted(Arc<AtomicU64>);

impl Shifted {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let (begun, shift) = (Instant::now(), Arc::clone(&self.0));
        Arc::new(move || begun.elapsed() + Duration::from_secs(shift.load(Ordering::SeqCst)))
    }
}

async fn take(lock: Lock, api: &ApiServer, wait: u64) -> Result<Held, LockError> {
    lock.take(api, Duration::from_secs(wait), &|_| {}).await
}

fn account(namespace: &str, name: &str) -> Manifest {
    let id = ObjectId {
        kind: Kind::ServiceAccount,
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    };
    let object = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace},
    });
    Manifest { id, object }
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_second_deployer_waits_and_is_told_for_whom() {
    let control_plane = cluster();
    alone(async {
        let namespace = &control_plane.namespace("waits").await;
        let api = &connect(control_plane.kubeconfig()).await;
        let first = Lock::acquire(api, namespace, "web", Duration::ZERO, &|_| {}).await;
        let first = first.expect("it is free");
        first.check().expect("it is ours");
        // Another release is another lock.
        let other = Lock::acquire(api, namespace, "other", Duration::ZERO, &|_| {}).await;
        other.expect("it is free").release().await.expect("given back");

        let error = take(Lock::new(namespace, "web"), api, 1).await.expect_err("it is held");
        let who = skyward_deployer::lock::who();
        let begin = format!(
            "cannot lock release web in namespace {namespace}: {who} (pid {}) has been deploying it since 20",
            std::process::id()
        );
        let text = error.to_string();
        assert!(text.starts_with(&begin), "{text}");
        assert!(
            text.contains("and still did after 1 s; nothing was changed. Next step: "),
            "{text}"
        );

        let events = Mutex::new(Vec::new());
        let sink = |event: Event| events.lock().unwrap().push(event);
        let (second, ()) = tokio::join!(
            Lock::acquire(api, namespace, "web", Duration::from_secs(30), &sink),
            async {
                tokio::time::sleep(Duration::from_millis(1500)).await;
                first.release().await.expect("given back");
            },
        );
        second.expect("it is free now").release().await.expect("given back");
        assert_eq!(lease(api, namespace).await, None, "nothing is left");
        let events = events.into_inner().unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        let Event::Progress(Progress { object, state, limit_s, .. }) = &events[0] else {
            panic!("{events:?}")
        };
        assert_eq!(object, "the lock on web");
        assert!(state.starts_with(&format!("{who} (pid ")), "{state}");
        assert!(limit_s.is_some_and(|left| (28.0..=30.0).contains(&left)), "{limit_s:?}");
    });
}

/// A killed deployer: on this machine its lock is free at once, of another machine when it was not renewed.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_lock_of_a_killed_deployer_is_taken_over() {
    let control_plane = cluster();
    alone(async {
        let namespace = &control_plane.namespace("killed").await;
        let api = &connect(control_plane.kubeconfig()).await;
        let clock = || Shifted::new().clock();
        let mut ended = Holder::this_process();
        ended.process.as_mut().expect("Linux").started -= 1;
        let dead = take(Lock::of(namespace, "web", ended, clock()), api, 0).await;
        drop(dead.expect("it is free"));
        let here = take(Lock::new(namespace, "web"), api, 0).await.expect("its holder has ended");
        here.release().await.expect("given back");

        drop(
            take(Lock::of(namespace, "web", elsewhere("a@b"), clock()), api, 0)
                .await
                .expect("free"),
        );
        let begun = Instant::now();
        let error = take(Lock::new(namespace, "web"), api, 2).await.expect_err("nobody can know");
        assert!(error.to_string().contains("a@b"), "{error}");
        let next = take(Lock::new(namespace, "web"), api, 60).await.expect("it has expired");
        assert!(begun.elapsed() >= Duration::from_secs(15), "{:?}", begun.elapsed());
        let spec = lease(api, namespace).await.and_then(|lease| lease.spec).expect("a Lease");
        assert_eq!(spec.lease_transitions, Some(1));
        assert_eq!(spec.lease_duration_seconds, Some(15));
        next.release().await.expect("given back");
    });
}

/// A deployer that slept finds out before its first write, although its rival has it and it has not asked yet.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_deployer_that_slept_writes_nothing() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    alone(async {
        let namespace = &control_plane.namespace("slept").await;
        let api = &connect(proxy.kubeconfig()).await;
        let (slept, rival) = (Shifted::new(), Shifted::new());
        let lock = Lock::of(namespace, "web", elsewhere("slept@b"), slept.clock());
        let sleeper = take(lock, api, 0).await.expect("it is free");
        let account = account(namespace, "x");
        sleeper.api().apply(&account, Apply::default()).await.expect("awake");

        slept.forward(20);
        let error = sleeper.check().expect_err("it slept");
        assert!(error.to_string().contains("it was last renewed 20 s ago"), "{error}");
        // The rival has seen no renewal for 15 s of its own time.
        let shift = rival.clone();
        let lock = Lock::of(namespace, "web", elsewhere("rival@b"), rival.clock());
        let (winner, ()) = tokio::join!(take(lock, api, 60), async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            shift.forward(15);
        });
        let winner = winner.expect("it has expired");
        proxy.clear();
        let error = sleeper.api().apply(&account, Apply::default()).await.expect_err("lost");
        let reason = Reason::LockLost("rival@b nonce=1 has it".to_owned());
        assert_eq!(error.reason, reason);
        assert!(
            proxy.seen().iter().all(|seen| seen.method.as_str() != "PATCH"),
            "nothing was sent"
        );
        assert!(matches!(sleeper.check(), Err(LockError::Lost { .. })));
        // What it gives back is not its own any more.
        sleeper.release().await.expect("nothing to do");
        winner.check().expect("it is the rival's");
        winner.api().apply(&account, Apply::default()).await.expect("the rival's");
        winner.release().await.expect("given back");
        assert_eq!(lease(api, namespace).await, None);
    });
}

/// One that slept while nobody else came goes on as soon as it has renewed.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_deployer_that_slept_alone_goes_on() {
    let control_plane = cluster();
    alone(async {
        let namespace = &control_plane.namespace("alone").await;
        let api = &connect(control_plane.kubeconfig()).await;
        let slept = Shifted::new();
        let lock = Lock::of(namespace, "web", elsewhere("a@b"), slept.clock());
        let held = take(lock, api, 0).await.expect("it is free");
        slept.forward(1000);
        held.check().expect_err("it slept");
        held.api().apply(&account(namespace, "x"), Apply::default()).await.expect("renewed first");
        held.check().expect("renewed");
        held.release().await.expect("given back");
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn lost_answers_do_not_lose_the_lock() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    alone(async {
        let namespace = &control_plane.namespace("answers").await;
        let api = &connect(proxy.kubeconfig()).await;
        let first = |method: &'static str| {
            let hit = Mutex::new(false);
            proxy.script(move |seen| {
                let now = seen.method.as_str() == method;
                (now && !std::mem::replace(&mut hit.lock().unwrap(), now)).then_some(Fault::Lose)
            });
        };
        first("POST");
        let held = take(Lock::new(namespace, "web"), api, 0).await.expect("it is ours");
        assert_eq!(proxy.hits(), 1);
        first("PUT");
        until("a renewal", 20, async || {
            (proxy.seen().iter().filter(|seen| seen.is_write()).count() > 2).then_some(())
        })
        .await;
        held.check().expect("renewed");
        first("DELETE");
        held.release().await.expect("given back");
        assert_eq!(lease(api, namespace).await, None);
    });
}

/// Somebody who deletes the Lease has taken the lock away.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_lease_that_was_deleted_is_a_lock_that_is_lost() {
    let control_plane = cluster();
    alone(async {
        let namespace = &control_plane.namespace("deleted").await;
        let api = &connect(control_plane.kubeconfig()).await;
        let held = take(Lock::new(namespace, "web"), api, 0).await.expect("it is free");
        let api: Api<Lease> = Api::namespaced(api.client(), namespace);
        api.delete("skyward.web", &DeleteParams::default()).await.expect("deleted");
        until("the loss", 20, async || held.check().err()).await;
        let error = held.api().apply(&account(namespace, "x"), Apply::default()).await;
        let reason = Reason::LockLost("the Lease was deleted".to_owned());
        assert_eq!(error.expect_err("lost").reason, reason);
        held.release().await.expect("nothing to do");
    });
}

/// Longer than the lock lasts: nobody else can have taken it.
#[test]
#[ignore = "needs etcd kube-apiserver"]
fn a_lock_outlives_the_api_servers_absence() {
    let control_plane = ControlPlane::start();
    std::thread::scope(|scope| {
        alone(async {
            let api = &connect(control_plane.kubeconfig()).await;
            let namespace = &control_plane.namespace("absence").await;
            let held = take(Lock::new(namespace, "web"), api, 0).await.expect("it is free");
            control_plane.stop_api_server();
            scope.spawn(|| {
                std::thread::sleep(Duration::from_secs(18));
                control_plane.start_api_server();
            });
            let written = held.api().apply(&account(namespace, "x"), Apply::default()).await;
            written.expect("renewed, then written");
            held.check().expect("renewed");
            held.release().await.expect("given back");
        });
    });
}
