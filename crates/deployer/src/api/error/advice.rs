//! The next step after a failed call.

use super::{Denied, Reason, Verb};

impl Reason {
    /// The next step, without a full stop.
    pub(super) fn next_step(&self, verb: Verb) -> String {
        let text = match self {
            Self::Forbidden(denied) => return rule(denied),
            Self::Kubeconfig(_) => {
                "name a readable kubeconfig (`kubeconfig` under [k3s], or KUBECONFIG)"
            }
            Self::NoContext { wanted: None, .. } => "name one: `context` under [k3s] or --context",
            Self::NoContext { wanted: Some(_), .. } => {
                "name another (`context` under [k3s] or --context), or another kubeconfig"
            }
            Self::Credentials(_) => {
                "log in again, or correct the user of this context in the kubeconfig"
            }
            Self::Unreachable(_) | Self::Timeout(_) => {
                "see that the cluster runs, that this machine reaches it, and that `server` in the kubeconfig is right"
            }
            Self::CertificateExpired(_) => {
                "get a new kubeconfig from the cluster; k3s renews /etc/rancher/k3s/k3s.yaml when it is restarted"
            }
            Self::Untrusted(_) => {
                "get the cluster's present certificate authority into the kubeconfig, and see that `server` is an address \
                 that the certificate names"
            }
            Self::Unauthorized => {
                "get new credentials for this context: the token has expired or was revoked, or the cluster was set up again"
            }
            Self::NotFound => "see with `status` what is there, and run this again",
            Self::NoNamespace(_) => {
                "make the namespace, or see that `namespace` under [k3s] is right"
            }
            Self::NoKind => "upgrade the cluster to Kubernetes 1.33 or newer",
            Self::Terminating(_) => {
                "wait until it is gone, then run this again; if it does not go, look at its `status.conditions`"
            }
            Self::Conflict { .. } => {
                "leave these fields to their owners, or take them over with --force"
            }
            Self::AlreadyExists if verb == Verb::Create => {
                "another deployment may be under way: look at `history`, then run this again"
            }
            Self::Quota(_) => {
                "ask for less (`replicas` and limits under [k3s]), or have the namespace's quota raised"
            }
            Self::Immutable { .. } => {
                "set the field back, or `remove` the release and deploy it again, which interrupts it"
            }
            Self::UnknownField(_) => {
                "this version of Kubernetes may be too old for it: 1.33 or newer is needed"
            }
            Self::Invalid(_) => "correct the configuration that the field comes from",
            Self::Admission(_) => "satisfy the policy, or ask the cluster's administrator about it",
            Self::Changed | Self::AlreadyExists | Self::Gone => "run this again",
            Self::Unavailable(_) => {
                "see how the API server is (its log, /readyz), then run this again"
            }
            Self::LockLost(_) => "run this again; it continues from whatever is there",
            Self::Damaged(_) => {
                "delete that Secret to forget the revision, or bring it back from a backup"
            }
            Self::Other(_) => "look at the API server's log",
        };
        text.to_owned()
    }
}

/// The rule of RBAC that would allow it.
fn rule(denied: &Denied) -> String {
    let Denied { user, verb, resource, group, namespace } = denied;
    let place = match namespace {
        Some(namespace) => format!("a Role in namespace {namespace}"),
        None => "a ClusterRole".to_owned(),
    };
    // Asked for by a GET that is upgraded: from Kubernetes 1.35 on both are needed, and only the first lack is told.
    let verbs = match (resource.as_str(), verb.as_str()) {
        ("pods/portforward" | "pods/exec", "get" | "create") => "\"get\", \"create\"".to_owned(),
        _ => format!("\"{verb}\""),
    };
    format!(
        "have {place} bound to {user} with the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], \
         verbs: [{verbs}]}}"
    )
}
