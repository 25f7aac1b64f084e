//! The pure core: the file's bytes, variables and flags become one valid configuration, or all that
//! is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::file::problem::{Problem, Problems};
use crate::file::shape::DOCUMENT;
use crate::file::tree::{self, Node, Table, Value};
use crate::file::validate::{Validator, quoted};
use crate::file::{assignment, document, keys, rules};
use crate::{Ask, Config, Origin, Origins, ProbePort, Probes, Run};

/// All that a configuration is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The file as it is shown to people.
    pub file: &'a str,
    /// The contents of the file.
    pub bytes: &'a [u8],
    /// The environment to lay over it, and who asked for it.
    pub environment: Option<(&'a str, &'a Origin)>,
    /// Variables, name and value. Those that are none of the configuration's are passed over.
    pub variables: &'a [(String, String)],
    /// `section.key=value`.
    pub flags: &'a [String],
}

/// A valid configuration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Resolved {
    /// The values.
    pub config: Config,
    /// The origin of each.
    pub origins: Origins,
    /// The environments that the file has.
    pub environments: Vec<String>,
    /// Notes on variables that are empty, a sentence each.
    pub notes: Vec<String>,
}

/// Merges the layers (file, environment, variables, flags) and checks each of them and the whole.
///
/// # Errors
/// All that is wrong, also in the environments that were not asked for.
pub fn resolve(input: &Input<'_>) -> Result<Resolved, Problems> {
    let (file, mut problems) = document::parse(&Arc::from(input.file), input.bytes);
    let known = environment_names(&file);
    let (file, wrong) = check(file);
    problems.extend(wrong);
    let mut notes = Vec::new();
    let (settings, wrong) = check(settings(input, &mut problems, &mut notes));
    problems.extend(wrong);

    let (mut table, mut environments) = split(file, &mut problems);
    let mut broken = broken_rules(&table);
    for over in environments.values() {
        let mut table = table.clone();
        over.clone().lay_on(&mut table);
        broken.extend(broken_rules(&table));
    }
    if let Some((name, origin)) = input.environment {
        if !known.iter().any(|existing| existing == name) {
            problems.push(no_environment(input.file, name, origin, &known));
        }
        environments.remove(name).unwrap_or_default().lay_on(&mut table);
    }
    tree::overlay(&mut table, settings);
    broken.extend(broken_rules(&table));
    rules::report(broken, &mut problems);

    if problems.is_empty() {
        Ok(Resolved { config: typed(&table), origins: origins(&table), environments: known, notes })
    } else {
        Err(Problems::new(problems))
    }
}

/// The part of a tree that is valid, and what is wrong with the rest.
fn check(table: Table) -> (Table, Vec<Problem>) {
    let mut validator = Validator::default();
    let valid = validator.section(&DOCUMENT, "", table);
    (valid, validator.problems)
}

/// An environment.
#[derive(Default, Clone)]
struct Environment {
    /// The keys that it takes away.
    unset: Vec<Vec<String>>,
    /// The sections that it gives.
    sections: Table,
}

impl Environment {
    fn lay_on(self, table: &mut Table) {
        for path in &self.unset {
            tree::remove(table, path);
        }
        tree::overlay(table, self.sections);
    }
}

/// The sections, and the environments.
fn split(mut table: Table, problems: &mut Vec<Problem>) -> (Table, BTreeMap<String, Environment>) {
    let environments = match table.remove("environment").map(|node| node.value) {
        Some(Value::Table(environments)) => environments,
        _ => Table::new(),
    };
    let mut environment = |(name, node): (String, Node)| {
        let mut sections =
            if let Value::Table(sections) = node.value { sections } else { Table::new() };
        let keys = match sections.remove("unset").map(|node| node.value) {
            Some(Value::List(keys)) => keys,
            _ => Vec::new(),
        };
        let mut unset = Vec::new();
        for (index, Node { value, origin }) in keys.into_iter().enumerate() {
            let Value::Text(key) = value else { continue };
            match assignment::path(&key) {
                Ok(path) => unset.push(path),
                Err(message) => {
                    let place = format!("environment.{name}.unset[{index}]");
                    let message = format!("{}: {message}", quoted(&key));
                    problems.push(Problem { origin, key: place, message });
                }
            }
        }
        (name, Environment { unset, sections })
    };
    let environments = environments.into_iter().map(&mut environment).collect();
    (table, environments)
}

/// The names as they stand in the file, valid or not: one that is there is never said to be
/// missing.
fn environment_names(file: &Table) -> Vec<String> {
    match file.get("environment").map(|node| &node.value) {
        Some(Value::Table(environments)) => environments.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn broken_rules(table: &Table) -> Vec<rules::Broken> {
    rules::check(&typed(table), &origins(table))
}

/// Returns true where the one value of the tree is text: no list, of which an empty one may be meant.
fn is_text(table: &Table) -> bool {
    table.values().all(|node| match &node.value {
        Value::Table(below) => is_text(below),
        value => matches!(value, Value::Text(_)),
    })
}

/// The values of the variables, and over them those of the flags. In the files of others a variable that is not set is often an empty one:
/// where nothing is no value of the key, it counts as not given.
fn settings(input: &Input<'_>, problems: &mut Vec<Problem>, notes: &mut Vec<String>) -> Table {
    let variables = input.variables.iter().filter_map(|(name, text)| {
        let setting = assignment::variable(name, text)?;
        let is_nothing =
            |table: &Table| text.is_empty() && is_text(table) && !check(table.clone()).1.is_empty();
        if setting.as_ref().is_ok_and(is_nothing) {
            notes.push(format!("{name} is empty, and so counts as not given"));
            return None;
        }
        Some(setting)
    });
    let flags = input.flags.iter().map(|argument| assignment::flag(argument));
    let mut settings = Table::new();
    for setting in variables.chain(flags) {
        match setting {
            Ok(table) => tree::overlay(&mut settings, table),
            Err(problem) => problems.push(problem),
        }
    }
    settings
}

fn no_environment(file: &str, name: &str, origin: &Origin, known: &[String]) -> Problem {
    let there = if known.is_empty() {
        format!(
            "the file has none: add [environment.{}.service]",
            if name.is_empty() { "NAME" } else { name }
        )
    } else {
        format!("there are {}", known.join(", "))
    };
    let near = keys::nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("did you mean {near}? "))
        .unwrap_or_default();
    Problem {
        origin: origin.clone(),
        key: "environment".into(),
        message: format!("{} is not in {file}; {near}{there}", quoted(name)),
    }
}

/// The tree as typed values. A tree that the validator has passed always fits the types: the schema
/// is derived from them.
fn typed(table: &Table) -> Config {
    let values: serde_json::Value =
        table.iter().map(|(name, node)| (name.clone(), node.to_json())).collect();
    let mut config =
        Config::deserialize(values).expect("the schema is at least as strict as the types");
    follow(&mut config, table);
    config
}

/// The values that follow from others where nobody gave them.
fn follow(config: &mut Config, table: &Table) {
    let is_given = |section: &str, key: &str| matches!(table.get(section), Some(Node { value: Value::Table(keys), .. }) if keys.contains_key(key));
    if !is_given("service", "name") {
        config.service.name = label(&config.service.package);
    }
    if !is_given("image", "repository") {
        config.image.repository.clone_from(&config.service.name);
    }
    let Probes { ask, port, .. } = config.service.probes();
    // A page of the user's own is asked on its one port; the service also on another.
    let is_asked = config.aws.run == Run::Service || port == ProbePort::Service;
    if let Ask::Http { ready, .. } = ask
        && is_asked
        && !is_given("aws", "health_path")
    {
        config.aws.health_path = ready;
    }
}

/// The name of a package as the DNS label that a service's name is.
fn label(package: &str) -> String {
    let lower = package.to_ascii_lowercase().replace('_', "-");
    let name = lower.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    let longest = name.get(..63).unwrap_or(name).trim_end_matches('-');
    if longest.is_empty() { "service".to_owned() } else { longest.to_owned() }
}

fn origins(table: &Table) -> Origins {
    let mut origins = BTreeMap::new();
    collect(table, "", &mut origins);
    Origins(origins)
}

fn collect(table: &Table, parent: &str, origins: &mut BTreeMap<String, Origin>) {
    for (name, node) in table {
        let key = keys::child(parent, name);
        match &node.value {
            Value::Table(entries) => collect(entries, &key, origins),
            _ => drop(origins.insert(key, node.origin.clone())),
        }
    }
}
