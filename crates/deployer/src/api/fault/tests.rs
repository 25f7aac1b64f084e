//! Every kind of refusal and breakage, as a real API server (1.36) words it, and the line that is made of it.

use std::fmt::Write as _;
use std::io;

use rustls::{AlertDescription, CertificateError};
use serde_json::{Value, json};

use super::super::error::{CallError, Verb};
use super::*;

const WEB: &str = "Deployment web in namespace shop";

fn said(code: u16, reason: &str, message: &str, details: &Value) -> AttemptError {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "details": details, "code": code,
    });
    of_answer(code, body.to_string().as_bytes(), None)
}

fn causes(causes: &[(&str, &str, &str)]) -> Value {
    let causes: Vec<Value> = causes
        .iter()
        .map(|(reason, field, message)| json!({"reason": reason, "field": field, "message": message}))
        .collect();
    json!({"name": "web", "group": "apps", "kind": "deployments", "causes": causes})
}

fn broke(error: impl std::error::Error + Send + Sync + 'static) -> AttemptError {
    of_client(kube::Error::Service(Box::new(error)))
}

fn tls(error: rustls::Error) -> AttemptError {
    broke(io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Of a Deployment.
fn web() -> Value {
    json!({"name": "web", "group": "apps", "kind": "deployments"})
}

fn forbidden(message: &str) -> AttemptError {
    said(403, "Forbidden", message, &web())
}

type Case = (&'static str, Verb, AttemptError);

/// Refusals for lack of a permission.
fn not_allowed() -> Vec<Case> {
    vec![
        ("401", Verb::Connect, said(401, "Unauthorized", "Unauthorized", &Value::Null)),
        (
            "403, in a namespace",
            Verb::Apply,
            forbidden(
                r#"deployments.apps "web" is forbidden: User "joe" cannot patch resource "deployments" in API group "apps" in the namespace "shop""#,
            ),
        ),
        (
            "403, in the cluster",
            Verb::List,
            forbidden(
                r#"nodes is forbidden: User "system:serviceaccount:ci:ci" cannot list resource "nodes" in API group "" at the cluster scope"#,
            ),
        ),
        (
            "403, a subresource",
            Verb::Log,
            forbidden(
                r#"pods "x" is forbidden: User "joe" cannot get resource "pods/log" in API group "" in the namespace "shop""#,
            ),
        ),
        (
            "403, port forwarding",
            Verb::Forward,
            forbidden(
                r#"pods "x" is forbidden: User "joe" cannot create resource "pods/portforward" in API group "" in the namespace "shop""#,
            ),
        ),
    ]
}

/// Refusals for a quota or a policy.
fn against_policy() -> Vec<Case> {
    vec![
        (
            "403, quota",
            Verb::Apply,
            forbidden(
                r#"deployments.apps "web" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1"#,
            ),
        ),
        (
            "403, quota not yet counted",
            Verb::Apply,
            forbidden(
                r#"deployments.apps "web" is forbidden: status unknown for quota: q, resources: count/deployments.apps"#,
            ),
        ),
        (
            "403, Pod Security",
            Verb::Apply,
            forbidden(
                r#"pods "e" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)"#,
            ),
        ),
        (
            "422, a policy",
            Verb::Apply,
            said(
                422,
                "Invalid",
                "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-friday' with binding 'all' denied request: it is Friday",
                &causes(&[(
                    "",
                    "",
                    "ValidatingAdmissionPolicy 'no-friday' with binding 'all' denied request: it is Friday",
                )]),
            ),
        ),
        (
            "400, a webhook",
            Verb::Apply,
            said(
                400,
                "BadRequest",
                "admission webhook \"check.example.com\" denied the request: no",
                &Value::Null,
            ),
        ),
        (
            "500, a webhook that is away",
            Verb::Apply,
            said(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"no.example.com\": failed to call webhook: Post \"https://127.0.0.1:1/x?timeout=10s\": dial tcp 127.0.0.1:1: connect: connection refused",
                &causes(&[("", "", "failed calling webhook")]),
            ),
        ),
    ]
}

/// Objects that are not there, or are going.
fn absent() -> Vec<Case> {
    let ending = "deployments.apps \"web\" is forbidden: unable to create new content in namespace shop because it is being terminated";
    let ending_causes = causes(&[(
        "NamespaceTerminating",
        "metadata.namespace",
        "namespace shop is being terminated",
    )]);
    vec![
        ("404", Verb::Delete, said(404, "NotFound", "deployments.apps \"web\" not found", &web())),
        (
            "404, namespace",
            Verb::Apply,
            said(
                404,
                "NotFound",
                "namespaces \"shop\" not found",
                &json!({"name": "shop", "kind": "namespaces"}),
            ),
        ),
        ("404, kind", Verb::Apply, of_answer(404, b"404 page not found\n", None)),
        ("403, namespace ends", Verb::Apply, said(403, "Forbidden", ending, &ending_causes)),
        ("409, namespace ends", Verb::Create, said(409, "Conflict", ending, &ending_causes)),
    ]
}

/// Objects that are there, and are another's or other ones.
fn conflicting() -> Vec<Case> {
    vec![
        (
            "409, owners",
            Verb::Apply,
            said(
                409,
                "Conflict",
                "Apply failed with 2 conflicts: …",
                &causes(&[
                    (
                        "FieldManagerConflict",
                        ".spec.replicas",
                        r#"conflict with "kubectl" with subresource "scale" using apps/v1"#,
                    ),
                    (
                        "FieldManagerConflict",
                        ".spec.template.spec.containers[name=\"web\"].image",
                        r#"conflict with "helm""#,
                    ),
                ]),
            ),
        ),
        (
            "409, exists",
            Verb::Create,
            said(409, "AlreadyExists", "secrets \"web\" already exists", &web()),
        ),
        (
            "409, changed",
            Verb::Update,
            said(
                409,
                "Conflict",
                "Operation cannot be fulfilled on secrets \"s\": the object has been modified; please apply your changes to the latest version and try again",
                &web(),
            ),
        ),
        (
            "409, another UID",
            Verb::Delete,
            said(
                409,
                "Conflict",
                "Operation cannot be fulfilled on Secret \"s\": the UID in the precondition (abc) does not match the UID in record (4a0e). The object might have been deleted and then recreated",
                &web(),
            ),
        ),
    ]
}

/// Requests that are wrong.
fn wrong() -> Vec<Case> {
    vec![
        (
            "410",
            Verb::List,
            said(
                410,
                "Expired",
                "The resourceVersion for the provided list is too old.",
                &Value::Null,
            ),
        ),
        (
            "422, immutable",
            Verb::Apply,
            said(
                422,
                "Invalid",
                "Deployment.apps \"web\" is invalid: spec.selector: …: field is immutable",
                &causes(&[(
                    "FieldValueInvalid",
                    "spec.selector",
                    "Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is immutable",
                )]),
            ),
        ),
        (
            "422, the Service's address",
            Verb::Apply,
            said(
                422,
                "Invalid",
                "Service \"s\" is invalid: …",
                &causes(&[(
                    "FieldValueInvalid",
                    "spec.clusterIPs[0]",
                    "Invalid value: [\"10.96.3.3\"]: may not change once set",
                )]),
            ),
        ),
        (
            "422",
            Verb::Apply,
            said(
                422,
                "Invalid",
                "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1:\n  must be greater than or equal to 0",
                &causes(&[(
                    "FieldValueInvalid",
                    "spec.replicas",
                    "Invalid value: -1: must be greater than or equal to 0",
                )]),
            ),
        ),
        (
            "500, unknown field",
            Verb::Apply,
            said(
                500,
                "",
                "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema",
                &Value::Null,
            ),
        ),
        (
            "400, strict decoding",
            Verb::Create,
            said(
                400,
                "BadRequest",
                "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.foo\"",
                &Value::Null,
            ),
        ),
    ]
}

/// The server's troubles, and the connection's.
fn broken() -> Vec<Case> {
    let invalid = |error| tls(rustls::Error::InvalidCertificate(error));
    vec![
        ("429", Verb::Apply, of_answer(429, b"Too many requests, please try again later.", None)),
        ("500", Verb::Get, said(500, "InternalError", "etcdserver: leader changed", &Value::Null)),
        ("502, a proxy", Verb::Get, of_answer(502, b"", None)),
        (
            "503",
            Verb::Get,
            said(503, "ServiceUnavailable", "apiserver is shutting down", &Value::Null),
        ),
        ("418", Verb::Get, of_answer(418, b"<html>\n<h1>no tea</h1>", None)),
        ("refused", Verb::Connect, broke(io::Error::from(io::ErrorKind::ConnectionRefused))),
        ("reset", Verb::Apply, broke(io::Error::from(io::ErrorKind::ConnectionReset))),
        ("time-out", Verb::Get, AttemptError::timeout(Duration::from_secs(10))),
        ("wrong authority", Verb::Connect, invalid(CertificateError::UnknownIssuer)),
        ("server's certificate expired", Verb::Connect, invalid(CertificateError::Expired)),
        ("server's name", Verb::Connect, invalid(CertificateError::NotValidForName)),
        (
            "client's certificate expired",
            Verb::Connect,
            tls(rustls::Error::AlertReceived(AlertDescription::CertificateExpired)),
        ),
        (
            "client's certificate refused",
            Verb::Connect,
            tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA)),
        ),
        (
            "no TLS there",
            Verb::Connect,
            tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)),
        ),
    ]
}

/// Each line says operation, object, reason and next step, and the column before it how long it is worth waiting for.
#[test]
fn every_refusal_is_one_line() {
    let mut table = String::new();
    let cases = [not_allowed(), against_policy(), absent(), conflicting(), wrong(), broken()];
    for (name, verb, fault) in cases.into_iter().flatten() {
        let AttemptError { reason, retryable, answer_lost, .. } = fault;
        let object = if verb == Verb::Connect { "context `test`" } else { WEB };
        let error = CallError { verb, object: object.to_owned(), reason, maybe_done: answer_lost };
        let line = error.to_string();
        assert!(!line.contains('\n') && line.contains(". Next step: "), "{line}");
        writeln!(table, "{name} [{retryable:?}]\n  {line}").unwrap();
    }
    insta::assert_snapshot!(table);
}

/// Overload protection says when in a header, the API's own words in the body.
#[test]
fn the_servers_wish_is_read_from_header_and_body() {
    let body = br#"{"code": 429, "details": {"retryAfterSeconds": 4}}"#;
    assert_eq!(of_answer(429, body, None).retry_after, Some(Duration::from_secs(4)));
    let header = Some(Duration::from_secs(9));
    assert_eq!(of_answer(429, body, header).retry_after, header);
}
