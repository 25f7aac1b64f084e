//! Connecting and calling: what a real API server, a missing one and a bad network are turned into.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use skyward_deployer::api::{
    ApiServer, ApiSettings, Apply, CallError, ContextRef, Reason, RetryPolicy,
};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};

use crate::support::control_plane::{CONTEXT, ControlPlane, User, kubeconfig};
use crate::support::deployer::{Deployer, said};
use crate::support::proxy::{Fault, Proxy};
use crate::support::{block_on, cluster, until};

fn target(kubeconfig: PathBuf) -> ContextRef {
    ContextRef { kubeconfig: Some(kubeconfig), context: Some(CONTEXT.to_owned()) }
}

pub(crate) async fn connect(kubeconfig: PathBuf) -> Result<ApiServer, CallError> {
    ApiServer::connect(&target(kubeconfig)).await
}

/// With so little patience that a test can wait for its end.
async fn connect_briefly(kubeconfig: PathBuf) -> Result<ApiServer, CallError> {
    let total = Duration::from_secs(2);
    let policy = RetryPolicy { attempt: total / 2, total, ..RetryPolicy::default() };
    ApiServer::connect_with(&target(kubeconfig), ApiSettings { policy, ..ApiSettings::default() })
        .await
}

pub(crate) fn write(folder: &Path, server: &str, user: &str) -> PathBuf {
    let path = folder.join("kubeconfig");
    std::fs::write(&path, kubeconfig(&format!("{{server: '{server}'}}"), "a", user))
        .expect("a file");
    path
}

fn manifest(kind: Kind, namespace: Option<&str>, name: &str, mut object: Value) -> Manifest {
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.as_str().into();
    object["metadata"]["name"] = name.into();
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace.into();
    }
    let namespace = namespace.map(str::to_owned);
    Manifest { id: ObjectId { kind, namespace, name: name.to_owned() }, object }
}

fn deployment(namespace: &str, label: &str, image: &str) -> Manifest {
    let spec = json!({
        "replicas": 0,
        "selector": {"matchLabels": {"app": label}},
        "template": {
            "metadata": {"labels": {"app": label}},
            "spec": {"containers": [{"name": "web", "image": image}]},
        },
    });
    manifest(Kind::Deployment, Some(namespace), "web", json!({"spec": spec}))
}

fn account(namespace: &str, name: &str) -> Manifest {
    manifest(Kind::ServiceAccount, Some(namespace), name, json!({}))
}

#[test]
fn no_server_is_told_by_its_address() {
    let folder = tempfile::tempdir().expect("a folder");
    // Free, and nobody listens.
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let server = format!("https://127.0.0.1:{port}");
    let error = block_on(connect(write(folder.path(), &server, "{}"))).expect_err("nobody");
    let text = error.to_string();
    let begin = format!(
        "cannot connect to context `test`: {server} cannot be reached: Connection refused (os error 111) (4 attempts in "
    );
    assert!(text.starts_with(&begin), "{text}");
    assert!(matches!(error.reason, Reason::Unreachable(_)), "{error:?}");
}

/// A SOCKS5 proxy (RFC 1928) behind which an empty cluster answers, and the destinations that it was asked for.
fn socks() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || drop(by_socks(stream, &kept)));
        }
    });
    (port, asked)
}

/// One connection: without a password to a destination that is a name, and requests for the version and for lists.
fn by_socks(mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut start = [0; 2];
    stream.read_exact(&mut start)?;
    stream.read_exact(&mut vec![0; start[1].into()])?;
    stream.write_all(&[5, 0])?;
    let mut request = [0; 5];
    stream.read_exact(&mut request)?;
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; request[4].into()];
    stream.read_exact(&mut name)?;
    let mut port = [0; 2];
    stream.read_exact(&mut port)?;
    let to = format!("{}:{}", String::from_utf8_lossy(&name), u16::from_be_bytes(port));
    asked.lock().expect("no panic").push(to);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(first) = lines.next().transpose()? {
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let body = match first.split(' ').nth(1) {
            Some("/version") => json!({"gitVersion": "v1.36.3"}),
            _ => json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}),
        };
        let body = body.to_string();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

/// As `ssh -D` makes one to a bastion, which alone knows the API server's name.
#[test]
fn a_command_reaches_the_cluster_through_a_socks_proxy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, asked) = socks();
    for (scheme, is_own) in [("socks5", true), ("socks5h", true), ("socks5", false)] {
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        let own = if is_own { format!("', proxy-url: '{proxy}") } else { String::new() };
        let kubeconfig = write(folder.path(), &format!("http://api.invalid:8080{own}"), "{}");
        let far = Deployer::new(&kubeconfig, "far");
        let mut history = far.command("history");
        for name in ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"] {
            history.env_remove(name);
        }
        if !is_own {
            history.env("HTTP_PROXY", &proxy);
        }
        let output = history.output().expect("the deployer starts");
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("web has no revision in namespace far."), "{text}");
        let asked = std::mem::take(&mut *asked.lock().expect("no panic"));
        assert!(!asked.is_empty(), "{proxy}");
        assert!(asked.iter().all(|to| to == "api.invalid:8080"), "{asked:?}");
    }
}

#[test]
fn no_such_name_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    // Longer than a name can be: no resolver needs to be asked.
    let server = format!("http://{}.invalid", "x".repeat(70));
    let error = block_on(connect(write(folder.path(), &server, "{}"))).expect_err("no such name");
    assert!(error.to_string().contains("cannot be reached: its name is not found ("), "{error}");
}

#[test]
fn a_server_that_is_silent_or_speaks_no_tls_is_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("https://{}", silent.local_addr().expect("its address"));
    let error = block_on(connect_briefly(write(folder.path(), &server, "{}"))).expect_err("silent");
    assert!(matches!(error.reason, Reason::Timeout(_)), "{error:?}");
    assert!(error.to_string().contains(&format!("{server} does not answer: ")), "{error}");
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for stream in silent.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.read(&mut [0; 1000]);
        }
    });
    let error = block_on(connect_briefly(write(folder.path(), &server, "{}"))).expect_err("no TLS");
    assert!(error.to_string().contains("no TLS connection"), "{error}");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn who_is_not_let_in_is_told_why() {
    let control_plane = cluster();
    let api = block_on(connect(control_plane.kubeconfig())).expect("let in");
    assert!(api.version().starts_with("v1."), "{}", api.version());
    assert_eq!((api.context(), api.server()), (CONTEXT, control_plane.server()));
    let reason = |kubeconfig| block_on(connect(kubeconfig)).expect_err("not let in").reason;
    let expired = reason(control_plane.kubeconfig_of(User::Expired));
    assert_eq!(expired, Reason::CertificateExpired("at 2001-01-01T00:00:00Z".to_owned()));
    let stranger = reason(control_plane.kubeconfig_of(User::WrongAuthority));
    assert!(
        matches!(&stranger, Reason::Untrusted(why) if why.contains("not signed by")),
        "{stranger:?}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let authority = control_plane.as_ref().join("pki/authority.crt");
    let api = format!(
        "{{server: '{}', certificate-authority: '{}'}}",
        control_plane.server(),
        authority.display()
    );
    let path = folder.path().join("token");
    std::fs::write(&path, kubeconfig(&api, "a", "{token: wrong}")).expect("a file");
    assert_eq!(reason(path), Reason::Unauthorized);
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_missing_permission_is_told_with_its_rule() {
    let control_plane = cluster();
    block_on(async {
        let guest =
            connect(control_plane.kubeconfig_of(User::Guest)).await.expect("version is free");
        let error = guest.apply(&account("default", "x"), Apply::default()).await.expect_err("no");
        assert_eq!(
            error.to_string(),
            "cannot apply ServiceAccount x in namespace default: user guest may not patch serviceaccounts in namespace \
             default. Next step: have a Role in namespace default bound to guest with the rule {apiGroups: [\"\"], \
             resources: [\"serviceaccounts\"], verbs: [\"patch\"]}"
        );
        assert_eq!(
            guest.addresses_of_nodes().await,
            Ok(Vec::new()),
            "then there is no nip.io name"
        );
        assert_eq!(guest.ingress_classes().await, Ok(Vec::new()));
    });
}

/// Applies and tells why not.
async fn refused(api: &ApiServer, manifest: &Manifest) -> Reason {
    api.apply(manifest, Apply::default()).await.expect_err("refused").reason
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn what_is_refused_is_told_by_field_and_owner() {
    let control_plane = cluster();
    block_on(async {
        let namespace = &control_plane.namespace("refused").await;
        let api = connect(control_plane.kubeconfig()).await.expect("let in");
        let first = deployment(namespace, "a", "one");
        let try_out = Apply { dry_run: true, ..Apply::default() };
        api.apply(&first, try_out).await.expect("tried out");
        assert_eq!(api.get(&first.id).await, Ok(None), "a dry run leaves nothing");
        let applied = api.apply(&first, Apply::default()).await.expect("applied");
        assert!(applied["metadata"].get("managedFields").is_none());

        let other = Apply { manager: "helm", ..Apply::default() };
        let second = deployment(namespace, "a", "two");
        let error = api.apply(&second, other).await.expect_err("another's field");
        let field = ".spec.template.spec.containers[name=\"web\"].image";
        let fields = vec![("skyward".to_owned(), field.to_owned())];
        assert_eq!(error.reason, Reason::Conflict { fields });
        api.apply(&second, Apply { force: true, ..other }).await.expect("taken over");

        let force = Apply { force: true, ..Apply::default() };
        let error = api.apply(&deployment(namespace, "b", "one"), force).await.expect_err("fixed");
        assert_eq!(error.reason, Reason::Immutable { field: "spec.selector".to_owned() });

        let mut unknown = account(namespace, "x");
        unknown.object["secretz"] = json!([]);
        let reason = refused(&api, &unknown).await;
        assert!(
            matches!(&reason, Reason::UnknownField(text) if text.contains("secretz")),
            "{reason:?}"
        );
        let reason = refused(&api, &account(namespace, "X_")).await;
        assert!(matches!(reason, Reason::Invalid(_)), "{reason:?}");
        let reason = refused(&api, &account("nowhere", "x")).await;
        assert_eq!(reason, Reason::NoNamespace("nowhere".to_owned()));
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_full_quota_and_an_ending_namespace_are_told() {
    let control_plane = cluster();
    block_on(async {
        let namespace = &control_plane.namespace("quota").await;
        let api = connect(control_plane.kubeconfig()).await.expect("let in");
        let quotas = kube::Api::<k8s_openapi::api::core::v1::ResourceQuota>::namespaced(
            api.client(),
            namespace,
        );
        let quota =
            json!({"metadata": {"name": "q"}, "spec": {"hard": {"count/deployments.apps": "0"}}});
        let quota = serde_json::from_value(quota).expect("a quota");
        quotas.create(&kube::api::PostParams::default(), &quota).await.expect("a quota");
        // The API server hears of a new quota a moment later, and refuses everything until it has been counted.
        let trial = Apply { dry_run: true, ..Apply::default() };
        until("a quota that is counted", 30, async || {
            match api.apply(&deployment(namespace, "a", "one"), trial).await {
                Ok(_) => None,
                Err(CallError { reason: Reason::Quota(text), .. }) => {
                    text.contains("exceeded quota: q").then_some(())
                }
                Err(other) => panic!("{other:?}"),
            }
        })
        .await;

        let held = json!({"metadata": {"finalizers": ["example.com/never"]}});
        let ending = manifest(Kind::Namespace, None, &format!("{namespace}-ends"), held);
        let made = api.apply(&ending, Apply::default()).await.expect("a namespace");
        let uid = made["metadata"]["uid"].as_str().expect("its UID").to_owned();
        assert_eq!(api.delete(&ending.id, "another").await, Ok(false));
        assert_eq!(api.delete(&ending.id, &uid).await, Ok(true));
        let reason = refused(&api, &account(&ending.id.name, "x")).await;
        assert_eq!(reason, Reason::Terminating(ending.id.name.clone()));
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_bad_network_is_survived_by_every_verb() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    block_on(async {
        let namespace = &control_plane.namespace("network").await;
        let api = connect(proxy.kubeconfig()).await.expect("let in");
        let faults = [
            Fault::Answer(429),
            Fault::Answer(500),
            Fault::Answer(503),
            Fault::Close,
            Fault::Lose,
            Fault::Silence(Duration::from_millis(50)),
        ];
        for (index, fault) in faults.into_iter().enumerate() {
            let account = account(namespace, &format!("a{index}"));
            let ours = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
            let hit = |method: &'static str| {
                let ours = ours.clone();
                let done = Mutex::new(false);
                proxy.script(move |seen| {
                    let here = seen.method.as_str() == method && seen.path.starts_with(&ours);
                    (here && !std::mem::replace(&mut done.lock().unwrap(), here)).then_some(fault)
                });
            };
            hit("PATCH");
            let made = api.apply(&account, Apply::default()).await.expect("applied");
            hit("GET");
            let there = api.get(&account.id).await.expect("read").expect("it is there");
            assert_eq!(there["metadata"]["uid"], made["metadata"]["uid"]);
            hit("GET");
            let list: Vec<k8s_openapi::api::core::v1::ServiceAccount> =
                api.list(Some(namespace), "").await.expect("listed");
            assert!(
                list.iter().any(|found| found.metadata.name.as_ref() == Some(&account.id.name))
            );
            hit("DELETE");
            let uid = made["metadata"]["uid"].as_str().expect("its UID");
            assert_eq!(api.delete(&account.id, uid).await, Ok(true), "{fault:?}");
            assert_eq!(proxy.hits(), 1);
            assert_eq!(api.get(&account.id).await, Ok(None));
        }
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn an_api_server_that_goes_away_is_called_again() {
    let control_plane = ControlPlane::start();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&heard);
    block_on(async {
        let notice = Arc::new(move |text| taken.lock().unwrap().push(text));
        let settings = ApiSettings { listener: Some(notice), ..ApiSettings::default() };
        let api = ApiServer::connect_with(&target(control_plane.kubeconfig()), settings)
            .await
            .expect("let in");
        control_plane.stop_api_server();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_secs(3));
                control_plane.start_api_server();
            });
            // A thread of its own: the scope waits for both.
            block_on(api.list::<Secret>(Some("default"), "")).expect("an answer at last");
        });
    });
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].contains(" does not answer (") && heard[0].ends_with(" s"), "{heard:?}");
    assert!(heard[1].starts_with("the API server answers again, after "), "{heard:?}");
}
