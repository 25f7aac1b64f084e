//! The exported template: complete, in order, and held against the auditors.

mod auditors;
mod template;

use skyward_config::{Aws, DatabaseEngine, DatabaseStorage};
use skyward_provisioner::topology::{Place, Topology, desired};

fn topology(aws: &Aws) -> Topology {
    let zones = ["a", "b", "c"].map(|letter| format!("{}{letter}", aws.region));
    let place = Place { account: "123456789012".into(), zones };
    desired(aws, &place, include_str!("../../../../infra/user-data.sh")).expect("a topology")
}

/// Every option that changes the template.
fn variants() -> Vec<(&'static str, Topology)> {
    let certificate =
        "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";
    let everything = Aws {
        certificate: Some(certificate.into()),
        logs: true,
        database_engine: DatabaseEngine::Postgres,
        database_storage: DatabaseStorage::Io1,
        tags: [("team".to_owned(), "web: yes".to_owned())].into(),
        ..Aws::default()
    };
    let least = Aws {
        name: "no".into(),
        region: "us-east-1".into(),
        single_nat_gateway: true,
        max_instances: 3,
        deletion_protection: false,
        instance_type: "t4g.small".into(),
        ..Aws::default()
    };
    let restored = Aws {
        restore_from: Some("shop-20260101".into()),
        egress: vec!["10.8.0.0/16:5000-5010".into()],
        ..Aws::default()
    };
    vec![
        ("default", topology(&Aws::default())),
        ("everything", topology(&everything)),
        ("least", topology(&least)),
        ("restored", topology(&restored)),
    ]
}
