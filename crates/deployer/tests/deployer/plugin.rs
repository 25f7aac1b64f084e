//! Credentials plugins: when they run, what they answer, and how their failures are told.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skyward_deployer::api::Reason;

use crate::api::{connect, write};
use crate::support::{block_on, cluster};

#[test]
fn a_credentials_plugin_that_fails_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = |command: &str| {
        let user = format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{command}', interactiveMode: Never}}}}"
        );
        let kubeconfig = write(folder.path(), "https://127.0.0.1:1", &user);
        block_on(connect(kubeconfig)).expect_err("no credentials")
    };
    for command in ["false", "/no/such/plugin"] {
        let error = plugin(command);
        assert!(matches!(error.reason, Reason::Credentials(_)), "{command}: {error:?}");
        assert!(error.to_string().contains(". Next step: log in again"), "{error}");
    }
}

#[test]
fn a_plugin_that_is_not_there_is_named_with_how_to_install_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never, \
                installHint: 'brew install it,\n  or ask'}}";
    let kubeconfig = write(folder.path(), "https://127.0.0.1:1", user);
    let error = block_on(connect(kubeconfig)).expect_err("no credentials").to_string();
    let right = "`no-such-plugin` is not installed, or not in PATH; the kubeconfig says how to install it: brew install it,";
    assert!(error.contains(right), "{error}");
}

/// A plugin that writes down each of its runs, and the kubeconfig of its user.
fn scripted(folder: &Path, server: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let plugin = folder.join("plugin");
    let runs = folder.join("runs");
    let text = format!("#!/bin/sh\necho run >> '{}'\n{script}\n", runs.display());
    std::fs::write(&plugin, text).expect("a file");
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{}', interactiveMode: Never, \
         env: [{{name: PASSWORD, value: hidden}}]}}}}",
        plugin.display()
    );
    write(folder, server, &user)
}

fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).expect("it has run").lines().count()
}

#[test]
fn a_plugin_that_fails_is_told_in_its_own_words_without_its_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo 'the session has ended' >&2; exit 3";
    let kubeconfig = scripted(folder.path(), "https://127.0.0.1:1", script);
    let error = block_on(connect(kubeconfig)).expect_err("no credentials").to_string();
    assert!(error.contains("failed with exit status: 3: the session has ended"), "{error}");
    assert!(!error.contains("hidden"), "{error}");
}

/// A server without TLS that lets nobody in, and the authorizations that it was sent.
fn refusing() -> (String, Arc<Mutex<Vec<String>>>) {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("it is bound"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let head = head.map_while(Result::ok).take_while(|line| !line.is_empty());
            let sent = head.filter(|line| line.to_ascii_lowercase().starts_with("authorization"));
            kept.lock().expect("no panic").extend(sent);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            );
        }
    });
    (server, seen)
}

/// Prints a token that ends at this time, or never.
fn token(end: Option<&str>) -> String {
    let end = end.map(|end| format!(",\"expirationTimestamp\":\"{end}\"")).unwrap_or_default();
    format!(
        "echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"token\":\"abc\"{end}}}}}'"
    )
}

#[test]
fn a_plugin_runs_once_and_again_only_when_its_token_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    for (end, right) in
        [(None, 1), (Some("2999-01-01T00:00:00Z"), 1), (Some("2001-01-01T00:00:00Z"), 2)]
    {
        let (server, seen) = refusing();
        let kubeconfig = scripted(folder.path(), &server, &token(end));
        let error = block_on(connect(kubeconfig)).expect_err("not let in");
        assert_eq!(error.reason, Reason::Unauthorized, "{error}");
        let seen = seen.lock().expect("no panic").clone();
        assert_eq!(seen, ["authorization: Bearer abc"], "{end:?}");
        assert_eq!(runs(folder.path()), right, "{end:?}");
        std::fs::remove_file(folder.path().join("runs")).expect("it is there");
    }
}

#[test]
fn a_plugin_that_answers_something_else_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for (script, right) in [
        ("echo no", "answers something else than an ExecCredential"),
        (
            "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"a\"}}'",
            "answers in the version client.authentication.k8s.io/v1beta1, and the kubeconfig says \
             client.authentication.k8s.io/v1",
        ),
        (
            "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'",
            "answers neither a token nor a certificate with its key",
        ),
    ] {
        let kubeconfig = scripted(folder.path(), "https://127.0.0.1:1", script);
        let error = block_on(connect(kubeconfig)).expect_err("no credentials").to_string();
        assert!(error.contains(right), "{error}");
    }
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_plugins_certificate_is_let_in() {
    let control_plane = cluster();
    let folder = tempfile::tempdir().expect("a folder");
    let admin: Value = serde_saphyr::from_str(
        &std::fs::read_to_string(control_plane.kubeconfig()).expect("a kubeconfig"),
    )
    .expect("YAML");
    let admin = &admin["users"][0]["user"];
    let pem = |name: &str| {
        let path = admin[name].as_str().expect("a path");
        std::fs::read_to_string(path).expect("PEM")
    };
    let (certificate, key) = (pem("client-certificate"), pem("client-key"));
    let answer = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"clientCertificateData": certificate, "clientKeyData": key},
    });
    let authority = control_plane.as_ref().join("pki/authority.crt");
    let server =
        format!("{}', certificate-authority: '{}", control_plane.server(), authority.display());
    let script = format!("cat <<'END'\n{answer}\nEND");
    let api = block_on(connect(scripted(folder.path(), &server, &script))).expect("let in");
    assert!(api.version().starts_with("v1."), "{}", api.version());
    assert_eq!(runs(folder.path()), 1);
}
