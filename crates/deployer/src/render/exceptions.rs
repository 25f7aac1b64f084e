//! The objects' deviations from what an auditor asks by default, and their reasons.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::environment::FIRST_UNPRIVILEGED_PORT;
use super::{Environment, RenderError};
use crate::manifest::Kind;
use crate::release::Release;

/// The auditor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auditor {
    /// <https://www.checkov.io>
    Checkov,
    /// <https://github.com/zegl/kube-score>
    KubeScore,
    /// <https://docs.kubelinter.io>
    KubeLinter,
}

/// One deviation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exception {
    /// The auditor.
    pub auditor: Auditor,
    /// The name or number of the check.
    pub check: &'static str,
    /// The kind of the object that it concerns.
    pub on: Kind,
    /// The releases that deviate.
    pub when: When,
    /// The reason.
    pub reason: &'static str,
}

/// The releases that deviate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Every one.
    Always,
    /// Those with variables from Secrets.
    Secrets,
    /// Those whose image is named by tag.
    Tag,
    /// Those whose image is named by the tag `latest`, or by none.
    Latest,
    /// Those with one pod.
    OnePod,
    /// Those with an autoscaler that may go down to one pod.
    OnePodScaled,
    /// Those that listen on a port below 1024.
    LowPort,
    /// Those on nodes that do not count disk space.
    Uncounted,
}

const fn exception(
    auditor: Auditor,
    check: &'static str,
    on: Kind,
    when: When,
    reason: &'static str,
) -> Exception {
    Exception { auditor, check, on, when, reason }
}

const PULL: &str = "IfNotPresent starts pods also where no registry is reached, as when the node was given the image";
const SECRETS: &str =
    "the service takes its settings from variables; their values stand in Secrets alone";
const TAG: &str =
    "an image that was loaded into the node has no digest to be pulled by; one from a registry has";
const ONE_POD: &str = "one pod is what the configuration asks for";
const LOW_PORT: &str =
    "a port below 1024 is asked for; this setting, safe for Kubernetes, opens it without root";
const UNCOUNTED: &str =
    "the nodes do not count disk space; a pod that asks for some would not be scheduled";

/// All of them.
pub const EXCEPTIONS: [Exception; 11] = {
    use Auditor::{Checkov, KubeLinter, KubeScore};
    use Kind::{Deployment, HorizontalPodAutoscaler};
    [
        exception(Checkov, "CKV_K8S_15", Deployment, When::Always, PULL),
        exception(Checkov, "CKV_K8S_35", Deployment, When::Secrets, SECRETS),
        exception(Checkov, "CKV_K8S_43", Deployment, When::Tag, TAG),
        exception(Checkov, "CKV_K8S_14", Deployment, When::Latest, TAG),
        exception(KubeScore, "container-image-pull-policy", Deployment, When::Always, PULL),
        exception(KubeScore, "container-image-tag", Deployment, When::Latest, TAG),
        exception(KubeScore, "deployment-replicas", Deployment, When::OnePod, ONE_POD),
        exception(
            KubeScore,
            "container-ephemeral-storage-request-and-limit",
            Deployment,
            When::Uncounted,
            UNCOUNTED,
        ),
        exception(
            KubeScore,
            "horizontalpodautoscaler-replicas",
            HorizontalPodAutoscaler,
            When::OnePodScaled,
            ONE_POD,
        ),
        exception(KubeLinter, "latest-tag", Deployment, When::Latest, TAG),
        exception(KubeLinter, "unsafe-sysctls", Deployment, When::LowPort, LOW_PORT),
    ]
};

/// The deviations of a release.
///
/// # Errors
/// As [`super::manifests`].
pub fn exceptions(release: &Release) -> Result<Vec<Exception>, RenderError> {
    let environment = Environment::of(release)?;
    let applies = |exception: &Exception| exception.when.applies(release, &environment);
    Ok(EXCEPTIONS.into_iter().filter(applies).collect())
}

impl When {
    fn applies(self, release: &Release, environment: &Environment) -> bool {
        let k3s = &release.k3s;
        match self {
            Self::Always => true,
            Self::Secrets => !k3s.secrets.is_empty(),
            Self::Tag => !release.image.contains('@'),
            Self::Latest => !release.image.contains('@') && tag(&release.image) == "latest",
            Self::OnePod => k3s.replicas < 2 && k3s.max_replicas.is_none(),
            Self::OnePodScaled => k3s.replicas < 2 && k3s.max_replicas.is_some(),
            Self::Uncounted => !release.disk_is_counted,
            Self::LowPort => environment.lowest_port() < FIRST_UNPRIVILEGED_PORT,
        }
    }
}

/// The tag of an image: the text after a colon in the last part of its path, else `latest`.
fn tag(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map_or("latest", |(_, tag)| tag)
}

/// The annotations that the auditors read from an object of this kind.
pub(super) fn annotations(
    kind: Kind,
    release: &Release,
    environment: &Environment,
) -> Option<BTreeMap<String, String>> {
    let mut annotations = BTreeMap::new();
    let mut skipped = 0;
    let applies = |exception: &&Exception| {
        exception.on == kind && exception.when.applies(release, environment)
    };
    for Exception { auditor, check, reason, .. } in EXCEPTIONS.iter().filter(applies) {
        match auditor {
            Auditor::Checkov => {
                skipped += 1;
                annotations
                    .insert(format!("checkov.io/skip{skipped}"), format!("{check}={reason}"));
            }
            // It takes no reason.
            Auditor::KubeScore => {
                let list = annotations.entry("kube-score/ignore".to_owned()).or_default();
                *list = if list.is_empty() { (*check).into() } else { format!("{list},{check}") };
            }
            Auditor::KubeLinter => {
                let name = format!("ignore-check.kube-linter.io/{check}");
                annotations.insert(name, (*reason).to_owned());
            }
        }
    }
    (!annotations.is_empty()).then_some(annotations)
}

/// All exceptions as Markdown: `deploy/auditors.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# What the auditors ask and we do not do\n\n\
         <!-- Generated from crates/deployer/src/render/exceptions.rs; a test keeps it current. -->\n\n\
         The objects of a release pass checkov (framework `kubernetes`), kube-score (for Kubernetes 1.33) and \
         kube-linter with their default checks, but for these. Each exception is also an annotation of the \
         object, and only of those that deviate, so that the auditors themselves pass it over.\n",
    );
    for (auditor, title, annotation) in AUDITORS {
        let _ = write!(
            text,
            "\n## {title}\n\nAnnotation: `{annotation}`\n\n| check | object | when | why |\n|---|---|---|---|\n"
        );
        let concerned = EXCEPTIONS.iter().filter(|exception| exception.auditor == auditor);
        for Exception { check, on, when, reason, .. } in concerned {
            let _ = writeln!(text, "| {check} | {on} | {} | {reason} |", when.text());
        }
    }
    text
}

const AUDITORS: [(Auditor, &str, &str); 3] = [
    (Auditor::Checkov, "checkov", "checkov.io/skipN: CHECK=WHY"),
    (Auditor::KubeScore, "kube-score", "kube-score/ignore: CHECK,…"),
    (Auditor::KubeLinter, "kube-linter", "ignore-check.kube-linter.io/CHECK: WHY"),
];

impl When {
    fn text(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Secrets => "`k3s.secrets` is not empty",
            Self::Tag => "the image is named by tag, not by digest",
            Self::Latest => "the image is named by the tag `latest`",
            Self::OnePod => "`k3s.replicas` is 1",
            Self::OnePodScaled => "`k3s.replicas` is 1, with `k3s.max_replicas`",
            Self::Uncounted => {
                "no node counts the disk space that pods use (a kubelet can do without)"
            }
            Self::LowPort => "a port of the service is below 1024",
        }
    }
}
