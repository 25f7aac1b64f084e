//! The auditors' exceptions as a template: which of them apply depends on the values.

use std::fmt::Write;

use crate::render::{Auditor, EXCEPTIONS, Exception, When};

/// `templates/_exceptions.tpl`.
pub(super) fn template() -> String {
    let mut lines = String::new();
    for Exception { auditor, check, on, when, reason } in EXCEPTIONS {
        let _ = writeln!(lines, "{{{{- if and (eq $kind \"{on}\") {} -}}}}", condition(when));
        let _ = match auditor {
            Auditor::Checkov => {
                writeln!(lines, "{{{{- $checkov = append $checkov \"{check}={reason}\" -}}}}")
            }
            Auditor::KubeScore => {
                writeln!(lines, "{{{{- $kubeScore = append $kubeScore \"{check}\" -}}}}")
            }
            Auditor::KubeLinter => writeln!(
                lines,
                "{{{{- $_ := set $annotations \"ignore-check.kube-linter.io/{check}\" \"{reason}\" -}}}}"
            ),
        };
        lines.push_str("{{- end -}}\n");
    }
    include_str!("templates/_exceptions.tpl").replace("@EXCEPTIONS@\n", &lines)
}

/// As a condition of Go's templates, of variables that the template has.
fn condition(when: When) -> &'static str {
    match when {
        When::Always => "true",
        When::Secrets => ".Values.k3s.secrets",
        When::Tag => "$tagged",
        When::Latest => "$latest",
        When::OnePod => "$onePod (not $scaled)",
        When::OnePodScaled => "$onePod $scaled",
        When::Uncounted => "(not .Values.disk_is_counted)",
        When::LowPort => "$lowPort",
    }
}
