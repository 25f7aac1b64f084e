//! What the configuration describes.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;
use skyward_config::Aws;
use skyward_provisioner::topology::{
    Id, LaunchTemplate, Names, Peer, Place, Rule, SecurityGroupRules, Topology, desired,
};

fn place() -> Place {
    let zones = ["a", "b", "c"].map(|letter| format!("eu-central-1{letter}"));
    Place { account: "123456789012".into(), zones }
}

fn build(aws: &Aws) -> Topology {
    desired(aws, &place(), "#!/bin/sh\n").expect("a topology")
}

fn certificate() -> String {
    "arn:aws:acm:eu-central-1:123456789012:certificate/1".into()
}

/// Every combination of the options that add or take away resources.
fn variants() -> Vec<Aws> {
    let mut all = Vec::new();
    for bits in 0..16 {
        let is_on = |bit: u32| bits & (1 << bit) != 0;
        all.push(Aws {
            single_nat_gateway: is_on(0),
            certificate: is_on(1).then(certificate),
            logs: is_on(2),
            max_instances: if is_on(3) { 3 } else { 6 },
            ..Aws::default()
        });
    }
    all
}

#[test]
fn the_topology_of_the_brief() {
    let mut text = String::new();
    for resource in build(&Aws::default()).resources {
        let needs: Vec<&str> = resource.needs.iter().map(Id::as_str).collect();
        let kind = resource.spec.kind();
        writeln!(text, "{:<26} {kind:<24} {}", resource.id, needs.join(" ")).expect("a string");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn everything_with_every_option() {
    let aws = Aws { certificate: Some(certificate()), logs: true, ..Aws::default() };
    insta::assert_snapshot!(serde_json::to_string_pretty(&build(&aws)).expect("JSON"));
}

/// All text in a spec that is the id of a resource, but for fields that only describe.
fn references(value: &Value, ids: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if ids.contains(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, ids, found)),
        Value::Object(fields) => {
            let fields =
                fields.iter().filter(|(name, _)| !matches!(name.as_str(), "kind" | "attributes"));
            fields.for_each(|(_, field)| references(field, ids, found));
        }
        _ => {}
    }
}

#[test]
fn everything_is_made_after_what_it_refers_to_in_every_variant() {
    for aws in variants() {
        let topology = build(&aws);
        let ids: BTreeSet<String> = topology.resources.iter().map(|it| it.id.to_string()).collect();
        assert_eq!(ids.len(), topology.resources.len(), "ids are unique");
        let mut made = BTreeSet::new();
        for resource in &topology.resources {
            let mut found = BTreeSet::new();
            references(&serde_json::to_value(&resource.spec).expect("JSON"), &ids, &mut found);
            for id in found {
                let id = Id::new(id);
                assert!(
                    resource.needs.contains(&id),
                    "{} refers to {id} and does not need it",
                    resource.id
                );
            }
            for need in &resource.needs {
                assert!(
                    made.contains(need),
                    "{} stands before {need}, which it needs",
                    resource.id
                );
            }
            made.insert(resource.id.clone());
        }
    }
}

#[test]
fn options_change_what_they_name_and_nothing_else() {
    let ids = |aws: &Aws| -> BTreeSet<String> {
        build(aws).resources.iter().map(|resource| resource.id.to_string()).collect()
    };
    let usual = ids(&Aws::default());
    let check = |aws: Aws, gone: &[&str], new: &[&str]| {
        let ids = ids(&aws);
        let texts = |difference: BTreeSet<String>| difference.into_iter().collect::<Vec<_>>();
        assert_eq!(texts(&usual - &ids), gone);
        assert_eq!(texts(&ids - &usual), new);
    };
    let single = Aws { single_nat_gateway: true, ..Aws::default() };
    check(single, &["address/b", "address/c", "nat-gateway/b", "nat-gateway/c"], &[]);
    check(Aws { certificate: Some(certificate()), ..Aws::default() }, &[], &["listener/https"]);
    check(Aws { logs: true, ..Aws::default() }, &[], &["bucket/logs", "flow-log"]);
    check(Aws { max_instances: 3, ..Aws::default() }, &["scaling-policy"], &[]);
}

/// What AWS takes: 32 characters for a load balancer, 63 for a bucket and a database, 64 for a role and a client token.
#[test]
fn the_longest_names_fit() {
    let names = Names::new(&"s".repeat(20), "ap-southeast-7", "123456789012");
    for (name, most) in [
        (names.load_balancer(), 32),
        (names.target_group(), 32),
        (names.database(), 63),
        (names.bucket("assets"), 63),
        (names.role(), 64),
        (names.client_token(&"nat-gateway/a".into(), "1"), 64),
    ] {
        assert!(name.len() <= most, "{name}: {} of {most}", name.len());
    }
}

#[test]
fn a_token_is_the_same_for_the_same_resource_alone() {
    let names = Names::new("skyward", "eu-central-1", "123456789012");
    let token = |id: &str, generation: &str| names.client_token(&id.into(), generation);
    assert_eq!(token("nat-gateway/a", ""), token("nat-gateway/a", ""));
    let all = [
        token("nat-gateway/a", ""),
        token("nat-gateway/b", ""),
        token("nat-gateway/a", "nat-1"),
        Names::new("skyward", "eu-central-1", "123456789013")
            .client_token(&"nat-gateway/a".into(), ""),
        Names::new("skyward-2", "eu-central-1", "123456789012")
            .client_token(&"nat-gateway/a".into(), ""),
    ];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn every_resource_is_tagged_as_the_stacks_own() {
    let aws = Aws { tags: [("team".to_owned(), "web".to_owned())].into(), ..Aws::default() };
    let tags = build(&aws).tags_of(&"subnet/public-a".into());
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        pairs,
        [
            "Name=skyward-subnet-public-a",
            "skyward:resource=subnet/public-a",
            "skyward:stack=skyward",
            // What is the configuration's among the tags, so that it can be taken away.
            "skyward:tags=ca8b22",
            "team=web"
        ]
    );
}

#[test]
fn graviton_has_an_image_of_its_own() {
    for (instance_type, architecture) in [
        ("t3.micro", "x86_64"),
        ("t4g.micro", "arm64"),
        ("m7gd.large", "arm64"),
        ("g5.xlarge", "x86_64"),
        ("c6id.large", "x86_64"),
        ("a1.medium", "arm64"),
    ] {
        let topology = build(&Aws { instance_type: instance_type.into(), ..Aws::default() });
        let template = topology.get(&"launch-template".into()).expect("it");
        let template: &LaunchTemplate = template.spec.get().expect("a launch template");
        assert!(template.image.ends_with(architecture), "{instance_type}: {}", template.image);
    }
}

#[test]
fn the_instances_reach_what_egress_says_and_the_database() {
    let ways = |egress: &[&str]| -> Vec<String> {
        let egress = egress.iter().map(|way| (*way).to_owned()).collect();
        let topology = build(&Aws { egress, ..Aws::default() });
        let rules = topology.spec::<SecurityGroupRules>(&"rules/cms".into()).expect("rules");
        let way = |rule: &Rule| {
            let peer = match &rule.peer {
                Peer::Network(network) | Peer::PrefixList(network) => network.clone(),
                Peer::Group(group) => group.to_string(),
            };
            let (first, last) = rule.ports.expect("ports");
            format!("{peer}:{first}-{last} {}", rule.description)
        };
        rules.egress.iter().map(way).collect()
    };
    let database = "security-group/database:3306-3306 the database";
    assert_eq!(ways(&[]), [database]);
    let mut all = ways(&["10.8.0.0/16:5000-5010", "0.0.0.0/0:443"]);
    all.sort();
    assert_eq!(
        all,
        [
            "0.0.0.0/0:443-443 packages and the AWS API",
            "10.8.0.0/16:5000-5010 [aws] egress",
            database
        ]
    );
}
