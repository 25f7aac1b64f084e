//! The deployer is killed at each of its calls, before and after the API server has seen it, and run again: it gets to the
//! same end, leaves nothing over, and touches nothing of others.

use crate::support::proxy::{Fault, Seen};
use crate::support::sweep::{Disturbance, Scenario, sweep};

const SCENARIOS: [Scenario; 15] = [
    Scenario {
        name: "install",
        command: "apply --image acme/web:1",
        serves: Some("acme/web:1"),
        others_namespace: true,
        others_objects: true,
        ..Scenario::BASE
    },
    // The autoscaler of the first revision is pruned by the second.
    Scenario {
        name: "upgrade",
        before: &["scaled: apply --image acme/web:1"],
        command: "apply --image acme/web:2",
        serves: Some("acme/web:2"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "failed-upgrade",
        before: &["scaled: apply --image acme/web:1"],
        command: "apply --image acme/missing:2",
        code: 1,
        serves: Some("acme/web:1"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "rollback",
        before: &["scaled: apply --image acme/web:1", "apply --image acme/web:2"],
        command: "rollback 1",
        serves: Some("acme/web:1"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "remove",
        before: &["apply --image acme/web:1"],
        command: "remove --yes",
        ..Scenario::BASE
    },
    // With jobs, a worker, files and objects of the user's own.
    Scenario {
        name: "install-full",
        command: "full: apply --image acme/web:1",
        serves: Some("acme/web:1"),
        others_namespace: true,
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "upgrade-full",
        before: &["full: apply --image acme/web:1"],
        command: "full: apply --image acme/web:2",
        serves: Some("acme/web:2"),
        ..Scenario::BASE
    },
    // The migration fails, and nothing is changed.
    Scenario {
        name: "failed-job",
        before: &["full: apply --image acme/web:1"],
        command: "broken: apply --image acme/web:2",
        code: 1,
        serves: Some("acme/web:1"),
        ..Scenario::BASE
    },
    // What serves stays as it is, jobs run once, and the canary is there or not at all.
    Scenario {
        name: "canary",
        before: &["full: apply --image acme/web:1"],
        command: "full: apply --image acme/web:2 --canary 1",
        serves: Some("acme/web:1"),
        canary: Some("acme/web:2"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "promote",
        before: &["full: apply --image acme/web:1", "full: apply --image acme/web:2 --canary 1"],
        command: "full: promote",
        serves: Some("acme/web:2"),
        ..Scenario::BASE
    },
    // The autoscaler keeps what it has.
    Scenario {
        name: "promote-scaled",
        before: &[
            "scaled: apply --image acme/web:1",
            "scaled: apply --image acme/web:2 --canary 1",
        ],
        command: "scaled: promote",
        serves: Some("acme/web:2"),
        ..Scenario::BASE
    },
    Scenario {
        name: "abort",
        before: &["scaled: apply --image acme/web:1", "full: apply --image acme/web:2 --canary 1"],
        command: "abort",
        serves: Some("acme/web:1"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "failed-canary",
        before: &["apply --image acme/web:1"],
        command: "full: apply --image acme/missing:2 --canary 1",
        code: 1,
        serves: Some("acme/web:1"),
        ..Scenario::BASE
    },
    Scenario {
        name: "remove-canary",
        before: &["apply --image acme/web:1", "full: apply --image acme/web:2 --canary 1"],
        command: "remove --yes",
        ..Scenario::BASE
    },
    Scenario {
        name: "remove-full",
        before: &["full: apply --image acme/web:1"],
        command: "remove --yes",
        ..Scenario::BASE
    },
];

/// A call that only reads leaves the same behind before and after, and one that asks the same again is the same call.
const KILLS: [Disturbance; 2] = [
    Disturbance {
        name: "before",
        fault: Fault::KillBefore,
        to: |seen| !seen.looks_again,
        again: true,
    },
    Disturbance { name: "after", fault: Fault::KillAfter, to: Seen::is_write, again: true },
];

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_deployer_that_is_killed_at_any_call_gets_there_the_next_time() {
    sweep("crash", 30, &SCENARIOS, &KILLS);
}
