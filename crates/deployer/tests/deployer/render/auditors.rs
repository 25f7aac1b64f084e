//! The auditors themselves: nothing fails, and what they pass over is what is written down, no more and no less.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use skyward_deployer::release::Release;
use skyward_deployer::render::{self, Auditor};
use tempfile::TempDir;

use super::releases;

/// The checks that are said not to be met by this release.
fn documented(release: &Release, auditor: Auditor) -> BTreeSet<String> {
    let exceptions = render::exceptions(release).expect("the release can be rendered");
    let asked = exceptions.into_iter().filter(|exception| exception.auditor == auditor);
    asked.map(|exception| exception.check.to_owned()).collect()
}

/// The objects as files; with the annotations that auditors read, or without.
fn folder(release: &Release, annotated: bool) -> TempDir {
    let folder = empty_folder();
    write(folder.path(), release, annotated);
    folder
}

fn empty_folder() -> TempDir {
    // checkov looks into no folder whose name begins with a dot.
    tempfile::Builder::new().prefix("objects-").tempdir().expect("a folder")
}

fn write(folder: &Path, release: &Release, annotated: bool) {
    let mut manifests = render::manifests(release).expect("the release can be rendered");
    if !annotated {
        for manifest in &mut manifests {
            manifest.object["metadata"]["annotations"] = Value::Null;
        }
    }
    for (name, text) in render::files(&manifests) {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

/// What a program says on standard output, whatever its exit code.
fn run(command: &mut Command) -> Value {
    let output = command.output().expect("the program starts");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?} wrote no JSON: {error}\n{complaint}"))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is text")).to_owned()
}

/// One run for all releases, each in a folder of its own: checkov takes most of its time to start.
#[test]
#[ignore = "needs checkov"]
fn checkov_finds_nothing_but_the_exceptions() {
    let folder = empty_folder();
    for (name, release) in releases::audited() {
        let own = folder.path().join(name);
        std::fs::create_dir(&own).expect("a folder");
        write(&own, &release, true);
    }
    let mut checkov = Command::new("checkov");
    checkov.args(["--framework", "kubernetes", "--output", "json", "--skip-download"]);
    let report = run(checkov.arg("--directory").arg(folder.path()));
    assert_eq!(report["results"]["failed_checks"], serde_json::json!([]));
    assert_eq!(report["summary"]["parsing_errors"], 0);
    for (name, release) in releases::audited() {
        let of = |list: &str| -> Vec<String> {
            let of_release = |check: &&Value| {
                let path = text(&check["file_path"]);
                path.trim_start_matches('/').split('/').next() == Some(name)
            };
            let checks = items(&report["results"][list]).iter().filter(of_release);
            checks.map(|check| text(&check["check_id"])).collect()
        };
        let passed = of("passed_checks");
        assert!(passed.len() > 50, "{name}: {}", passed.len());
        let skipped: BTreeSet<_> = of("skipped_checks").into_iter().collect();
        assert_eq!(skipped, documented(&release, Auditor::Checkov), "{name}");
    }
}

#[test]
#[ignore = "needs kube-score"]
fn kube_score_finds_nothing_but_the_exceptions() {
    for (name, release) in releases::audited() {
        for annotated in [true, false] {
            let folder = folder(&release, annotated);
            let files = std::fs::read_dir(folder.path()).expect("a folder");
            let mut kube_score = Command::new("kube-score");
            kube_score.args(["score", "--output-format=json", "--kubernetes-version=v1.33"]);
            let files = files.map(|file| file.expect("a file").path());
            let report = run(kube_score.args(files));
            let checks = items(&report).iter().flat_map(|object| items(&object["checks"]));
            // 10 is the best grade; a check that does not apply has none.
            let failed = checks
                .filter(|check| check["skipped"] == false && check["grade"].as_u64() < Some(10))
                .map(|check| text(&check["check"]["id"]))
                .collect::<BTreeSet<_>>();
            let expected =
                if annotated { BTreeSet::new() } else { documented(&release, Auditor::KubeScore) };
            assert_eq!(failed, expected, "{name}, annotated: {annotated}");
        }
    }
}

#[test]
#[ignore = "needs kube-linter"]
fn kube_linter_finds_nothing_but_the_exceptions() {
    for (name, release) in releases::audited() {
        for annotated in [true, false] {
            let folder = folder(&release, annotated);
            let mut kube_linter = Command::new("kube-linter");
            let report = run(kube_linter.args(["lint", "--format=json"]).arg(folder.path()));
            assert!(items(&report["Checks"]).len() > 20, "{name}: its default checks have run");
            let reports = items(&report["Reports"]);
            let failed: BTreeSet<_> = reports.iter().map(|found| text(&found["Check"])).collect();
            let expected =
                if annotated { BTreeSet::new() } else { documented(&release, Auditor::KubeLinter) };
            assert_eq!(failed, expected, "{name}, annotated: {annotated}");
        }
    }
}
