//! The rules that objects follow, one by one.

use serde_json::{Value, json};
use skyward_deployer::manifest::Kind;
use skyward_deployer::release::{IngressHost, Release};
use skyward_deployer::render::{self, RenderError};

use super::releases::{self, map};

fn object(release: &Release, kind: Kind) -> Option<Value> {
    let manifests = render::manifests(release).unwrap_or_else(|error| panic!("{error}"));
    manifests.into_iter().find(|manifest| manifest.id.kind == kind).map(|found| found.object)
}

fn pod(release: &Release) -> Value {
    object(release, Kind::Deployment).expect("a Deployment")["spec"]["template"]["spec"].clone()
}

/// A release with one thing changed.
fn with(change: impl FnOnce(&mut Release)) -> Release {
    let mut release = releases::defaults();
    change(&mut release);
    release
}

#[test]
fn objects_come_in_the_order_of_their_kinds_and_once() {
    for (name, release) in releases::all() {
        let manifests = render::manifests(&release).unwrap_or_else(|error| panic!("{error}"));
        let kinds: Vec<_> = manifests.iter().map(|manifest| manifest.id.kind).collect();
        assert!(kinds.is_sorted(), "{name}: {kinds:?}");
        let ids: std::collections::BTreeSet<_> = manifests.iter().map(|found| &found.id).collect();
        assert_eq!(ids.len(), manifests.len(), "{name}");
        let files = render::files(&manifests);
        let orders: Vec<_> = files.iter().map(|(file, _)| file.split('-').next()).collect();
        assert!(orders.is_sorted(), "{name}: by their names");
        let joined: Vec<_> = files.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(joined.join("---\n"), render::yaml(&manifests), "{name}");
    }
}

#[test]
fn a_release_that_nobody_could_reach_is_an_error_that_names_the_key() {
    let env = |name: &str, value: &str| {
        let env = map(&[(name, value)]);
        with(|release| release.k3s.env = env)
    };
    let cases = vec![
        (
            with(|it| it.service.port = 0),
            "service.port: a pod names its ports; give one from 1 to 65535",
        ),
        (with(|it| it.service.admin_port = 0), "service.admin_port: a pod names"),
        (
            with(|it| it.service.host = [127, 0, 0, 1].into()),
            "service.host: nothing outside the pod",
        ),
        (env("SKYWARD_SERVICE__HOST", "::1"), "k3s.env.SKYWARD_SERVICE__HOST: nothing outside"),
        (env("SKYWARD_SERVICE__PORT", "0"), "k3s.env.SKYWARD_SERVICE__PORT: a pod names its ports"),
        (env("SKYWARD_SERVICE__PORT", "web"), "k3s.env.SKYWARD_SERVICE__PORT: `web` is not a port"),
        (
            env("SKYWARD_SERVICE__ADMIN_PORT", "8000"),
            "k3s.env.SKYWARD_SERVICE__ADMIN_PORT: 8000 is the port of the service too",
        ),
        (
            env("SKYWARD_SERVICE__DRAIN_CAP_MS", "8s"),
            "k3s.env.SKYWARD_SERVICE__DRAIN_CAP_MS: `8s` is not a number of milliseconds",
        ),
        (
            with(|it| it.k3s.secrets = map(&[("SKYWARD_SERVICE__PORT", "a/b")])),
            "k3s.secrets.SKYWARD_SERVICE__PORT: the pod is built around this setting",
        ),
        (env("A", "\u{2028}"), "k3s.env.A: it holds U+2028"),
        (with(|it| it.service.args = vec!["\u{7f}".into()]), "service.args: it holds U+007F"),
        (
            with(|it| it.k3s.ingress_annotations = map(&[("a", "\u{feff}")])),
            "k3s.ingress_annotations.a: it holds U+FEFF",
        ),
    ];
    for (release, begin) in cases {
        let error: RenderError = render::manifests(&release).expect_err(begin);
        assert!(error.to_string().starts_with(begin), "{error}");
        assert_eq!(skyward_deployer::chart::chart(&release), Err(error), "the chart says the same");
    }
}

#[test]
fn either_the_deployment_or_the_autoscaler_says_how_many() {
    let scaled = object(&releases::with_autoscaler(), Kind::Deployment).expect("a Deployment");
    assert_eq!(scaled["spec"].get("replicas"), None);
    let autoscaler = object(&releases::with_autoscaler(), Kind::HorizontalPodAutoscaler);
    let spec = &autoscaler.expect("an autoscaler")["spec"];
    assert_eq!((&spec["minReplicas"], &spec["maxReplicas"]), (&json!(2), &json!(5)));
    let fixed = object(&releases::defaults(), Kind::Deployment).expect("a Deployment");
    assert_eq!(fixed["spec"]["replicas"], 2);
    assert_eq!(object(&releases::defaults(), Kind::HorizontalPodAutoscaler), None);
}

#[test]
fn a_pod_has_the_time_to_end() {
    for (pre_stop, drain_cap, over, grace) in [
        (5, None, None, 18),
        (0, None, None, 13),
        (5, Some(0), None, 10),
        (10, Some(8001), None, 24),
        (10, Some(8001), Some("60000"), 75),
    ] {
        let release = with(|release| {
            release.k3s.pre_stop_s = pre_stop;
            release.service.drain_cap_ms = drain_cap;
            release
                .k3s
                .env
                .extend(over.map(|cap: &str| ("SKYWARD_SERVICE__DRAIN_CAP_MS".into(), cap.into())));
        });
        let pod = pod(&release);
        assert_eq!(pod["terminationGracePeriodSeconds"], grace);
        let hook = pod.pointer("/containers/0/lifecycle/preStop/sleep/seconds");
        assert_eq!(hook, (pre_stop > 0).then(|| json!(pre_stop)).as_ref());
    }
}

#[test]
fn quantities_and_networks_are_written_as_the_api_server_keeps_them() {
    for (cpu, kept) in
        [("50m", "50m"), ("1000m", "1"), ("1500m", "1500m"), ("2", "2"), ("3000", "3k")]
    {
        let pod = pod(&with(|release| release.k3s.cpu_limit = cpu.into()));
        assert_eq!(pod["containers"][0]["resources"]["limits"]["cpu"], kept, "{cpu}");
    }
    for (size, kept) in
        [("64Mi", "64Mi"), ("1024Ki", "1Mi"), ("2048Ti", "2Pi"), ("1000Gi", "1000Gi")]
    {
        let pod = pod(&with(|release| release.k3s.memory_limit = size.into()));
        assert_eq!(pod["containers"][0]["resources"]["limits"]["memory"], kept, "{size}");
    }
    for (network, kept) in [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("10.1.2.3/0", "0.0.0.0/0"),
        ("FD00:0:0::1/8", "fd00::/8"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::1/0", "::/0"),
    ] {
        let release = with(|release| release.k3s.egress = vec![network.into()]);
        let manifests = render::manifests(&release).expect("it can be rendered");
        let egress = manifests.iter().find(|manifest| manifest.id.name.ends_with("-egress"));
        let rules = &egress.expect("a policy").object["spec"]["egress"];
        assert_eq!(rules[1]["to"][0]["ipBlock"]["cidr"], kept, "{network}");
    }
}

/// Kubernetes would put another variable's value in place of `$(NAME)`, and one `$` in place of two.
#[test]
fn texts_mean_themselves() {
    let release = with(|release| {
        release.service.args = vec!["$(HOME) $$ $".into()];
        release.service.env = map(&[("A", "$(PATH)"), ("B", "service")]);
        release.k3s.env = map(&[("B", ""), ("C", "k3s")]);
        release.k3s.secrets = map(&[("A", "web.settings/a_key.txt")]);
    });
    let container = &pod(&release)["containers"][0];
    assert_eq!(container["args"], json!(["$$(HOME) $$$$ $$"]));
    let variables = container["env"].as_array().expect("a list");
    let ours: Vec<_> = variables
        .iter()
        .filter(|one| !one["name"].as_str().is_some_and(|name| name.starts_with("SKY")))
        .collect();
    let secret = json!({"secretKeyRef": {"name": "web.settings", "key": "a_key.txt"}});
    let expected = [
        json!({"name": "A", "valueFrom": secret}),
        json!({"name": "B"}),
        json!({"name": "C", "value": "k3s"}),
    ];
    assert_eq!(ours, expected.iter().collect::<Vec<_>>());
    assert!(variables.is_sorted_by_key(|one| one["name"].as_str()), "by name");
}

/// A rule without peers lets everybody through: what is empty in the configuration has no rule.
#[test]
fn nobody_is_let_through_by_an_empty_list() {
    let manifests = render::manifests(&releases::with_nothing()).expect("it can be rendered");
    let policies = manifests.iter().filter(|manifest| manifest.id.kind == Kind::NetworkPolicy);
    let names: Vec<_> = policies.clone().map(|policy| policy.id.name.as_str()).collect();
    assert_eq!(names, ["skyward-service-deny-all", "skyward-service-egress"]);
    for policy in policies {
        let rules = policy.object["spec"]["egress"].as_array();
        for rule in rules.into_iter().flatten() {
            assert!(rule["to"].as_array().is_some_and(|peers| !peers.is_empty()), "{rule}");
        }
    }
}

#[test]
fn the_way_in() {
    let hosts = |release: &Release| {
        object(release, Kind::Ingress).map(|ingress| {
            let spec = &ingress["spec"];
            (spec["rules"][0].get("host").cloned(), spec["tls"][0].get("hosts").cloned())
        })
    };
    let with_ingress_host = |ingress_host| {
        with(|release| {
            release.ingress_host = ingress_host;
            release.k3s.tls_secret = Some("web-tls".into());
        })
    };
    assert_eq!(hosts(&with_ingress_host(IngressHost::None)), None);
    assert_eq!(hosts(&with_ingress_host(IngressHost::Any)), Some((None, None)));
    let host = Some((Some(json!("a.example")), Some(json!(["a.example"]))));
    assert_eq!(hosts(&with_ingress_host(IngressHost::Named("a.example".into()))), host);
}

/// What changes the pod template restarts every pod.
#[test]
fn only_what_concerns_the_pods_restarts_them() {
    let template = |release: &Release| {
        object(release, Kind::Deployment).expect("a Deployment")["spec"]["template"].clone()
    };
    let before = template(&releases::defaults());
    let unconcerned: [fn(&mut Release); 6] = [
        |it| it.k3s.replicas = 7,
        |it| it.k3s.max_replicas = Some(9),
        |it| it.k3s.clients = vec!["monitoring".into()],
        |it| it.k3s.tls_secret = Some("tls".into()),
        |it| it.k3s.min_ready_s = 60,
        |it| it.ingress_host = IngressHost::None,
    ];
    for change in unconcerned {
        assert_eq!(template(&with(change)), before);
    }
    assert_ne!(template(&with(|it| it.image = "web:2".into())), before);
    assert_ne!(template(&with(|it| it.k3s.cpu = "51m".into())), before);
}
