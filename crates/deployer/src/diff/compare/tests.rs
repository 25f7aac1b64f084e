//! Tests: Differences between a live object and a desired one.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::manifest::Kind;

fn id(kind: Kind) -> ObjectId {
    ObjectId { kind, namespace: Some("web".into()), name: "web".into() }
}

/// The paths of the fields that would change.
fn paths(before: &Value, after: &Value) -> Vec<String> {
    let difference = compare(&id(Kind::Deployment), Some(before), Some(after));
    difference.fields.into_iter().map(|field| field.path).collect()
}

fn deployment(containers: &Value) -> Value {
    json!({ "kind": "Deployment", "spec": { "template": { "spec": { "containers": containers } } } })
}

#[test]
fn what_the_server_keeps_by_itself_is_no_difference() {
    let before = json!({
        "metadata": {
            "name": "web", "uid": "1", "resourceVersion": "5", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{ "manager": "skyward" }],
        },
        "spec": { "replicas": 2, "template": { "metadata": { "creationTimestamp": null } } },
        "status": { "replicas": 2 },
    });
    let after = json!({
        "metadata": { "name": "web", "uid": "1", "resourceVersion": "6", "generation": 2 },
        "spec": { "replicas": 2, "template": { "metadata": {} } },
    });
    let difference = compare(&id(Kind::Deployment), Some(&before), Some(&after));
    assert_eq!(difference.change, Change::Unchanged);
    assert!(difference.fields.is_empty());
}

#[test]
fn an_inserted_variable_is_one_field() {
    let before = deployment(&json!([{ "name": "web", "env": [
        { "name": "A", "value": "1" }, { "name": "C", "value": "3" },
    ] }]));
    let after = deployment(&json!([{ "name": "web", "env": [
        { "name": "A", "value": "1" }, { "name": "B", "value": "2" }, { "name": "C", "value": "4" },
    ] }]));
    let fields = compare(&id(Kind::Deployment), Some(&before), Some(&after)).fields;
    assert_eq!(
        serde_json::to_value(fields).expect("JSON"),
        json!([
            { "path": "spec.template.spec.containers[web].env[B]", "after": { "name": "B", "value": "2" } },
            { "path": "spec.template.spec.containers[web].env[C].value", "before": "3", "after": "4" },
        ])
    );
}

#[test]
fn lists_are_compared_as_their_kind_asks() {
    for (name, before, after, expected) in [
        // Both ports have the number 53; the protocol tells them apart.
        (
            "ports",
            json!([{ "containerPort": 53, "protocol": "TCP" }, { "containerPort": 53, "protocol": "UDP" }]),
            json!([{ "containerPort": 53, "protocol": "UDP" }]),
            vec!["ports[53/TCP]"],
        ),
        (
            "ports",
            json!([{ "port": 80, "protocol": "TCP", "targetPort": "http" }]),
            json!([{ "port": 80, "protocol": "TCP", "targetPort": "web" }]),
            vec!["ports[80/TCP].targetPort"],
        ),
        // A command line is one value.
        ("args", json!(["a", "b"]), json!(["a", "x", "b"]), vec!["args"]),
        // No key is known: by position.
        (
            "ingress",
            json!([{ "from": 1 }, { "from": 2 }]),
            json!([{ "from": 1 }]),
            vec!["ingress[1]"],
        ),
        // A key that occurs twice is none.
        (
            "env",
            json!([{ "name": "A", "value": "1" }, { "name": "A", "value": "2" }]),
            json!([{ "name": "A", "value": "1" }]),
            vec!["env[1]"],
        ),
        // The order of variables matters: one may use those before it.
        (
            "env",
            json!([{ "name": "A" }, { "name": "B" }]),
            json!([{ "name": "B" }, { "name": "A" }]),
            vec!["env (order)"],
        ),
        ("env", json!([]), json!([{ "name": "A" }]), vec!["env[A]"]),
    ] {
        assert_eq!(paths(&json!({ name: before }), &json!({ name: after })), expected, "{name}");
    }
}

#[test]
fn names_that_are_no_words_are_quoted() {
    let before = json!({ "metadata": { "labels": { "app.kubernetes.io/name": "a" } } });
    let after = json!({ "metadata": { "labels": { "app.kubernetes.io/name": "b" } } });
    assert_eq!(paths(&before, &after), [r#"metadata.labels["app.kubernetes.io/name"]"#]);
}

#[test]
fn what_cannot_be_changed_is_marked() {
    for (kind, path, immutable) in [
        (Kind::Deployment, json!({ "spec": { "selector": { "matchLabels": { "a": 1 } } } }), true),
        (Kind::Deployment, json!({ "spec": { "replicas": 1 } }), false),
        (Kind::Service, json!({ "spec": { "clusterIP": "10.0.0.1" } }), true),
        (Kind::Service, json!({ "spec": { "clusterIPs": ["10.0.0.1"] } }), true),
        (Kind::Service, json!({ "spec": { "selector": { "a": 1 } } }), false),
        (Kind::PodDisruptionBudget, json!({ "spec": { "selector": { "a": 1 } } }), false),
    ] {
        let change = |object: &Value, to: Value| {
            let text = object.to_string().replace('1', &to.to_string());
            serde_json::from_str::<Value>(&text).expect("JSON")
        };
        let difference = compare(&id(kind), Some(&path), Some(&change(&path, json!(2))));
        assert_eq!(difference.fields[0].immutable, immutable, "{path}");
        let created = compare(&id(kind), None, Some(&path));
        assert!(!created.fields[0].immutable, "it can be made with any value");
    }
}

#[test]
fn the_values_of_secrets_are_masked_wherever_they_stand() {
    let secret = |value: &str| {
        json!({
            "kind": "Secret",
            "metadata": {
                "name": "web",
                "labels": { "app": "web" },
                "annotations": { "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":\"{value}\"}}") },
            },
            "type": "Opaque",
            "data": { "token": value, "same": "c2FtZQ==" },
            "stringData": { "token": value },
        })
    };
    let (old, new) = (secret("b2xk"), secret("bmV3"));
    for (live, wanted, fields) in
        [(Some(&old), Some(&new), 3), (None, Some(&new), 1), (Some(&old), None, 1)]
    {
        let difference = compare(&id(Kind::Service), live, wanted);
        assert_eq!(difference.fields.len(), fields);
        let json = serde_json::to_string(&difference).expect("JSON");
        for value in ["b2xk", "bmV3", "c2FtZQ=="] {
            assert!(!json.contains(value), "{json}");
        }
        assert!(json.contains("***"), "{json}");
    }
    // The value of a whole map that comes, and of one that is no map.
    for data in [json!({ "token": "b2xk" }), json!("b2xk")] {
        let before = json!({ "kind": "Secret" });
        let after = json!({ "kind": "Secret", "data": data });
        let json = serde_json::to_string(&compare(&id(Kind::Service), Some(&before), Some(&after)))
            .expect("JSON");
        assert!(!json.contains("b2xk"), "{json}");
    }
    // What is no Secret is plain.
    let plain = compare(
        &id(Kind::Service),
        None,
        Some(&json!({ "kind": "Service", "data": { "a": "b2xk" } })),
    );
    assert_eq!(plain.fields[0].after, Some(json!({ "kind": "Service", "data": { "a": "b2xk" } })));
}

/// Carries the deltas out; the order of keyed lists is not theirs to tell.
fn applied(mut object: Value, deltas: &[Delta]) -> Value {
    for delta in deltas.iter().filter(|delta| delta.path.last() != Some(&Step::Order)) {
        set(&mut object, &delta.path, delta.after.as_ref(), "");
    }
    // Items that went leave a hole, so that positions stay what they were.
    without_nulls_in_lists(&object)
}

fn set(object: &mut Value, path: &[Step], after: Option<&Value>, field: &str) {
    let Some((step, rest)) = path.split_first() else {
        *object = after.cloned().unwrap_or(Value::Null);
        return;
    };
    match step {
        Step::Field(name) if rest.is_empty() && after.is_none() => {
            object.as_object_mut().expect("a map").remove(name);
        }
        Step::Field(name) => {
            let map = object.as_object_mut().expect("a map");
            set(map.entry(name.clone()).or_insert(Value::Null), rest, after, name);
        }
        Step::Index(index) => {
            let items = object.as_array_mut().expect("a list");
            if items.len() == *index {
                items.push(Value::Null);
            }
            set(&mut items[*index], rest, after, field);
        }
        Step::Item(key) => {
            assert_eq!(field, "env", "the only list with keys here");
            let items = object.as_array_mut().expect("a list");
            let at = items.iter().position(|item| item["name"] == **key);
            let at = at.unwrap_or_else(|| {
                items.push(Value::Null);
                items.len() - 1
            });
            set(&mut items[at], rest, after, field);
        }
        Step::Order => unreachable!("left out"),
    }
}

fn without_nulls_in_lists(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), without_nulls_in_lists(value))).collect()
        }
        Value::Array(items) => {
            items.iter().filter(|item| !item.is_null()).map(without_nulls_in_lists).collect()
        }
        value => value.clone(),
    }
}

/// An object as the API has them, with lists of all sorts, and no null.
fn any_object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let variable = ("[AB]{1,2}", inner.clone())
            .prop_map(|(name, value)| json!({ "name": name, "value": value }));
        let map = proptest::collection::btree_map("[a-c.]{1,2}", inner.clone(), 0..4);
        prop_oneof![
            map.prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            proptest::collection::vec(inner, 0..3).prop_map(|items| json!({ "args": items })),
            proptest::collection::vec(variable, 0..4).prop_map(|items| json!({ "env": items })),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(object in any_object()) {
        let difference = compare(&id(Kind::Service), Some(&object), Some(&object));
        prop_assert_eq!(difference.change, Change::Unchanged);
        prop_assert_eq!(difference.fields, vec![]);
    }

    #[test]
    fn the_fields_make_of_the_one_the_other(before in any_object(), after in any_object()) {
        let found = deltas(Some(&before), Some(&after));
        prop_assert_eq!(found.is_empty(), before == after);
        let made = applied(before, &found);
        let left = deltas(Some(&made), Some(&after));
        let left: Vec<_> = left.iter().filter(|delta| delta.path.last() != Some(&Step::Order)).collect();
        prop_assert!(left.is_empty(), "{:?} of {:?}", left, found);
    }
}
