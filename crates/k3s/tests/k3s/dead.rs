//! A server's machine dies: the others are served, and whoever reads sees how many more may fail.

use super::operator::{Operator, said};
use skyward_testkit::machines::{NEW, OLD};

const THREE: [(usize, &str); 4] = [(0, "server"), (1, "server"), (2, "server"), (3, "agent")];
const FIVE: [(usize, &str); 5] =
    [(0, "server"), (1, "server"), (2, "server"), (3, "agent"), (4, "agent")];

/// The server in the kubeconfig.
fn address(operator: &Operator<'_>) -> String {
    let text = std::fs::read_to_string(operator.world.path("kubeconfig")).expect("a kubeconfig");
    let line = text.lines().find_map(|line| line.trim().strip_prefix("server: "));
    line.expect("a server").to_owned()
}

/// The first of three servers dies, the one that the others joined by and that the kubeconfig led to.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_dead_server_is_a_warning_and_the_others_are_served() {
    let world = super::world(5);
    world.know_hosts();
    let operator = Operator::new(&world, &THREE);
    operator.succeed("cluster up");
    assert_eq!(address(&operator), "https://10.77.0.11:6443");
    operator.take_calls();
    world.link(0, "down");

    let up = operator.succeed("cluster up");
    println!("$ cluster up     # 10.77.0.11 is dead\n{up}");
    assert!(up.contains("warning  10.77.0.11: connecting: "), "{up}");
    assert!(up.contains("warning  cluster: 2 of 3 servers answer; one more may not fail"), "{up}");
    assert!(up.contains("10.77.0.11 does not answer, and nothing was done on it"), "{up}");
    assert_eq!(address(&operator), "https://10.77.0.12:6443");
    let calls = operator.take_calls();
    assert!(!calls.contains(" restart "), "{calls}");

    let status = operator.run("cluster status --exit-code");
    let table = String::from_utf8_lossy(&status.stdout).into_owned();
    println!("$ cluster status\n{table}");
    assert_eq!(status.status.code(), Some(3), "{table}");
    assert!(table.contains("2 of 3 servers answer; one more may not fail"), "{table}");
    assert!(table.contains("m1"), "{table}");

    let five = Operator::new(&world, &FIVE);
    let joined = five.succeed("cluster join");
    println!("$ cluster join     # one more agent\n{joined}");
    assert!(five.nodes().contains(&format!("m5 agent {OLD}")), "{:?}", five.nodes());
    let led = world.machines[4].run("grep ^server /etc/rancher/k3s/config.yaml");
    assert!(led.contains("10.77.0.12"), "{led}");

    let newer = Operator::with(&world, &FIVE, NEW, "newer", "");
    let upgraded = newer.succeed("cluster upgrade");
    println!("$ cluster upgrade\n{upgraded}");
    assert!(upgraded.contains("4 machines were upgraded"), "{upgraded}");
    assert!(upgraded.contains("10.77.0.11 does not answer"), "{upgraded}");
    let nodes = [("m1", OLD), ("m2", NEW), ("m3", NEW), ("m4", NEW), ("m5", NEW)];
    let roles = ["server", "server", "server", "agent", "agent"];
    let expected: Vec<String> = nodes
        .iter()
        .zip(roles)
        .map(|((name, version), role)| format!("{name} {role} {version}"))
        .collect();
    assert_eq!(newer.nodes(), expected);

    // It is back: it follows, and leads no second cluster.
    world.link(0, "up");
    newer.succeed("cluster upgrade");
    let again = newer.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 5 nodes, all ready."), "{again}");
    assert_eq!(address(&newer), "https://10.77.0.11:6443");
    assert!(!world.path("cluster/split").exists());
    newer.succeed("cluster down --yes");
}

/// Two of three are dead: nothing can be changed, and that is said, with what helps.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn without_a_majority_nothing_is_changed() {
    let world = super::world(3);
    world.know_hosts();
    let operator = Operator::with(&world, &THREE[..3], OLD, "files", "endpoint = \"10.77.0.99\"");
    operator.succeed("cluster up");
    assert_eq!(address(&operator), "https://10.77.0.99:6443");
    let names = world.machines[0].run("grep -A9 tls-san /etc/rancher/k3s/config.yaml");
    assert!(names.contains("10.77.0.99"), "{names}");
    world.link(0, "down");
    world.link(2, "down");
    for command in ["cluster up", "cluster upgrade"] {
        let refused = operator.fail(command);
        println!("$ {command}     # two of three are dead\n{refused}");
        assert!(refused.contains("PROBLEM  10.77.0.11: connecting: "), "{refused}");
        let text = "PROBLEM  cluster: 1 of 3 servers answers, and etcd needs 2";
        assert!(refused.contains(text), "{refused}");
        assert!(refused.contains("`cluster restore`"), "{refused}");
        assert!(refused.contains("--cluster-reset"), "{refused}");
    }
    let status = operator.run("cluster status");
    let table = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(table.contains("1 of 3 servers answers, and etcd needs 2"), "{table}");
    // All are back, with k3s stopped: they begin together.
    world.link(0, "up");
    world.link(2, "up");
    for machine in &world.machines {
        machine.run("systemctl stop k3s");
    }
    let up = operator.succeed("cluster up");
    assert!(up.contains("Cluster skyward has 3 nodes, all ready."), "{up}");
}

/// An image goes into the nodes that answer.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_image_gets_into_the_nodes_that_answer() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &[(0, "server"), (1, "agent")]);
    operator.succeed("cluster up");
    let archive = super::life::archive(&world);
    world.link(1, "down");
    let output = operator.run(&format!("cluster image load {archive}"));
    let text = said(&output);
    println!("$ cluster image load\n{text}");
    assert!(output.status.success(), "{text}");
    assert!(text.contains("warning  10.77.0.12: connecting: "), "{text}");
    assert!(text.contains("1 of 1 nodes that answer got the image"), "{text}");
    assert!(text.contains("10.77.0.12 does not answer"), "{text}");
}
