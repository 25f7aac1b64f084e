//! The life of a cluster: up, up again, one more, upgraded, down; nothing is left, and no secret was seen.

use super::operator::Operator;
use super::secrets::Watch;
use skyward_testkit::machines::{Machine, NEW, OLD, World, differences, release_with};

const FIVE: [(usize, &str); 5] =
    [(0, "server"), (1, "server"), (2, "server"), (3, "agent"), (4, "agent")];

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn three_servers_and_two_agents_live_and_go() {
    let mut world = super::world(4);
    // Something was there before: a k3s that nobody runs, mirrors, what a kubelet left.
    world.add("printf '#!/bin/sh\\n' >/usr/local/bin/k3s; chmod 700 /usr/local/bin/k3s; mkdir -p /etc/rancher/k3s; echo before >/etc/rancher/k3s/registries.yaml; mkdir -p /var/lib/kubelet; echo other >/var/lib/kubelet/other");
    world.know_hosts();
    let before: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let watch = Watch::start();
    let mirrors = "registries = { \"docker.io\" = [\"https://mirror.example.com\"] }\nembedded_registry = true";
    let first = Operator::with(&world, &FIVE[..4], OLD, "files", mirrors);
    let up = first.succeed("cluster up");
    println!("$ cluster up\n{up}");
    assert_eq!(
        first.nodes(),
        ["m1 server", "m2 server", "m3 server", "m4 agent"].map(|node| format!("{node} {OLD}"))
    );
    order(&first.take_calls());

    let again = first.succeed("cluster up");
    println!("$ cluster up\n{again}");
    assert!(again.contains("Nothing to do: cluster skyward has 4 nodes, all ready."), "{again}");
    changes_nothing(&first.take_calls());

    let five = Operator::with(&world, &FIVE, OLD, "files", mirrors);
    let joined = five.succeed("cluster join");
    println!("$ cluster join\n{joined}");
    assert!(five.nodes().contains(&format!("m5 agent {OLD}")));
    let calls = five.take_calls();
    assert!(
        calls.lines().all(|call| !call.contains("restart") || call.starts_with("m5 ")),
        "{calls}"
    );
    let ours = world.machines[4].run("cat /etc/rancher/k3s/registries.yaml");
    assert!(ours.contains("mirror.example.com"), "{ours}");

    let status = five.run("cluster status --exit-code");
    println!("$ cluster status\n{}", String::from_utf8_lossy(&status.stdout));
    assert!(status.status.success());
    assert!(String::from_utf8_lossy(&status.stdout).contains("2041-02-03"));

    let newer = Operator::with(&world, &FIVE, NEW, "newer", mirrors);
    let upgraded = newer.succeed("cluster upgrade");
    println!("$ cluster upgrade\n{upgraded}");
    one_at_a_time(&newer.take_calls());
    assert!(newer.nodes().iter().all(|node| node.ends_with(NEW)), "{:?}", newer.nodes());
    for machine in &world.machines {
        let images = machine.run("cat /var/lib/rancher/k3s/agent/images/*");
        assert_eq!(images, format!("images of {NEW}\n"), "{}", machine.name);
    }
    let again = newer.succeed("cluster upgrade");
    assert!(again.contains("Nothing to do: every machine runs"), "{again}");
    changes_nothing(&newer.take_calls());
    let again = newer.succeed("cluster up");
    assert!(again.contains("Nothing to do: "), "{again}");

    watch.look(&world);
    let down = newer.succeed("cluster down --yes");
    println!("$ cluster down --yes\n{down}");
    for (machine, before) in world.machines.iter().zip(before) {
        let after = machine.snapshot();
        println!("{}: {} files and folders compared", machine.name, before.len());
        assert_eq!(differences(&before, &after), [""; 0], "{}", machine.name);
    }
    assert!(!world.path("kubeconfig").exists());
    let again = newer.succeed("cluster down --yes");
    assert!(again.contains("Nothing to do"), "{again}");
    watch.found_nothing(&world);
}

/// The first server, then the servers one after the other, then the agents.
fn order(calls: &str) {
    let starts: Vec<&str> = calls
        .lines()
        .filter(|call| call.ends_with("k3s server") || call.ends_with("k3s agent"))
        .filter_map(|call| call.split(' ').next())
        .collect();
    assert_eq!(starts, ["m1", "m2", "m3", "m4"], "{calls}");
}

fn changes_nothing(calls: &str) {
    let changing = [
        "restart",
        "enable",
        "stop",
        "drain",
        "import",
        "daemon-reload",
        "k3s server",
        "k3s agent",
    ];
    for call in calls.lines() {
        let changes =
            changing.iter().any(|word| call.ends_with(word) || call.contains(&format!(" {word} ")));
        assert!(!changes || call.contains("is-enabled"), "{call}");
    }
}

/// Each is drained, started anew and opened before the next.
fn one_at_a_time(calls: &str) {
    let events: Vec<String> = calls
        .lines()
        .filter_map(|call| {
            let words: Vec<&str> = call.split(' ').collect();
            match words[..] {
                [_, "k3s", "kubectl", verb @ ("drain" | "uncordon"), node, ..] => {
                    Some(format!("{verb} {node}"))
                }
                [host, "systemctl", "restart", ..] => Some(format!("restart {host}")),
                _ => None,
            }
        })
        .collect();
    let expected: Vec<String> = (1..=5)
        .flat_map(|node| ["drain", "restart", "uncordon"].map(|verb| format!("{verb} m{node}")))
        .collect();
    assert_eq!(events, expected);
}

/// Other images and settings for a cluster that runs reach its members, one at a time.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn what_is_changed_reaches_old_members_one_at_a_time() {
    let world = super::world(4);
    world.know_hosts();
    let listed = [(0, "server"), (1, "agent"), (2, "agent"), (3, "agent")];
    Operator::new(&world, &listed[..3]).succeed("cluster up");
    release_with(&world.path("files"), OLD, "other images\n");
    let keys = "node_env = { HTTPS_PROXY = \"http://proxy.example.com:3128\" }";
    let operator = Operator::with(&world, &listed, OLD, "files", keys);
    operator.take_calls();
    let up = operator.succeed("cluster up");
    println!("$ cluster up\n{up}");
    for machine in &world.machines {
        let images = machine.run("cat /var/lib/rancher/k3s/agent/images/*");
        assert_eq!(images, "other images\n", "{}", machine.name);
        let environment = machine.run("cat /etc/systemd/system/k3s*.env");
        assert!(environment.contains("proxy.example.com"), "{environment}");
    }
    let calls = operator.take_calls();
    let started = |call: &&str| call.ends_with("k3s server") || call.ends_with("k3s agent");
    let starts: Vec<&str> = calls.lines().filter(started).collect();
    assert_eq!(
        starts,
        ["m1 k3s server", "m2 k3s agent", "m3 k3s agent", "m4 k3s agent"],
        "{calls}"
    );
    // Each old one is seen ready before the next is touched.
    let at = |part: &str| calls.lines().position(|call| call.contains(part)).expect(part);
    let between = calls
        .lines()
        .skip(at("m2 systemctl restart"))
        .take_while(|call| !call.contains("m3 systemctl restart"));
    assert!(between.into_iter().any(|call| call.contains("get nodes")), "{calls}");
    let again = operator.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 4 nodes"), "{again}");
}

/// A machine without iptables and ip of its own: k3s's are used, and nothing stays. Without those either, it is said.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_machine_without_programs_of_its_own_is_cleaned_by_those_of_k3s() {
    let mut world = super::world(0);
    let bare = "cp /usr/sbin/ip /srv/host/aux/ip; cp /usr/sbin/ip /usr/bin/ip-of-the-stand-in; rm -f /usr/sbin/*tables* /sbin/ip /bin/ip /usr/sbin/ip /usr/bin/ip";
    world.add(bare);
    world.know_hosts();
    let before = world.machines[0].snapshot();
    let operator = Operator::new(&world, &[(0, "server")]);
    operator.succeed("cluster up");
    let rules = &world.machines[0].snapshot()["rules"];
    assert!(rules.contains("KUBE-SERVICES"), "{rules}");
    let down = operator.succeed("cluster down --yes");
    assert!(!down.contains("no program"), "{down}");
    assert_eq!(differences(&before, &world.machines[0].snapshot()), [""; 0]);

    operator.succeed("cluster up");
    world.machines[0].run("rm -rf /var/lib/rancher/k3s/data/current");
    let down = operator.succeed("cluster down --yes");
    println!("$ cluster down --yes     # without k3s's own programs\n{down}");
    let text = "warning  10.77.0.11: it has no program to look at the rules of iptables";
    assert!(down.contains(text), "{down}");
    assert!(down.contains("the network link cni0"), "{down}");
}

/// A drain that cannot go on stops the upgrade, and the node takes pods again.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_upgrade_that_cannot_move_pods_stops_and_is_gone_on_with() {
    let world = super::world(2);
    world.know_hosts();
    let listed = [(0, "server"), (1, "agent")];
    Operator::new(&world, &listed).succeed("cluster up");
    let newer = Operator::with(&world, &listed, NEW, "newer", "");
    std::fs::write(world.path("cluster/no-drain"), "").expect("a file");
    let failed = newer.fail("cluster upgrade");
    println!("{failed}");
    assert!(failed.contains("disruption budget"), "{failed}");
    assert_eq!(newer.nodes(), [format!("m1 server {OLD}"), format!("m2 agent {OLD}")]);
    std::fs::remove_file(world.path("cluster/no-drain")).expect("a file");
    newer.succeed("cluster upgrade");
    assert_eq!(newer.nodes(), [format!("m1 server {NEW}"), format!("m2 agent {NEW}")]);
}

/// Every node gets the image, once, knows it by digest, and keeps it when its disk fills.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_image_gets_into_all_nodes() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &[(0, "server"), (1, "agent")]);
    operator.succeed("cluster up");
    let (archive, digest) = (archive(&world), digest());
    let output = operator.run(&format!("cluster image load {archive}"));
    let expected = format!("docker.io/library/web@{digest}\n");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        super::operator::said(&output)
    );
    let again = operator.succeed(&format!("cluster image load {archive}"));
    assert!(again.contains("Nothing to do: every node has the image."), "{again}");
    let calls = operator.take_calls();
    let count = |end: &str| calls.lines().filter(|call| call.ends_with(end)).count();
    let pin = format!(
        "images label {} io.cri-containerd.pinned=pinned dev.skyward.release.skyward.skyward-service=pinned",
        expected.trim()
    );
    assert_eq!((count("import -"), count(&pin)), (2, 2), "{calls}");
}

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

/// An archive of one image.
pub fn archive(world: &World) -> String {
    let digest = digest();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":7,"annotations":{{"io.containerd.image.name":"docker.io/library/web:1"}}}}]}}"#
    );
    std::fs::write(world.path("index.json"), index).expect("a file");
    let tar = std::process::Command::new("tar")
        .arg("-cf")
        .arg(world.path("web.tar"))
        .arg("-C")
        .arg(world.folder.path())
        .arg("index.json")
        .status();
    assert!(tar.expect("tar").success());
    world.path("web.tar").display().to_string()
}
