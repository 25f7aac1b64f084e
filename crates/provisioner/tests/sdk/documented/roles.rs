//! Roles and instance profiles.

use serde_json::json;
use skyward_aws::model::{InstanceProfile, Role};
use skyward_aws::{
    ApiError, Class, CreateRole, DeleteRole, GetInstanceProfile, GetRole, GetRolePolicy,
    ListAttachedRolePolicies,
};

use super::{read, result, text};

#[tokio::test]
async fn roles_are_read_as_they_are_shown() {
    let shown = "<Role><Path>/application_abc/</Path><Arn>arn:aws:iam::123456789012:role/S3Access</Arn><RoleName>S3Access</RoleName>\
        <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>\
        <CreateDate>2012-05-08T23:34:01Z</CreateDate><RoleId>AROADBQP57FF2AEXAMPLE</RoleId>\
        <Tags><member><Key>Dept</Key><Value>Accounting &amp; co</Value></member><member><Key>empty</Key><Value/></member></Tags></Role>";
    let role = Role {
        name: text("S3Access"),
        arn: text("arn:aws:iam::123456789012:role/S3Access"),
        trust: json!({"Version": "2012-10-17"}),
        tags: [(text("Dept"), text("Accounting & co")), (text("empty"), String::new())].into(),
    };
    let get = || GetRole { name: text("S3Access") };
    assert_eq!(result(get(), shown).await.unwrap(), role);
    let create = CreateRole { name: text("S3Access"), trust: json!({}), tags: [].into() };
    assert_eq!(result(create, shown).await.unwrap(), role);
    let error = result(get(), "").await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class()), (ApiError::NO_ANSWER, Class::Unknown));
    let policy = "<PolicyName>S3</PolicyName><RoleName>S3Access</RoleName><PolicyDocument>\
        %7B%22Resource%22%3A%22a%2F50%20%25%22%7D</PolicyDocument>"
        .replace(">        ", ">");
    let call = GetRolePolicy { role: text("S3Access"), policy: text("S3") };
    assert_eq!(result(call, &policy).await.unwrap(), json!({"Resource": "a/50 %"}));
    let attached = "<AttachedPolicies><member><PolicyName>a</PolicyName><PolicyArn>arn:1</PolicyArn></member></AttachedPolicies>\
        <IsTruncated>false</IsTruncated>";
    let list = || ListAttachedRolePolicies { role: text("S3Access") };
    assert_eq!(result(list(), attached).await.unwrap(), [text("arn:1")].into());
    assert_eq!(result(list(), "<AttachedPolicies/>").await.unwrap(), [].into());
    let profile = |roles: &str| {
        format!(
            "<InstanceProfile><InstanceProfileId>AIPAD5ARO2C5EXAMPLE3G</InstanceProfileId><Roles>{roles}</Roles>\
         <InstanceProfileName>Webserver</InstanceProfileName><Path>/</Path><Arn>arn:ip</Arn></InstanceProfile>"
        )
    };
    for (roles, expected) in [
        ("", None),
        ("<member><Path>/</Path><RoleName>S3Access</RoleName></member>", Some("S3Access")),
    ] {
        let call = GetInstanceProfile { name: text("Webserver") };
        let expected = InstanceProfile {
            name: text("Webserver"),
            arn: text("arn:ip"),
            role: expected.map(text),
            tags: [].into(),
        };
        assert_eq!(result(call, &profile(roles)).await.unwrap(), expected);
    }
    // An operation without a result has none.
    let done = "<DeleteRoleResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'><ResponseMetadata><RequestId>1</RequestId>\
        </ResponseMetadata></DeleteRoleResponse>";
    read(DeleteRole { name: text("S3Access") }, "200 OK", done).await.unwrap();
}
