//! What is wrong with machines is said for all of them at once, a line for each, before anything is changed on any.

use super::operator::{Operator, said};
use skyward_testkit::machines::{Machine, NEW, OLD, World, write};

/// The problems, machine by machine, each with its advice.
fn findings(text: &str) -> Vec<String> {
    let text = text.replace("\n         Next step: ", ". Next step: ");
    text.lines().filter(|line| line.starts_with("PROBLEM")).map(str::to_owned).collect()
}

#[track_caller]
fn expect(findings: &[String], machine: &str, part: &str) {
    assert!(
        findings
            .iter()
            .any(|line| line.starts_with(&format!("PROBLEM  {machine}: ")) && line.contains(part)),
        "{machine}: {part}: {findings:#?}"
    );
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_changed() {
    let mut world = super::world(1);
    // A clock that is off: `date` lies.
    world.add("printf '#!/bin/sh\\necho $(( $(/bin/date.real +%%s) + 600 ))\\n' >/tmp/date; cp /bin/date /bin/date.real; cat /tmp/date >/usr/bin/date.new; chmod 755 /usr/bin/date.new; mv /usr/bin/date.new /usr/bin/date");
    // A port in use, and the host name of the first machine.
    world.add("/usr/sbin/sshd -q -f /srv/host/sshd_config -o Port=6443 -o PidFile=none; echo m1 >/proc/sys/kernel/hostname");
    // A k3s that is not ours.
    world.add("mkdir -p /etc/rancher/k3s /var/lib/rancher/k3s/server; echo 'token: x' >/etc/rancher/k3s/config.yaml");
    // No memory cgroup, and too little disk.
    world.add("mount -t tmpfs none /sys/fs/cgroup; echo cpu >/sys/fs/cgroup/cgroup.controllers; mount -t tmpfs -o size=8m none /var/lib");
    // One that is away.
    world.add("");
    world.know_hosts();
    world.link(5, "down");
    let before: Vec<_> = world.machines[..5].iter().map(Machine::snapshot).collect();
    let listed =
        [(0, "server"), (1, "agent"), (2, "server"), (3, "agent"), (4, "agent"), (5, "agent")];
    let operator = Operator::new(&world, &listed);
    let text = operator.fail("cluster up");
    println!("$ cluster up\n{text}");
    let found = findings(&text);
    expect(&found, "10.77.0.12", "its clock is 600 s ahead of the others'");
    expect(&found, "10.77.0.13", "another program listens on TCP 6443");
    expect(&found, "10.77.0.13", "its node would be m1, like that of 10.77.0.11");
    expect(&found, "10.77.0.11", "its node would be m1, like that of 10.77.0.13");
    expect(
        &found,
        "10.77.0.14",
        "it has a k3s already that this program did not install (/etc/rancher/k3s/config.yaml)",
    );
    expect(&found, "10.77.0.15", "no memory cgroup");
    expect(&found, "10.77.0.15", "/var/lib has 8 MiB of free space");
    expect(&found, "10.77.0.16", "connecting: ");
    // An even number of servers is a warning beside what blocks.
    assert!(text.contains("warning  k3s.machine: 2 servers are configured; an odd"), "{text}");
    assert!(text.contains(&format!("{} problems; nothing was changed", found.len())), "{text}");
    for (machine, before) in world.machines.iter().zip(before) {
        assert_eq!(machine.snapshot(), before, "{}", machine.name);
    }
    assert!(!world.path("kubeconfig").exists());
}

/// The words that put this text in the place of a file of the kernel.
fn instead(path: &str, text: &str) -> String {
    let kept = path.replace('/', "%");
    format!("printf '{text}\\n' >/srv/host/{kept}; mount --bind /srv/host/{kept} {path}")
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn what_the_system_of_a_machine_refuses_is_said_with_the_remedy() {
    let mut world = super::world(0);
    let wants = "/etc/systemd/system/multi-user.target.wants";
    // SELinux without the policy, and a service that takes the routes of pods away.
    world.add(&format!("printf '#!/bin/sh\\necho Enforcing\\n' >/usr/bin/getenforce; chmod 755 /usr/bin/getenforce; mkdir -p {wants}; ln -s x {wants}/nm-cloud-setup.service"));
    // A firewall, and one that answers nobody at the port of the API server.
    world.add("setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/srv/host/firewalld.pid; touch /srv/host/ready");
    // No module for the network of pods nor for containers, swap, a full inotify limit.
    let kernel = [
        "mount -t tmpfs none /sys/module".to_owned(),
        instead("/proc/filesystems", "nodev tmpfs"),
        instead("/proc/swaps", "Filename Type Size Used Priority\\n/dev/vdb partition 1 0 -2"),
        instead("/proc/sys/fs/inotify/max_user_instances", "3"),
    ];
    world.add(&kernel.join("; "));
    world.know_hosts();
    world.machines[1].run("iptables -A INPUT -p tcp --dport 6443 -j DROP; iptables -A INPUT -p tcp --dport 2380 -j REJECT --reject-with icmp-host-prohibited");
    let before: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let operator = Operator::new(&world, &[(0, "server"), (1, "server"), (2, "agent")]);
    let text = operator.fail("cluster up");
    println!("$ cluster up\n{text}");
    let found = findings(&text);
    let (m1, m2, m3) = ("10.77.0.11", "10.77.0.12", "10.77.0.13");
    for (machine, part, next) in [
        (
            m1,
            "SELinux enforces a policy there that does not know k3s",
            "install the package k3s-selinux",
        ),
        (m1, "nm-cloud-setup is enabled", "systemctl disable --now nm-cloud-setup.service"),
        (
            m1,
            "it does not reach TCP 2380, 6443 of 10.77.0.12 (No route to host, no answer)",
            "firewalls",
        ),
        (
            m3,
            "it does not reach TCP 6443 of 10.77.0.12 (no answer)",
            "open that port of 10.77.0.12",
        ),
        (m3, "its kernel has no module overlay", "install the modules of its kernel"),
        (m3, "its kernel has no module vxlan", "linux-modules-extra-raspi"),
        (m3, " of 3 inotify instances", "sysctl -w fs.inotify.max_user_instances=8192"),
    ] {
        expect(&found, machine, part);
        let line = found.iter().find(|line| line.contains(machine) && line.contains(part));
        assert!(line.is_some_and(|line| line.contains(next)), "{part}: {line:?}");
    }
    for part in [
        &format!("warning  {m2}: firewalld is active"),
        "--add-source=10.42.0.0/16 --add-source=10.43.0.0/16 --add-source=10.77.0.11",
        &format!("warning  {m3}: it swaps"),
        "run `swapoff -a` on it",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (machine, before) in world.machines.iter().zip(before) {
        assert_eq!(machine.snapshot(), before, "{}", machine.name);
    }
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_host_key_that_is_unknown_or_has_changed_is_refused() {
    let world = super::world(3);
    world.know_hosts();
    let known = std::fs::read_to_string(world.path("home/.ssh/known_hosts")).expect("keys");
    let lines: Vec<&str> = known.lines().collect();
    // The second machine is not known, the third is known by the key of the first.
    let of_first = lines[0].split_once(' ').expect("a key").1;
    let text = format!("{}\n10.77.0.13 {of_first}\n", lines[0]);
    write(&world.path("home/.ssh/known_hosts"), 0o600, &text);
    let listed = [(0, "server"), (1, "agent"), (2, "agent")];
    let operator = Operator::new(&world, &listed);
    let refused = operator.fail("cluster up");
    println!("$ cluster up\n{refused}");
    let found = findings(&refused);
    let fingerprint = |index: usize| {
        let path = world.machines[index].own("host_key.pub");
        let output = std::process::Command::new("ssh-keygen").arg("-lf").arg(path).output();
        let text = String::from_utf8(output.expect("ssh-keygen").stdout).expect("text");
        text.split(' ').nth(1).expect("a fingerprint").to_owned()
    };
    expect(&found, "10.77.0.12", &format!("its host key is not known: ED25519 {}", fingerprint(1)));
    expect(
        &found,
        "10.77.0.13",
        &format!("its host key has changed: it shows ED25519 {}", fingerprint(2)),
    );
    expect(&found, "10.77.0.13", "known_hosts:2 has another");
    assert_eq!(found.len(), 2, "{refused}");

    // To accept new keys is a choice, and accepts no changed one.
    let accepted = operator.fail("cluster up --accept-new");
    let found = findings(&accepted);
    expect(&found, "10.77.0.13", "its host key has changed");
    assert_eq!(found.len(), 1, "{accepted}");
    let known = std::fs::read_to_string(world.path("home/.ssh/known_hosts")).expect("keys");
    let key = std::fs::read_to_string(world.machines[1].own("host_key.pub")).expect("a key");
    assert!(known.contains(key.split(' ').nth(1).expect("its key")), "{known}");
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn one_who_is_not_root_needs_sudo() {
    let mut world = super::world(1);
    // A sudo that asks nothing: its only argument before the command is -n.
    world.add("printf '#!/bin/sh\\n[ \"$1\" = -n ] || exit 1\\n[ \"$2\" = true ] && exit 0\\nshift 2\\nexec /usr/bin/as-root \"$@\"\\n' >/usr/bin/sudo; cp /usr/bin/setpriv /usr/bin/as-root-x; printf '#!/bin/sh\\nexec /usr/bin/as-root-x --reuid=0 --regid=0 --clear-groups -- \"$@\"\\n' >/usr/bin/as-root; chmod 755 /usr/bin/sudo /usr/bin/as-root; chmod 4755 /usr/bin/as-root-x");
    world.know_hosts();
    let text = |index: usize| {
        let address = &world.machines[index].address;
        format!(
            "[k3s]\nkubeconfig = \"kubeconfig\"\nairgap = \"files\"\nnode_timeout_s = 20\n[[k3s.machine]]\naddress = \"{address}\"\nuser = \"walter\"\n"
        )
    };
    let refused = Operator::raw(&world, &text(0)).fail("cluster up");
    println!("$ cluster up\n{refused}");
    expect(
        &findings(&refused),
        "10.77.0.11",
        "user walter is not root and has no sudo without a password",
    );
    let operator = Operator::raw(&world, &text(1));
    operator.succeed("cluster up");
    assert_eq!(operator.nodes(), [format!("m2 server {OLD}")]);
    operator.succeed("cluster down --yes");
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_cluster_is_not_taken_for_another() {
    let world = super::world(3);
    world.know_hosts();
    let operator = Operator::new(&world, &[(0, "server"), (1, "agent")]);
    operator.succeed("cluster up");
    let kubeconfig = std::fs::read_to_string(world.path("kubeconfig")).expect("a kubeconfig");
    // A token that does not fit, and one that pins another authority.
    let token = |text: &str| {
        world.machines[1].run(&format!(
            "cp -p /etc/rancher/k3s/token /root/kept; printf '{text}\\n' >/etc/rancher/k3s/token"
        ));
        let said = operator.fail("cluster up");
        world.machines[1].run("mv /root/kept /etc/rancher/k3s/token");
        said
    };
    let ca = std::fs::read_to_string(world.path("cluster/ca")).expect("a hash");
    let wrong = token(&format!("K10{}::node:other", ca.trim()));
    expect(&findings(&wrong), "10.77.0.12", "does not fit the cluster");
    let wrong = token(&format!("K10{}::node:other", "0".repeat(64)));
    println!("$ cluster up\n{wrong}");
    expect(&findings(&wrong), "10.77.0.12", "another authority");
    // The agent under another name of the cluster, and as a server.
    let other =
        Operator::with(&world, &[(2, "server"), (1, "agent")], OLD, "files", "cluster = \"other\"");
    let refused = other.fail("cluster up");
    expect(&findings(&refused), "10.77.0.12", "it is in another cluster, skyward");
    let refused = other.fail("cluster down --yes");
    expect(&findings(&refused), "10.77.0.12", "it is in another cluster, skyward");
    let three = Operator::new(&world, &[(0, "server"), (1, "server"), (2, "server")]);
    let refused = three.fail("cluster up");
    expect(&findings(&refused), "10.77.0.12", "it is an agent and the configuration says a server");
    // A release that skips a minor, one that goes back, and one that a new machine would bring.
    let pair = [(0, "server"), (1, "agent")];
    let far = Operator::with(&world, &pair, "v1.38.0+k3s1", "newer", "");
    expect(
        &findings(&far.fail("cluster upgrade")),
        "10.77.0.11",
        "upgrade to a release of v1.37 first",
    );
    let back = Operator::with(&world, &pair, "v1.35.9+k3s1", "newer", "");
    expect(&findings(&back.fail("cluster upgrade")), "10.77.0.12", "Kubernetes cannot go back");
    let wider =
        Operator::with(&world, &[(0, "server"), (1, "agent"), (2, "agent")], NEW, "newer", "");
    expect(&findings(&wider.fail("cluster up")), "10.77.0.13", "`cluster upgrade` first");
    // A context of that name that is another's, and one of another cluster.
    write(&world.path("kubeconfig"), 0o600, &kubeconfig.replace("extension", "extinction"));
    let operator = Operator::new(&world, &pair);
    let refused = operator.fail("cluster up");
    assert!(refused.contains("it has a skyward that `cluster up` did not make"), "{refused}");
    write(&world.path("kubeconfig"), 0o600, &kubeconfig);
    // Nothing of all this has changed the cluster.
    let again = operator.succeed("cluster up");
    assert!(again.contains("Nothing to do"), "{again}");
    let joined = Operator::new(&world, &[(2, "server")]).fail("cluster join");
    assert!(joined.contains("`cluster up` begins one"), "{joined}");
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_wrong_checksum_stops_everything() {
    let world = super::world(2);
    world.know_hosts();
    let before: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let pair = [(0, "server"), (1, "agent")];
    for file in ["k3s", "k3s-airgap-images-amd64.tar.zst"] {
        let path = world.path("files").join(file);
        if !path.exists() {
            continue;
        }
        let whole = std::fs::read_to_string(&path).expect("a file");
        write(&path, 0o644, &format!("{whole}#"));
        let said = operator_says(&world, &pair, "");
        assert!(said.contains("its SHA-256 is ") && said.contains("do not install it"), "{said}");
        write(&path, 0o644, &whole);
    }
    let arch = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    let said =
        operator_says(&world, &pair, &format!("sha256 = {{ {arch} = \"{}\" }}", "0".repeat(64)));
    println!("$ cluster up\n{said}");
    assert!(said.contains("and k3s.sha256 says 0000"), "{said}");
    for (machine, before) in world.machines.iter().zip(before) {
        assert_eq!(machine.snapshot(), before, "{}", machine.name);
    }
}

fn operator_says(world: &World, listed: &[(usize, &'static str)], keys: &str) -> String {
    let output = Operator::with(world, listed, OLD, "files", keys).run("cluster up");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    said(&output)
}
