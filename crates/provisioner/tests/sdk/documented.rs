//! The answers of Elastic Load Balancing, Auto Scaling and IAM in the form that AWS's references show them, read as values.

mod balancers;
mod json;
mod listeners;
mod roles;
mod scaling;

use skyward_aws::sdk::Sdk;
use skyward_aws::{
    ApiError, Call, Class, DeleteRole, DeleteTargetGroup, DescribeLoadBalancers, GetRole,
    SetSubnets, send,
};

use crate::answers::{loader, response, says};

/// The answer to this call, where the service says this of it.
async fn read<C: Call>(call: C, status: &str, body: &str) -> Result<C::Output, ApiError> {
    let sdk = Sdk::with(loader(&says(response(status, body)))).await;
    send(&sdk, call).await
}

/// The answer to this call, where this is its result.
async fn result<C: Call>(call: C, result: &str) -> Result<C::Output, ApiError> {
    let action = C::OPERATION.action();
    let body = format!(
        "<{action}Response xmlns=\"https://aws.amazonaws.com/doc/2010-05-08/\">\n  <{action}Result>{result}</{action}Result>\n  \
         <ResponseMetadata>\n    <RequestId>c534f810-f389-11e5-9192-3fff33344cfa</RequestId>\n  </ResponseMetadata>\n\
         </{action}Response>\n"
    );
    read(call, "200 OK", &body).await
}

fn text(text: &str) -> String {
    text.to_owned()
}

const ID: &str = "<RequestId>4442587FB7D0A2F9</RequestId>";

fn error(code: &str, rest: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code>{rest}\
         </ErrorResponse>"
    )
}

fn said(message: &str, id: &str) -> String {
    format!("<Message>{message}</Message></Error>{id}")
}

#[tokio::test]
async fn errors_are_read_as_they_are_shown() {
    let with = |code: &str| error(code, &said("The role &quot;a&quot; &amp; more", ID));
    for (status, body, code, message, class) in [
        (
            "404 Not Found",
            with("NoSuchEntity"),
            "NoSuchEntity",
            "The role \"a\" & more",
            Class::NotFound,
        ),
        (
            "409 Conflict",
            with("DeleteConflict"),
            "DeleteConflict",
            "The role \"a\" & more",
            Class::NotYet,
        ),
        (
            "400 Bad Request",
            error("Throttling", &said("Rate exceeded", "")),
            "Throttling",
            "Rate exceeded",
            Class::Throttled,
        ),
        (
            "403 Forbidden",
            error("AccessDenied", &format!("</Error>{ID}")),
            "AccessDenied",
            "HTTP 403",
            Class::Denied,
        ),
        (
            "400 Bad Request",
            error("NeverHeardOf", &said("no", ID)),
            "NeverHeardOf",
            "no",
            Class::Refused,
        ),
        (
            "503 Service Unavailable",
            text("<html>busy</html>"),
            "ServiceUnavailable",
            "HTTP 503",
            Class::Unknown,
        ),
        ("500 Internal Server Error", text("busy"), "InternalError", "HTTP 500", Class::Unknown),
        (
            "429 Too Many Requests",
            String::new(),
            "TooManyRequestsException",
            "HTTP 429",
            Class::Throttled,
        ),
        (
            "403 Forbidden",
            error("ExpiredToken", &said("expired", ID)),
            "ExpiredToken",
            "expired",
            Class::Credentials,
        ),
    ] {
        let error = read(DeleteRole { name: text("a") }, status, &body).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str(), error.class()),
            (code, message, class),
            "{body}"
        );
        let error =
            read(DeleteTargetGroup { target_group: text("a") }, status, &body).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.class()), (code, class), "{body}");
    }
}

#[tokio::test]
async fn a_success_is_told_from_what_is_none() {
    let with = |code: &str| error(code, &said("no", ID));
    // A search by name that finds nothing is an answer.
    for (code, is_found) in [("LoadBalancerNotFound", true), ("TargetGroupNotFound", false)] {
        let found =
            read(DescribeLoadBalancers { name: text("a") }, "400 Bad Request", &with(code)).await;
        assert_eq!(found.is_ok_and(|found| found.is_empty()), is_found, "{code}");
    }
    // What was carried out, and is answered by something else, may have been.
    for body in [
        "",
        "It works!",
        "<html/>",
        "<DescribeRoleResponse/>",
        "<GetRoleResponse><GetRoleResult>",
        "<GetRoleResponse/>",
    ] {
        let error = read(GetRole { name: text("a") }, "200 OK", body).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.class()),
            (ApiError::NO_ANSWER, Class::Unknown),
            "{body}: {error}"
        );
    }
    let subnets = [text("subnet-1")].into();
    let call = SetSubnets { load_balancer: text("arn:1"), subnets };
    let error = read(call, "200 OK", "It works!").await.unwrap_err();
    assert_eq!(error.code, ApiError::NO_ANSWER);
}
