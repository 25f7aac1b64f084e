//! The commands that look at the configuration alone, as they are typed. No account is called.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration and the instances' script.
fn folder(aws: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("skyward.toml", &format!("[aws]\nuser_data = \"run.sh\"\n{aws}\n"));
    write("run.sh", "#!/bin/sh\n");
    folder
}

fn provision_aws(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"));
    command.current_dir(folder).args(arguments).env_remove("SKYWARD_CONFIG");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = piped.expect("the program starts");
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

/// What a command prints, which succeeds.
#[track_caller]
fn prints(folder: &Path, arguments: &[&str]) -> String {
    let output = provision_aws(folder, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn pictures() {
    let folder = folder("network = \"10.99.0.0/16\"\nsingle_nat_gateway = true");
    let svg = prints(folder.path(), &["graph"]);
    assert!(svg.starts_with("<svg ") && svg.contains(">10.99.0.0/16</text>"), "{svg}");
    let mermaid = prints(folder.path(), &["graph", "--format", "mermaid"]);
    assert!(mermaid.starts_with("flowchart TB\n") && mermaid.contains("10.99.0.0/16"), "{mermaid}");
    let timeline = prints(folder.path(), &["graph", "--timeline"]);
    assert!(
        timeline.contains("class=\"bar-critical\"") && timeline.contains(">db-cluster</text>"),
        "{timeline}"
    );
    assert_eq!(timeline, prints(folder.path(), &["graph", "--timeline", "--simulate"]));
    assert_ne!(
        timeline,
        prints(folder.path(), &["graph", "--timeline", "--simulate", "--seed", "2"])
    );
}

#[test]
fn a_plan_is_drawn() {
    let folder = folder("");
    let plan = prints(folder.path(), &["plan", "--simulate", "--output", "json"]);
    let output = provision_aws(folder.path(), &["graph", "--plan", "-"], &plan);
    let svg = String::from_utf8(output.stdout).expect("text");
    assert!(svg.contains(">create (41)</text>"), "{svg}");
    for wrong in ["", "{}", "{\"changes\": [{}]}"] {
        let output = provision_aws(folder.path(), &["graph", "--plan", "-"], wrong);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{wrong}");
        assert!(
            message.contains("- is not what `plan --output json` writes"),
            "{wrong}: {message}"
        );
    }
}

#[test]
fn cost_as_text_and_json() {
    let folder = folder("region = \"us-east-1\"\ndatabase_class = \"db.r6gd.large\"");
    let text = prints(folder.path(), &["cost"]);
    assert!(
        text.contains("not in the price table") && text.contains("at least 196.47\n"),
        "{text}"
    );
    assert!(text.contains("single_nat_gateway = true  saves 73.00 USD a month"), "{text}");
    let json: Value =
        serde_json::from_str(&prints(folder.path(), &["cost", "--output", "json"])).expect("JSON");
    assert_eq!(json["cost"]["is_at_least"], true);
    assert_eq!(json["options"][0]["monthly"]["from"], -73.0);
}

#[test]
fn the_template_as_json_and_yaml() {
    let folder = folder("account = \"210987654321\"");
    let json: Value = serde_json::from_str(&prints(folder.path(), &["export"])).expect("JSON");
    let bucket = &json["Resources"]["BucketAssets"]["Properties"]["BucketName"];
    assert_eq!(bucket, "skyward-assets-210987654321-eu-central-1");
    let yaml = prints(folder.path(), &["export", "--format", "yaml"]);
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).expect("YAML"), json);
}

#[test]
fn policies_and_documentation() {
    let folder = folder("name = \"shop\"");
    let list = prints(folder.path(), &["policies"]);
    assert!(list.lines().count() == 8 && list.starts_with("policy-plan.json"), "{list}");
    let policy: Value =
        serde_json::from_str(&prints(folder.path(), &["policies", "policy-destroy.json"]))
            .expect("JSON");
    assert!(policy.to_string().contains("cluster:shop-database"), "{policy}");
    let output = provision_aws(folder.path(), &["policies", "policy-none.json"], "");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && message.contains("Next step: `policies` lists them"),
        "{message}"
    );

    let readme = prints(folder.path(), &["docs"]);
    assert!(readme.starts_with("# infra\n") && readme.contains("`shop`"), "{readme}");
    prints(folder.path(), &["docs", "--write", "."]);
    assert_eq!(std::fs::read_to_string(folder.path().join("README.md")).expect("a file"), readme);
    let all: Value =
        serde_json::from_str(&prints(folder.path(), &["policies", "--output", "json"]))
            .expect("JSON");
    for (file, document) in all.as_object().expect("an object") {
        let written = std::fs::read_to_string(folder.path().join(file)).expect("a file");
        assert_eq!(written, format!("{document:#}\n"), "{file}");
    }
    let output = provision_aws(folder.path(), &["docs", "--write", "nowhere"], "");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("Next step: name a folder that is there"), "{message}");
}

/// A script that is no text is told as what it is: it is there.
#[test]
fn a_script_that_is_no_text_is_told() {
    for (bytes, expected) in [
        (&b"\x1f\x8b\x08\0"[..], "run.sh: it is compressed by gzip"),
        (&b"\xff\xfe#\0"[..], "run.sh: it is no text in UTF-8"),
    ] {
        let folder = folder("");
        std::fs::write(folder.path().join("run.sh"), bytes).unwrap();
        let output = provision_aws(folder.path(), &["plan", "--simulate"], "");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(expected) && error.contains("Next step: "), "{error}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_seed_that_is_none_is_told_what_one_is() {
    let folder = folder("");
    for seed in ["x", "-1", "1.5", "18446744073709551616"] {
        let seed = format!("--seed={seed}");
        let output = provision_aws(folder.path(), &["plan", "--simulate", &seed], "");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        let right = "a seed is a whole number from 0 to 18446744073709551615";
        assert!(message.contains(right), "{message}");
    }
}

/// At this pace the next event is minutes away: a test that waits for it hangs.
#[test]
fn a_paced_simulation_hears_ctrl_c_while_it_waits() {
    let folder = folder("");
    let mut command = Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"));
    command.current_dir(folder.path()).env_remove("SKYWARD_CONFIG");
    command.args(["apply", "--simulate", "--pace", "0.1", "--no-page"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("simulated"), "{first}");
    skyward_testkit::signal(child.id(), "INT");
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    let rest = rest.join("\n");
    assert!(rest.contains("Ctrl-C: no new work begins"), "{rest}");
    assert!(rest.contains("error: interrupted. Next step: run it again"), "{rest}");
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "{rest}");
}

/// What is made is told with what it is, and the time as a range.
#[test]
fn a_plan_tells_what_it_makes() {
    let folder = folder("");
    let plan = prints(folder.path(), &["plan", "--simulate"]);
    for words in [
        "mysql on 3 × db.m5d.large, 100 GiB of gp3",
        "10.20.0.0/16",
        "subnet, 10.20.0.0/20 in eu-central-1a",
        "3 to 6 instances in 3 subnets",
        "t3.micro, 8 GiB of gp3",
        " min, usually ",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
}

#[test]
fn a_deletion_is_drawn() {
    let folder = folder("logs = true");
    let script = "#!/bin/sh\ndnf install -y httpd\necho 'It works!' > /var/www/html/index.html\n";
    std::fs::write(folder.path().join("run.sh"), script).unwrap();
    let state = ["--simulate", "--state", "account.json"];
    prints(folder.path(), &[&["apply", "--no-page"][..], &state].concat());
    std::fs::write(folder.path().join("skyward.toml"), "[aws]\nuser_data = \"run.sh\"\n").unwrap();
    let plan = prints(folder.path(), &[&["plan", "--output", "json"][..], &state].concat());
    let output = provision_aws(folder.path(), &["graph", "--plan", "-"], &plan);
    let svg = String::from_utf8(output.stdout).expect("text");
    assert!(svg.contains(">delete (2)</text>"), "{svg}");
    for id in ["bucket/logs", "flow-log"] {
        assert!(svg.contains(&format!(">{id}</text>")), "{id}: {svg}");
    }
}

/// A state file is one account in one region, and one command's at a time; what is wrong with it is found before anything is done.
#[test]
fn a_state_file_is_guarded() {
    let folder = folder("");
    let path = folder.path().join("account.json");
    let plan = ["plan", "--simulate", "--state", "account.json"];
    prints(folder.path(), &plan);
    let refused = |arguments: &[&str]| {
        let output = provision_aws(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    let before = std::fs::read(&path).expect("it is there");
    let held = std::fs::File::open(&path).expect("it is there");
    held.lock().expect("a lock");
    let said = refused(&plan);
    assert!(said.contains("account.json is in use by another command"), "{said}");
    drop(held);
    let said = refused(&[&plan[..], &["--set", "aws.region=eu-west-1"]].concat());
    assert!(said.contains("account in eu-central-1, and [aws] region is eu-west-1"), "{said}");
    let said = refused(&["apply", "--simulate", "--state", "absent/account.json"]);
    assert!(said.contains("opening the simulated account of absent/account.json"), "{said}");
    assert!(!said.contains("vpc"), "nothing is done: {said}");
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}
