//! `build` as a user types it: a package compiled in two folders, its image, its bill of materials.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use skyward_image::layer::Limits;
use skyward_image::resolve::{Resolved, resolve};
use skyward_image::source::{self, Source};
use skyward_image::store::Store;

use crate::fixture::service::{AARCH64, X86_64, elf};
use crate::fixture::{service, skyward_image};

fn build(folder: &Path, more: &[&str]) -> Output {
    skyward_image()
        .current_dir(folder)
        .arg("build")
        .args(more)
        .env("CARGO_TERM_QUIET", "true")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {error}"))
}

fn open(path: &Path) -> (Store, Resolved) {
    let store = Store::open(path).unwrap();
    let image = resolve(&store, Some(&"linux/amd64".parse().unwrap())).unwrap();
    (store, image)
}

fn given(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn two_folders_and_two_runs_make_the_same_bytes() {
    let parent = tempfile::tempdir().unwrap();
    let folders = [parent.path().join("one"), parent.path().join("another/and deeper")];
    let mut archives = Vec::new();
    for folder in &folders {
        service::write(folder);
        for run in 0..2 {
            if run == 1 {
                fs::remove_dir_all(folder.join("target")).unwrap();
            }
            let report = json(&build(folder, &["--output", "json"]));
            let archive = fs::read(report["archive"].as_str().unwrap()).unwrap();
            archives.push((report["digest"].clone(), archive));
        }
    }
    for (digest, archive) in &archives[1..] {
        assert_eq!(digest, &archives[0].0);
        assert!(*archive == archives[0].1, "the archives differ in more than the image");
    }
    let binary = fs::read(folders[1].join("target/oci/web.tar")).unwrap();
    for secret in [parent.path().to_str().unwrap(), &std::env::var("HOME").unwrap_or_default()] {
        let found = !secret.is_empty()
            && secret != "/"
            && binary.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "the image says where it was built: {secret}");
    }
    the_image_is_as_configured(&folders[0]);
    the_bill_of_materials_is_attached(&folders[0]);
    a_later_epoch_is_another_image(&folders[0], archives[0].0.as_str().unwrap());
}

fn the_image_is_as_configured(folder: &Path) {
    for path in ["target/oci/web.tar", "target/oci/web"] {
        let (store, image) = open(&folder.join(path));
        let config = image.config.config().as_ref().unwrap();
        assert_eq!(config.user().as_deref(), Some("65532:65532"));
        assert_eq!(config.entrypoint().as_deref(), Some(&["/web".to_owned()][..]));
        assert_eq!(config.cmd().as_deref(), Some(&["--fixed".to_owned()][..]));
        assert_eq!(config.exposed_ports().as_ref().unwrap().len(), 2);
        assert_eq!(config.stop_signal().as_deref(), Some("SIGTERM"));
        assert_eq!(config.working_dir().as_deref(), Some("/"));
        let env = config.env().as_ref().unwrap();
        for variable in
            ["GREETING=hello", "SKYWARD_SERVICE__PORT=8000", "SKYWARD_SERVICE__NAME=web"]
        {
            assert!(env.iter().any(|other| other == variable), "{env:?}");
        }
        let labels = config.labels().as_ref().unwrap();
        assert_eq!(labels["org.opencontainers.image.version"], "1.2.3");
        assert_eq!(labels["org.opencontainers.image.created"], "1970-01-01T00:00:00Z");
        assert_eq!(labels["com.example.team"], "edge");
        assert!(!labels.contains_key("org.opencontainers.image.revision"));

        let (descriptor, diff_id) = image.layers().unwrap()[0];
        let mut entries = Vec::new();
        skyward_image::layer::visit(&store, descriptor, diff_id, Limits::default(), |entry, _| {
            entries.push((String::from_utf8(entry.path).unwrap(), entry.mode, entry.modified));
            Ok(())
        })
        .unwrap();
        assert_eq!(entries, [("web".to_owned(), 0o555, 0)]);
    }
}

fn the_bill_of_materials_is_attached(folder: &Path) {
    let (store, image) = open(&folder.join("target/oci/web.tar"));
    let index = store.index().unwrap();
    let artifact =
        index.manifests().iter().find(|descriptor| descriptor.artifact_type().is_some()).unwrap();
    let manifest: oci_spec::image::ImageManifest = source::document(&store, artifact).unwrap();
    assert_eq!(manifest.subject().as_ref().unwrap().digest(), image.descriptor.digest());
    assert_eq!(manifest.config().media_type().to_string(), "application/vnd.oci.empty.v1+json");
    let bill: Value = source::document(&store, &manifest.layers()[0]).unwrap();
    let subject = &bill["metadata"]["component"];
    assert_eq!(
        (subject["name"].as_str(), subject["version"].as_str()),
        (Some("web"), Some("1.2.3"))
    );
    assert_eq!(subject["licenses"][0]["expression"], "MIT OR Apache-2.0");
    // What other readers see of index.json is the image alone, once for each tag.
    let raw: Value =
        serde_json::from_slice(&fs::read(folder.join("target/oci/web/index.json")).unwrap())
            .unwrap();
    assert_eq!(raw["manifests"].as_array().unwrap().len(), 2);
}

fn a_later_epoch_is_another_image(folder: &Path, digest: &str) {
    let output = skyward_image()
        .current_dir(folder)
        .arg("build")
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap();
    let reference = String::from_utf8(output.stdout).unwrap();
    // Standard output is the reference alone.
    assert!(
        reference.starts_with("registry.test/acme/web@sha256:") && reference.lines().count() == 1,
        "{reference}"
    );
    assert!(!reference.contains(digest));
    let (_, image) = open(&folder.join("target/oci/web.tar"));
    assert_eq!(image.config.created().as_deref(), Some("2023-11-14T22:13:20Z"));
}

#[test]
fn several_platforms_make_an_index() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    let intel = format!("linux/amd64={}", given(folder.path(), "intel", &elf(X86_64)).display());
    let arm = format!("linux/arm64/v8={}", given(folder.path(), "arm", &elf(AARCH64)).display());
    let report =
        json(&build(folder.path(), &["--binary", &intel, "--binary", &arm, "--output", "json"]));
    assert_eq!(report["platforms"].as_array().unwrap().len(), 2);
    let archive = PathBuf::from(report["archive"].as_str().unwrap());
    let store = Store::open(&archive).unwrap();
    let entry = store.index().unwrap().manifests()[0].clone();
    assert_eq!(entry.media_type().to_string(), "application/vnd.oci.image.index.v1+json");
    assert_eq!(entry.digest().to_string(), report["digest"]);
    let arm = resolve(&store, Some(&"linux/arm64".parse().unwrap())).unwrap();
    assert_eq!(arm.config.variant().as_deref(), Some("v8"));
    let error = resolve(&store, Some(&"linux/riscv64".parse().unwrap())).unwrap_err().to_string();
    assert!(
        error.contains("no image for linux/riscv64; there is: linux/amd64, linux/arm64/v8"),
        "{error}"
    );
}

#[test]
fn what_would_not_run_in_an_empty_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    // The tests' own program is linked dynamically.
    let dynamic = std::env::current_exe().unwrap();
    for (path, why) in [
        (dynamic, "is not static"),
        (given(folder.path(), "arm", &elf(AARCH64)), "is for machine AArch64"),
        (given(folder.path(), "script", b"#!/bin/sh\n"), "not an ELF file"),
        (given(folder.path(), "short", &elf(X86_64)[..30]), "ELF file"),
        (folder.path().join("nothing"), "cannot read binary"),
    ] {
        let output =
            build(folder.path(), &["--binary", &format!("linux/amd64={}", path.display())]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(why) && output.stdout.is_empty(), "{why}: {error}");
        assert_eq!(output.status.code(), Some(1));
    }
    let arm = |name| format!("linux/arm64={}", given(folder.path(), name, &elf(AARCH64)).display());
    let output = build(folder.path(), &["--binary", &arm("one"), "--binary", &arm("two")]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("names linux/arm64 twice") && output.stdout.is_empty(), "{error}");
    assert!(!folder.path().join("target/oci/web.tar").exists());
}

#[test]
fn a_package_that_does_not_compile_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    fs::write(folder.path().join("src/main.rs"), "fn main() { nonsense }").unwrap();
    let output = build(folder.path(), &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("cannot find value `nonsense`")
            && error.contains("error: cannot compile fixture-web"),
        "{error}"
    );
    let output = build(folder.path(), &["--set", "service.package=other"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no package other") && error.contains("fixture-web"), "{error}");
}

#[test]
fn what_a_killed_build_left_is_replaced_and_what_is_not_ours_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    let binary = format!("linux/amd64={}", given(folder.path(), "intel", &elf(X86_64)).display());
    let output = folder.path().join("target/oci");
    fs::create_dir_all(output.join("web/blobs/sha256")).unwrap();
    fs::write(output.join(".web.tar.unfinished"), "half").unwrap();
    fs::write(output.join("web/oci-layout"), "{}").unwrap();
    fs::write(output.join("web/blobs/sha256/.0.unfinished"), "half").unwrap();
    json(&build(folder.path(), &["--binary", &binary, "--output", "json"]));
    let names = |folder: &Path| {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>()
    };
    let blobs = names(&output.join("web/blobs/sha256"));
    assert!(blobs.len() == 3 && blobs.iter().all(|name| name.len() == 64), "{blobs:?}");
    assert!(!output.join(".web.tar.unfinished").exists());

    fs::remove_dir_all(output.join("web")).unwrap();
    fs::create_dir_all(output.join("web")).unwrap();
    fs::write(output.join("web/precious"), "mine").unwrap();
    let refused = build(folder.path(), &["--binary", &binary]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("with other things in it"));
    assert_eq!(fs::read_to_string(output.join("web/precious")).unwrap(), "mine");
}
