//! The networks of pods and Services, taints, and what is passed on to k3s as it is.

use std::collections::BTreeMap;

use skyward_config::{K3s, Role};
use skyward_k3s::facts::{Facts, parse};
use skyward_k3s::files::{Member, desired};
use skyward_k3s::network::Network;
use skyward_k3s::preflight::check;
use skyward_k3s::record::{self, Record};
use skyward_k3s::version::Version;
use skyward_k3s::{Cluster, Machine};

use super::operator::Operator;
use skyward_testkit::machines::OLD;

fn cluster(settings: K3s) -> Cluster {
    Cluster {
        name: "skyward".to_owned(),
        context: "skyward".to_owned(),
        machines: vec![Machine { address: Some("10.0.0.11".to_owned()), ..Machine::this() }],
        away: Vec::new(),
        version: Version::parse("v1.36.3+k3s1").expect("a release"),
        registries: None,
        settings,
    }
}

fn networks(pods: &str, services: &str) -> K3s {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    K3s { pod_network: given(pods), service_network: given(services), ..K3s::default() }
}

/// What is said about networks, of a machine with these lines of facts.
fn said(cluster: &Cluster, facts: &Facts) -> Vec<String> {
    let findings = check(cluster, std::slice::from_ref(facts)).into_iter();
    let findings = findings.filter(|finding| finding.text.contains("network"));
    findings
        .map(|finding| format!("{}. {}", finding.text, finding.next.unwrap_or_default()))
        .collect()
}

#[test]
fn a_network_holds_what_is_within_it() {
    let parse = |text| Network::parse(text).expect(text);
    for (outer, inner, is_within) in [
        ("10.42.0.0/16", "10.42.7.0/24", true),
        ("10.42.0.0/16", "10.42.0.0/16", true),
        ("10.42.0.0/16", "10.43.0.0/24", false),
        ("10.42.0.0/16", "10.0.0.0/8", false),
        ("0.0.0.0/0", "10.0.0.0/8", true),
        ("10.1.2.3/32", "10.1.2.3/32", true),
        ("fd42::/56,10.42.0.0/16", "10.42.255.255/32", true),
    ] {
        assert_eq!(parse(outer).holds(parse(inner)), is_within, "{outer} {inner}");
    }
    for text in ["", "10.42.0.0", "10.42.0.0/33", "fd42::/56", "web/8"] {
        assert_eq!(Network::parse(text), None, "{text}");
    }
}

/// The lines are those of `/proc/net/route`, whose numbers have their bytes turned.
#[test]
fn a_machine_within_the_network_of_pods_or_services_is_refused() {
    let route = "route\teth1 00002A0A 00FFFFFF\n";
    let next = "set k3s.pod_network to a network that no machine is in or leads to";
    let within = "its network 10.42.0.0/24 (eth1) is within that of pods, 10.42.0.0/16: one of the two would not be reached";
    assert_eq!(said(&cluster(K3s::default()), &parse(route, 0)), [format!("{within}. {next}")]);
    let elsewhere = cluster(networks("10.244.0.0/16", ""));
    assert_eq!(said(&elsewhere, &parse(route, 0)), [""; 0]);
    // An address without a network of its own, such as that of a tunnel.
    let text = "its address 10.43.0.7 is within the network of Services, 10.43.0.0/16";
    let address = said(&cluster(K3s::default()), &parse("address\t10.43.0.7\n", 0));
    assert_eq!(address.len(), 1, "{address:?}");
    assert!(address[0].starts_with(text), "{address:?}");
    // A larger network of the machine's leads past that of the pods, to all but what is in it.
    let larger = "route\teth0 0000000A 000000FF\n";
    let past = "that of pods, 10.42.0.0/16, is within its network 10.0.0.0/8 (eth0): what has an address in it there would not be reached";
    assert_eq!(said(&cluster(K3s::default()), &parse(larger, 0)), [format!("{past}. {next}")]);
    let services = cluster(networks("", "10.0.0.0/16"));
    let text = "its address 10.0.0.11 is within the network of Services, 10.0.0.0/16. set k3s.service_network to a network that no machine is in or leads to";
    assert_eq!(said(&services, &parse("", 0)), [text]);
}

#[test]
fn a_network_stays_once_the_cluster_has_begun() {
    let record = Record {
        cluster: "skyward".to_owned(),
        id: "id".to_owned(),
        role: Role::Server,
        node: "m1".to_owned(),
        first: true,
        before: std::collections::BTreeSet::new(),
        cni_rules: false,
        sysctls: BTreeMap::new(),
    };
    let member = |lines: &str| {
        let facts = parse(&format!("started\tstamp\nroute\tcni0 00002A0A 00FFFFFF\n{lines}"), 0);
        Facts { record: Some(Ok(record.clone())), ..facts }
    };
    let moved = cluster(networks("10.244.0.0/16", ""));
    let text = "the network of its pods is 10.42.0.0/16 and the configuration says 10.244.0.0/16. keep k3s.pod_network: it cannot be changed once the cluster has begun";
    assert_eq!(said(&moved, &member("")), [text]);
    assert_eq!(said(&moved, &member("cluster-cidr\t10.244.0.0/16\n")), [""; 0]);
    assert_eq!(said(&cluster(K3s::default()), &member("")), [""; 0]);
}

#[test]
fn taints_networks_and_options_are_in_the_configuration() {
    let option = |name: &str, values: &[&str]| {
        (name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    };
    let settings = K3s {
        options: BTreeMap::from([
            option("flannel-iface", &["eth0"]),
            option("kubelet-arg", &["max-pods=50", "v=2"]),
            option("kube-apiserver-arg", &["audit-log-path=/var/log/audit"]),
            option("disable-network-policy", &["true"]),
        ]),
        ..networks("10.244.0.0/16,fd42::/56", "10.245.0.0/16,fd43::/112")
    };
    let mut cluster = cluster(settings);
    cluster.machines[0].taints = vec!["dedicated=web:NoSchedule".to_owned()];
    cluster.machines[0].options = BTreeMap::from([option("flannel-iface", &["eth1"])]);
    let config = |role: Role| {
        let machine = Machine { role, ..cluster.machines[0].clone() };
        let member = Member { machine: &machine, node: "m1", joins: None };
        let files = desired(&cluster, &member, skyward_k3s::facts::Init::Systemd);
        let config = files.into_iter().find(|file| file.path == record::CONFIG).expect("a file");
        String::from_utf8(config.content).expect("text")
    };
    let server = config(Role::Server);
    for line in [
        "cluster-cidr: 10.244.0.0/16,fd42::/56\n",
        "service-cidr: 10.245.0.0/16,fd43::/112\n",
        "flannel-iface: eth1\n",
        "disable-network-policy: \"true\"\n",
        "kube-apiserver-arg: audit-log-path=/var/log/audit\n",
        "kubelet-arg:\n- max-pods=50\n- v=2\n",
        "node-taint:\n- dedicated=web:NoSchedule\n",
    ] {
        let indented = line.replace("\n- ", "\n  - ");
        assert!(server.contains(line) || server.contains(&indented), "{line}{server}");
    }
    let agent = config(Role::Agent);
    // What agents do not know would keep them from starting.
    assert!(!agent.contains("apiserver") && !agent.contains("network-policy"), "{agent}");
    assert!(!agent.contains("-cidr") && agent.contains("flannel-iface: eth1"), "{agent}");
}

/// By the command that a user types: the network of the machines is refused, another is taken, and stays.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn a_cluster_begins_with_networks_of_its_own() {
    let world = super::world(1);
    world.know_hosts();
    let with = |keys: &str| Operator::with(&world, &[(0, "server")], OLD, "files", keys);
    let refused = with("pod_network = \"10.77.0.0/16\"").fail("cluster up");
    println!("$ cluster up     # pods in the network of the machines\n{refused}");
    let text = "PROBLEM  10.77.0.11: its network 10.77.0.0/24 (eth0) is within that of pods";
    assert!(refused.contains(text), "{refused}");
    let own = with("pod_network = \"10.244.0.0/16\"");
    own.succeed("cluster up");
    let moved = with("").fail("cluster up");
    assert!(moved.contains("the network of its pods is 10.244.0.0/16"), "{moved}");
    let again = with("pod_network = \"10.244.0.0/16\"").succeed("cluster up");
    assert!(again.contains("Nothing to do"), "{again}");
}
