//! The committed files that the types generate.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use skyward_config::{ConfigArgs, reference, schema};

#[track_caller]
fn check(file: &str, current: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "crates/config/{file} is not current; renew it: cargo xtask config {command} > crates/config/{file}"
    );
}

#[test]
fn the_reference_is_current() {
    check("reference.md", &reference(), "docs");
}

#[test]
fn the_schema_is_current() {
    check("schema.json", &format!("{:#}\n", schema()), "schema");
}

#[test]
fn the_sample_file_is_valid_and_names_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded =
        ConfigArgs::default().load_from(&root, []).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.environments, ["staging"]);
    let text = std::fs::read_to_string(root.join("skyward.toml")).expect("it was just loaded");
    assert!(text.starts_with("#:schema crates/config/schema.json\n"));
}

/// What stands commented out in the sample file is right too: it is what people will try first.
#[test]
fn the_sample_file_is_valid_with_its_comments_taken_off() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skyward.toml"))
            .expect("the sample file");
    let is_example = |line: &&str| {
        line.strip_prefix("# ")
            .is_some_and(|rest| rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
    };
    let examples = text.lines().filter(is_example).count();
    let lines = text.lines().map(|line| if is_example(&line) { &line[2..] } else { line });
    let uncommented = lines.collect::<Vec<_>>().join("\n");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("skyward.toml"), uncommented).expect("a file");
    assert!(examples > 10, "{examples}");
    ConfigArgs::default().load_from(folder.path(), []).unwrap_or_else(|error| panic!("{error}"));
}

/// Every key has a meaning, and every free form says what is right: nothing in the reference or in
/// an error is empty.
#[test]
fn every_key_is_explained() {
    let schema = schema();
    for section in ["Service", "Image", "K3s", "Aws"] {
        for (key, property) in
            schema["$defs"][section]["properties"].as_object().expect("a section has properties")
        {
            assert!(
                property["description"].as_str().is_some_and(|text| text.len() > 10),
                "{section}.{key}"
            );
            let is_own_form = property
                .get("pattern")
                .or(property.get("format"))
                .or(property.get("minimum"))
                .is_some();
            assert!(!is_own_form || property["errorMessage"].is_string(), "{section}.{key}");
        }
    }
}

/// The values that hold in the end, without where they came from.
fn effective(file: &str, variables: &[(String, String)]) -> Vec<(String, Option<Value>)> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("skyward.toml"), file).expect("a file");
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let loaded = ConfigArgs::default().load_from(folder.path(), variables);
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    loaded.effective().into_iter().map(|effective| (effective.key, effective.value)).collect()
}

/// Each default, set in the file and by its variable, is valid and changes nothing.
#[test]
fn every_default_is_a_valid_value() {
    let schema = schema();
    let (mut file, mut variables) = (String::new(), Vec::new());
    for (section, definition) in
        [("service", "Service"), ("image", "Image"), ("k3s", "K3s"), ("aws", "Aws")]
    {
        let properties = schema["$defs"][definition]["properties"]
            .as_object()
            .expect("a section has properties");
        for (key, default) in
            properties.iter().filter_map(|(key, property)| Some((key, property.get("default")?)))
        {
            // Text, numbers, lists and empty tables are written in TOML as in JSON.
            writeln!(file, "{section}.{key} = {default}").expect("a String takes any text");
            let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            variables.push((
                format!("SKYWARD_{}__{}", section.to_uppercase(), key.to_uppercase()),
                text,
            ));
        }
    }
    assert!(variables.len() > 15, "{variables:?}");
    let none = Vec::new();
    let expected = effective("", &none);
    assert_eq!(effective(&file, &none), expected);
    assert_eq!(effective("", &variables), expected);
}
