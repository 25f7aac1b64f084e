//! The files of a machine.

use std::collections::BTreeMap;

use skyward_config::{K3s, Role};
use skyward_k3s::facts::{Entry, Facts, Init};
use skyward_k3s::files::{DesiredFile, Member, desired};
use skyward_k3s::version::Version;
use skyward_k3s::{Cluster, Machine};

fn machine(address: &str, role: Role) -> Machine {
    Machine { address: Some(address.to_owned()), role, ..Machine::this() }
}

fn cluster() -> Cluster {
    let labels = BTreeMap::from([("example.com/disk".to_owned(), "ssd".to_owned())]);
    let agent =
        Machine { labels, ip: Some("10.0.0.14".to_owned()), ..machine("desktop", Role::Agent) };
    Cluster {
        name: "skyward".to_owned(),
        context: "skyward".to_owned(),
        machines: vec![
            machine("10.0.0.11", Role::Server),
            machine("10.0.0.12", Role::Server),
            machine("fd00::13", Role::Server),
            agent,
        ],
        away: Vec::new(),
        version: Version::parse("v1.36.3+k3s1").expect("a release"),
        registries: None,
        settings: K3s {
            registries: BTreeMap::from([(
                "docker.io".to_owned(),
                vec!["https://mirror.example.com".to_owned()],
            )]),
            embedded_registry: true,
            traefik: false,
            servicelb: false,
            node_env: BTreeMap::from([
                ("HTTPS_PROXY".to_owned(), "http://proxy.example.com:3128".to_owned()),
                ("QUOTED".to_owned(), "it's $HOME".to_owned()),
            ]),
            ..K3s::default()
        },
    }
}

fn all(cluster: &Cluster, index: usize, init: Init) -> String {
    let first = cluster.machines[0].api_server();
    let member = Member {
        machine: &cluster.machines[index],
        node: &format!("m{}", index + 1),
        joins: (index > 0).then_some(first.as_str()),
    };
    let files = desired(cluster, &member, init);
    let shown = files.iter().map(|file| {
        format!("=== {} {:04o}\n{}", file.path, file.mode, String::from_utf8_lossy(&file.content))
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_files_of_a_first_server() {
    insta::assert_snapshot!(all(&cluster(), 0, Init::Systemd));
}

#[test]
fn the_configuration_of_a_server_that_joins() {
    let text = all(&cluster(), 1, Init::Systemd);
    insta::assert_snapshot!(text.split("=== ").nth(1).expect("config.yaml"));
}

#[test]
fn the_files_of_an_agent() {
    insta::assert_snapshot!(all(&cluster(), 3, Init::Systemd));
}

#[test]
fn the_files_under_openrc() {
    insta::assert_snapshot!(all(&cluster(), 3, Init::OpenRc));
}

#[test]
fn a_machine_alone_needs_little() {
    let alone = Cluster { machines: vec![Machine::this()], settings: K3s::default(), ..cluster() };
    insta::assert_snapshot!(all(&alone, 0, Init::Systemd));
}

/// A first server begins a cluster by itself, and goes on being its beginning when more join.
#[test]
fn more_servers_change_what_the_first_is_started_with() {
    let three = cluster();
    let one = Cluster { machines: vec![three.machines[0].clone()], ..three.clone() };
    assert!(!all(&one, 0, Init::Systemd).contains("cluster-init"));
    assert!(all(&three, 0, Init::Systemd).contains("cluster-init: true"));
    assert!(all(&three, 1, Init::Systemd).contains("server: https://10.0.0.11:6443"));
}

#[test]
fn a_file_is_there_with_content_mode_and_owner() {
    let file = DesiredFile { path: "/etc/x".to_owned(), mode: 0o600, content: b"a".to_vec() };
    let mut facts = Facts::default();
    assert!(!file.is_there(&facts));
    let entry = Entry { mode: "600".to_owned(), owner: "0:0".to_owned(), sum: Some(file.sum()) };
    facts.paths.insert("/etc/x".to_owned(), entry);
    assert!(file.is_there(&facts));
    let with = |change: &dyn Fn(&mut Entry)| {
        let mut facts = facts.clone();
        change(facts.paths.get_mut("/etc/x").expect("it is there"));
        file.is_there(&facts)
    };
    assert!(!with(&|entry| entry.mode = "644".to_owned()));
    assert!(!with(&|entry| entry.owner = "1000:0".to_owned()));
    assert!(!with(&|entry| entry.sum = None));
}

/// The unit of a server or an agent.
fn unit_file(unit: &str) -> String {
    let cluster = cluster();
    let index = if unit == "k3s" { 0 } else { 3 };
    let first = cluster.machines[0].api_server();
    let joins = (index > 0).then_some(first.as_str());
    let member = Member { machine: &cluster.machines[index], node: "m", joins };
    let path = format!("/etc/systemd/system/{unit}.service");
    let files = desired(&cluster, &member, Init::Systemd);
    let file = files.into_iter().find(|file| file.path == path).expect("a unit");
    String::from_utf8(file.content).expect("text")
}

/// systemd itself reads the units, where it is installed.
#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_finds_nothing_wrong_with_the_units() {
    let folder = tempfile::tempdir().expect("a folder");
    for unit in ["k3s", "k3s-agent"] {
        let path = folder.path().join(format!("{unit}.service"));
        // The program is not on this machine; any that is there stands for it.
        let text = unit_file(unit).replace("/usr/local/bin/k3s", "/bin/true");
        std::fs::write(&path, text).expect("a file");
        let output = std::process::Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&path)
            .output()
            .expect("systemd-analyze");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let about_ours: Vec<&str> = said.lines().filter(|line| line.contains(unit)).collect();
        assert!(output.status.success() && about_ours.is_empty(), "{unit}: {said}");
    }
    // It does find what is wrong.
    let path = folder.path().join("wrong.service");
    std::fs::write(&path, unit_file("k3s").replace("Type=notify", "Type=nonsense"))
        .expect("a file");
    let output = std::process::Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output();
    let said = String::from_utf8_lossy(&output.expect("systemd-analyze").stderr).into_owned();
    assert!(said.contains("nonsense"), "{said}");
}
