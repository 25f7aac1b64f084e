//! The cluster's data leaves it as a file, and a cluster begins again from that.

use std::os::unix::fs::PermissionsExt;

use super::crash::at_every_call;
use super::operator::Operator;
use skyward_testkit::machines::{OLD, World};

const FOUR: [(usize, &str); 4] = [(0, "server"), (1, "server"), (2, "server"), (3, "agent")];
const TWO: [(usize, &str); 2] = [(0, "server"), (1, "agent")];

/// Writes something into the cluster's store.
fn store(world: &World) {
    std::fs::write(world.path("cluster/data"), "precious\n").expect("a file");
}

/// Destroys the store with all that was in it.
fn destroy(world: &World) {
    for name in ["nodes", "restored", "ca", "server.pw", "agent.pw", "client.key", "data"] {
        let path = world.path("cluster").join(name);
        let _ = std::fs::remove_dir_all(&path);
        let _ = std::fs::remove_file(&path);
    }
}

fn stored(world: &World) -> String {
    std::fs::read_to_string(world.path("cluster/data")).unwrap_or_default()
}

/// Three servers are lost; their cluster begins again on machines with other parts in it.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_cluster_that_is_lost_begins_again_from_a_snapshot() {
    let world = super::world(4);
    world.know_hosts();
    let operator = Operator::new(&world, &FOUR);
    operator.succeed("cluster up");
    store(&world);
    let ca = std::fs::read_to_string(world.path("cluster/ca")).expect("an authority");
    let file = world.path("kept.tar").display().to_string();
    let taken = operator.succeed(&format!("cluster snapshot --to {file}"));
    println!("$ cluster snapshot --to …\n{taken}");
    let mode = std::fs::metadata(&file).expect("a snapshot").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let busy = operator.fail(&format!("cluster restore {file} --yes"));
    assert!(busy.contains("PROBLEM  10.77.0.11: it is in a cluster already"), "{busy}");

    operator.succeed("cluster down --yes");
    destroy(&world);
    let whole = std::fs::read(&file).expect("a snapshot");
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    std::fs::write(world.path("broken.tar"), broken).expect("a file");
    let broken = world.path("broken.tar").display().to_string();
    let refused = operator.fail(&format!("cluster restore {broken} --yes"));
    assert!(refused.contains("the SHA-256 of its data is"), "{refused}");

    let other = [(3, "server"), (1, "server"), (2, "server"), (0, "agent")];
    let operator = Operator::new(&world, &other);
    let restored = operator.succeed(&format!("cluster restore {file} --yes"));
    println!("$ cluster restore …\n{restored}");
    assert_eq!(stored(&world), "precious\n");
    assert_eq!(std::fs::read_to_string(world.path("cluster/ca")).expect("an authority"), ca);
    let nodes = ["m1 agent", "m2 server", "m3 server", "m4 server"];
    assert_eq!(operator.nodes(), nodes.map(|node| format!("{node} {OLD}")));
    let again = operator.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 4 nodes, all ready."), "{again}");
    operator.succeed("cluster down --yes");
}

/// One server keeps its data in `SQLite`; its k3s runs again after the copy.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_snapshot_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    operator.succeed("cluster up");
    store(&world);
    let file = world.path("kept.tar");
    let command = format!("cluster snapshot --to {}", file.display());
    let reset = || drop(std::fs::remove_file(&file));
    at_every_call(&operator, &command, 10, &reset, &|context| {
        operator.succeed(&command);
        assert!(file.exists(), "{context}");
        let up = operator.succeed("cluster up");
        assert!(up.contains("Nothing to do"), "{context}\n{up}");
    });
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_restore_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    operator.succeed("cluster up");
    store(&world);
    let file = world.path("kept.tar");
    operator.succeed(&format!("cluster snapshot --to {}", file.display()));
    let command = format!("cluster restore {} --yes", file.display());
    let reset = || {
        operator.succeed("cluster down --yes");
        destroy(&world);
    };
    at_every_call(&operator, &command, 20, &reset, &|context| {
        operator.succeed(&command);
        assert_eq!(stored(&world), "precious\n", "{context}");
        let nodes = [format!("m1 server {OLD}"), format!("m2 agent {OLD}")];
        assert_eq!(operator.nodes(), nodes, "{context}");
        let up = operator.succeed("cluster up");
        assert!(up.contains("Nothing to do"), "{context}\n{up}");
    });
}
