//! `render` as a person types it, without a cluster.

use std::process::Output;

use crate::support::deployer::{Deployer, said};

#[test]
fn a_render_for_a_namespace_of_the_system_leaves_it_alone_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let render = |namespace: &str| {
        let web = Deployer::new(&folder.path().join("none"), namespace);
        web.run("render --image acme/web:1.0 --address 10.0.0.1")
    };
    let has_namespace = |output: &Output| {
        assert!(output.status.success(), "{}", said(output));
        String::from_utf8_lossy(&output.stdout).contains("\nkind: Namespace\n")
    };
    for namespace in ["default", "kube-system", "kube-public"] {
        let output = render(namespace);
        assert!(!has_namespace(&output), "{namespace}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(namespace), "{}", said(&output));
    }
    assert!(has_namespace(&render("mine")));
}

#[test]
fn what_no_node_can_pull_is_not_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let web = Deployer::new(&folder.path().join("none"), "mine");
    for image in ["acme/Web:1.0", "Acme/web:1.0", "a:b:c", "acme/web:"] {
        let output = web.run(&format!("render --address 10.0.0.5 --image {image}"));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("is not an image reference"), "{}", said(&output));
    }
}

#[test]
fn no_node_has_an_address_that_means_none_or_all() {
    let folder = tempfile::tempdir().unwrap();
    let web = Deployer::new(&folder.path().join("none"), "mine");
    for address in
        ["0.0.0.0", "0.0.0.5", "255.255.255.255", "224.0.0.1", "240.0.0.1", "169.254.1.1"]
    {
        let output = web.run(&format!("render --image acme/web:1.0 --address {address}"));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("no node has this address"), "{}", said(&output));
    }
}
