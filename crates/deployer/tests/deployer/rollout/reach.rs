//! Whether the service answers: endpoints, the Ingress's address, a GET through it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::Api;
use kube::api::{DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::core::ApiResource;
use serde_json::{Value, json};
use skyward_config::{K3s, Service};
use skyward_deployer::api::ApiServer;
use skyward_deployer::event::Event;
use skyward_deployer::release::{IngressHost, Release};
use skyward_deployer::rollout::{Reach, reachable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::pods::connect;
use crate::support::control_plane::ControlPlane;
use crate::support::runtime;

/// An Ingress controller, as far as a client sees it: it answers each request with the next of these statuses, the last one
/// again and again, and remembers the requests.
struct Controller {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Controller {
    async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        runtime().spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&head[..length]).into_owned();
                let status = {
                    let mut seen = seen.lock().expect("not poisoned");
                    seen.push(text);
                    statuses[(seen.len() - 1).min(statuses.len() - 1)]
                };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

fn release(namespace: &str, ingress_host: IngressHost) -> Release {
    Release {
        service: Service { name: "web".into(), ..Service::default() },
        k3s: K3s { namespace: namespace.into(), replicas: 2, ..K3s::default() },
        image: "acme/web:1".into(),
        user: 65532,
        inputs: skyward_deployer::release::Inputs::default(),
        disk_is_counted: true,
        ingress_host,
    }
}

async fn put(api: &ApiServer, version: &str, kind: &str, namespace: Option<&str>, object: Value) {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(api.client(), namespace, &resource),
        None => Api::all_with(api.client(), &resource),
    };
    let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
    let mut whole = object;
    whole["apiVersion"] = json!(resource.api_version);
    whole["kind"] = json!(kind);
    let how = PatchParams::apply("test").force();
    api.patch(&name, &how, &Patch::Apply(&whole)).await.expect("applied");
    if whole.get("status").is_some() {
        api.patch_status(&name, &how, &Patch::Apply(&whole)).await.expect("a status");
    }
}

/// The Service, and endpoints of so many pods that are ready, each in a slice for each address family.
async fn service(api: &ApiServer, namespace: &str, ready: usize) {
    let port = json!({ "name": "http", "port": 80, "protocol": "TCP" });
    let spec = json!({ "metadata": { "name": "web" }, "spec": { "ports": [port] } });
    put(api, "v1", "Service", Some(namespace), spec).await;
    for (family, begin) in [("IPv4", "10.255.0."), ("IPv6", "fd00::")] {
        let endpoints: Vec<Value> = (1..=2)
            .map(|number| {
                json!({
                    "addresses": [format!("{begin}{number}")],
                    "conditions": { "ready": number <= ready },
                    "targetRef": { "kind": "Pod", "name": format!("web-{number}"), "uid": format!("uid-{number}") },
                })
            })
            .collect();
        let slice = json!({
            "metadata": {
                "name": format!("web-{}", family.to_lowercase()),
                "labels": { "kubernetes.io/service-name": "web" },
            },
            "addressType": family,
            "ports": [{ "name": "http", "port": 8000, "protocol": "TCP" }],
            "endpoints": endpoints,
        });
        put(api, "discovery.k8s.io/v1", "EndpointSlice", Some(namespace), slice).await;
    }
}

async fn class(api: &ApiServer, name: &str) {
    let class =
        json!({ "metadata": { "name": name }, "spec": { "controller": "example.com/test" } });
    put(api, "networking.k8s.io/v1", "IngressClass", None, class).await;
}

/// The Ingress, with an address of this machine where there is a controller.
async fn ingress(api: &ApiServer, namespace: &str, address: Option<SocketAddr>) {
    let backend = json!({ "service": { "name": "web", "port": { "name": "http" } } });
    let addresses: Vec<Value> = address
        .iter()
        .map(|address| {
            json!({ "ip": address.ip().to_string(), "ports": [{ "port": address.port(), "protocol": "TCP" }] })
        })
        .collect();
    let ingress = json!({
        "metadata": { "name": "web" },
        "spec": { "defaultBackend": backend },
        "status": { "loadBalancer": { "ingress": addresses } },
    });
    put(api, "networking.k8s.io/v1", "Ingress", Some(namespace), ingress).await;
}

async fn reach(api: &ApiServer, release: &Release, seconds: u64) -> Reach {
    let sink = |_: Event| ();
    reachable(api, release, Duration::from_secs(seconds), &sink).await.expect("an answer")
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn the_page_is_asked_for_through_the_ingress() {
    let control_plane = ControlPlane::start();
    runtime().block_on(async {
        let api = connect(control_plane.kubeconfig()).await;
        let namespace = control_plane.namespace("reach").await;
        let host = release(&namespace, IngressHost::Named("web.invalid".into()));

        // No pod is ready in time.
        service(&api, &namespace, 1).await;
        let late = reach(&api, &host, 1).await;
        assert!(
            late.problem.as_ref().is_some_and(|it| it.contains("1 of 2 endpoints ready after 1 s")),
            "{late:?}"
        );

        // No controller at all: said, and not waited for.
        service(&api, &namespace, 2).await;
        let alone = reach(&api, &host, 3).await;
        assert_eq!((&alone.address, &alone.problem), (&None, &None), "{alone:?}");
        assert_eq!(alone.verified, ["Service web has 2 ready endpoints"]);
        let hints = alone.hints.join("\n");
        assert!(
            hints.contains("no IngressClass") && hints.contains("deploy-k3s forward"),
            "{hints}"
        );

        // A controller that has not taken the route up yet, then has.
        class(&api, "one").await;
        let controller = Controller::start(&[404, 503, 200]).await;
        ingress(&api, &namespace, Some(controller.address)).await;
        let there = reach(&api, &host, 30).await;
        let port = controller.address.port();
        assert_eq!(there.problem, None, "{there:?}");
        assert_eq!(there.address, Some(format!("http://web.invalid:{port}/")));
        let proof = format!(
            "GET / with Host web.invalid through the Ingress at 127.0.0.1:{port} was answered 200"
        );
        assert!(there.verified.contains(&proof), "{there:?}");
        assert!(
            there
                .hints
                .iter()
                .any(|hint| hint.ends_with("a line for the hosts file: 127.0.0.1 web.invalid")),
            "{there:?}"
        );
        let requests = controller.requests();
        assert_eq!(requests.len(), 3);
        for request in requests {
            assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
            assert!(
                request.to_lowercase().contains(&format!("host: web.invalid:{port}\r\n")),
                "{request}"
            );
        }

        // Under every name: the address is the Ingress's own.
        let any = reach(&api, &release(&namespace, IngressHost::Any), 30).await;
        assert_eq!(any.address, Some(format!("http://127.0.0.1:{port}/")));
        assert_eq!(any.problem, None);
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn what_keeps_the_page_away_is_told() {
    let control_plane = ControlPlane::start();
    runtime().block_on(async {
        let api = connect(control_plane.kubeconfig()).await;
        let namespace = control_plane.namespace("away").await;
        let host = release(&namespace, IngressHost::Named("web.invalid".into()));
        service(&api, &namespace, 2).await;
        class(&api, "one").await;

        // A controller without the route, and one that is not there.
        let broken = Controller::start(&[503]).await;
        ingress(&api, &namespace, Some(broken.address)).await;
        let failed = reach(&api, &host, 3).await;
        let problem = failed.problem.expect("a problem");
        assert!(
            problem.contains("answers 503")
                && problem.contains("IngressClass one (example.com/test)"),
            "{problem}"
        );

        // TLS with a certificate that nobody here trusts, for another name: the API server's own. It lets nobody in.
        let server: SocketAddr =
            control_plane.server().trim_start_matches("https://").parse().expect("an address");
        ingress(&api, &namespace, Some(server)).await;
        let mut secured = host.clone();
        secured.k3s.tls_secret = Some("web-tls".into());
        let refused = reach(&api, &secured, 3).await;
        assert_eq!(refused.address, Some(format!("https://web.invalid:{}/", server.port())));
        assert!(
            refused.problem.as_ref().is_some_and(|it| it.contains("answers 40")),
            "{refused:?}"
        );

        ingress(&api, &namespace, None).await;
        let failed = reach(&api, &host, 3).await;
        let problem = failed.problem.expect("a problem");
        assert!(problem.contains("got no address within 3 s"), "{problem}");

        // Two classes, none the default, and one that is not there.
        class(&api, "two").await;
        let misled = reach(&api, &host, 3).await;
        assert!(misled.problem.is_some_and(
            |it| it.contains("no IngressClass is the default") && it.ends_with("one, two")
        ));
        let mut named = host.clone();
        named.k3s.ingress_class = Some("three".into());
        let misled = reach(&api, &named, 3).await;
        assert!(misled.problem.is_some_and(|it| it.contains("there is no IngressClass three")));
    });
}
