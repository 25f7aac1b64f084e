//! The problems of machines before anything is changed on one: a table, a line each.

use std::collections::BTreeMap;

use skyward_config::Role;
use skyward_k3s::Cluster;
use skyward_k3s::facts::{Entry, Facts, Init, Inotify, parse};
use skyward_k3s::peers;
use skyward_k3s::preflight::check;
use skyward_k3s::version::Version;
use skyward_terminal::Severity;

use super::plan::{THREE, bare, cluster, running_cluster};

fn found(cluster: &Cluster, facts: &[Facts]) -> Vec<String> {
    let findings = check(cluster, facts).into_iter();
    let line = |(object, text, next): (String, String, Option<String>)| {
        let next = next.map(|next| format!(". Next step: {next}")).unwrap_or_default();
        format!("{object}: {text}{next}")
    };
    findings.map(|finding| line((finding.object, finding.text, finding.next))).collect()
}

pub fn inotify(instances: u64, most_instances: u64, watches: u64, most_watches: u64) -> Inotify {
    Inotify { instances, most_instances, watches, most_watches }
}

#[test]
fn nothing_is_wrong_with_good_machines_nor_with_their_cluster() {
    let cluster = cluster(&THREE);
    let machines: Vec<Facts> = (0..4).map(|index| bare(&format!("m{index}"))).collect();
    assert_eq!(found(&cluster, &machines), [""; 0]);
    assert_eq!(found(&cluster, &running_cluster(&cluster)), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_machine_is_one_line_each() {
    let cluster = cluster(&[Role::Server]);
    let wrong = |change: &dyn Fn(&mut Facts)| {
        let mut facts = bare("m0");
        change(&mut facts);
        found(&cluster, &[facts]).join("\n")
    };
    insta::assert_snapshot!(
        [
            wrong(&|facts| facts.machine = "riscv64".to_owned()),
            wrong(&|facts| facts.init = Init::Unknown),
            wrong(&|facts| facts.memory_cgroup = false),
            wrong(&|facts| facts.cgroup_v1 = true),
            wrong(&|facts| facts.hostname = "my_host".to_owned()),
            wrong(&|facts| facts.hostname = "a".repeat(64)),
            wrong(&|facts| facts.memory_mib = 500),
            wrong(&|facts| facts.memory_mib = 1500),
            wrong(&|facts| facts.cores = 1),
            wrong(&|facts| facts.disk_mib = 100),
            wrong(&|facts| (facts.tcp, facts.udp) = (vec![22, 6443, 10250], vec![8472])),
            wrong(&|facts| facts.ahead_s = -90),
            wrong(&|facts| facts.hostname = "localhost".to_owned()),
            wrong(&|facts| facts.lacking = vec!["stat".to_owned()]),
            wrong(&|facts| facts.firewall = Some("ufw".to_owned())),
            wrong(&|facts| facts.firewall = Some("firewalld".to_owned())),
            wrong(&|facts| facts.cloud_setup = Some("nm-cloud-setup.timer".to_owned())),
            wrong(&|facts| facts.selinux = true),
            wrong(&|facts| {
                facts.modules = ["overlay", "vxlan", "br_netfilter"].map(str::to_owned).into();
            }),
            wrong(&|facts| facts.swap = true),
            wrong(&|facts| facts.inotify = Some(inotify(120, 128, 9, 8192))),
            wrong(&|facts| facts.inotify = Some(inotify(9, 128, 8000, 8192))),
            wrong(&|facts| facts.tcp = vec![80, 443, 6444, 10010, 10257]),
            wrong(&|facts| drop(
                facts.paths.insert("/etc/systemd/system/k3s.service".to_owned(), Entry::default())
            )),
            wrong(&|facts| facts.record = Some(Err("no JSON".to_owned()))),
        ]
        .join("\n")
    );
}

/// An option of one's own may make the kubelet refuse what k3s lets it take, and do without what k3s needs.
#[test]
fn options_change_what_is_refused() {
    let mut cluster = cluster(&[Role::Server]);
    let option = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    cluster.settings.options = BTreeMap::from([
        ("kubelet-arg".to_owned(), option(&["fail-swap-on=true"])),
        ("flannel-backend".to_owned(), option(&["wireguard-native"])),
    ]);
    let facts = Facts { swap: true, modules: vec!["vxlan".to_owned()], ..bare("m0") };
    let findings = check(&cluster, &[facts]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].severity, Severity::Error);
    assert!(findings[0].text.contains("its kubelet does not start"), "{findings:?}");
    cluster.settings.servicelb = false;
    let facts = Facts { tcp: vec![80], ..bare("m0") };
    assert_eq!(found(&cluster, &[facts]), [""; 0]);
}

/// Two clocks may each be near this machine's, and too far from each other.
#[test]
fn clocks_are_compared_with_each_other() {
    let cluster = cluster(&[Role::Server, Role::Agent]);
    let at = |name: &str, ahead_s: i64| Facts { ahead_s, ..bare(name) };
    assert_eq!(found(&cluster, &[at("m0", -4), at("m1", 5)]), [""; 0]);
    let apart = found(&cluster, &[at("m0", -8), at("m1", 9)]);
    let text = "10.0.0.12: its clock is 20 s ahead of that of 10.0.0.11, so certificates would not be valid. Next step: let NTP set its clock";
    assert_eq!(apart, [text]);
}

/// A port between machines blocks one that joins where the cluster needs it, and is told of members.
#[test]
fn ports_between_machines_are_looked_at() {
    let cluster = cluster(&[Role::Server, Role::Server, Role::Agent]);
    let asked = |index: usize| -> Vec<String> {
        let ports = peers::ports(&cluster, index);
        ports.into_iter().map(|(address, port)| format!("{address}:{port}")).collect()
    };
    let of_server = ["10250", "6443", "2379", "2380"].map(|port| format!("10.0.0.12:{port}"));
    assert_eq!(asked(0), [&of_server[..], &["10.0.0.13:10250".to_owned()]].concat());
    let of_agent = ["10.0.0.11:10250", "10.0.0.11:6443", "10.0.0.12:10250", "10.0.0.12:6443"];
    assert_eq!(asked(2), of_agent);

    let closed = |ports: &[u16]| {
        let closed = ports
            .iter()
            .map(|port| parse(&format!("closed\t10.0.0.11 {port} No route to host\n"), 0).closed);
        closed.flatten().collect::<Vec<_>>()
    };
    let judged = |ports: &[u16], address: &str, mut facts: Vec<Facts>| {
        facts[0].addresses.extend(address.parse::<std::net::IpAddr>());
        facts[1].closed = closed(ports);
        let findings = check(&cluster, &facts).into_iter();
        let findings = findings.filter(|finding| finding.text.contains("does not reach"));
        findings.map(|finding| (finding.severity, finding.text)).collect::<Vec<_>>()
    };
    let bare: Vec<Facts> = (0..3).map(|index| bare(&format!("m{index}"))).collect();
    let text =
        |ports: &str| format!("it does not reach TCP {ports} of 10.0.0.11 (No route to host)");
    let own = "10.0.0.11";
    let all = judged(&[2380, 6443, 10250], own, bare.clone());
    assert_eq!(all, [(Severity::Error, text("2380, 6443, 10250"))]);
    // Metrics alone need that of the kubelet; and behind a public address etcd uses another.
    assert_eq!(judged(&[10250], own, bare.clone()), [(Severity::Warning, text("10250"))]);
    assert_eq!(judged(&[2380], "192.168.1.2", bare.clone()), []);
    assert_eq!(judged(&[6443], "192.168.1.2", bare), [(Severity::Error, text("6443"))]);
    let members = running_cluster(&cluster);
    assert_eq!(judged(&[6443], own, members), [(Severity::Warning, text("6443"))]);
}

/// The kubelet refuses cgroup v1 from v1.35 on; capitals in a host name do not matter, as the node gets small ones.
#[test]
fn what_refuses_to_start_is_known_by_its_release() {
    let mut old = cluster(&[Role::Server]);
    old.version = Version::parse("v1.34.9+k3s1").expect("a release");
    let facts = Facts { cgroup_v1: true, ..bare("Web-1.Example") };
    assert_eq!(found(&old, std::slice::from_ref(&facts)), [""; 0]);
    assert_eq!(found(&cluster(&[Role::Server]), &[facts]).len(), 1);
}

/// A port that is in use matters to a machine that is to use it, and to no other.
#[test]
fn ports_count_by_role() {
    let mut agent = bare("m3");
    agent.tcp = vec![6443, 2379];
    let mut machines: Vec<Facts> = (0..3).map(|index| bare(&format!("m{index}"))).collect();
    machines.push(agent);
    assert_eq!(found(&cluster(&THREE), &machines), [""; 0]);
    machines[1].tcp = vec![2379];
    assert_eq!(found(&cluster(&THREE), &machines).len(), 1);
}
