//! What can be told of files line by line: their length, their documentation, the reasons they give.

use crate::{files, workspace};

/// A file of Rust holds one thing. The design asks for about 350 lines; this is the hard edge.
const LINES: usize = 400;

/// Doc comments begin with the thing or with a verb. These words begin a question instead.
const QUESTIONS: [&str; 9] =
    ["What", "Which", "Whether", "How", "Who", "Whom", "Whose", "Where", "Why"];

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

/// The Rust files below `src` of every crate.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for member in crate::members() {
        for file in files(&workspace().join(member).join("src"), "rs") {
            let name = file.strip_prefix(workspace()).unwrap().display().to_string();
            found.push((name, std::fs::read_to_string(&file).unwrap()));
        }
    }
    found
}

#[test]
fn every_module_says_what_it_is_for() {
    let bare: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "files begin without a `//!`: {bare:#?}");
}

#[test]
fn doc_comments_begin_with_the_thing_and_not_with_a_question() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let mut is_inside = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
            if let (Some(doc), false) = (doc, is_inside) {
                let word = doc.trim_start().split(|c: char| !c.is_alphanumeric()).next();
                if word.is_some_and(|word| QUESTIONS.contains(&word)) {
                    found.push(format!("{name}:{}: {doc}", index + 1));
                }
            }
            is_inside = doc.is_some();
        }
    }
    assert!(found.is_empty(), "doc comments begin with a question: {found:#?}");
}
