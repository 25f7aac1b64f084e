//! The probes and ports of services that answer in their own way, in the objects and in the chart.

use serde_json::{Value, json};
use skyward_config::{Health, HealthPaths, HealthWord, Service};
use skyward_deployer::chart::chart;
use skyward_deployer::manifest::Kind;
use skyward_deployer::release::Release;
use skyward_deployer::render;

use super::releases;

fn release(health: Health) -> Release {
    let service = Service { port: 8080, health: Some(health), ..Service::default() };
    Release { service, ..releases::defaults() }
}

fn paths(ready: &str, port: Option<u16>, start_s: Option<u16>) -> Health {
    let live = Some("/alive".to_owned());
    Health::Paths(HealthPaths { ready: Some(ready.to_owned()), live, port, start_s })
}

fn object(release: &Release, kind: Kind) -> Value {
    let manifests = render::manifests(release).unwrap_or_else(|error| panic!("{error}"));
    manifests.into_iter().find(|one| one.id.kind == kind).map(|one| one.object).unwrap()
}

fn container(release: &Release) -> Value {
    object(release, Kind::Deployment)["spec"]["template"]["spec"]["containers"][0].clone()
}

fn ports(container: &Value) -> Vec<(&str, u64)> {
    let ports = container["ports"].as_array().unwrap();
    let port = |port: &'_ Value| {
        (port["name"].as_str().unwrap().to_owned(), port["containerPort"].as_u64().unwrap())
    };
    ports.iter().map(port).map(|(name, number)| (&*name.leak(), number)).collect()
}

#[test]
fn one_port_is_enough() {
    let container = container(&release(paths("/health", None, Some(90))));
    assert_eq!(ports(&container), [("http", 8080)]);
    let get = |path: &str| json!({"path": path, "port": "http", "scheme": "HTTP"});
    assert_eq!(container["readinessProbe"]["httpGet"], get("/health"));
    assert_eq!(container["livenessProbe"]["httpGet"], get("/alive"));
    assert_eq!(container["startupProbe"]["httpGet"], get("/alive"));
    assert_eq!(container["startupProbe"]["failureThreshold"], 90);
    let told = container["env"].to_string();
    assert!(!told.contains("ADMIN_PORT"), "{told}");
}

#[test]
fn policies_open_the_ports_that_there_are() {
    let open = |release: &Release| {
        let manifests = render::manifests(release).unwrap();
        let found = manifests.into_iter().find(|one| one.id.name.ends_with("-ingress")).unwrap();
        let ports = found.object["spec"]["ingress"][0]["ports"].clone();
        ports.as_array().unwrap().iter().map(|port| port["port"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(open(&releases::defaults()), ["http", "admin"]);
    assert_eq!(open(&release(Health::Word(HealthWord::Tcp))), ["http"]);
}

#[test]
fn a_port_of_their_own_is_named() {
    let container = container(&release(paths("/health", Some(7000), None)));
    assert_eq!(ports(&container), [("http", 8080), ("health", 7000)]);
    assert_eq!(container["readinessProbe"]["httpGet"]["port"], "health");
    let admin = self::container(&release(paths("/health", Some(9000), None)));
    assert_eq!(ports(&admin), [("http", 8080), ("admin", 9000)]);
    assert_eq!(admin["readinessProbe"]["httpGet"]["port"], "admin");
}

#[test]
fn connections_or_nothing_may_be_asked() {
    let tcp = container(&release(Health::Word(HealthWord::Tcp)));
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(tcp[probe]["tcpSocket"], json!({"port": "http"}), "{probe}");
    }
    let none = container(&release(Health::Word(HealthWord::None)));
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(none.get(probe), None, "{probe}");
    }
}

/// What is no value of the chart stands in it as it is in the release.
#[test]
fn the_chart_has_the_same_probes() {
    for (health, expected, has_admin) in [
        (
            paths("/health", None, Some(81)),
            vec!["\"/health\"", "failureThreshold: 81\n", "port: \"http\""],
            false,
        ),
        (
            paths("/health", Some(8081), None),
            vec!["containerPort: 8081\n", "port: \"health\""],
            false,
        ),
        (paths("/health", Some(9000), None), vec!["\"/health\"", "port: \"admin\""], true),
        (Health::Word(HealthWord::Tcp), vec!["tcpSocket:"], false),
    ] {
        let files = chart(&release(health.clone())).unwrap();
        let text = |name: &str| &files.iter().find(|(path, _)| path.ends_with(name)).unwrap().1;
        for part in expected {
            assert!(
                text("deployment.yaml").contains(part),
                "{health:?}: {part}: {}",
                text("deployment.yaml")
            );
        }
        assert_eq!(text("values.yaml").contains("admin_port"), has_admin, "{health:?}");
        assert_eq!(text("deployment.yaml").contains("ADMIN_PORT"), has_admin, "{health:?}");
    }
}
