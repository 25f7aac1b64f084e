//! The auditors themselves: nothing fails, and what they pass over is what is written down, no more and no less.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use skyward_provisioner::export::{self, Auditor};
use skyward_provisioner::policy;
use skyward_provisioner::topology::Topology;
use skyward_testkit::sample::sample;
use tempfile::TempDir;

use super::variants;

/// The checks that are said not to be met by this topology, and where.
fn documented(topology: &Topology, auditor: Auditor) -> BTreeSet<(String, String)> {
    let exceptions = export::exceptions(topology);
    let asked = exceptions.into_iter().filter(|exception| exception.auditor == auditor);
    asked
        .map(|exception| (exception.check.to_owned(), exception.on.replace(['/', '-'], "")))
        .collect()
}

/// Every variant as a file: with what the template tells the auditors, and without. Each with its name, its topology, and
/// whether it tells.
fn folder(auditor: &str) -> (TempDir, Vec<(String, Topology, bool)>) {
    // checkov looks into no folder whose name begins with a dot.
    let folder = tempfile::Builder::new().prefix("templates-").tempdir().expect("a folder");
    let forms = [(true, "json"), (true, "yaml"), (false, "json")];
    let all = variants().into_iter().flat_map(|(name, topology)| {
        forms.map(|(tells, extension)| (name, topology.clone(), tells, extension))
    });
    let mut files = Vec::new();
    for (name, topology, tells, extension) in sample(&format!("templates for {auditor}"), all, 3) {
        let mut template = export::cloudformation(&topology);
        if !tells {
            for resource in template["Resources"].as_object_mut().expect("resources").values_mut() {
                resource.as_object_mut().expect("a resource").remove("Metadata");
            }
        }
        let text = match extension {
            "yaml" => export::yaml(&template).expect("YAML"),
            _ => template.to_string(),
        };
        let file = format!("{name}-{}.{extension}", if tells { "tells" } else { "plain" });
        std::fs::write(folder.path().join(&file), text).expect("a file");
        files.push((file, topology, tells));
    }
    (folder, files)
}

/// What a program says on standard output, whatever its exit code.
fn run(command: &mut Command) -> Value {
    let output = command.output().expect("the program starts");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?} wrote no JSON: {error}\n{complaint}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is text"))
}

/// Check and resource of what checkov lists of a file.
fn listed(list: &Value, file: &str) -> BTreeSet<(String, String)> {
    let checks = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    let of_file = checks.filter(|check| text(&check["file_path"]).trim_start_matches('/') == file);
    let name = |resource: &Value| text(resource).rsplit('.').next().map(str::to_lowercase);
    of_file
        .map(|check| {
            (text(&check["check_id"]).to_owned(), name(&check["resource"]).expect("a name"))
        })
        .collect()
}

#[test]
#[ignore = "needs checkov"]
fn checkov_finds_nothing_but_the_exceptions() {
    let (folder, files) = folder("checkov");
    let mut checkov = Command::new("checkov");
    checkov.args(["--framework", "cloudformation", "--output", "json", "--skip-download"]);
    let report = run(checkov.arg("--directory").arg(folder.path()));
    assert_eq!(report["summary"]["parsing_errors"], 0);
    for (file, topology, tells) in files {
        let of = |list: &str| listed(&report["results"][list], &file);
        let (passed, failed, skipped) =
            (of("passed_checks"), of("failed_checks"), of("skipped_checks"));
        println!(
            "{file}: {} passed, {} failed, {} skipped",
            passed.len(),
            failed.len(),
            skipped.len()
        );
        assert!(passed.len() > 30, "{file}: {passed:?}");
        let documented = documented(&topology, Auditor::Checkov);
        let none = BTreeSet::new();
        let (to_fail, to_skip) = if tells { (&none, &documented) } else { (&documented, &none) };
        assert_eq!((&failed, &skipped), (to_fail, to_skip), "{file}");
    }
}

#[test]
#[ignore = "needs cfn-lint"]
fn cfn_lint_finds_nothing_but_the_exceptions() {
    let (folder, files) = folder("cfn-lint");
    let mut cfn_lint = Command::new("cfn-lint");
    cfn_lint.current_dir(folder.path()).args([
        "--format",
        "json",
        "--regions",
        "eu-central-1",
        "us-east-1",
    ]);
    let report = run(cfn_lint.arg("--template").args(files.iter().map(|(file, ..)| file)));
    let findings = report.as_array().expect("findings");
    for (file, topology, tells) in files {
        let of_file = findings.iter().filter(|finding| text(&finding["Filename"]).ends_with(&file));
        let found: BTreeSet<_> = of_file
            .map(|finding| {
                let resource = finding["Location"]["Path"][1].as_str().unwrap_or_default();
                (text(&finding["Rule"]["Id"]).to_owned(), resource.to_lowercase())
            })
            .collect();
        println!("{file}: {} findings", found.len());
        let expected =
            if tells { BTreeSet::new() } else { documented(&topology, Auditor::CfnLint) };
        assert_eq!(found, expected, "{file}");
    }
}

/// cfn-lint has the list of all actions: one that it does not know, IAM would take and never match.
#[test]
#[ignore = "needs cfn-lint"]
fn cfn_lint_knows_every_action_of_the_policies() {
    let aws = skyward_config::Aws::default();
    let folder = tempfile::tempdir().expect("a folder");
    let lint = |policies: &[Value]| {
        let mut template =
            serde_json::json!({ "AWSTemplateFormatVersion": "2010-09-09", "Resources": {} });
        for (index, policy) in policies.iter().enumerate() {
            template["Resources"][format!("Policy{index}")] = serde_json::json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": policy } });
        }
        std::fs::write(folder.path().join("policies.json"), template.to_string()).expect("a file");
        let mut cfn_lint = Command::new("cfn-lint");
        cfn_lint.current_dir(folder.path()).args([
            "--format",
            "json",
            "--template",
            "policies.json",
        ]);
        run(&mut cfn_lint)
    };
    let mut policies: Vec<_> =
        policy::policies(&aws).into_iter().map(|policy| policy.document).collect();
    assert_eq!(lint(&policies), serde_json::json!([]));
    let misspelt = policies[0].to_string().replace("ec2:DescribeVpcs", "ec2:DescribeVpcses");
    policies[0] = serde_json::from_str(&misspelt).expect("JSON");
    assert_eq!(lint(&policies)[0]["Rule"]["Id"], "W3037");
}
