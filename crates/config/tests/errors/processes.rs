//! The rules over jobs, workers, files, volumes, ports, metrics, routes, peers, labels and texts.

use skyward_config::Input;

use crate::{EMPTY, problems};

/// Each text below `[k3s]` is wrong, and this is said of it.
#[track_caller]
fn refused(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let text = format!("[k3s]\n{text}\n");
        let said = problems(Input { bytes: text.as_bytes(), ..EMPTY });
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn what_kubernetes_would_refuse_is_refused_here() {
    refused(&[
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
    ]);
}

#[test]
fn a_metric_has_one_value_to_aim_for() {
    refused(&[
        (
            "[[k3s.metric]]\nname = \"rps\"\nper_pod = \"1\"",
            "metric is for an autoscaler, which there is with max_replicas alone",
        ),
        (
            "max_replicas = 3\n[[k3s.metric]]\nname = \"rps\"",
            "\"rps\" has no value to aim for; give per_pod",
        ),
        (
            "max_replicas = 3\n[[k3s.metric]]\nname = \"rps\"\ntotal = \"1\"",
            "which has a value for each; give per_pod, or source = \"external\"",
        ),
        (
            "max_replicas = 3\n[[k3s.metric]]\nname = \"rps\"\ntotal = \"1\"\nper_pod = \"1\"",
            "has per_pod and total; one of them goes",
        ),
        (
            "max_replicas = 3\n[[k3s.metric]]\nname = \"a/b\"\nper_pod = \"1\"",
            "a metric's name is letters, digits",
        ),
        (
            "max_replicas = 3\n[[k3s.metric]]\nname = \"a\"\nper_pod = \"0.5\"",
            "with m for thousandths",
        ),
    ]);
}

#[test]
fn a_redirect_leads_to_where_something_answers() {
    refused(&[
        (
            "https_redirect = true",
            "without a certificate nothing answers by HTTPS; set k3s.tls_secret",
        ),
        ("https_redirect = true\ningress = \"none\"", "a redirect is for an Ingress"),
        (
            "https_redirect = true\ntls_secret = \"a\"\ningress_class = \"haproxy\"",
            "made for Traefik and for nginx; tell the controller of \"haproxy\"",
        ),
        (
            "https_redirect = true\ntls_secret = \"a\"\ningress_class = \"nginx\"\n\
             ingress_annotations = { \"nginx.ingress.kubernetes.io/ssl-redirect\" = \"false\" }",
            "that is the annotation which k3s.https_redirect sets",
        ),
        (
            "https_redirect = true\ngateway = \"a\"\ngateway_listeners = { https = \"b\" }",
            "one listener to redirect from and one to lead to; name both",
        ),
        ("gateway_listeners = { http = \"a\" }", "there is no k3s.gateway whose listeners"),
        ("gateway = \"a\"\ngateway_listeners = { tls = \"b\" }", "a listener is for http or https"),
    ]);
}

#[test]
fn labels_sizes_and_texts_that_the_next_system_refuses() {
    refused(&[
        (
            "labels = { \"app.kubernetes.io/name\" = \"a\" }",
            "that label is taken: the release is found",
        ),
        ("pod_labels = { \"app.kubernetes.io/managed-by\" = \"a\" }", "that label is taken"),
        (
            "labels = { \"pod-security.kubernetes.io/enforce\" = \"privileged\" }",
            "it is for the namespace alone",
        ),
        ("pod_labels = { pod-template-hash = \"a\" }", "Kubernetes itself sets it"),
        ("pod_annotations = { \"skyward.dev/secrets\" = \"a\" }", "are the deployer's"),
        ("memory = \"1Ki\"", "1Ki is too little: with less than 1Mi no container runs"),
        (
            "memory_limit = \"4Mi\"\nmemory = \"1Mi\"",
            "with less than 6Mi no container is even started",
        ),
        ("storage_limit = \"1000Ki\"\nstorage = \"1Ki\"", "evicted for its first lines of log"),
        ("[[k3s.worker]]\nname = \"a\"\nmemory_limit = \"1Mi\"", "no container is even started"),
        ("env = { A = \"\\u2028\" }", "it holds U+2028, which the API server does not take"),
        ("env = { A = \"\\u0085\" }", "it holds U+0085"),
        ("pod_annotations = { a = \"\\uFEFF\" }", "it holds U+FEFF"),
        ("[[k3s.job]]\nname = \"a\"\nargs = [\"\\u2029\"]", "it holds U+2029"),
    ]);
}
