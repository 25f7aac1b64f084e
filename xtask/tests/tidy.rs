//! The layout's own rules.

#[path = "support/crates.rs"]
mod crates;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of Rust holds one thing. The design asks for about 350 lines; this is the hard edge.
const LINES: usize = 400;

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

/// What stands between backticks in a Markdown text, code blocks left out.
fn code_spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    for prose in text.split("```").step_by(2) {
        spans.extend(prose.split('`').skip(1).step_by(2));
    }
    spans
}

#[test]
fn the_code_map_names_every_crate_and_every_module() {
    let map = read("ARCHITECTURE.md");
    let spans: BTreeSet<_> = code_spans(&map).into_iter().collect();
    for member in members() {
        assert!(spans.contains(member.as_str()), "ARCHITECTURE.md does not name `{member}`");
        for entry in std::fs::read_dir(workspace().join(&member).join("src")).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            let named =
                matches!(module.as_str(), "lib" | "main") || spans.contains(module.as_str());
            assert!(named, "ARCHITECTURE.md does not name the module `{module}` of {member}");
        }
    }
}

#[test]
fn the_paths_that_documents_name_are_there() {
    for document in ["README.md", "ARCHITECTURE.md", "SECURITY.md", "solutions.md"] {
        let text = read(document);
        for span in code_spans(&text) {
            let first = span.split('/').next().unwrap_or("");
            let ours =
                ["crates", "xtask", "deploy", "docs", "infra", ".github", ".ci"].contains(&first);
            let path = span.contains('/') && !span.contains([' ', '{', '*', '<']);
            if ours && path {
                assert!(
                    workspace().join(span).exists(),
                    "{document} names {span}, which is not there"
                );
            }
        }
    }
}

#[test]
fn the_commands_that_documents_name_are_there() {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands: BTreeSet<_> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(commands.contains("up"), "{help}");
    for document in
        ["README.md", "ARCHITECTURE.md", "solutions.md", "deploy/README.md", "infra/README.md"]
    {
        for rest in read(document).split("cargo xtask ").skip(1) {
            let word: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            let named = word.is_empty() || commands.contains(word.as_str());
            assert!(named, "{document} names `cargo xtask {word}`, which is no command");
        }
    }
}

#[test]
fn no_file_holds_too_much() {
    for folder in ["crates", "xtask"] {
        for file in files(&workspace().join(folder), "rs") {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert!(
                lines <= LINES,
                "{} has {lines} lines, over {LINES}: what two things does it hold?",
                file.display()
            );
        }
    }
}

#[test]
fn every_ignored_test_says_what_it_needs() {
    for file in files(&workspace().join("crates"), "rs") {
        for line in std::fs::read_to_string(&file).unwrap().lines().map(str::trim) {
            let bare = line.starts_with("#[ignore") && !line.starts_with("#[ignore = \"needs ");
            assert!(
                !bare,
                "{}: {line}: write #[ignore = \"needs TOOL …\"], `cargo xtask ci` reads it",
                file.display()
            );
        }
    }
}

#[test]
fn xtask_links_no_product_crate_and_stays_small() {
    let crates = crates::crates();
    let is_product =
        |name: &String| name.starts_with("skyward-") && !name.starts_with("skyward-terminal ");
    assert!(!crates.iter().any(is_product), "{crates:#?}");
    assert!(crates.len() <= crates::LIMIT, "{} crates: {crates:#?}", crates.len());
}
