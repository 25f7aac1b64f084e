//! Two services of one repository, by two configurations, in one namespace: each is a release of its own.

use serde_json::Value;
use skyward_testkit::kubernetes::control_plane::CONTEXT;

use crate::repository::{Repository, cluster_keys, is_gone, ready};
use crate::scratch;

const NAMESPACE: &str = "side-by-side";

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root cc"]
fn two_configurations_are_two_releases_in_one_namespace() {
    let repository = Repository::copy("hyper-plain");
    repository.succeed("init --yes");
    let config = repository.scratch.read("skyward.toml");
    let other_port = scratch::free_port();
    for (name, port) in [("shop", repository.port), ("blog", other_port)] {
        let file = format!("{name}.toml");
        let text = config
            .replacen("# name = \"web\"", &format!("name = \"{name}\" #"), 1)
            .replace(&repository.port.to_string(), &port.to_string());
        repository.scratch.write(&file, &text);
        repository.change(&file, "env = {", &format!("env = {{ SIGNATURE = \"the {name}\","));
        for (from, to) in cluster_keys(NAMESPACE, name) {
            repository.change(&file, from, &to);
        }
        repository.change(&file, "\n[aws]\n", "replicas = 1\n\n[aws]\n");
    }
    std::fs::remove_file(repository.scratch.path("skyward.toml")).expect("it was there");

    let context = format!("doctor --set k3s.context={CONTEXT} --config");
    let text = repository.scratch.read("shop.toml");
    let unnamed: Vec<_> = text.lines().filter(|line| !line.starts_with("repository")).collect();
    repository.scratch.write("unnamed.toml", &unnamed.join("\n"));
    repository.fail(
        &format!("{context} unnamed.toml"),
        1,
        &["image delivery", "names no registry"],
    );

    for name in ["shop", "blog"] {
        let up = repository.succeed(&format!("up --once --config {name}.toml"));
        let page = format!("200 Hello, World! The first edition, signed by the {name}");
        assert!(up.contains(&page), "{up}");
        assert!(up.contains(&format!("Revision 1 of {name} serves")), "{up}");
    }
    assert_eq!(pages(), ["the blog", "the shop"]);

    // One is upgraded and goes back; the other does not notice.
    let blog = ready(NAMESPACE).into_iter().find(|pod| pod.address.port() == other_port);
    repository.change("src/main.rs", "The first", "The second");
    repository.succeed("deploy-k3s --config shop.toml");
    repository.succeed("deploy-k3s rollback --config shop.toml");
    for (name, revisions) in [("shop", 3), ("blog", 1)] {
        repository.succeed(&format!("deploy-k3s status --exit-code --config {name}.toml"));
        let history =
            repository.run(&format!("deploy-k3s history --output json --config {name}.toml"));
        let history: Value = serde_json::from_slice(&history.stdout).expect("JSON");
        assert_eq!(history.as_array().expect("a list").len(), revisions, "{name}: {history}");
        let logs = repository.succeed(&format!("deploy-k3s logs --config {name}.toml"));
        let mut lines = logs.lines().filter(|line| line.contains("echo on 0.0.0.0"));
        let own = |line: &str| line.starts_with(&format!("{name}-"));
        assert!(lines.clone().next().is_some() && lines.all(own), "{logs}");
    }
    assert_eq!(ready(NAMESPACE).into_iter().find(|pod| pod.address.port() == other_port), blog);

    // The namespace was made by the first, and goes with the last.
    let removed = repository.succeed("deploy-k3s remove --yes --config shop.toml");
    assert!(removed.contains("Namespace side-by-side stays"), "{removed}");
    assert_eq!(pages(), ["the blog"]);
    repository.succeed("deploy-k3s status --exit-code --config blog.toml");
    repository.succeed("deploy-k3s remove --yes --config blog.toml");
    is_gone(NAMESPACE);
}

/// The signatures of all pods' pages.
fn pages() -> Vec<String> {
    let pods = ready(NAMESPACE);
    let page = |address| skyward_testkit::kubernetes::pods::page(address).expect("an answer").1;
    let signature = |page: String| page.trim_end().split("signed by ").last().map(str::to_owned);
    let mut pages: Vec<_> = pods.iter().filter_map(|pod| signature(page(pod.address))).collect();
    pages.sort();
    pages
}
