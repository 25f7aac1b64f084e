//! The operator is killed at every call that it makes to a machine, before the call and after it, and run again: it converges.
//! No secret shows on the way.

use skyward_testkit::machines::{Machine, NEW, OLD, differences};
use skyward_testkit::sample::{is_sampled, sample};

use super::operator::{Operator, said};
use super::secrets::Watch;

const TWO: [(usize, &str); 2] = [(0, "server"), (1, "agent")];

/// The kills of a sample.
const AT_MOST: usize = 4;

/// Kills `command` at each of its calls; `check` runs it again and says whether all is well, `reset` brings back what was before.
/// `at_least` is how many kills of the whole end it.
pub fn at_every_call(
    operator: &Operator<'_>,
    command: &str,
    at_least: usize,
    reset: &dyn Fn(),
    check: &dyn Fn(&str),
) {
    let watch = Watch::start();
    reset();
    operator.succeed(command);
    let calls = operator.calls();
    assert!(calls > 10, "{command} makes {calls} calls");
    let points = ["KILL_BEFORE", "KILL_AFTER"]
        .into_iter()
        .flat_map(|variable| (1..=calls).map(move |call| (variable, call)));
    let (met, all) = (sample(&format!("k3s {command}"), points, AT_MOST), 2 * calls);
    let mut killed = 0;
    for (variable, call) in &met {
        reset();
        let ended = operator.run_with(command, &[(variable, *call)]);
        // Calls at the same time come in another order, and the last ones end connections: some are never made.
        killed += usize::from(!ended.status.success());
        watch.look(operator.world);
        let context = format!("{command} with {variable}={call}: {}", said(&ended));
        check(&context);
    }
    watch.found_nothing(operator.world);
    let of =
        if is_sampled() { format!("at {} of {all} points, ", met.len()) } else { String::new() };
    println!(
        "{command}: {calls} calls to the machines, {of}killed {killed} times before or after one of them and run again: it converges every time"
    );
    if is_sampled() {
        assert!(all > at_least && killed > 0, "{killed} of {all}");
    } else {
        assert!(killed > at_least, "{killed}");
    }
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn up_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    let is_whole = |context: &str| {
        let nodes = [format!("m1 server {OLD}"), format!("m2 agent {OLD}")];
        assert_eq!(operator.nodes(), nodes, "{context}");
        assert!(world.path("kubeconfig").exists(), "{context}");
    };
    let lower = || {
        operator.succeed("cluster down --yes");
        // The last server's own node goes with its data, which the stand-in keeps elsewhere.
        let _ = std::fs::remove_dir_all(world.path("cluster/nodes"));
    };
    at_every_call(&operator, "cluster up", 20, &lower, &|context| {
        let again = operator.run("cluster up");
        assert!(again.status.success(), "{context}\nagain: {}", said(&again));
        is_whole(context);
        let third = operator.succeed("cluster up");
        assert!(third.contains("Nothing to do"), "{context}\nthird: {third}");
    });
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn down_leaves_nothing_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    let before: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let raise = || {
        operator.succeed("cluster up");
    };
    at_every_call(&operator, "cluster down --yes", 10, &raise, &|context| {
        operator.succeed("cluster down --yes");
        let _ = std::fs::remove_dir_all(world.path("cluster/nodes"));
        for (machine, before) in world.machines.iter().zip(&before) {
            let left = differences(before, &machine.snapshot());
            assert_eq!(left, [""; 0], "{}: {context}", machine.name);
        }
        assert!(!world.path("kubeconfig").exists(), "{context}");
    });
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_upgrade_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let reset = || {
        let old = Operator::new(&world, &TWO);
        old.succeed("cluster down --yes");
        let _ = std::fs::remove_dir_all(world.path("cluster/nodes"));
        old.succeed("cluster up");
        Operator::with(&world, &TWO, NEW, "newer", "");
    };
    let newer = Operator::with(&world, &TWO, NEW, "newer", "");
    at_every_call(&newer, "cluster upgrade", 20, &reset, &|context| {
        newer.succeed("cluster upgrade");
        let nodes = [format!("m1 server {NEW}"), format!("m2 agent {NEW}")];
        assert_eq!(newer.nodes(), nodes, "{context}");
        let again = newer.succeed("cluster upgrade");
        assert!(again.contains("Nothing to do"), "{context}\n{again}");
    });
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_removal_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    let before = world.machines[1].snapshot();
    let raise = || {
        operator.succeed("cluster up");
    };
    at_every_call(&operator, "cluster remove 10.77.0.12 --yes", 10, &raise, &|context| {
        let again = operator.run("cluster remove 10.77.0.12 --yes");
        assert!(again.status.success(), "{context}\nagain: {}", said(&again));
        assert_eq!(operator.nodes(), [format!("m1 server {OLD}")], "{context}");
        let left = differences(&before, &world.machines[1].snapshot());
        assert_eq!(left, [""; 0], "{context}");
        let third = operator.succeed("cluster remove 10.77.0.12 --yes");
        assert!(third.contains("Nothing to do"), "{context}\nthird: {third}");
    });
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_replacement_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    operator.succeed("cluster up");
    let renew = || {
        // As if it was installed anew: nothing of k3s is on it, and the cluster has its node and its password.
        Operator::new(&world, &[(1, "server")]).succeed("cluster down --yes");
        Operator::new(&world, &TWO);
    };
    renew();
    let refused = operator.fail("cluster up");
    assert!(refused.contains("`cluster replace 10.77.0.12`"), "{refused}");
    at_every_call(&operator, "cluster replace m2 --yes", 20, &renew, &|context| {
        let again = operator.run("cluster replace m2 --yes");
        assert!(again.status.success(), "{context}\nagain: {}", said(&again));
        let nodes = [format!("m1 server {OLD}"), format!("m2 agent {OLD}")];
        assert_eq!(operator.nodes(), nodes, "{context}");
        let third = operator.succeed("cluster up");
        assert!(third.contains("Nothing to do"), "{context}\nthird: {third}");
    });
}
