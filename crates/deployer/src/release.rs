//! A release: the configuration, the image and the host name, settled. Pure.

use std::collections::BTreeMap;

use skyward_config::{Config, Ingress, K3s, Service};

use crate::manifest::Manifest;

/// The name under which the API server knows what we own.
pub const MANAGER: &str = "skyward";

/// The label that says who made an object; its value is [`MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The label that says which release an object belongs to; its value is [`Release::name`].
pub const INSTANCE: &str = "app.kubernetes.io/instance";

/// The label that names what an object belongs to: the service, or one of its further processes.
pub const NAME: &str = "app.kubernetes.io/name";

/// Everything that the objects are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// `[service]`.
    pub service: Service,
    /// `[k3s]`.
    pub k3s: K3s,
    /// The image as the nodes pull it, by digest where one is known: `repository@sha256:…`.
    pub image: String,
    /// The user and group id that the pods run as.
    pub user: u32,
    /// The host names that its Ingress answers for.
    pub ingress_host: IngressHost,
    /// The files, objects and Secrets that the configuration only points to.
    pub inputs: Inputs,
    /// True where the nodes count disk space. Where none does, a pod that asks for some would never be scheduled.
    pub disk_is_counted: bool,
}

/// The files, objects and Secrets that the configuration only points to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    /// The contents of `k3s.files`, by their paths in the pods.
    pub files: BTreeMap<String, Vec<u8>>,
    /// A hash of each Secret that the pods use, by name; none where no cluster was asked.
    pub secrets: BTreeMap<String, String>,
    /// The user's own objects.
    pub manifests: Vec<Manifest>,
}

/// The host names that the Ingress of a release answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngressHost {
    /// There is no Ingress.
    None,
    /// An Ingress for every host name.
    Any,
    /// An Ingress for this host name.
    Named(String),
}

/// The labels that choose the pods of the release of this name.
pub fn selector(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(NAME.to_owned(), name.to_owned()), (INSTANCE.to_owned(), name.to_owned())])
}

impl Release {
    /// The release as the configuration alone tells it: its image by the first tag, its inputs not read, and an Ingress for every
    /// host name where the name is that of a node.
    pub fn of(config: &Config) -> Self {
        let tag = config.image.tags.first().map_or("latest", String::as_str);
        Self {
            service: config.service.clone(),
            k3s: config.k3s.clone(),
            image: format!("{}:{tag}", config.image.repository),
            user: config.image.user,
            ingress_host: match (&config.k3s.host, config.k3s.ingress) {
                (Some(host), _) => IngressHost::Named(host.clone()),
                (None, Ingress::None) => IngressHost::None,
                (None, Ingress::AnyHost | Ingress::NipIo) => IngressHost::Any,
            },
            inputs: Inputs::default(),
            disk_is_counted: true,
        }
    }

    /// The name of the release and of its objects.
    pub fn name(&self) -> &str {
        &self.service.name
    }

    /// The namespace of the objects.
    pub fn namespace(&self) -> &str {
        &self.k3s.namespace
    }

    /// Returns false for a namespace that Kubernetes makes itself: the labels of ours would keep its own pods out.
    pub fn makes_namespace(&self) -> bool {
        self.k3s.namespace != "default" && !self.k3s.namespace.starts_with("kube-")
    }

    /// The labels that choose the release's pods. They never change: a Deployment's selector is immutable.
    pub fn selector(&self) -> BTreeMap<String, String> {
        selector(self.name())
    }

    /// True where the release has pods beside those of the service.
    pub fn has_other_pods(&self) -> bool {
        !self.k3s.worker.is_empty() || !self.k3s.job.is_empty()
    }

    /// The labels of every object: the configuration's, and ours over them.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.k3s.labels.clone();
        labels.extend(self.selector());
        labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
        labels
    }

    /// The address to open, where the host name alone tells it.
    pub fn address(&self) -> Option<String> {
        let scheme = if self.k3s.tls_secret.is_some() { "https" } else { "http" };
        if self.k3s.gateway.is_some() {
            return None;
        }
        match &self.ingress_host {
            IngressHost::Named(host) => Some(format!("{scheme}://{host}/")),
            IngressHost::Any | IngressHost::None => None,
        }
    }
}
