use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use skyward_provisioner::export;
use skyward_provisioner::topology::{Desired, Id, Peer, RouteTable, SecurityGroupRules};

use super::{topology, variants};

fn resources(template: &Value) -> &Map<String, Value> {
    template["Resources"].as_object().expect("resources")
}

/// The names that a value refers to.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("Ref" | "DependsOn", Value::String(name)) => {
                        found.insert(name.clone());
                    }
                    ("Fn::GetAtt", Value::Array(path)) => {
                        found.insert(path[0].as_str().expect("a name").to_owned());
                    }
                    ("Fn::Sub", Value::String(text)) => {
                        let parts = text.split("${").skip(1);
                        let name =
                            |part: &str| part.split(['.', '}']).next().expect("a part").to_owned();
                        found.extend(parts.filter(|part| !part.starts_with("AWS::")).map(name));
                    }
                    ("DependsOn", Value::Array(listed)) => {
                        found.extend(
                            listed.iter().map(|name| name.as_str().expect("a name").to_owned()),
                        );
                    }
                    _ => names(value, found),
                }
            }
        }
        _ => {}
    }
}

/// What each resource comes after, directly and through others; a resource that comes after itself could never be made.
fn order(template: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut order = BTreeMap::new();
    for (name, resource) in resources(template) {
        let mut found = BTreeSet::new();
        names(resource, &mut found);
        order.insert(name.clone(), found);
    }
    loop {
        let longer: BTreeMap<String, BTreeSet<String>> = order
            .iter()
            .map(|(name, before)| {
                let further = before.iter().filter_map(|name| order.get(name)).flatten();
                (name.clone(), before.iter().chain(further).cloned().collect())
            })
            .collect();
        if longer == order {
            return order;
        }
        order = longer;
    }
}

/// As the module makes it.
fn logical(id: &Id) -> String {
    let words = id.as_str().split(['/', '-']);
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// All that a resource is in the template: some are several, and are ready with their last.
fn parts(resource: &Desired) -> Vec<String> {
    let name = logical(&resource.id);
    if let Some(table) = resource.spec.get::<RouteTable>() {
        let associations =
            table.subnets.iter().map(|subnet| format!("{}Association", logical(subnet)));
        return associations.chain([name.clone()]).collect();
    }
    match resource.spec.kind().id() {
        "internet-gateway" => vec![name.clone(), format!("{name}Attachment")],
        "bucket" => vec![name.clone(), format!("{name}Policy")],
        "security-group-rules" | "default-security-group" => Vec::new(),
        _ => vec![name],
    }
}

#[test]
fn every_resource_is_there_and_every_reference_leads_somewhere() {
    for (variant, topology) in variants() {
        let template = export::cloudformation(&topology);
        for resource in &topology.resources {
            let is_there = resources(&template).contains_key(&logical(&resource.id));
            let expected = !["default-security-group", "security-group-rules"]
                .contains(&resource.spec.kind().id());
            assert_eq!(is_there, expected, "{variant}: {}", resource.id);
        }
        let left_out = &template["Metadata"]["Skyward"]["NotInThisTemplate"]["Resources"];
        assert_eq!(*left_out, serde_json::json!(["security-group/default"]), "{variant}");
        let parameters = template["Parameters"].as_object().expect("parameters");
        assert_eq!(parameters.len(), 3, "{variant}");
        let mut found = BTreeSet::new();
        names(&template, &mut found);
        for name in found {
            let is_known =
                resources(&template).contains_key(&name) || parameters.contains_key(&name);
            assert!(is_known, "{variant}: {name}");
        }
    }
}

#[test]
fn everything_comes_after_what_it_needs() {
    for (variant, topology) in variants() {
        let template = export::cloudformation(&topology);
        let order = order(&template);
        for (name, before) in &order {
            assert!(!before.contains(name), "{variant}: {name} waits for itself");
        }
        for resource in &topology.resources {
            let before: BTreeSet<&String> =
                parts(resource).iter().flat_map(|name| &order[name]).collect();
            // Where a resource is nothing of its own, there is nothing to be late.
            if before.is_empty() {
                continue;
            }
            for need in &resource.needs {
                for part in parts(topology.get(need).expect("what is needed is there")) {
                    assert!(before.contains(&part), "{variant}: {} needs {part}", resource.id);
                }
            }
        }
    }
}

#[test]
fn the_rules_of_security_groups_are_there_one_by_one() {
    for (variant, topology) in variants() {
        let template = export::cloudformation(&topology);
        let mut expected = (0, 0);
        for resource in &topology.resources {
            if let Some(rules) = resource.spec.get::<SecurityGroupRules>() {
                for rule in rules.ingress.iter().chain(&rules.egress) {
                    match rule.peer {
                        Peer::Group(_) => expected.0 += 1,
                        _ => expected.1 += 1,
                    }
                }
            }
        }
        let by_group = resources(&template).values().filter(|resource| {
            ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"]
                .iter()
                .any(|kind| resource["Type"] == *kind)
        });
        let inside: Vec<&Value> = resources(&template)
            .values()
            .filter(|resource| resource["Type"] == "AWS::EC2::SecurityGroup")
            .flat_map(|group| {
                ["SecurityGroupIngress", "SecurityGroupEgress"]
                    .into_iter()
                    .filter_map(|list| group["Properties"][list].as_array())
                    .flatten()
            })
            .collect();
        let nowhere = inside.iter().filter(|rule| rule["CidrIp"] == "127.0.0.1/32").count();
        // The load balancer's and the database's groups have no rules for networks to go out by.
        assert_eq!(
            (by_group.count(), inside.len() - nowhere, nowhere),
            (expected.0, expected.1, 2),
            "{variant}"
        );
    }
}

#[test]
fn what_is_protected_stays() {
    let policies = |index: usize| {
        let template = export::cloudformation(&variants()[index].1);
        ["DbCluster", "BucketAssets", "BucketAssetsPolicy"].map(|name| {
            let resource = &resources(&template)[name];
            assert_eq!(resource["DeletionPolicy"], resource["UpdateReplacePolicy"]);
            resource["DeletionPolicy"].as_str().expect("a policy").to_owned()
        })
    };
    assert_eq!(policies(0), ["Snapshot", "Retain", "Retain"]);
    assert_eq!(policies(2), ["Delete", "Delete", "Delete"]);
}

#[test]
fn tags_and_outputs_are_there() {
    let topology = topology(&skyward_config::Aws::default());
    let template = export::cloudformation(&topology);
    for name in [
        "Vpc",
        "NatGatewayB",
        "LoadBalancer",
        "DbCluster",
        "BucketAssets",
        "AutoScalingGroup",
        "Role",
    ] {
        let tags = &resources(&template)[name]["Properties"]["Tags"];
        let tags: Vec<_> = tags
            .as_array()
            .expect("tags")
            .iter()
            .map(|tag| tag["Key"].as_str().expect("a key"))
            .collect();
        assert_eq!(tags, ["Name", "skyward:resource", "skyward:stack"], "{name}");
    }
    let outputs: Vec<_> = template["Outputs"].as_object().expect("outputs").keys().collect();
    let expected = [
        "BucketAssets",
        "DatabaseEndpoint",
        "DatabaseReaderEndpoint",
        "DatabaseSecret",
        "Url",
        "Vpc",
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn yaml_says_the_same_as_json() {
    for (variant, topology) in variants() {
        let template = export::cloudformation(&topology);
        let yaml = export::yaml(&template).expect("YAML");
        let read: Value = serde_saphyr::from_str(&yaml).expect("its own YAML");
        assert_eq!(read, template, "{variant}");
    }
}

/// CloudFormation refuses a user, and that the storage is encrypted, beside a snapshot (`AWS::RDS::DBCluster`, `SnapshotIdentifier`).
#[test]
fn a_database_from_a_snapshot_has_what_is_in_that() {
    for (variant, topology) in variants() {
        let template = export::cloudformation(&topology);
        let database = &template["Resources"]["DbCluster"]["Properties"];
        let is_restored = variant == "restored";
        assert_eq!(database["SnapshotIdentifier"] == "shop-20260101", is_restored, "{variant}");
        assert_eq!(database["MasterUsername"].is_null(), is_restored, "{variant}");
        assert_eq!(database["StorageEncrypted"].is_null(), is_restored, "{variant}");
        assert_eq!(database["ManageMasterUserPassword"], true, "{variant}");
    }
}
