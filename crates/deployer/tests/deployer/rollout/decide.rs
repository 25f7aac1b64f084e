//! Each rule of the decision.

use std::fmt::Write;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use skyward_deployer::rollout::{DeploymentRef, Snapshot, Verdict, decide};

use super::seen::{snapshot, start, told, verdict};

/// What is told of each, at once and as time goes by without a change.
#[test]
fn verdicts_on_what_a_real_cluster_said() {
    let mut all = String::new();
    for name in [
        "good",
        "no-image",
        "no-image-backoff",
        "no-registry",
        "no-host",
        "bad-name",
        "never-pull",
        "no-secret",
        "no-key",
        "root-user",
        "crash",
        "init-crash",
        "exit-zero",
        "no-command",
        "oom",
        "liveness",
        "startup-first",
        "startup",
        "never-ready",
        "never-ready-late",
        "probe-timeout",
        "mount",
        "full",
        "full-late",
        "quota",
        "violates",
        "evict",
    ] {
        let mut last = String::new();
        for seconds in [0, 4, 5, 10, 100] {
            let (mut seen, target) = snapshot(name);
            // One that is late already when it is first looked at has another rule.
            seen.observe(&target, start());
            seen.timings.pardoned_since = None;
            let told = told(&verdict(&mut seen, &target, seconds));
            if told != last {
                writeln!(all, "{name} after {seconds} s\n    {told}").expect("a string");
            }
            last = told;
        }
    }
    insta::assert_snapshot!(all);
}

/// What is told at once, with a part of the words.
fn at_once(seen: &mut Snapshot, target: &DeploymentRef) -> String {
    told(&verdict(seen, target, 0))
}

#[test]
fn a_status_of_an_earlier_generation_says_nothing() {
    let (mut seen, mut target) = snapshot("good");
    target.generation += 1;
    assert_eq!(
        at_once(&mut seen, &target),
        "waiting: the Deployment controller has not looked at it yet"
    );
    // Neither does one that a later change of others has overtaken.
    let (mut seen, target) = snapshot("good");
    seen.deployment.as_mut().expect("it").metadata.generation = Some(target.generation + 1);
    assert!(at_once(&mut seen, &target).starts_with("waiting: the Deployment controller"));
    // A failure of the earlier rollout is none of this one.
    let (mut seen, mut target) = snapshot("never-ready-late");
    target.generation += 1;
    assert!(at_once(&mut seen, &target).starts_with("waiting: "));
}

#[test]
fn the_live_number_of_replicas_counts() {
    let (mut seen, target) = snapshot("good");
    let deployment = seen.deployment.as_mut().expect("it");
    deployment.spec.as_mut().expect("a spec").replicas = Some(3);
    assert!(at_once(&mut seen, &target).starts_with("waiting: 2 of 3 new pods ready"));
    let deployment = seen.deployment.as_mut().expect("it");
    let status = deployment.status.as_mut().expect("a status");
    (status.replicas, status.updated_replicas, status.available_replicas) =
        (Some(3), Some(3), Some(3));
    assert_eq!(verdict(&mut seen, &target, 0), Verdict::Done(3));
}

#[test]
fn an_old_pod_that_is_left_is_waited_for() {
    let (mut seen, target) = snapshot("good");
    let status = seen.deployment.as_mut().and_then(|it| it.status.as_mut()).expect("a status");
    status.replicas = Some(3);
    assert_eq!(at_once(&mut seen, &target), "waiting: 2 of 2 new pods ready; 1 old to go");
}

#[test]
fn pods_that_are_ready_and_not_yet_available_are_waited_for() {
    let (mut seen, target) = snapshot("good");
    let status = seen.deployment.as_mut().and_then(|it| it.status.as_mut()).expect("a status");
    status.available_replicas = Some(1);
    assert_eq!(at_once(&mut seen, &target), "waiting: 2 of 2 new pods ready; they count after 1 s");
}

#[test]
fn no_replicas_are_a_rollout_too() {
    let (mut seen, target) = snapshot("good");
    let deployment = seen.deployment.as_mut().expect("it");
    deployment.spec.as_mut().expect("a spec").replicas = Some(0);
    let status = deployment.status.as_mut().expect("a status");
    (status.replicas, status.updated_replicas, status.available_replicas) = (None, None, None);
    assert_eq!(verdict(&mut seen, &target, 0), Verdict::Done(0));
}

#[test]
fn a_paused_rollout_has_failed() {
    let (mut seen, target) = snapshot("crash");
    seen.deployment.as_mut().and_then(|it| it.spec.as_mut()).expect("a spec").paused = Some(true);
    assert!(
        at_once(&mut seen, &target).starts_with("failed: Deployment crash: its rollout is paused")
    );
}

#[test]
fn a_deployment_that_is_gone_is_a_state_for_a_moment() {
    let (mut seen, target) = snapshot("good");
    seen.deployment = None;
    assert_eq!(at_once(&mut seen, &target), "waiting: Deployment good is gone: someone deleted it");
    assert!(told(&verdict(&mut seen, &target, 5)).starts_with("failed: Deployment good is gone"));
}

#[test]
fn a_deployment_on_its_way_out_is_not_ours_either() {
    let (mut seen, target) = snapshot("good");
    let metadata = &mut seen.deployment.as_mut().expect("it").metadata;
    metadata.deletion_timestamp = metadata.creation_timestamp.clone();
    assert!(at_once(&mut seen, &target).starts_with("waiting: Deployment good is being deleted"));
    let told = told(&verdict(&mut seen, &target, 5));
    assert!(told.starts_with("failed: Deployment good is being deleted"), "{told}");
}

#[test]
fn another_deployment_of_the_name_is_not_ours() {
    let (mut seen, mut target) = snapshot("good");
    target.uid = "another".to_owned();
    assert!(
        at_once(&mut seen, &target)
            .starts_with("waiting: Deployment good was deleted and made again")
    );
    assert!(
        told(&verdict(&mut seen, &target, 5)).starts_with("failed: Deployment good was deleted")
    );
    // Back within the moment: nothing has happened.
    let (mut seen, target) = snapshot("good");
    let deployment = seen.deployment.take();
    assert!(at_once(&mut seen, &target).starts_with("waiting: "));
    seen.deployment = deployment;
    assert_eq!(verdict(&mut seen, &target, 60), Verdict::Done(2));
}

#[test]
fn pods_of_an_older_revision_do_not_count() {
    let (mut seen, target) = snapshot("crash");
    // Another template: the crashing pod is of the old ReplicaSet now.
    let template = seen.deployment.as_mut().and_then(|it| it.spec.as_mut()).expect("a spec");
    let pod = template.template.spec.as_mut().expect("a pod");
    pod.containers[0].image = Some("localhost:5000/rollout/web:2".to_owned());
    assert_eq!(told(&verdict(&mut seen, &target, 60)), "waiting: 0 of 1 new pods ready");
    // Nor does a quota that only the old ReplicaSet meets.
    let (mut seen, target) = snapshot("quota");
    let set = &mut seen.replica_sets[0];
    set.spec.as_mut().and_then(|it| it.template.as_mut()).expect("a template").spec = None;
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("waiting: "));
    // Nor one on its way out.
    let (mut seen, target) = snapshot("crash");
    let created = seen.pods[0].metadata.creation_timestamp.clone();
    seen.pods[0].metadata.deletion_timestamp = created;
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("waiting: "));
}

#[test]
fn a_quota_is_waited_for_while_pods_go() {
    let (mut seen, target) = snapshot("quota");
    let mut leaving = seen.pods[0].clone();
    leaving.metadata.name = Some("leaving".into());
    leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp.clone();
    seen.pods.push(leaving);
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("waiting: "));
    seen.pods.pop();
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("failed: "));
}

/// An API server that has started a moment ago does not know its own controllers' roles.
#[test]
fn a_refusal_by_an_api_server_that_starts_is_waited_for() {
    for message in [
        r#"pods is forbidden: User "system:serviceaccount:kube-system:replicaset-controller" cannot create resource "pods" in API group "" in the namespace "away""#,
        r#"pods "web-1" is forbidden: not yet ready to handle request"#,
    ] {
        let (mut seen, target) = snapshot("quota");
        let set = seen.replica_sets[0].status.as_mut().expect("a status");
        let conditions = set.conditions.as_mut().expect("conditions");
        conditions[0].message = Some(message.to_owned());
        assert!(at_once(&mut seen, &target).starts_with("waiting: "));
        assert!(told(&verdict(&mut seen, &target, 59)).starts_with("waiting: "), "{message}");
        let told = told(&verdict(&mut seen, &target, 60));
        assert!(told.starts_with("failed: "), "{told}");
    }
}

fn status(pod: &mut Pod) -> &mut ContainerStatus {
    let statuses = pod.status.as_mut().and_then(|it| it.container_statuses.as_mut());
    &mut statuses.expect("statuses")[0]
}

#[test]
fn one_restart_is_borne_and_a_second_is_not() {
    let (mut seen, target) = snapshot("crash");
    let status = status(&mut seen.pods[0]);
    // As it ends for the first time.
    status.restart_count = 0;
    status.state = status.last_state.take();
    let told = told(&verdict(&mut seen, &target, 60));
    assert!(told.starts_with("waiting: ") && told.ends_with("exited with code 2"), "{told}");
    let (mut seen, target) = snapshot("crash");
    let status = self::status(&mut seen.pods[0]);
    // As it ends for the second time, before the kubelet says CrashLoopBackOff.
    status.state = status.last_state.clone();
    assert!(at_once(&mut seen, &target).starts_with("failed: "));
}

#[test]
fn restarts_before_the_first_look_do_not_count() {
    let (mut seen, target) = snapshot("good");
    let deployment = seen.deployment.as_mut().expect("it");
    deployment.status.as_mut().expect("a status").available_replicas = Some(1);
    let (crashed, _) = snapshot("crash");
    let mut crashed = crashed.pods;
    let pod = status(&mut seen.pods[0]);
    pod.last_state = status(&mut crashed[0]).last_state.clone();
    pod.restart_count = 7;
    assert!(at_once(&mut seen, &target).starts_with("waiting: "));
    // It runs again and is not ready: its first end since then.
    let pod = status(&mut seen.pods[0]);
    (pod.restart_count, pod.ready) = (8, false);
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("waiting: "));
    status(&mut seen.pods[0]).restart_count = 9;
    assert!(told(&verdict(&mut seen, &target, 60)).starts_with("failed: "));
}

#[test]
fn one_evicted_pod_is_borne() {
    let (mut seen, target) = snapshot("evict");
    assert!(at_once(&mut seen, &target).starts_with("failed: "));
    seen.pods.truncate(1);
    let told = told(&verdict(&mut seen, &target, 60));
    assert!(told.starts_with("waiting: ") && told.contains("has failed: NodeAffinity"), "{told}");
}

#[test]
fn patience_begins_anew_when_a_trouble_passes() {
    let (mut seen, target) = snapshot("no-registry");
    let (good, _) = snapshot("good");
    seen.observe(&target, start());
    let waiting = status(&mut seen.pods[0]).state.clone();
    let later = |seconds| start() + jiff::SignedDuration::from_secs(seconds);
    status(&mut seen.pods[0]).state = status(&mut good.pods.clone()[0]).state.clone();
    seen.observe(&target, later(9));
    status(&mut seen.pods[0]).state = waiting;
    seen.observe(&target, later(11));
    assert!(told(&decide(&seen, &target, later(12))).starts_with("waiting: "));
    assert!(told(&decide(&seen, &target, later(21))).starts_with("failed: "));
}

/// The controller says only once that the deadline has passed: a run after a killed one gives the pods a whole deadline more.
#[test]
fn a_deadline_that_had_passed_before_the_first_look_is_waited_for_once_more() {
    let (mut seen, target) = snapshot("never-ready-late");
    assert!(at_once(&mut seen, &target).starts_with("waiting: "));
    assert!(told(&verdict(&mut seen, &target, 29)).starts_with("waiting: "));
    assert!(told(&verdict(&mut seen, &target, 30)).starts_with("failed: "));
}

/// While the API server is away nothing can progress, but the controller's clock goes on.
#[test]
fn an_api_server_that_came_back_gives_a_whole_deadline_more() {
    let (mut seen, target) = snapshot("never-ready-late");
    seen.observe(&target, start());
    seen.timings.pardoned_since = Some(start() + jiff::SignedDuration::from_secs(60));
    assert!(told(&verdict(&mut seen, &target, 89)).starts_with("waiting: "));
    assert!(told(&verdict(&mut seen, &target, 90)).starts_with("failed: "));
}

/// Controllers that lost their API server for a while may call a Deployment late before they know that its pods are ready.
#[test]
fn pods_that_are_ready_are_waited_for_after_the_deadline_too() {
    let (mut seen, target) = snapshot("good");
    let (late, _) = snapshot("never-ready-late");
    let conditions = late.deployment.and_then(|it| it.status).expect("a status").conditions;
    seen.observe(&target, start());
    let status = seen.deployment.as_mut().and_then(|it| it.status.as_mut()).expect("a status");
    (status.conditions, status.available_replicas) = (conditions, None);
    let waits = "waiting: 2 of 2 new pods ready; they count after 1 s";
    assert_eq!(told(&verdict(&mut seen, &target, 1000)), waits);
    seen.pods.truncate(1);
    assert!(told(&verdict(&mut seen, &target, 1000)).starts_with("failed: "));
}
