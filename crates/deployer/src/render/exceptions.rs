//! Where the objects deviate from what an auditor asks, and why.

use std::collections::BTreeMap;

use crate::release::Release;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Auditor {
    /// <https://www.checkov.io>
    Checkov,
}

/// One deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Who asks.
    pub auditor: Auditor,
    /// The check's name or number.
    pub check: &'static str,
    /// Why it is not so here.
    pub reason: &'static str,
}

/// The deviations of this release.
pub fn exceptions(_release: &Release) -> Vec<Exception> {
    vec![Exception {
        auditor: Auditor::Checkov,
        check: "CKV_K8S_15",
        reason: "the image is named by digest, and IfNotPresent lets nodes without a registry start pods",
    }]
}

/// All deviations as Markdown: `deploy/auditors.md`.
pub fn document() -> String {
    String::new()
}

/// As the auditors read them.
pub(super) fn annotations(release: &Release) -> BTreeMap<String, String> {
    let numbered = exceptions(release).into_iter().enumerate();
    numbered
        .map(|(index, Exception { check, reason, .. })| {
            (format!("checkov.io/skip{}", index + 1), format!("{check}={reason}"))
        })
        .collect()
}
