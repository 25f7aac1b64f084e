//! `image.binaries` and `image.entrypoint`: several binaries of a package in one image, and the one that it starts.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use skyward_image::layer::{Limits, visit};
use skyward_image::resolve::resolve;
use skyward_image::source::{self, Source};
use skyward_image::store::Store;

use crate::fixture::{service, skyward_image};

const MIGRATE: &str = r#"
fn main() {
    println!("migrates with {:?}", std::env::args().skip(1).collect::<Vec<_>>());
}
"#;

/// The fixture with a second binary, which is the image's entry point.
fn write(folder: &Path) {
    service::write(folder);
    fs::create_dir_all(folder.join("src/bin")).unwrap();
    fs::write(folder.join("src/bin/migrate.rs"), MIGRATE).unwrap();
    let text = fs::read_to_string(folder.join("skyward.toml")).unwrap();
    let keys = "[image]\nbinaries = [\"migrate\"]\nentrypoint = [\"/migrate\", \"--all\"]\n";
    fs::write(folder.join("skyward.toml"), text.replace("[image]\n", keys)).unwrap();
}

fn image(folder: &Path, words: &[&str]) -> Output {
    skyward_image().current_dir(folder).args(words).output().unwrap()
}

#[track_caller]
fn succeed(folder: &Path, words: &[&str]) -> String {
    let output = image(folder, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn several_binaries_are_in_one_image_and_one_of_them_is_started() {
    let parent = tempfile::tempdir().unwrap();
    let folders = [parent.path().join("one"), parent.path().join("another/and deeper")];
    let reports = folders.each_ref().map(|folder| -> Value {
        write(folder);
        serde_json::from_str(&succeed(folder, &["build", "--output", "json"])).unwrap()
    });
    assert_eq!(reports[0]["digest"], reports[1]["digest"]);
    let folder = &folders[0];
    let store = Store::open(&folder.join("target/oci/web.tar")).unwrap();
    let image = resolve(&store, None).unwrap();
    let (layer, diff_id) = image.layers().unwrap()[0];
    let mut entries = Vec::new();
    visit(&store, layer, diff_id, Limits::default(), |entry, _| {
        entries.push((String::from_utf8(entry.path).unwrap(), entry.mode));
        Ok(())
    })
    .unwrap();
    assert_eq!(entries, [("web".to_owned(), 0o555), ("migrate".to_owned(), 0o555)]);

    let bill = store.index().unwrap();
    let bill = bill.manifests().iter().find(|it| it.artifact_type().is_some()).unwrap();
    let bill: oci_spec::image::ImageManifest = source::document(&store, bill).unwrap();
    let bill: Value = source::document(&store, &bill.layers()[0]).unwrap();
    let files = bill["metadata"]["component"]["components"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["name"]), (1, &"migrate".into()));

    let inspected: Value =
        serde_json::from_str(&succeed(folder, &["inspect", "--output", "json"])).unwrap();
    assert_eq!(inspected["entrypoint"], serde_json::json!(["/migrate", "--all"]));
    assert_eq!(inspected["cmd"], serde_json::json!(["--fixed"]));
    let ran = succeed(folder, &["run", "--port", "0", "--admin-port", "0"]);
    assert!(ran.contains(r#"migrates with ["--all", "--fixed"]"#), "{ran}");

    // A binary that was compiled elsewhere brings those beside it.
    let elsewhere = parent.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for (binary, name) in reports[0]["platforms"][0]["binaries"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["fixture-web", "migrate"])
    {
        fs::copy(binary.as_str().unwrap(), elsewhere.join(name)).unwrap();
    }
    let given = format!("linux/amd64={}", elsewhere.join("fixture-web").display());
    succeed(folder, &["build", "--binary", &given]);
    fs::remove_file(elsewhere.join("migrate")).unwrap();
    let output = self::image(folder, &["build", "--binary", &given]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("cannot read binary") && error.contains("migrate"), "{error}");
}

#[test]
fn what_the_image_would_lack_cannot_be_started_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    service::write(root);
    fs::create_dir_all(root.join("tools")).unwrap();
    fs::write(root.join("tools/hook"), "#!/bin/sh\n").unwrap();
    let tools = "image.files={ tools = \"/tools\" }";
    for (setting, reasons) in [
        (
            "image.entrypoint=[\"/migrate\"]",
            ["\"/migrate\" is not there, but /web", "image.binaries"],
        ),
        ("image.entrypoint=[\"web\"]", ["\"web\" is not a path", "/web"]),
        (
            "image.entrypoint=[\"/tools/other\"]",
            ["image.entrypoint is /tools/other", "none of image.files"],
        ),
        (
            "image.entrypoint=[\"/tools/hook\"]",
            ["/tools/hook, which may not be executed", "chmod +x"],
        ),
        (
            "k3s.job=[{ name = \"prepare\", command = [\"/tools/hook\"] }]",
            ["the command of k3s.job prepare is /tools/hook", "chmod +x"],
        ),
        ("image.binaries=[\"nowhere\"]", ["no bin target named `nowhere`", "cannot compile"]),
    ] {
        let output = image(root, &["build", "--set", tools, "--set", setting]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{setting}");
        for reason in reasons {
            assert!(said.contains(reason), "{reason}: {said}");
        }
    }
    assert!(!root.join("target/oci").exists());
}
