//! The defaults of `[k3s]`.

use super::K3s;

/// A [`K3s`] of which some keys are empty, or have the default of their type, and the others these values.
macro_rules! k3s {
    (empty: [$($empty:ident),*], $($key:ident: $value:expr),* $(,)?) => {
        K3s { $($empty: Default::default(),)* $($key: $value,)* }
    };
}

impl Default for K3s {
    fn default() -> Self {
        k3s! {
            empty: [
                kubeconfig, context, delivery, pull_secret, max_replicas, target_memory, metric, env, secrets, env_from_secrets, files,
                secret_files, volume, job, worker, manifests, labels, pod_labels, pod_annotations, node_selector, toleration,
                priority_class, spread, service_account, service_account_annotations, ingress, host, hosts, gateway, gateway_listeners,
                service_type, extra_port, ingress_class, ingress_annotations, tls_secret, egress, allow_from, allow_to, endpoint,
                machine, sha256, airgap, registries, registries_file, node_env, pod_network, service_network, options
            ],
            namespace: "skyward".into(),
            replicas: 2,
            target_cpu: 80,
            cpu: "50m".into(),
            cpu_limit: "1".into(),
            memory: "16Mi".into(),
            memory_limit: "64Mi".into(),
            storage: "16Mi".into(),
            storage_limit: "64Mi".into(),
            service_account_token: false,
            paths: vec!["/".into()],
            https_redirect: false,
            clients: vec!["kube-system".into()],
            network_policies: true,
            max_surge: "1".into(),
            max_unavailable: "0".into(),
            min_ready_s: 3,
            pre_stop_s: 5,
            progress_deadline_s: 120,
            timeout_s: 300,
            history: 10,
            cluster: "skyward".into(),
            version: "v1.36.3+k3s1".into(),
            download: "https://github.com/k3s-io/k3s/releases/download".into(),
            embedded_registry: false,
            traefik: true,
            servicelb: true,
            node_timeout_s: 300,
        }
    }
}
