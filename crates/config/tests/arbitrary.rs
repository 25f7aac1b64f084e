//! Whatever comes in, there is a configuration or a list of problems: never a panic, and never a
//! value that the types do not take.

use proptest::prelude::*;
use skyward_config::{Config, Input, Origin, Resolved, resolve};

const EMPTY: Input<'static> =
    Input { file: "skyward.toml", bytes: b"", environment: None, variables: &[], flags: &[] };

fn run(
    bytes: &[u8],
    environment: Option<&str>,
    variables: &[(String, String)],
    flags: &[String],
) -> Option<Resolved> {
    let origin = Origin::Flag("--environment");
    let environment = environment.map(|name| (name, &origin));
    match resolve(&Input { bytes, environment, variables, flags, ..EMPTY }) {
        Ok(resolved) => Some(resolved),
        Err(problems) => {
            assert!(problems.iter().count() > 0);
            for problem in problems.iter() {
                assert!(!problem.to_string().contains('\n'), "one line: {problem}");
                assert!(problem.message.contains([';', '?']), "what would be right: {problem}");
            }
            None
        }
    }
}

/// The keys of the schema, with and without an environment, and some that are not there.
fn key() -> impl Strategy<Value = String> {
    let schema = skyward_config::schema();
    let mut keys = vec![
        "nonsense".to_owned(),
        "service".into(),
        "service.port.x".into(),
        "environment.a".into(),
    ];
    for (section, definition) in
        [("service", "Service"), ("image", "Image"), ("k3s", "K3s"), ("aws", "Aws")]
    {
        let properties = schema["$defs"][definition]["properties"]
            .as_object()
            .expect("a section has properties");
        for key in properties.keys() {
            keys.push(format!("{section}.{key}"));
            keys.push(format!("environment.a.{section}.{key}"));
        }
    }
    keys.extend(
        ["service.env.A", "environment.a.service.env.A-", "image.labels.\"a.b\""]
            .map(str::to_owned),
    );
    prop::sample::select(keys)
}

/// Values in TOML, right for some key and wrong for others.
fn value() -> impl Strategy<Value = String> {
    let fixed = [
        "true",
        "\"\"",
        "\"web\"",
        "\"a.b\"",
        "\"10.0.0.0/8\"",
        "\"linux/amd64\"",
        "\"json\"",
        "\"zstd\"",
        "\"123456789012\"",
        "[]",
        "[\"a\", \"b\"]",
        "[\"linux/arm64\"]",
        "[\"::/0\"]",
        "{}",
        "{ A = \"b\" }",
        "{ a.b = 1 }",
        "1.5",
        "inf",
        "2026-01-01",
        "[[{ a = [] }]]",
    ];
    prop_oneof![
        prop::sample::select(fixed.map(str::to_owned).to_vec()),
        any::<i64>().prop_map(|number| number.to_string()),
        (0..70_000_u32).prop_map(|number| number.to_string()),
        ".*".prop_map(|text| serde_json::Value::String(text).to_string()),
    ]
}

fn document() -> impl Strategy<Value = String> {
    let statement = (key(), value()).prop_map(|(key, value)| format!("{key} = {value}\n"));
    prop::collection::vec(statement, 0..12).prop_map(|statements| statements.concat())
}

/// A document with some bytes cut out, put in or replaced: near enough to TOML to get far.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        0..4_usize,
        prop::sample::select(b"[]{}\"'=,.#\n\r \xff0a".to_vec()),
    );
    (document(), prop::collection::vec(edit, 0..6)).prop_map(|(document, edits)| {
        let mut bytes = document.into_bytes();
        for (place, length, byte) in edits {
            let start = place.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, [byte]);
        }
        bytes
    })
}

fn setting(separator: &'static str) -> impl Strategy<Value = (String, String)> {
    let key =
        prop_oneof![key().prop_map(move |key| key.replace('.', separator)), "[A-Za-z_.]{0,20}"];
    (key, prop_oneof![value().prop_map(|value| value.trim_matches('"').to_owned()), ".*"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        run(&bytes, None, &[], &[]);
    }

    #[test]
    fn broken_documents(bytes in broken(), environment in prop::option::of("[a-b]")) {
        run(&bytes, environment.as_deref(), &[], &[]);
    }

    #[test]
    fn settings(
        document in document(),
        variables in prop::collection::vec(setting("__"), 0..4),
        flags in prop::collection::vec(setting("."), 0..4),
    ) {
        let variables: Vec<_> = variables.into_iter().map(|(key, value)| (format!("SKYWARD_{}", key.to_uppercase()), value)).collect();
        let flags: Vec<_> = flags.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        run(document.as_bytes(), Some("a"), &variables, &flags);
    }

    /// What is valid is taken as it is: written out again, it is the same configuration.
    #[test]
    fn a_valid_value_is_the_value_set(key in key(), value in value()) {
        if let Some(resolved) = run(format!("{key} = {value}").as_bytes(), None, &[], &[]) {
            let again: Config = serde_json::from_value(serde_json::to_value(&resolved.config).unwrap()).unwrap();
            prop_assert_eq!(&again, &resolved.config);
            let is_changed = resolved.config != Config::default();
            let is_set = resolved.origins != skyward_config::Origins::default();
            prop_assert!(is_set || !is_changed, "{} = {}", key, value);
        }
    }
}

/// One mistake is one mistake: what stands in the other lines is not blamed for it.
const VALID: &str = r#"
[service]
name = "web"
port = 8000
args = ["--a", "--b"]
env = { A = "1", B = "2" }

[image]
tags = ["latest", "v1"]
user = 65532
sbom = true
labels."com.example.team" = 'web'

[environment.staging.service]
log_format = "json"
[environment.staging.k3s]
namespace = "staging"
replicas = 1
"#;

/// Every place in it, a letter taken away or not, each of these put there.
#[test]
fn a_mistake_in_one_line_is_reported_in_that_line() {
    let mut mistakes = 0;
    for (start, letter) in VALID.char_indices().filter(|(_, letter)| *letter != '\n') {
        let line = VALID[..=start].lines().count();
        for rest in [&VALID[start..], &VALID[start + letter.len_utf8()..]] {
            for inserted in ["", "[", "]", "}", "\"", "=", ".", "\\", "ä"] {
                let text = [&VALID[..start], inserted, rest].concat();
                mistakes += usize::from(is_blamed_alone(&text, line));
            }
        }
    }
    assert!(mistakes > 3000, "{mistakes}");
}

/// Whether something is wrong; if so, in that line.
fn is_blamed_alone(text: &str, line: usize) -> bool {
    let edited = text.lines().nth(line - 1).unwrap_or_default();
    if edited.starts_with('[') && toml::de::DeTable::parse(edited).is_ok() {
        // Another section's name is no mistake by itself: then the keys below it may be.
        return false;
    }
    let Err(problems) = resolve(&Input { bytes: text.as_bytes(), ..EMPTY }) else { return false };
    for problem in problems.iter() {
        assert!(
            problem.to_string().starts_with(&format!("skyward.toml:{line}: ")),
            "{problem}\n{text}"
        );
    }
    true
}

/// The worst that the limits let in ends: statements that are looked at alone, again and again; and
/// rules that are checked for each environment.
#[test]
fn a_mebibyte_of_mistakes_ends() {
    const LIMIT: usize = 1024 * 1024;
    for line in ["a = {\n", "[a\n", "[a]\n"] {
        assert!(run(line.repeat(LIMIT / line.len()).as_bytes(), None, &[], &[]).is_none());
    }
    let variables =
        (0..1_000).map(|number| format!("service.env.SKYWARD_SERVICE__{number} = \"\"\n"));
    let environments =
        (0..100).map(|number| format!("[environment.e{number}.service]\nport = 9000\n"));
    let text: String = variables.chain(environments).collect();
    assert!(run(text.as_bytes(), None, &[], &[]).is_none());
}
