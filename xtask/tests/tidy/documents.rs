//! The documents name what is there: every crate and module, paths and commands.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{members, read, workspace};

/// The text between backticks in a Markdown text, code blocks left out.
fn code_spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    for prose in text.split("```").step_by(2) {
        spans.extend(prose.split('`').skip(1).step_by(2));
    }
    spans
}

/// The documents that people read: those of the repository's folder, of `docs`, and each folder's own.
fn documents() -> Vec<String> {
    let mut all = vec!["deploy/README.md".to_owned(), "infra/README.md".to_owned()];
    for folder in ["", "docs/"] {
        for entry in std::fs::read_dir(workspace().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                all.push(format!("{folder}{}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    all.sort();
    all
}

/// The targets of a Markdown text's links, code left out.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let parts = prose.flat_map(|prose| prose.split("](").skip(1));
    parts.filter_map(|rest| rest.split([')', ' ']).next()).collect()
}

#[test]
fn links_lead_to_files_that_are_there() {
    let mut followed = 0;
    for document in documents() {
        let text = read(&document);
        let folder = workspace().join(&document).parent().unwrap().to_owned();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (path, _anchor) = link.split_once('#').unwrap_or((link, ""));
            let is_there = path.is_empty() || folder.join(path).exists();
            assert!(is_there, "{document} links to {link}, which is not there");
            followed += 1;
        }
    }
    assert!(followed > 40, "the README alone has a dozen");
}

#[test]
fn the_first_page_stays_short_and_leads_to_every_page() {
    let (first, index) = (read("README.md"), read("docs/README.md"));
    let words = first.split_whitespace().count();
    assert!(words <= 900, "README.md has {words} words of 900; the pages of docs have room");
    for page in documents().iter().filter_map(|page| page.strip_prefix("docs/")) {
        let is_listed = page == "README.md" || links(&index).contains(&page);
        assert!(is_listed, "docs/README.md does not list {page}");
    }
}

#[test]
fn the_rust_that_is_needed_is_named_where_people_begin() {
    let manifest = read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let needed = format!("Rust {} or newer", version.unwrap().trim_matches('"'));
    for document in ["README.md", "docs/up.md"] {
        assert!(read(document).contains(&needed), "{document} does not say: {needed}");
    }
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
    for document in documents() {
        let text = read(&document);
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
    for document in documents() {
        for rest in read(&document).split("cargo xtask ").skip(1) {
            let word: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            let named = word.is_empty() || commands.contains(word.as_str());
            assert!(named, "{document} names `cargo xtask {word}`, which is no command");
        }
    }
}
