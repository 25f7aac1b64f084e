//! A machine that falls off the network in the middle: told clearly, the others get there, and it follows when it is back.
//! By its name the longest of these tests, which waits for connections, is the first to start.

use super::operator::{Operator, said};
use super::secrets::Watch;
use skyward_testkit::machines::{OLD, write};

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_machine_that_is_cut_off_keeps_no_other_from_its_cluster() {
    let world = super::world(5);
    world.know_hosts();
    let watch = Watch::start();
    let listed = [(0, "server"), (1, "server"), (2, "server"), (3, "agent"), (4, "agent")];
    let operator = Operator::new(&world, &listed);
    // Cut when the first files are under way: after connecting (5), asking who we are (5), locking (5), looking (5) and
    // some writes.
    write(&world.path("cut"), 0o755, &format!("#!/bin/sh\n{}\n", world.cut_command(4)));
    let ended = operator.run_with("cluster up", &[("CUT_AT", 27)]);
    let text = said(&ended);
    println!("$ cluster up     # 10.77.0.15 falls off the network in the middle\n{text}");
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED   10.77.0.15: "), "{text}");
    assert!(text.contains("1 of 5 machines failed: 10.77.0.15."), "{text}");
    let four = ["m1 server", "m2 server", "m3 server", "m4 agent"];
    assert_eq!(operator.nodes(), four.map(|node| format!("{node} {OLD}")));
    assert!(world.path("kubeconfig").exists());
    watch.look(&world);

    let silent = operator.fail("cluster up");
    println!("$ cluster up     # it is still away, and it has never been a node\n{silent}");
    assert!(silent.contains("warning  10.77.0.15: connecting: "), "{silent}");
    assert!(silent.contains("1 of 5 machines failed: 10.77.0.15."), "{silent}");
    let status = operator.run("cluster status --exit-code");
    let table = String::from_utf8_lossy(&status.stdout).into_owned();
    println!("$ cluster status\n{table}");
    assert_eq!(status.status.code(), Some(3), "{table}");
    assert_eq!(table.lines().filter(|line| line.ends_with(" ready")).count(), 4, "{table}");

    world.link(4, "up");
    operator.succeed("cluster up");
    assert!(operator.nodes().contains(&format!("m5 agent {OLD}")));
    let again = operator.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 5 nodes"), "{again}");

    // Away while the cluster goes: the others go, and the kubeconfig stays until it is back.
    world.link(4, "down");
    let down = operator.fail("cluster down --yes");
    println!("$ cluster down --yes     # it is away again\n{down}");
    assert!(down.contains("1 of 5 machines failed: 10.77.0.15"), "{down}");
    assert!(world.path("kubeconfig").exists());
    world.link(4, "up");
    operator.succeed("cluster down --yes");
    assert!(!world.path("kubeconfig").exists());
    watch.found_nothing(&world);
}
