//! What is decided about machines: the steps that are left, the order of an upgrade, and what `down` removes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use skyward_config::{K3s, Role};
use skyward_k3s::facts::{Entry, Facts, Init, parse};
use skyward_k3s::plan::{self, MachineStep};
use skyward_k3s::preflight::{Identity, check};
use skyward_k3s::record::{self, Record};
use skyward_k3s::release::{Assets, Verified};
use skyward_k3s::version::{Arch, Version};
use skyward_k3s::{Cluster, Machine, down, upgrade};

use super::preflight::inotify;

const VERSION: &str = "v1.36.3+k3s1";

pub fn cluster(roles: &[Role]) -> Cluster {
    let machines = roles.iter().enumerate().map(|(index, role)| Machine {
        address: Some(format!("10.0.0.{}", 11 + index)),
        role: *role,
        ..Machine::this()
    });
    Cluster {
        name: "skyward".to_owned(),
        context: "skyward".to_owned(),
        machines: machines.collect(),
        away: Vec::new(),
        version: Version::parse(VERSION).expect("a release"),
        settings: K3s::default(),
        registries: None,
    }
}

/// A machine without any problem.
pub fn bare(name: &str) -> Facts {
    Facts {
        hostname: name.to_owned(),
        machine: "x86_64".to_owned(),
        init: Init::Systemd,
        memory_mib: 4000,
        cores: 4,
        disk_mib: 20_000,
        memory_cgroup: true,
        ..Facts::default()
    }
}

fn file(sum: &str, mode: &str) -> Entry {
    Entry { mode: mode.to_owned(), owner: "0:0".to_owned(), sum: Some(sum.to_owned()) }
}

/// The machine after everything that is planned was done.
fn done(facts: &Facts, planned: &plan::MachinePlan, identity: &Identity, role: Role) -> Facts {
    let mut facts = facts.clone();
    facts.record = Some(Ok(planned.record.clone()));
    for step in &planned.steps {
        match step {
            MachineStep::Binary(binary) => {
                facts.paths.insert(record::BINARY.to_owned(), file(&binary.sum, "755"));
            }
            MachineStep::File(desired) => {
                if desired.path == record::CONFIG {
                    let text = String::from_utf8_lossy(&desired.content).into_owned();
                    let joined = text.lines().find_map(|line| line.strip_prefix("server: "));
                    facts.joined = joined.map(str::to_owned);
                }
                let entry = file(&desired.sum(), &format!("{:o}", desired.mode));
                facts.paths.insert(desired.path.clone(), entry);
            }
            MachineStep::Token => {
                facts.paths.insert(record::TOKEN.to_owned(), file("t", "600"));
                facts.token = match role {
                    Role::Server => identity.token.clone(),
                    Role::Agent => identity.agent_token.clone(),
                };
                if role == Role::Server {
                    facts.paths.insert(record::AGENT_TOKEN.to_owned(), file("t", "600"));
                    facts.agent_token.clone_from(&identity.agent_token);
                }
            }
            _ => {}
        }
    }
    facts.version = Some(VERSION.to_owned());
    facts.active = true;
    facts.enabled = true;
    facts.started = Some(planned.stamp.clone());
    facts.authority = (role == Role::Server).then(|| "ca".to_owned());
    facts
}

fn assets() -> BTreeMap<Arch, Assets> {
    let binary = Verified { path: "k3s".into(), sum: "0123456789abcdef".to_owned() };
    BTreeMap::from([(Arch::Amd64, Assets { binary, images: None })])
}

/// A cluster that runs, as its machines tell.
pub fn running_cluster(cluster: &Cluster) -> Vec<Facts> {
    let bare: Vec<Facts> =
        (0..cluster.machines.len()).map(|index| bare(&format!("m{index}"))).collect();
    let identity = Identity {
        token: Some("server".to_owned()),
        agent_token: Some("agent".to_owned()),
        ..Identity::of(cluster, &bare)
    };
    let plan = plan::plan(cluster, &bare, &identity, &assets(), "id");
    bare.iter()
        .zip(&plan.machines)
        .zip(&cluster.machines)
        .map(|((facts, planned), machine)| done(facts, planned, &identity, machine.role))
        .collect()
}

pub const THREE: [Role; 4] = [Role::Server, Role::Server, Role::Server, Role::Agent];

#[test]
fn what_is_there_is_not_done_again() {
    let cluster = cluster(&THREE);
    let facts = running_cluster(&cluster);
    let plan_of = |facts: &[Facts]| {
        plan::plan(&cluster, facts, &Identity::of(&cluster, facts), &BTreeMap::new(), "other")
    };
    assert!(plan::needed(&facts, &cluster.version, false).is_empty());
    assert_eq!(plan::needed(&facts, &cluster.version, true), [Arch::Amd64]);
    assert!(plan_of(&facts).is_empty(), "{:?}", plan_of(&facts));
    let after = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts.clone();
        change(&mut facts[3]);
        let plan = plan_of(&facts);
        let steps = plan.machines[3].steps.iter().map(ToString::to_string);
        steps.collect::<Vec<_>>().join(", ")
    };
    insta::assert_snapshot!([
        after(&|facts| facts.active = false),
        after(&|facts| facts.enabled = false),
        after(&|facts| facts.started = Some("other".to_owned())),
        after(&|facts| drop(facts.paths.insert(record::CONFIG.to_owned(), file("x", "600")))),
        after(&|facts| drop(facts.paths.insert(record::TOKEN.to_owned(), file("t", "644")))),
    ]
    .join("\n"), @r"
    start k3s and wait for its node
    start k3s and wait for its node
    start k3s and wait for its node
    write /etc/rancher/k3s/config.yaml
    write /etc/rancher/k3s/token
    ");
}

#[test]
fn an_upgrade_takes_servers_first_and_skips_no_minor() {
    let mut cluster = cluster(&[Role::Server, Role::Agent, Role::Server, Role::Server]);
    let facts = running_cluster(&cluster);
    let mut order = |version: &str, facts: &[Facts]| {
        cluster.version = Version::parse(version).expect(version);
        upgrade::order(&cluster, facts).map_err(|findings| findings.len())
    };
    assert_eq!(order(VERSION, &facts), Ok(vec![]));
    assert_eq!(order("v1.36.9+k3s1", &facts), Ok(vec![0, 2, 3, 1]));
    assert_eq!(order("v1.37.0+k3s1", &facts), Ok(vec![0, 2, 3, 1]));
    assert_eq!(order("v1.38.0+k3s1", &facts), Err(4));
    assert_eq!(order("v1.36.2+k3s9", &facts), Err(4));
    assert_eq!(order("v2.0.0+k3s1", &facts), Err(4));
    // A run that was killed: two are renewed, and one of them does not take pods yet.
    let mut half = facts.clone();
    for index in [0, 2] {
        half[index].version = Some("v1.37.0+k3s1".to_owned());
    }
    half[2].cordoned = true;
    assert_eq!(order("v1.37.0+k3s1", &half), Ok(vec![2, 3, 1]));
}

#[test]
fn the_answer_of_a_machine_is_read() {
    let text = "available\t51200\ninodes\t7 100\naddress\t10.0.0.9\naddress\tfd00:0:0:0:0:0:0:9\ninotify\t3 128 40 8192\nmodule\tvxlan\n\
        selinux\tenforcing\ncloud-setup\tnm-cloud-setup\nswap\ton\nclosed\tweb-1 6443 Name or service not known\nhostname\tM1\nmachine\taarch64\ninit\topenrc\nclock\t1000\nmemory\t2097152\ncores\t2\ndisk\t1048576 2097152\ncgroup\tmemory\n\
        tcp\t192B\ntcp\t0016\nudp\t2118\npath\t/etc/x\t600 0:0\tabc\npath\t/var/lib/cni\t755 0:0\t-\nversion\tk3s version v1.36.3+k3s1 (abc)\n\
        active\tk3s\nrecord\t{\nnonsense\n";
    let facts = parse(text, 990);
    assert_eq!((facts.init, facts.ahead_s, facts.memory_mib), (Init::OpenRc, 10, 2048));
    assert_eq!((facts.tcp, facts.udp), (vec![22, 6443], vec![8472]));
    assert_eq!((facts.available_mib, facts.inodes), (Some(50), Some((7, 100))));
    assert_eq!((facts.disk_mib, facts.disk_total_mib), (1024, Some(2048)));
    assert_eq!(facts.addresses.len(), 2);
    assert_eq!(facts.inotify, Some(inotify(3, 128, 40, 8192)));
    assert!(facts.selinux && facts.swap && facts.cloud_setup.is_some());
    assert_eq!(facts.modules, ["vxlan"]);
    let closed = &facts.closed[0];
    assert_eq!((closed.address.as_str(), closed.port), ("web-1", 6443));
    assert_eq!(closed.reason, "Name or service not known");
    assert_eq!(facts.version.as_deref(), Some(VERSION));
    assert!(facts.active && !facts.enabled && facts.memory_cgroup);
    assert!(matches!(facts.record, Some(Err(_))));
    assert_eq!(facts.paths["/etc/x"], file("abc", "600"));
    assert_eq!(facts.paths["/var/lib/cni"].sum, None);
}

proptest! {
    /// Whatever a machine answers, it is read without a panic, and judged.
    #[test]
    fn any_answer_is_judged(text in "(\\PC{0,12}\t\\PC{0,20}\n){0,20}", clock in any::<i64>()) {
        let facts = parse(&text, clock);
        let _ = check(&cluster(&[Role::Server]), &[facts]);
    }

    /// From any half-done state, doing the plan leaves nothing to do.
    #[test]
    fn a_plan_from_any_half_done_state_ends(undone in prop::collection::vec(0usize..12, 0..8)) {
        let cluster = cluster(&THREE);
        let whole = running_cluster(&cluster);
        let mut facts = whole.clone();
        for (index, what) in undone.into_iter().enumerate() {
            let machine = &mut facts[index % 3 + 1];
            match what {
                0 => machine.active = false,
                1 => machine.enabled = false,
                2 => machine.started = None,
                3 => machine.token = None,
                4 => { machine.paths.remove(record::BINARY); machine.version = None; }
                5 => { machine.paths.remove(record::CONFIG); machine.joined = None; }
                6 => { machine.paths.remove(record::TOKEN); machine.token = None; }
                _ => { *machine = bare(&machine.hostname); }
            }
        }
        let identity = Identity::of(&cluster, &facts);
        let plan = plan::plan(&cluster, &facts, &identity, &assets(), "other");
        let after: Vec<Facts> = facts.iter().zip(&plan.machines).zip(&cluster.machines)
            .map(|((facts, planned), machine)| {
                let mut after = done(facts, planned, &identity, machine.role);
                after.paths.retain(|_, entry| !entry.mode.is_empty());
                after
            })
            .collect();
        let plan = plan::plan(&cluster, &after, &identity, &BTreeMap::new(), "third");
        prop_assert!(plan.is_empty(), "{:?}", plan);
        let ids: BTreeSet<&str> = plan.machines.iter().map(|planned| planned.record.id.as_str()).collect();
        prop_assert_eq!(ids.len(), 1);
    }
}

#[test]
fn the_record_is_read_as_it_was_written() {
    let record = Record {
        cluster: "skyward".to_owned(),
        id: "id".to_owned(),
        role: Role::Agent,
        node: "m".to_owned(),
        first: false,
        before: ["/usr/local/bin".to_owned()].into(),
        cni_rules: true,
        sysctls: BTreeMap::from([("kernel/panic".to_owned(), "0".to_owned())]),
    };
    let read: Record = serde_json::from_slice(&record.content()).expect("JSON");
    assert_eq!(read, record);
}

#[test]
fn what_was_there_before_stays_or_comes_back() {
    let before = [
        record::BINARY,
        "/var/lib/cni",
        "/var/lib/kubelet",
        "/var/lib/kubelet/other",
        "/usr/local/bin",
        "/var/lib/rancher",
    ];
    let record = Record {
        cluster: "skyward".to_owned(),
        id: "1".to_owned(),
        role: Role::Server,
        node: "a".to_owned(),
        first: true,
        before: before.map(str::to_owned).into(),
        cni_rules: false,
        sysctls: record::SYSCTLS.map(|(name, _)| (name.to_owned(), "1".to_owned())).into(),
    };
    let lists = down::removal(&record);
    let parts: Vec<&[String]> = lists.split(|word| word == "--").collect();
    let [gone, back, folders, sysctls, swept, kept] = parts[..] else { panic!("{lists:?}") };
    assert!(gone.iter().all(|path| !before.contains(&path.as_str())), "{gone:?}");
    assert!(gone.contains(&"/var/lib/rancher/k3s".to_owned()));
    // A folder of another program keeps what is not ours in it.
    assert!(gone.contains(&"/var/lib/cni/networks/cbr0".to_owned()));
    assert_eq!(back, [record::BINARY]);
    // Those that the kubelet changes: two of the four have its values anyhow.
    assert_eq!(sysctls, ["vm/panic_on_oom", "1", "0", "kernel/panic", "1", "10"]);
    assert_eq!(swept, ["/var/lib/kubelet"]);
    assert_eq!(kept, ["/var/lib/kubelet/other"]);
    assert!(folders.contains(&"/etc/rancher".to_owned()));
    assert!(!folders.contains(&"/usr/local/bin".to_owned()));
}
