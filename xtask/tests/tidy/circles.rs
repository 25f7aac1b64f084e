//! No circle among the top modules of a crate: each can be understood with what it stands on alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::sources::{self, Token};
use crate::{files, members, workspace};

/// Crates whose circles are not broken yet. The list may only become shorter.
const EXCUSED: &[&str] = &[];

/// Each module with those that it uses, and a file that does.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_circle_is_among_the_top_modules_of_a_crate() {
    let mut wrong = Vec::new();
    for member in members() {
        let source = workspace().join(&member).join("src");
        let found: Vec<_> = ["lib.rs", "main.rs"]
            .iter()
            .filter_map(|root| graph(&source, root))
            .flat_map(|graph| circles(&graph))
            .collect();
        if !found.is_empty() && !EXCUSED.contains(&member.as_str()) {
            wrong.push(format!("{member} has circles:\n  {}", found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules of one root of a crate, if the crate has it.
fn graph(source: &Path, root: &str) -> Option<Graph> {
    let text = std::fs::read_to_string(source.join(root)).ok()?;
    let (tokens, tests) = sources::without_tests(&sources::tokens(&text));
    let (modules, exports) = sources::root(&tokens);
    let all = read(source, root.trim_end_matches(".rs"), tests);
    let mut graph = Graph::new();
    for module in &modules {
        graph.entry(module.clone()).or_default();
    }
    for (path, tokens) in all {
        let top = path[0].clone();
        if !modules.contains(&top) {
            continue;
        }
        for name in sources::used(&tokens, path.len()) {
            let target = if modules.contains(&name) { Some(&name) } else { exports.get(&name) };
            if let Some(target) = target.filter(|target| **target != top) {
                let edges = graph.entry(top.clone()).or_default();
                edges.entry(target.clone()).or_insert_with(|| path.join("/"));
            }
        }
    }
    Some(graph)
}

/// The files of the modules, by their path, without tests.
fn read(source: &Path, root: &str, tests: Vec<String>) -> BTreeMap<Vec<String>, Vec<Token>> {
    let mut all = BTreeMap::new();
    let mut left_out: BTreeSet<Vec<String>> = tests.into_iter().map(|name| vec![name]).collect();
    for file in files(source, "rs") {
        let inside = file.strip_prefix(source).unwrap().with_extension("");
        let mut path: Vec<String> =
            inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        if path == [root] || path == ["lib"] || path == ["main"] {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let (tokens, tests) = sources::without_tests(&sources::tokens(&text));
        left_out.extend(tests.into_iter().map(|name| [path.clone(), vec![name]].concat()));
        all.insert(path, tokens);
    }
    all.retain(|path, _| !(1..=path.len()).any(|end| left_out.contains(&path[..end])));
    all
}

/// Each circle as one line: its modules, and an edge of each with the file that makes it.
fn circles(graph: &Graph) -> Vec<String> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|module| (module, reach(graph, module))).collect();
    let mut found: BTreeMap<Vec<&String>, Vec<String>> = BTreeMap::new();
    for (module, others) in &reached {
        if !others.contains(module) {
            continue;
        }
        let together: Vec<_> =
            others.iter().copied().filter(|o| reached[o].contains(module)).collect();
        let edges = graph[*module].iter().filter(|(target, _)| together.contains(target));
        let edges = edges.map(|(target, file)| format!("{module} → {target} ({file}.rs)"));
        found.entry(together.clone()).or_default().extend(edges);
    }
    found.into_values().map(|edges| edges.join(", ")).collect()
}

/// The modules that a module uses, by however many others.
fn reach<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(module) = open.pop() {
        for target in graph.get(module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(target) {
                open.push(target);
            }
        }
    }
    reached
}

#[test]
fn a_circle_is_found_and_tests_and_texts_are_not() {
    let uses = |text: &str, depth| {
        let (tokens, _) = sources::without_tests(&sources::tokens(text));
        sources::used(&tokens, depth)
    };
    assert_eq!(uses("use crate::{a::{self, b}, c}; fn f() { crate::d::g() }", 1), ["a", "c", "d"]);
    assert_eq!(uses("use super::a; use super::super::b;", 1), ["a"]);
    assert_eq!(uses("use super::a; use super::super::b;", 2), ["b"]);
    assert_eq!(
        uses("// crate::a\nlet x = \"crate::b\"; let y = 'c'; let z: &'static str;", 1),
        [""; 0]
    );
    assert_eq!(uses("#[cfg(test)] mod tests { use crate::a; } use crate::b;", 1), ["b"]);
    assert_eq!(uses("#[cfg(test)] use crate::a; pub(crate) fn f() {}", 1), [""; 0]);
    let edge = |to: &str| BTreeMap::from([(to.to_owned(), "file".to_owned())]);
    let graph = Graph::from([
        ("a".to_owned(), edge("b")),
        ("b".to_owned(), edge("a")),
        ("c".to_owned(), edge("a")),
    ]);
    assert_eq!(circles(&graph), ["a → b (file.rs), b → a (file.rs)"]);
}
