//! Tests: Differences as text.

use insta::assert_snapshot;
use serde_json::json;

use super::super::compare;
use super::*;
use crate::manifest::{Kind, ObjectId};

fn id(kind: Kind, name: &str) -> ObjectId {
    ObjectId { kind, namespace: Some("shop".into()), name: name.into() }
}

fn differences() -> Vec<Difference> {
    let long = |word: &str| {
        format!("{} {word} {}", "the same beginning of both ".repeat(5), "and end ".repeat(20))
    };
    let container = |image: &str, env: Value, text: &str| {
        json!({ "kind": "Deployment", "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": image } },
            "template": {
                "metadata": { "annotations": { "note": text, "example.com/lines": format!("one\ntwo\n{image}") } },
                "spec": { "containers": [{ "name": "web", "image": image, "args": ["--port", image], "env": env }] },
            },
        } })
    };
    let before = container("web:1", json!([{ "name": "OLD", "value": "1" }]), &long("cat"));
    let after = container("web:2", json!([{ "name": "NEW", "value": "true" }]), &long("dog"));
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "shop" }, "spec": {
        "ports": [{ "name": "http", "port": 80 }], "type": "ClusterIP",
    } });
    let account = json!({ "kind": "ServiceAccount", "automountServiceAccountToken": false });
    vec![
        compare(&id(Kind::ServiceAccount, "shop"), Some(&account), Some(&account)),
        compare(&id(Kind::Service, "shop"), None, Some(&service)),
        compare(&id(Kind::Deployment, "shop"), Some(&before), Some(&after)),
        compare(&id(Kind::Ingress, "shop"), Some(&json!({ "kind": "Ingress", "spec": {} })), None),
    ]
}

#[test]
fn a_plan_reads_well() {
    assert_snapshot!(text(&differences(), false));
}

#[test]
fn colours_are_by_sign_and_end_on_their_line() {
    let colored = text(&differences(), true);
    for line in colored.lines().filter(|line| line.contains('\u{1b}')) {
        let code = line.trim_start().strip_prefix("\u{1b}[").expect("begins with its colour");
        let expected = match code.split_once('m').expect("a code").1.chars().next() {
            Some('+') => "32",
            Some('-') => "31",
            _ => "33",
        };
        assert!(code.starts_with(expected) && line.ends_with("\u{1b}[0m"), "{line:?}");
    }
    let plain: String = text(&differences(), false);
    let stripped = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"]
        .iter()
        .fold(colored, |text, code| text.replace(code, ""));
    assert_eq!(stripped, plain);
}

#[test]
fn the_sum_names_only_what_there_is() {
    let all = differences();
    assert_eq!(summary(&all), "1 to create, 1 to change, 1 to delete, 1 unchanged");
    assert_eq!(summary(&all[..1]), "1 unchanged");
    assert_eq!(summary(&[]), "nothing to compare");
}

#[test]
fn values_do_not_steer_the_terminal_and_look_like_what_they_are() {
    for (value, shown) in [
        (json!("plain text: of this"), "plain text: of this"),
        (json!("8000"), "\"8000\""),
        (json!(8000), "8000"),
        (json!("true"), "\"true\""),
        (json!(""), "\"\""),
        (json!(" padded "), "\" padded \""),
        (json!("two\nlines"), r#""two\nlines""#),
        (json!("\u{1b}[31mred"), r#""\u001b[31mred""#),
        (json!("\u{9b}31mred \u{202e}"), r#""\u{9b}31mred \u{202e}""#),
        (json!({ "name": "A", "value": "1" }), r#"{"name":"A","value":"1"}"#),
    ] {
        assert_eq!(scalar(&value), shown);
    }
}
