//! The exceptions as people read them.

use std::fmt::Write;

use super::{Auditor, EXCEPTIONS, Exception, When};

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
