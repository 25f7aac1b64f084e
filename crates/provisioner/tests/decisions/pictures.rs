//! Pictures of many configurations and runs: nothing lies over anything, and what is drawn is what the topology says.

use std::time::Duration;

use proptest::prelude::*;
use roxmltree::Document;
use skyward_config::{Aws, DatabaseStorage};

use skyward_provisioner::draw::{Annotations, Mark, timeline_svg, topology_mermaid, topology_svg};
use skyward_provisioner::kind::named;
use skyward_provisioner::timeline::Span;
use skyward_provisioner::topology::{Place, Topology, desired};

use crate::overlaps::problems;

fn place(zones: [&str; 3]) -> Place {
    Place { account: "123456789012".into(), zones: zones.map(str::to_owned) }
}

fn topology(aws: &Aws) -> Topology {
    let zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
    desired(aws, &place(zones), "#!/bin/sh\n").expect("a topology")
}

/// The longest of everything, and every option that changes the picture.
fn longest() -> Topology {
    let aws = Aws {
        name: "w".repeat(26),
        region: "ap-southeast-2".into(),
        network: "192.168.240.0/24".into(),
        instance_type: "u7in-24tb.224xlarge".into(),
        instances: 100,
        max_instances: 1000,
        health_path: format!("/{}", "health/".repeat(30)),
        certificate: Some(format!(
            "arn:aws:acm:ap-southeast-2:123456789012:certificate/{}",
            "f".repeat(36)
        )),
        database_class: "db.x2iedn.32xlarge".into(),
        database_storage: DatabaseStorage::Io1,
        database_storage_gib: 65_536,
        database_iops: Some(256_000),
        logs: true,
        ..Aws::default()
    };
    desired(&aws, &place(["us-west-2-lax-1a", "us-west-2-lax-1b", "us-east-1-bue-1a"]), "")
        .expect("a topology")
}

fn variants() -> Vec<Topology> {
    let single = Aws { single_nat_gateway: true, max_instances: 3, ..Aws::default() };
    let https = Aws {
        certificate: Some("arn:aws:acm:eu-central-1:123456789012:certificate/x".into()),
        logs: true,
        ..Aws::default()
    };
    vec![topology(&Aws::default()), topology(&single), topology(&https), longest()]
}

/// A different mark for each resource in turn.
fn marks(topology: &Topology) -> Annotations {
    let marks = Mark::ALL.into_iter().cycle();
    topology.resources.iter().map(|resource| resource.id.clone()).zip(marks).collect()
}

#[test]
fn nothing_lies_over_anything() {
    for topology in variants() {
        for annotations in [Annotations::new(), marks(&topology)] {
            let svg = topology_svg(&topology, &annotations);
            assert_eq!(problems(&svg), [""; 0], "{}", topology.stack);
        }
    }
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("well-formed XML");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).map(str::to_owned).collect()
}

#[test]
fn the_picture_says_what_the_topology_says() {
    let aws = Aws { network: "10.30.0.0/16".into(), ..Aws::default() };
    let said = texts(&topology_svg(&topology(&aws), &Annotations::new()));
    for expected in [
        "10.30.0.0/16",
        "10.30.0.0/20",
        "10.30.96.0/20",
        "eu-central-1c",
        "Public A",
        "Internal C",
        "Internet gateway",
        "Security group CMS",
        "in: 80 · out: 80, 443, 3306",
        "skyward-web",
        "HTTP, port 80",
        "3 to 6 × t3.micro",
        "aims for 60 % CPU",
        "MySQL, db.m5d.large",
        "100 GiB gp3",
        "Writer",
        "S3 assets",
        "S3 endpoint",
    ] {
        assert!(said.iter().any(|text| text == expected), "{expected}: {said:?}");
    }
    assert_eq!(said.iter().filter(|text| *text == "NAT").count(), 3);
    let single = Aws { single_nat_gateway: true, ..Aws::default() };
    let said = texts(&topology_svg(&topology(&single), &Annotations::new()));
    assert_eq!(said.iter().filter(|text| *text == "NAT").count(), 1);
}

#[test]
fn the_weightiest_mark_of_a_group_shows() {
    let topology = topology(&Aws::default());
    let mut annotations = Annotations::new();
    annotations.insert("listener/http".into(), Mark::Update);
    annotations.insert("load-balancer".into(), Mark::InSync);
    let svg = topology_svg(&topology, &annotations);
    let drawn = |mark: Mark| svg.matches(&format!("<g class=\"{}\"", mark.class())).count();
    // One at the load balancer, and one in the row that explains the signs.
    assert_eq!((drawn(Mark::Update), drawn(Mark::InSync)), (2, 1));
    let unsaid = format!("nothing said of {}", topology.resources.len() - 2);
    assert!(texts(&svg).contains(&unsaid));
}

#[test]
fn mermaid_has_every_part_and_closes_what_it_opens() {
    for topology in variants() {
        let text = topology_mermaid(&topology);
        let count = |word: &str| text.lines().filter(|line| line.trim().starts_with(word)).count();
        assert_eq!(count("subgraph"), 7, "{text}");
        assert_eq!(count("end"), 7, "{text}");
        let nats = topology
            .resources
            .iter()
            .filter(|resource| resource.spec.kind().id() == "nat-gateway")
            .count();
        assert_eq!(count("nat_"), nats, "{text}");
        assert_eq!(text.contains("S3 logs"), topology.get(&"bucket/logs".into()).is_some());
    }
}

/// About what an apply does.
fn apply() -> Vec<Span> {
    let second = |seconds: f64| Duration::from_secs_f64(seconds);
    let topology = topology(&Aws::default());
    let mut ended = std::collections::BTreeMap::new();
    topology
        .resources
        .iter()
        .map(|resource| {
            let kind = resource.spec.kind();
            let takes = match kind.id() {
                "db-cluster" => 722.4,
                "nat-gateway" => 106.0,
                "load-balancer" => 151.2,
                "auto-scaling-group" => 70.0,
                _ => 1.7,
            };
            let started = resource.needs.iter().map(|need| ended[need]).fold(0.0, f64::max);
            ended.insert(resource.id.clone(), started + takes);
            let is_critical = ["vpc", "subnet/internal-c", "db-subnet-group", "db-cluster"]
                .contains(&resource.id.as_str());
            Span {
                id: resource.id.clone(),
                kind,
                action: "create".into(),
                started: second(started),
                ended: second(started + takes),
                is_critical,
            }
        })
        .collect()
}

#[test]
fn an_apply_is_drawn_without_overlaps() {
    let spans = apply();
    let svg = timeline_svg(&spans);
    assert_eq!(problems(&svg), [""; 0]);
    let said = texts(&svg);
    for span in &spans {
        assert!(said.iter().any(|text| *text == span.id.to_string()), "{}", span.id);
    }
    // Those of the path, and the one that explains the colour.
    assert_eq!(svg.matches("class=\"bar-critical\"").count(), 4 + 1);
    for marked in ["0", "2", "12", "minutes since the start", "12 min 2 s"] {
        assert!(said.iter().any(|text| text == marked), "{marked}: {said:?}");
    }
}

#[test]
fn nothing_done_is_drawn_too() {
    let svg = timeline_svg(&[]);
    assert_eq!(problems(&svg), [""; 0]);
    assert!(svg.contains("Nothing was done"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_run_is_drawn_without_overlaps(
        steps in prop::collection::vec((".{0,40}", 0_u64..40_000, 0_u64..40_000, any::<bool>(), 0..4_usize), 0..60),
    ) {
        let spans: Vec<Span> = steps
            .into_iter()
            .map(|(name, started, takes, is_critical, action)| Span {
                id: format!("x{name}").into(),
                kind: named("subnet").expect("a kind"),
                action: ["create", "update", "replace", "delete"][action].into(),
                started: Duration::from_millis(started * 97),
                ended: Duration::from_millis((started + takes) * 97),
                is_critical,
            })
            .collect();
        prop_assert_eq!(problems(&timeline_svg(&spans)), [""; 0]);
    }

    #[test]
    fn any_name_is_drawn_without_overlaps(
        name in "[a-z][a-z0-9-]{0,25}",
        bits in 16_u32..=24,
        kind in "[a-z0-9-]{1,12}\\.[a-z0-9]{1,10}",
        path in "/\\PC{0,60}",
    ) {
        let aws = Aws { name, network: format!("172.16.0.0/{bits}"), instance_type: kind, health_path: path, logs: true, ..Aws::default() };
        prop_assert_eq!(problems(&topology_svg(&topology(&aws), &Annotations::new())), [""; 0]);
    }
}
