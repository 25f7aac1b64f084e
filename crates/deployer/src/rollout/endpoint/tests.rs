//! Tests: The address at which a release answers.

use std::slice::from_ref;

use serde_json::json;
use skyward_config::{K3s, Service};

use super::*;

fn release(ingress_host: IngressHost, tls: bool) -> Release {
    Release {
        service: Service { name: "web".into(), ..Service::default() },
        k3s: K3s { tls_secret: tls.then(|| "web-tls".into()), ..K3s::default() },
        image: "acme/web:1".into(),
        user: 65532,
        ingress_host,
        inputs: crate::release::Inputs::default(),
        disk_is_counted: true,
    }
}

fn host() -> IngressHost {
    IngressHost::Named("web.example".into())
}

fn class(name: &str, default: bool) -> IngressClass {
    IngressClass { name: name.into(), controller: format!("example.com/{name}"), default }
}

#[test]
fn the_class_is_the_named_one_else_the_default_else_the_only_one() {
    let (a, b) = (class("a", false), class("b", true));
    let through = |name: &str| Route::Through(format!("IngressClass {name} (example.com/{name})"));
    let mut named = release(host(), false);
    assert_eq!(route(&release(IngressHost::None, false), from_ref(&a)), Route::Inside(None));
    assert!(matches!(route(&named, &[]), Route::Inside(Some(_))));
    assert_eq!(route(&named, from_ref(&a)), through("a"));
    assert_eq!(route(&named, &[a.clone(), b.clone()]), through("b"));
    assert!(
        matches!(route(&named, &[a.clone(), class("c", false)]), Route::NoController(why) if why.ends_with("a, c"))
    );
    named.k3s.ingress_class = Some("a".into());
    assert_eq!(route(&named, &[a, b.clone()]), through("a"));
    assert!(
        matches!(route(&named, &[b]), Route::NoController(why) if why.contains("no IngressClass a"))
    );
}

#[test]
fn addresses_are_read_from_the_status() {
    let of = |addresses: Value, tls: bool| {
        let ingress = json!({ "status": { "loadBalancer": { "ingress": addresses } } });
        let release = release(host(), tls);
        let found = of_status(&release, &ingress);
        found.iter().map(|it| format!("{it} {}", it.address(&release))).collect::<Vec<_>>()
    };
    for (addresses, tls, expected) in [
        (json!([{ "ip": "10.0.0.5" }]), false, vec!["10.0.0.5 http://web.example/"]),
        (json!([{ "ip": "10.0.0.5" }]), true, vec!["10.0.0.5 https://web.example/"]),
        (json!([{ "hostname": "lb.example" }]), false, vec!["lb.example http://web.example/"]),
        (json!([{ "ip": "fd00::5" }]), false, vec!["[fd00::5] http://web.example/"]),
        (json!([{ "ip": "" }, {}]), false, vec![]),
        (
            json!([{ "ip": "10.0.0.5", "ports": [{ "port": 8080 }] }]),
            false,
            vec!["10.0.0.5:8080 http://web.example:8080/"],
        ),
        (
            json!([{ "ip": "10.0.0.5", "ports": [{ "port": 80 }, { "port": 443 }] }]),
            true,
            vec!["10.0.0.5 https://web.example/"],
        ),
        (
            json!([{ "ip": "10.0.0.5", "ports": [{ "port": 8080, "error": "InUse" }] }]),
            false,
            vec!["10.0.0.5 http://web.example/"],
        ),
    ] {
        assert_eq!(of(addresses.clone(), tls), expected, "{addresses}");
    }
    assert!(of_status(&release(host(), false), &json!({})).is_empty());
}

#[test]
fn nodes_are_entered_by_their_outer_address() {
    let node = |ready, external: Option<&str>, internal: Option<&str>| NodeAddress {
        name: "node".into(),
        ready,
        external: external.map(str::to_owned),
        internal: internal.map(str::to_owned),
        counts_disk: true,
    };
    let nodes = [
        node(true, Some("1.1.1.1"), Some("10.0.0.1")),
        node(true, None, Some("10.0.0.2")),
        node(false, None, Some("10.0.0.3")),
    ];
    let found: Vec<String> = of_nodes(&nodes).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["1.1.1.1", "10.0.0.2"]);
}

#[test]
fn an_answer_is_ours_where_a_controller_would_not_give_it() {
    for (status, proof) in [
        (200, Proof::Ours),
        (302, Proof::Ours),
        (404, Proof::Controllers),
        (503, Proof::Controllers),
        (401, Proof::Either),
        (421, Proof::Either),
        (500, Proof::Either),
    ] {
        assert_eq!(proves(status), proof, "{status}");
    }
}

#[test]
fn a_name_that_leads_elsewhere_gets_a_line_for_the_hosts_file() {
    let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
    assert_eq!(hint("web.example", "10.0.0.5", &[ip("10.0.0.9"), ip("10.0.0.5")]), None);
    for (found, why) in [(vec![], "cannot resolve"), (vec![ip("10.0.0.9")], "leads to 10.0.0.9")] {
        let hint = hint("web.example", "10.0.0.5", &found).expect("a hint");
        assert!(hint.contains(why) && hint.ends_with("10.0.0.5 web.example"), "{hint}");
    }
    assert_eq!(hint("web.example", "lb.example", &[ip("10.0.0.9")]), None);
    assert!(hint("web.example", "lb.example", &[]).is_some_and(|hint| hint.contains("DNS record")));
}
