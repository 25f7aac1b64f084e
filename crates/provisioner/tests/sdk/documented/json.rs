//! The answers of CloudWatch Logs and Service Quotas, in JSON.

use skyward_aws::model::LogGroup;
use skyward_aws::{Class, DeleteLogGroup, DescribeLogGroups, GetServiceQuota};

use super::{read, text};

fn quota() -> GetServiceQuota {
    GetServiceQuota { service: text("ec2"), quota: text("L-1216C47A") }
}

#[tokio::test]
async fn answers_are_read_as_they_are_shown() {
    let body = r#"{"Quota":{"Adjustable":true,"QuotaCode":"L-1216C47A","ServiceCode":"ec2","Unit":"None","Value":5.0}}"#;
    assert_eq!(read(quota(), "200 OK", body).await.unwrap(), 5);
    let body = r#"{"logGroups":[{"arn":"arn:aws:logs:eu-central-1:1:log-group:/aws/rds/cluster/web/error:*","creationTime":1393545600000,
        "logGroupName":"/aws/rds/cluster/web/error","metricFilterCount":0,"storedBytes":10},
        {"logGroupName":"/aws/rds/cluster/web/slowquery","retentionInDays":7}],"nextToken":"more"}"#;
    let call = DescribeLogGroups { prefix: text("/aws/rds/"), page: None };
    let page = read(call, "200 OK", body).await.unwrap();
    let group = |name: &str, stored_bytes, retention_days| LogGroup {
        name: format!("/aws/rds/cluster/web/{name}"),
        stored_bytes,
        retention_days,
    };
    assert_eq!(page.items, [group("error", 10, None), group("slowquery", 0, Some(7))]);
    assert_eq!(page.next.as_deref(), Some("more"));
    // A deletion is answered by nothing at all.
    read(DeleteLogGroup { name: text("a") }, "200 OK", "").await.unwrap();
}

#[tokio::test]
async fn refusals_are_told_from_answers() {
    for (code, class) in [
        ("ResourceNotFoundException", Class::NotFound),
        ("OperationAbortedException", Class::NotYet),
        ("ThrottlingException", Class::Throttled),
        ("AccessDeniedException", Class::Denied),
        ("UnrecognizedClientException", Class::Credentials),
    ] {
        let body = format!("{{\"__type\":\"{code}\",\"message\":\"no\"}}");
        let call = DeleteLogGroup { name: text("a") };
        let error = read(call, "400 Bad Request", &body).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.class()), (code, class));
    }
    let body = r#"{"__type":"NoSuchResourceException","message":"unknown"}"#;
    let error = read(quota(), "400 Bad Request", body).await.unwrap_err();
    assert_eq!(error.class(), Class::NotFound);
    let error = read(quota(), "200 OK", "{}").await.unwrap_err();
    assert_eq!(error.class(), Class::Unknown, "{error}");
}
