//! YAML that every reader understands alike.

use proptest::prelude::*;
use serde_json::{Value, json};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use skyward_deployer::render;

/// An object with this under `data`.
fn manifest(data: &Value) -> Manifest {
    let id = ObjectId { kind: Kind::Service, namespace: None, name: "a".into() };
    Manifest { id, object: json!({"kind": "Service", "data": data, "apiVersion": "v1"}) }
}

#[test]
fn people_find_the_keys_in_their_usual_order() {
    let object = json!({
        "spec": {"b": 1, "name": "x", "a": []},
        "metadata": {"labels": {}, "name": "web"},
        "kind": "Service",
        "apiVersion": "v1",
        "automount": false,
    });
    let text = render::yaml(&[Manifest { object, ..manifest(&Value::Null) }]);
    assert_eq!(
        text,
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: {}\nautomount: false\n\
         spec:\n  name: x\n  a: []\n  b: 1\n"
    );
}

/// YAML 1.1, which Go's readers follow in part, takes these for something else when they stand without quotes.
#[test]
fn texts_that_look_like_something_else_are_quoted() {
    let texts = [
        "",
        "~",
        "null",
        "Null",
        "true",
        "FALSE",
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "n",
        "1",
        "-1",
        "+1",
        "1.5",
        ".5",
        "1e3",
        "0x1f",
        "0o17",
        "017",
        "1_000",
        "12:30:45",
        "1:2",
        ".inf",
        "-.INF",
        ".nan",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "{a",
        "[a",
        "'a",
        "\"a",
        " a",
        "a ",
        "a\nb",
        "\t",
    ];
    for text in texts {
        for data in [json!({ "key": text }), json!({ text: "value" })] {
            let yaml = render::yaml(&[manifest(&data)]);
            let line = yaml.lines().nth(3).expect("a line of data");
            assert!(line.contains(['"', '\'']), "{text:?}: {line}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[-+.:#~yYnN0-9eExo_ ]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..5)
                .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(data in any_json()) {
        let written = manifest(&data);
        let read: Value = serde_saphyr::from_str(&render::yaml(std::slice::from_ref(&written)))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, written.object);
    }
}
