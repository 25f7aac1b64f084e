//! The merge of the operator's kubeconfig.

use std::path::Path;

use skyward_k3s::kubeconfig::{Kubeconfig, Owner, check};

const K3S: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    server: https://127.0.0.1:6443\n    \
    certificate-authority-data: Q0E=\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\n\
    current-context: default\nusers:\n- name: default\n  user:\n    client-key-data: S0VZ\n";
const OWN: &str = "apiVersion: v1\nkind: Config\ncurrent-context: work\npreferences: {colors: true}\nclusters:\n- name: work\n  cluster: \
    {server: 'https://work'}\ncontexts:\n- name: work\n  context: {cluster: work, user: me}\nusers:\n- name: me\n  user: {}\n";

fn parse(text: &str) -> Kubeconfig {
    Kubeconfig::parse(Path::new("config"), text).expect("a kubeconfig")
}

#[test]
fn the_context_goes_in_under_a_name_of_its_own() {
    let merged = parse("").merged("skyward", "id1", K3S, "https://10.0.0.11:6443").expect("one");
    insta::assert_snapshot!(merged.yaml(), @r"
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority-data: Q0E=
        server: https://10.0.0.11:6443
      name: skyward
    contexts:
    - context:
        cluster: skyward
        extensions:
        - extension:
            cluster: id1
          name: skyward
        user: skyward
      name: skyward
    kind: Config
    users:
    - name: skyward
      user:
        client-key-data: S0VZ
    ");
    assert_eq!(merged.owner("skyward"), Owner::Cluster("id1".to_owned()));
    assert_eq!(merged.owner("default"), Owner::Nobody);
}

#[test]
fn what_others_wrote_stays_as_it_is() {
    let own = parse(OWN);
    let merged = own.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
    assert_eq!(merged.yaml().lines().filter(|line| *line == "current-context: work").count(), 1);
    assert_eq!(merged.merged("skyward", "id1", K3S, "https://x:6443").expect("one"), merged);
    assert_eq!(merged.without("skyward"), own);
}

#[test]
fn a_context_of_others_is_left_alone() {
    let own = parse(OWN);
    assert_eq!(check(&own, "skyward", None), None);
    let text = |document: &Kubeconfig, context, id| {
        check(document, context, id).map(|finding| finding.text).unwrap_or_default()
    };
    assert!(text(&own, "work", None).contains("did not make"));
    assert!(text(&own, "me", None).contains("did not make"));
    let merged = own.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
    assert_eq!(text(&merged, "skyward", Some("id1")), "");
    assert!(text(&merged, "skyward", Some("id2")).contains("another cluster"));
    assert!(text(&merged, "skyward", None).contains("another cluster"));
}

#[test]
fn it_is_written_for_its_owner_alone_and_removed_when_empty() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kube/config");
    let none = Kubeconfig::read(&path).expect("an empty one");
    let merged = none.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
    merged.write().expect("written");
    assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    let read = Kubeconfig::read(&path).expect("a kubeconfig");
    assert_eq!(read, merged);
    read.without("skyward").write_or_remove().expect("removed");
    assert!(!path.exists());
}

#[test]
fn no_secret_is_in_an_error() {
    let error = Kubeconfig::parse(Path::new("config"), "token: [secret").expect_err("no YAML");
    assert_eq!(error.to_string(), "reading the kubeconfig config: it is not YAML");
    assert!(Kubeconfig::parse(Path::new("config"), "clusters: 7").is_err());
}
