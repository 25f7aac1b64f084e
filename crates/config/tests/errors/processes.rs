//! The rules over jobs, workers, files, volumes, ports, routes and peers.

use skyward_config::Input;

use crate::{EMPTY, problems};

#[test]
fn what_kubernetes_would_refuse_is_refused_here() {
    for (text, expected) in [
        (
            r#"files = { "/tmp/x" = "a" }"#,
            "is in /tmp, which the pod has already; choose another path",
        ),
        (r#"files = { "etc/x" = "a" }"#, "a path in a pod is absolute"),
        (r#"files = { "/etc/../x" = "a" }"#, "a path in a pod is absolute"),
        (r#"files = { "/a/b" = "x", "/a.b" = "y" }"#, "differ by / and . alone"),
        (
            "files = { \"/a/b\" = \"x\" }\nsecret_files = { \"/a/b\" = \"s/k\" }",
            "\"/a/b\" is there twice; each path is one thing",
        ),
        (r#"max_surge = "0""#, "both are 0, so that no pod could ever be replaced"),
        (r#"max_surge = "101%""#, "it is a number of pods or a percentage in quotes"),
        ("[[k3s.job]]\nname = \"a\"\nwhen = \"schedule\"", "runs by a schedule and has none"),
        (
            "[[k3s.job]]\nname = \"a\"\nschedule = \"@daily\"",
            "has a schedule and does not run by it",
        ),
        (
            "[[k3s.job]]\nname = \"a\"\ntimeout_s = 301",
            "may take 301 s and the whole deployment 300 s",
        ),
        ("[[k3s.job]]\nname = \"a\"\n[[k3s.worker]]\nname = \"a\"", "is the name of two"),
        ("[[k3s.job]]\nname = \"1\"", "a name is 1 to 30 of a-z"),
        ("[[k3s.job]]\ntimeout_s = 1", "name is missing"),
        (
            "[[k3s.volume]]\nname = \"d\"\npath = \"/data\"\nsize = \"1Gi\"",
            "is for one pod at a time; set replicas = 1",
        ),
        (
            "[[k3s.extra_port]]\nname = \"http\"\ntarget = 81",
            "http and admin are the service's own",
        ),
        ("[[k3s.extra_port]]\nname = \"a\"\ntarget = 80", "the Service has two ports 80"),
        ("gateway = \"a/b\"\ntls_secret = \"x\"", "with k3s.gateway there is an HTTPRoute instead"),
        ("ingress = \"none\"\nhosts = [\"a.example.com\"]", "k3s.hosts is for an Ingress"),
        ("network_policies = false\negress = [\"10.0.0.0/8\"]", "so that k3s.egress means nothing"),
        ("[[k3s.toleration]]\nvalue = \"x\"", "names the taint's key too"),
        (
            "[[k3s.allow_to]]\nnetwork = \"10.0.0.0/8\"\nnamespace = \"a\"",
            "a peer is a network, or pods",
        ),
        (
            "[[k3s.allow_to]]\nnetwork = \"300.0.0.0/8\"",
            "a network is an address with a prefix length",
        ),
        ("target_memory = 80", "which there is with max_replicas alone"),
        ("labels = { a = \"b\" }\npod_labels = { a = \"c\" }", "keep one of the two"),
        (
            "service_account = \"a\"\nservice_account_annotations = { a = \"b\" }",
            "the ServiceAccount is made by others",
        ),
    ] {
        let text = format!("[k3s]\n{text}\n");
        let said = problems(Input { bytes: text.as_bytes(), ..EMPTY });
        assert!(said.contains(expected), "{text}: {said}");
    }
}
