//! One machine leaves its cluster, or a new one takes its place.

use super::operator::Operator;
use skyward_testkit::machines::{Machine, OLD, differences};

const FOUR: [(usize, &str); 4] = [(0, "server"), (1, "server"), (2, "server"), (3, "agent")];

fn names(operator: &Operator<'_>) -> Vec<String> {
    let nodes = operator.nodes();
    nodes.iter().filter_map(|node| Some(node.split_once(' ')?.0.to_owned())).collect()
}

/// The first server is destroyed; a new machine of its name, at another address, takes its place.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_server_that_is_gone_is_replaced_by_a_new_machine_of_its_name() {
    let mut world = super::world(4);
    world.add("echo m1 >/proc/sys/kernel/hostname");
    world.know_hosts();
    Operator::new(&world, &FOUR).succeed("cluster up");
    world.link(0, "down");

    let gone = Operator::new(&world, &FOUR).fail("cluster replace 10.77.0.11 --yes");
    assert!(gone.contains("the machine that is to take its place does not answer"), "{gone}");

    let new = [(4, "server"), (1, "server"), (2, "server"), (3, "agent")];
    let operator = Operator::new(&world, &new);
    let refused = operator.fail("cluster join");
    println!("$ cluster join\n{refused}");
    let text = "PROBLEM  10.77.0.15: the cluster has a node m1 already";
    assert!(refused.contains(text), "{refused}");
    assert!(refused.contains("`cluster replace 10.77.0.15`"), "{refused}");

    let replaced = operator.succeed("cluster replace m1 --yes");
    println!("$ cluster replace m1 --yes\n{replaced}");
    let roles = ["m1 server", "m2 server", "m3 server", "m4 agent"];
    assert_eq!(operator.nodes(), roles.map(|node| format!("{node} {OLD}")));
    assert!(!world.path("cluster/split").exists());
    // Nobody is led to the machine that is gone.
    for machine in &world.machines[1..] {
        let led = machine.run("grep ^server: /etc/rancher/k3s/config.yaml");
        assert!(!led.contains("10.77.0.11:"), "{}: {led}", machine.name);
    }
    let again = operator.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 4 nodes, all ready."), "{again}");
    let status = operator.run("cluster status --exit-code");
    let table = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success(), "{table}");
    assert!(table.contains("3 of 3 servers answer; one more may fail"), "{table}");
}

/// Each machine leaves as it was, with the vote of a server, until the last server.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn machines_leave_one_by_one_and_the_last_server_stays() {
    let world = super::world(4);
    world.know_hosts();
    let before: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let operator = Operator::new(&world, &FOUR);
    operator.succeed("cluster up");
    operator.take_calls();
    let unknown = operator.fail("cluster remove m9 --yes");
    assert!(unknown.contains("no machine and no node is called m9"), "{unknown}");
    assert!(unknown.contains("10.77.0.11, "), "{unknown}");
    let unasked = operator.fail("cluster remove m4");
    assert!(unasked.contains("give --yes"), "{unasked}");

    for (name, index) in [("10.77.0.14", 3), ("m1", 0), ("m3", 2)] {
        let said = operator.succeed(&format!("cluster remove {name} --yes"));
        println!("$ cluster remove {name} --yes\n{said}");
        assert!(said.contains(&format!("{name} is out of cluster skyward")), "{said}");
        let left = differences(&before[index], &world.machines[index].snapshot());
        assert_eq!(left, [""; 0], "{name}");
        let again = operator.succeed(&format!("cluster remove 10.77.0.1{} --yes", index + 1));
        assert!(again.contains("Nothing to do"), "{again}");
    }
    assert_eq!(names(&operator), ["m2"]);
    let calls = operator.take_calls();
    let first = |part: &str| calls.lines().position(|call| call.contains(part)).expect(part);
    assert!(first("kubectl drain m4") < first("m4 systemctl stop k3s-agent"), "{calls}");
    assert!(first("m4 systemctl stop k3s-agent") < first("kubectl delete node m4"), "{calls}");
    let kubeconfig = std::fs::read_to_string(world.path("kubeconfig")).expect("a kubeconfig");
    assert!(kubeconfig.contains("https://10.77.0.12:6443"), "{kubeconfig}");

    let last = operator.fail("cluster remove m2 --yes");
    assert!(last.contains("it is the last server"), "{last}");
    assert!(last.contains("`cluster down`"), "{last}");
    // The one that stays needs none of those that are gone.
    let alone = Operator::new(&world, &[(1, "server")]);
    let up = alone.succeed("cluster up");
    assert!(up.contains("1 node, ready"), "{up}");
}

/// A server is dead: the one more that may not fail may not be removed, and the dead one may.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_removal_that_would_end_the_majority_is_refused() {
    let world = super::world(3);
    world.know_hosts();
    let operator = Operator::new(&world, &FOUR[..3]);
    operator.succeed("cluster up");
    world.link(2, "down");
    let refused = operator.fail("cluster remove m2 --yes");
    println!("$ cluster remove m2 --yes     # m3 is dead\n{refused}");
    let text = "PROBLEM  10.77.0.12: without it 1 of 2 servers answers, and etcd needs 2";
    assert!(refused.contains(text), "{refused}");
    let removed = operator.succeed("cluster remove m3 --yes");
    println!("$ cluster remove m3 --yes\n{removed}");
    assert!(removed.contains("does not answer, and what is on it stays"), "{removed}");
    assert_eq!(names(&operator), ["m1", "m2"]);
    // A node that no machine of the configuration has, by its name alone.
    let two = Operator::new(&world, &FOUR[..2]);
    let up = two.succeed("cluster up");
    assert!(up.contains("warning  k3s.machine: 2 servers are configured; an odd"), "{up}");
}
