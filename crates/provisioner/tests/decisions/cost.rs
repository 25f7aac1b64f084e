//! What a topology costs, held against sums worked out by hand.

use skyward_config::{Aws, DatabaseStorage};

use skyward_provisioner::cost::{Cost, Saving, monthly, options};
use skyward_provisioner::topology::{Place, desired};

fn place() -> Place {
    let zones = ["a", "b", "c"].map(|letter| format!("us-east-1{letter}"));
    Place { account: "123456789012".into(), zones }
}

fn cost(aws: &Aws) -> Cost {
    monthly(&desired(aws, &place(), "").expect("a topology"), &aws.region)
}

fn here() -> Aws {
    Aws { region: "us-east-1".into(), ..Aws::default() }
}

/// The sums of the research: 590 to 660 with gp3, 890 to 960 with io1.
#[test]
fn the_totals_are_those_worked_out_by_hand() {
    let gp3 = cost(&here());
    assert_eq!(gp3.summary(), "586.29 to 656.37 USD a month");
    let io1 = cost(&Aws { database_storage: DatabaseStorage::Io1, ..here() });
    assert_eq!(io1.summary(), "889.29 to 959.37 USD a month");
    let lines: Vec<_> = gp3
        .lines
        .iter()
        .map(|line| (line.what.as_str(), line.monthly.expect("known").to_string()))
        .collect();
    assert_eq!(
        lines,
        [
            ("3 NAT gateways", "98.55".to_owned()),
            ("6 public IPv4 addresses", "21.90".to_owned()),
            ("1 load balancer", "16.43".to_owned()),
            ("3 × t3.micro", "22.78".to_owned()),
            ("3 × 8 GiB of gp3, their volumes", "1.92".to_owned()),
            ("DB cluster of 3 × db.m5d.large", "389.82 to 459.90".to_owned()),
            ("3 × 100 GiB of gp3, its storage", "34.50".to_owned()),
            ("1 secret, the database's password", "0.40".to_owned()),
        ]
    );
}

#[test]
fn operations_beyond_those_included_are_paid() {
    let of = |storage, gib, iops| {
        let aws = Aws {
            database_storage: storage,
            database_storage_gib: gib,
            database_iops: iops,
            ..here()
        };
        cost(&aws)
            .lines
            .iter()
            .find(|line| line.unit == "IOPS")
            .map(|line| line.monthly.expect("known").to_string())
    };
    assert_eq!(of(DatabaseStorage::Gp3, 100, None), None);
    assert_eq!(of(DatabaseStorage::Gp3, 100, Some(3000)), None);
    assert_eq!(of(DatabaseStorage::Gp3, 100, Some(4000)).as_deref(), Some("60.00"));
    assert_eq!(of(DatabaseStorage::Gp3, 400, Some(12_000)), None);
    assert_eq!(of(DatabaseStorage::Io1, 100, None).as_deref(), Some("300.00"));
    assert_eq!(of(DatabaseStorage::Io1, 100, Some(2000)).as_deref(), Some("600.00"));
}

#[test]
fn what_is_not_in_the_table_is_said() {
    let unknown = cost(&Aws {
        database_class: "db.x2iedn.large".into(),
        instance_type: "u7in.large".into(),
        ..here()
    });
    assert_eq!(unknown.summary(), "at least 173.70 USD a month");
    let text = unknown.text(None, false);
    assert_eq!(text.matches("not in the price table").count(), 2, "{text}");
    assert!(text.contains("at least 173.70\n"), "{text}");
}

#[test]
fn a_region_without_prices_is_said() {
    let there = cost(&Aws { region: "eu-central-1".into(), ..Aws::default() });
    assert!(there.notes[1].contains("those of us-east-1"), "{:?}", there.notes);
    assert!(!cost(&here()).notes.iter().any(|note| note.contains("prices of its own")));
}

#[test]
fn the_options_are_weighed() {
    let words: Vec<_> = options(&here(), &place())
        .expect("a topology")
        .iter()
        .map(|difference| format!("{}: {}", difference.option, difference.words()))
        .collect();
    assert_eq!(
        words,
        [
            "single_nat_gateway = true: saves 73.00 USD a month",
            "database_storage = \"io1\": adds 303.00 USD a month",
            "instances = 4: adds 8.23 USD a month",
        ]
    );
    let other = Aws { single_nat_gateway: true, database_storage: DatabaseStorage::Io1, ..here() };
    let words: Vec<_> =
        options(&other, &place()).expect("a topology").iter().map(Saving::words).collect();
    assert_eq!(words[..2], ["adds 73.00 USD a month", "saves 303.00 USD a month"]);
}

#[test]
fn the_json_has_numbers() {
    let json = serde_json::to_value(cost(&here())).expect("a value");
    assert_eq!(json["total"], serde_json::json!({ "from": 586.291, "to": 656.371 }));
    assert_eq!(json["lines"][0]["monthly"]["from"], 98.55);
    assert_eq!(json["is_at_least"], false);
}

#[test]
fn the_table_is_aligned() {
    let text = cost(&here()).text(None, false);
    let table = text.split("\n\n").next().expect("a table");
    insta::assert_snapshot!(table, @"
    what                                 quantity   price of one       USD a month
    3 NAT gateways                     2190 hours          0.045             98.55
    6 public IPv4 addresses            4380 hours          0.005             21.90
    1 load balancer                     730 hours         0.0225             16.43
    3 × t3.micro                       2190 hours         0.0104             22.78
    3 × 8 GiB of gp3, their volumes        24 GiB           0.08              1.92
    DB cluster of 3 × db.m5d.large      730 hours  0.534 to 0.63  389.82 to 459.90
    3 × 100 GiB of gp3, its storage       300 GiB          0.115             34.50
    1 secret, the database's password    1 secret           0.40              0.40
    total                                                         586.29 to 656.37
    ");
}
