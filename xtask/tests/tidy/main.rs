//! The layout's own rules, held by tests.

mod circles;
#[path = "../support/crates.rs"]
mod crates;
mod documents;
mod kinds;
mod sources;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below `folder` with the given extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

fn members() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(workspace().join("crates"))
        .unwrap()
        .map(|entry| format!("crates/{}", entry.unwrap().file_name().display()))
        .collect();
    names.push("xtask".to_owned());
    names
}

#[test]
fn the_testkit_is_linked_by_tests_and_benches_alone() {
    for member in members() {
        let manifest = read(&format!("{member}/Cargo.toml"));
        let product = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        assert!(!product.contains("\nskyward-testkit"), "{member} depends on the testkit");
    }
}

#[test]
fn xtask_links_no_product_crate_and_stays_small() {
    let crates = crates::crates("xtask");
    let is_product =
        |name: &String| name.starts_with("skyward-") && !name.starts_with("skyward-terminal ");
    assert!(!crates.iter().any(is_product), "{crates:#?}");
    assert!(crates.len() <= crates::LIMIT, "{} crates: {crates:#?}", crates.len());
}

#[test]
fn the_service_carries_its_settings_and_nothing_that_reads_the_file() {
    let crates = crates::crates("skyward-service");
    let has = |name: &str| crates.iter().any(|found| found.split(' ').next() == Some(name));
    assert!(has("skyward-server") && has("skyward-config"), "{crates:#?}");
    for reader in ["clap", "regex-lite", "schemars", "serde", "serde_json", "toml"] {
        assert!(!has(reader), "the service is compiled with {reader}: {crates:#?}");
    }
}

/// `cargo install` compiles it by itself: what the workspace's other crates turn on is not there.
#[test]
fn the_installed_program_asks_for_the_commands_of_the_configuration() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["tree", "--locked", "--package", "skyward", "--no-default-features"]);
    cargo.args(["--edges", "normal,features", "--invert", "skyward-config", "--depth", "1"]);
    let output = cargo.output().expect("cargo tree starts");
    let text = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    assert!(text.contains("skyward-config feature \"cli\""), "{text}");
}
