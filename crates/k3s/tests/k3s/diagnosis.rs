//! What is wrong with a cluster that runs is named for each machine, with the remedy; certificates are renewed before they end.

use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use skyward_config::{K3s, Role};
use skyward_k3s::diagnosis;
use skyward_k3s::facts::{Facts, parse};
use skyward_k3s::pods::{self, Ailment};
use skyward_k3s::rotate::order;
use skyward_k3s::version::Version;
use skyward_k3s::{Cluster, Machine};
use skyward_terminal::Severity;
use skyward_testkit::machines::{OLD, World, certificate};

use super::crash::at_every_call;
use super::operator::{Operator, said};

const TWO: [(usize, &str); 2] = [(0, "server"), (1, "agent")];
const TLS: &str = "/var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt";
const KUBELET: &str = "/var/lib/rancher/k3s/agent/serving-kubelet.crt";

/// The day in so many days: year, month and day.
fn in_days(days: i64) -> (i32, u8, u8) {
    let at = Timestamp::now() + SignedDuration::from_hours(24 * days);
    let at = at.to_zoned(TimeZone::UTC);
    (at.year().into(), at.month().cast_unsigned(), at.day().cast_unsigned())
}

/// Writes the certificate that k3s is to make next.
fn next_certificate(world: &World, (year, month, day): (i32, u8, u8)) {
    fs::write(world.path("cluster/certificate.pem"), certificate(year, month, day))
        .expect("a certificate");
}

fn day((year, month, day): (i32, u8, u8)) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

fn table(operator: &Operator<'_>, code: i32) -> String {
    let output = operator.run("cluster status --exit-code");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("$ cluster status\n{table}");
    assert_eq!(output.status.code(), Some(code), "{table}{}", said(&output));
    table
}

/// The line of a machine with this part, and the one below it.
#[track_caller]
fn expect(table: &str, machine: &str, part: &str, next: &str) {
    let mut lines =
        table.lines().skip_while(|line| !(line.starts_with(machine) && line.contains(part)));
    assert!(lines.next().is_some(), "{machine}: {part}: {table}");
    let below = lines.next().unwrap_or_default();
    assert!(below.contains("Next step: ") && below.contains(next), "{part}: {below}");
}

/// A list of pods as kubectl prints it, as far as it is read.
fn list(pods: &[String]) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, pods.join(","))
}

fn pod(name: &str, node: &str, status: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"kube-system","creationTimestamp":"2026-01-02T03:04:05Z"}},"spec":{{"nodeName":"{node}"}},"status":{status}}}"#
    )
}

const NO_IMAGE: &str = r#"{"phase":"Pending","containerStatuses":[{"name":"coredns","image":"rancher/mirrored-coredns-coredns:1.14.2","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}]}"#;
const CRASHES: &str = r#"{"phase":"Running","containerStatuses":[{"name":"traefik","image":"t","restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s"}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}"#;
const RUNS: &str = r#"{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"a","image":"t","state":{"running":{}}}]}"#;

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn status_names_what_is_wrong_with_each_machine() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    operator.succeed("cluster up");
    let well = table(&operator, 0);
    assert!(!well.contains("PROBLEM") && !well.contains("warning"), "{well}");

    let pods =
        [pod("coredns-1", "m1", NO_IMAGE), pod("traefik-1", "m2", CRASHES), pod("b", "m1", RUNS)];
    fs::write(world.path("cluster/pods.json"), list(&pods)).expect("a list");
    fs::write(world.path("cluster/nodes/m1.pressure"), "MemoryPressure").expect("a condition");
    let soon = in_days(20);
    fs::write(world.path("soon.pem"), certificate(soon.0, soon.1, soon.2)).expect("a file");
    let [server, agent] = &world.machines[..] else { panic!("two machines") };
    fs::copy(world.path("soon.pem"), server.own("soon.pem")).expect("a copy");
    server.run(&format!("cp /srv/host/soon.pem {TLS}"));
    server.run("sed 's/^MemAvailable:.*/MemAvailable: 51200 kB/' /proc/meminfo >/srv/host/meminfo; mount --bind /srv/host/meminfo /proc/meminfo");
    agent.run("mount -t tmpfs -o size=20m none /var/lib/rancher; head -c 20300000 /dev/zero >/var/lib/rancher/full || true");
    agent.run("cp /bin/date /bin/date.real; printf '#!/bin/sh\\necho $(( $(/bin/date.real +%%s) - 90 ))\\n' >/usr/bin/date.new; chmod 755 /usr/bin/date.new; mv /usr/bin/date.new /usr/bin/date");

    let ill = table(&operator, 3);
    let (m1, m2) = (server.address.as_str(), agent.address.as_str());
    let text = format!("PROBLEM: its certificates end in 19 days, on {}", day(soon));
    expect(&ill, m1, &text, "`cluster rotate`");
    expect(&ill, m1, "PROBLEM: 50 MiB of its ", "memory_limit");
    expect(&ill, m1, "its kubelet tells of MemoryPressure: kubelet has MemoryPressure", "memory");
    let image = "pod kube-system/coredns-1: the image rancher/mirrored-coredns-coredns:1.14.2 cannot be pulled: ImagePullBackOff: Back-off pulling image";
    expect(&ill, m1, image, "the folder of k3s.airgap");
    let ends = "pod kube-system/traefik-1: it ends again and again, 7 times until now (traefik: code 137, OOMKilled)";
    expect(&ill, m2, ends, "kubectl -n kube-system logs --previous traefik-1");
    expect(&ill, m2, "PROBLEM: its disk is full: ", "k3s crictl rmi --prune");
    expect(&ill, m2, "its clock is 90 s behind this machine's", "NTP");
    assert!(!ill.contains("kube-system/b"), "{ill}");
    let json = operator.run("cluster status --output json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let findings = json["findings"].as_array().expect("findings");
    assert!(findings.len() >= 7, "{json:#}");
    assert!(findings.iter().all(|finding| finding["next"].is_string()), "{json:#}");
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn certificates_are_renewed_on_one_machine_after_the_other() {
    let world = super::world(4);
    world.know_hosts();
    let soon = in_days(40);
    next_certificate(&world, soon);
    let four = [(0, "server"), (1, "server"), (2, "server"), (3, "agent")];
    let operator = Operator::new(&world, &four);
    operator.succeed("cluster up");
    let warned = table(&operator, 0);
    for machine in &world.machines {
        let text = format!("warning: its certificates end in 39 days, on {}", day(soon));
        expect(&warned, &machine.address, &text, "`cluster rotate`");
    }
    next_certificate(&world, (2041, 2, 3));
    // The credentials of the kubeconfig are new ones too.
    fs::remove_file(world.path("cluster/client.key")).expect("a key");
    operator.take_calls();
    let rotated = operator.succeed("cluster rotate");
    println!("$ cluster rotate\n{rotated}");
    assert!(rotated.contains("4 machines have new certificates."), "{rotated}");
    let calls = operator.take_calls();
    let changes = |call: &&str| {
        ["systemctl stop", "certificate rotate", "systemctl start", "drain"]
            .iter()
            .any(|part| call.contains(part))
    };
    let changes: Vec<&str> = calls.lines().filter(changes).collect();
    let expected: Vec<String> = ["m1 k3s", "m2 k3s", "m3 k3s", "m4 k3s-agent"]
        .iter()
        .filter_map(|at| at.split_once(' '))
        .flat_map(|(name, unit)| {
            [
                format!("{name} systemctl stop {unit}"),
                format!("{name} k3s certificate rotate"),
                format!("{name} systemctl start --no-block {unit}"),
            ]
        })
        .collect();
    assert_eq!(changes, expected);
    let well = table(&operator, 0);
    assert!(well.contains("2041-02-03") && !well.contains(&day(soon)), "{well}");
    let key = fs::read_to_string(world.path("cluster/client.key")).expect("a key");
    let kubeconfig = fs::read_to_string(world.path("kubeconfig")).expect("a kubeconfig");
    assert!(kubeconfig.contains(key.trim()), "the kubeconfig has the old key");

    let again = operator.succeed("cluster rotate");
    assert!(
        again.contains(
            "Nothing to do: no certificate ends within 120 days, the first on 2041-02-03."
        ),
        "{again}"
    );
    let up = operator.succeed("cluster up");
    assert!(up.contains("Nothing to do"), "{up}");
    let all = operator.succeed("cluster rotate --all");
    assert!(all.contains("4 machines have new certificates."), "{all}");
    operator.succeed("cluster down --yes");
}

/// The certificates of all servers have ended, so that none answers for the cluster.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn certificates_that_have_ended_are_renewed() {
    let world = super::world(4);
    world.know_hosts();
    let past = in_days(-3);
    next_certificate(&world, past);
    let four = [(0, "server"), (1, "server"), (2, "server"), (3, "agent")];
    let operator = Operator::new(&world, &four);
    operator.succeed("cluster up");
    fs::copy(world.path("cluster/certificate.pem"), world.path("cluster/expired.pem"))
        .expect("a copy");
    next_certificate(&world, (2041, 2, 3));
    let ill = table(&operator, 3);
    let text = format!("PROBLEM: its certificates ended on {}", day(past));
    expect(&ill, &world.machines[1].address, &text, "`cluster rotate`");
    assert!(ill.contains("certificate has expired"), "{ill}");
    let rotated = operator.succeed("cluster rotate");
    println!("$ cluster rotate     # after their end\n{rotated}");
    assert!(rotated.contains("all servers are renewed before one is waited for"), "{rotated}");
    assert!(rotated.contains("4 machines have new certificates."), "{rotated}");
    table(&operator, 0);
    let up = operator.succeed("cluster up");
    assert!(up.contains("Nothing to do: cluster skyward has 4 nodes, all ready."), "{up}");
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_rotation_converges_after_a_crash_at_every_step() {
    let world = super::world(2);
    world.know_hosts();
    let operator = Operator::new(&world, &TWO);
    operator.succeed("cluster up");
    let soon = in_days(40);
    for machine in &world.machines {
        fs::write(machine.own("soon.pem"), certificate(soon.0, soon.1, soon.2)).expect("a file");
    }
    let age = || {
        for (machine, path) in world.machines.iter().zip([TLS, KUBELET]) {
            machine.run(&format!("cp /srv/host/soon.pem {path}"));
        }
    };
    at_every_call(&operator, "cluster rotate", 10, &age, &|context| {
        operator.succeed("cluster rotate");
        assert_eq!(operator.nodes(), [format!("m1 server {OLD}"), format!("m2 agent {OLD}")]);
        let status = operator.run("cluster status --exit-code");
        let table = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(status.status.success() && table.contains("2041-02-03"), "{context}\n{table}");
        let third = operator.succeed("cluster rotate");
        assert!(third.contains("Nothing to do"), "{context}\nthird: {third}");
        let up = operator.succeed("cluster up");
        assert!(up.contains("Nothing to do"), "{context}\n{up}");
    });
}

fn cluster(settings: K3s) -> Cluster {
    let machine = |number: u8, role: Role| Machine {
        address: Some(format!("10.0.0.{number}")),
        role,
        ..Machine::this()
    };
    Cluster {
        name: "skyward".to_owned(),
        context: "skyward".to_owned(),
        machines: vec![
            machine(11, Role::Agent),
            machine(12, Role::Server),
            machine(13, Role::Server),
        ],
        away: Vec::new(),
        version: Version::parse("v1.36.3+k3s1").expect("a release"),
        registries: None,
        settings,
    }
}

/// The free space, and the share of it from which a kubelet acts.
#[test]
fn a_disk_is_judged_by_its_share() {
    let machine = Machine::this();
    let told = |lines: &str| {
        let found = diagnosis::of_machine(&machine, &parse(lines, 0), None);
        found.into_iter().map(|finding| (finding.severity, finding.text)).collect::<Vec<_>>()
    };
    for (free_mib, severity) in [
        (40_000_u64, None),
        (15_001, None),
        (14_000, Some(Severity::Warning)),
        (4_999, Some(Severity::Error)),
        (0, Some(Severity::Error)),
    ] {
        let found = told(&format!("disk\t{} {}\n", free_mib * 1024, 100_000 * 1024));
        assert_eq!(found.first().map(|(severity, _)| *severity), severity, "{free_mib}: {found:?}");
    }
    assert_eq!(told("disk\t1048576\n"), [], "a total that is not known");
    let inodes = told("disk\t90000000 100000000\ninodes\t400 10000\n");
    assert_eq!(inodes.len(), 1, "{inodes:?}");
    assert!(inodes[0].1.contains("400 of 10000 inodes"), "{inodes:?}");
}

#[test]
fn certificates_are_due_in_the_days_in_which_k3s_renews_them() {
    let now: Timestamp = "2026-06-01T12:00:00Z".parse().expect("a time");
    let cluster = cluster(K3s::default());
    let record = r#"record	{"cluster":"skyward","id":"i","role":"server","node":"n","first":true,"before":[]}"#;
    let member: Facts = parse(&format!("{record}\nstarted\tx\n"), 0);
    let end = |text: &str| text.parse::<Timestamp>().ok();
    let ends =
        [end("2026-07-01T00:00:00Z"), end("2027-01-01T00:00:00Z"), end("2026-05-01T00:00:00Z")];
    let all = [member.clone(), member.clone(), member.clone()];
    assert_eq!(order(&cluster, &all, &ends, now, false), [2, 0], "servers come before agents");
    assert_eq!(order(&cluster, &all, &ends, now, true), [1, 2, 0]);
    let two = [member.clone(), member, Facts::default()];
    assert_eq!(order(&cluster, &two, &ends, now, false), [0], "one that is in no cluster");
    assert_eq!(order(&cluster, &two, &[None, None, None], now, false), [0_usize; 0]);
    let told = |text: &str| {
        let end = end(text).expect("a time");
        let finding = diagnosis::of_certificates(&cluster.machines[0], end, now)?;
        Some((finding.severity, finding.text))
    };
    assert_eq!(told("2026-09-29T13:00:00Z"), None);
    let weight = |text: &str| told(text).map(|(severity, _)| severity);
    assert_eq!(weight("2026-09-29T11:00:00Z"), Some(Severity::Warning));
    assert_eq!(weight("2026-06-20T00:00:00Z"), Some(Severity::Error));
    for (at, part) in [
        ("2026-05-31T00:00:00Z", "ended on 2026-05-31"),
        ("2026-06-01T13:00:00Z", "end today"),
        ("2026-06-02T13:00:00Z", "end tomorrow"),
    ] {
        assert!(told(at).expect(at).1.contains(part), "{at}: {:?}", told(at));
    }
}

#[test]
fn pods_that_do_not_run_tell_why() {
    let now: Timestamp = "2026-01-02T03:05:05Z".parse().expect("a time");
    let later: Timestamp = "2026-01-02T04:00:00Z".parse().expect("a time");
    let of = |status: &str, now: Timestamp| {
        let found = pods::read(list(&[pod("p", "n", status)]).as_bytes(), now).expect("a list");
        found.into_iter().next().map(|pod| pod.reason)
    };
    assert_eq!(of(RUNS, later), None);
    assert_eq!(of(r#"{"phase":"Succeeded"}"#, later), None);
    assert_eq!(of(r#"{"phase":"Failed","reason":"Evicted","message":"x"}"#, later), None);
    let failed = of(r#"{"phase":"Failed","reason":"Error","message":"x"}"#, later);
    assert_eq!(failed, Some(Ailment::Failed("Error: x".to_owned())));
    assert!(matches!(of(NO_IMAGE, now), Some(Ailment::Image { .. })));
    assert!(matches!(of(CRASHES, now), Some(Ailment::Ends { restarts: 7, .. })));
    let unscheduled = r#"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","message":"0/1 nodes are available"}]}"#;
    let words = "0/1 nodes are available".to_owned();
    assert_eq!(of(unscheduled, now), Some(Ailment::NoNode(words)));
    // One that begins is given two minutes.
    let begins = r#"{"phase":"Pending","containerStatuses":[{"name":"a","image":"i","state":{"waiting":{"reason":"ContainerCreating"}}}]}"#;
    assert_eq!(of(begins, now), None);
    assert_eq!(of(begins, later), Some(Ailment::Waits("ContainerCreating".to_owned())));
    let unready = r#"{"phase":"Running","conditions":[{"type":"Ready","status":"False","message":"probe","lastTransitionTime":"2026-01-02T03:04:30Z"}]}"#;
    assert_eq!(of(unready, now), None);
    assert_eq!(of(unready, later), Some(Ailment::Waits("not ready: probe".to_owned())));
    let broken = r#"{"phase":"Pending","initContainerStatuses":[{"name":"a","image":"i","state":{"waiting":{"reason":"CreateContainerConfigError","message":"no secret"}}}]}"#;
    let words = "CreateContainerConfigError: no secret".to_owned();
    assert_eq!(of(broken, now), Some(Ailment::Waits(words)));
    assert!(pods::read(b"{", now).is_err());
}

/// The remedy of an image fits the cluster: the folder of an air-gapped one, the registry of another.
#[test]
fn the_remedy_of_an_image_fits_the_cluster() {
    let text = list(&[pod("p", "n", NO_IMAGE)]);
    let found = pods::read(text.as_bytes(), Timestamp::now()).expect("a list");
    let next = |settings: K3s, namespace: &str| {
        let mut ailing = found[0].clone();
        ailing.namespace = namespace.to_owned();
        diagnosis::of_pod(&cluster(settings), &ailing, "m1".to_owned()).next.unwrap_or_default()
    };
    let airgap = K3s { airgap: Some(Path::new("files").into()), ..K3s::default() };
    assert!(next(airgap, "kube-system").contains("the folder of k3s.airgap and run `cluster up`"));
    assert!(next(K3s::default(), "kube-system").contains("k3s.node_env"));
    assert!(next(K3s::default(), "web").contains("`cluster image load`"));
}
