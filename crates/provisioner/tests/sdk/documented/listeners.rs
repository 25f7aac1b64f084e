//! Listeners.

use skyward_aws::model::{Listener, ListenerAction};
use skyward_aws::{ApiError, Class, CreateListener, DescribeListeners, Page};

use super::{result, text};

fn redirect(parts: &str) -> String {
    format!(
        "<member><Type>redirect</Type><RedirectConfig><Protocol>HTTPS</Protocol><Port>443</Port>{parts}</RedirectConfig></member>"
    )
}

#[tokio::test]
async fn listeners_are_read_as_they_are_shown() {
    let call = || DescribeListeners { load_balancer: text("arn:lb"), page: None };
    let shown = "
    <Listeners>
      <member>
        <LoadBalancerArn>arn:lb</LoadBalancerArn>
        <Protocol>HTTPS</Protocol><Port>443</Port>
        <Certificates><member><CertificateArn>arn:cert</CertificateArn></member></Certificates>
        <SslPolicy>ELBSecurityPolicy-2016-08</SslPolicy>
        <ListenerArn>arn:1</ListenerArn>
        <DefaultActions><member><Type>forward</Type><TargetGroupArn>arn:tg</TargetGroupArn></member></DefaultActions>
      </member>
    </Listeners>
    <NextMarker>more</NextMarker>";
    let listener = Listener {
        arn: text("arn:1"),
        load_balancer: text("arn:lb"),
        port: 443,
        protocol: text("HTTPS"),
        certificate: Some(text("arn:cert")),
        tls_policy: Some(text("ELBSecurityPolicy-2016-08")),
        action: ListenerAction::Forward(text("arn:tg")),
    };
    let page = Page { items: vec![listener.clone()], next: Some(text("more")) };
    assert_eq!(result(call(), shown).await.unwrap(), page);
    let last = result(call(), &shown.replace("more<", "<").replace("HTTPS", "HTTP")).await.unwrap();
    assert_eq!((last.next, last.items[0].tls_policy.as_deref()), (None, None));
    let create = CreateListener {
        load_balancer: text("arn:lb"),
        port: 443,
        protocol: text("HTTPS"),
        certificate: None,
        tls_policy: None,
        action: ListenerAction::Forward(text("arn:tg")),
        tags: [].into(),
    };
    assert_eq!(result(create.clone(), shown).await.unwrap(), listener);
    for none in ["<Listeners/>", ""] {
        let error = result(create.clone(), none).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.class()), (ApiError::NO_ANSWER, Class::Unknown));
    }
}

#[tokio::test]
async fn actions_are_read_as_they_are_shown() {
    let call = || DescribeListeners { load_balancer: text("arn:lb"), page: None };
    let forward = "<member><Type>forward</Type><TargetGroupArn>arn:tg</TargetGroupArn></member>";
    let found = "<StatusCode>HTTP_302</StatusCode>";
    let moved = "<StatusCode>HTTP_301</StatusCode>";
    for (actions, expected) in [
        (redirect(moved), ListenerAction::RedirectToHttps(443)),
        (
            redirect(&format!(
                "{moved}<Host>#{{host}}</Host><Path>/#{{path}}</Path><Query>#{{query}}</Query>"
            )),
            ListenerAction::RedirectToHttps(443),
        ),
        (
            redirect(&format!("{moved}<Host>elsewhere</Host>")),
            ListenerAction::Other(text("redirect")),
        ),
        (redirect(found), ListenerAction::Other(text("redirect"))),
        (forward.repeat(2), ListenerAction::Other(text("forward and forward"))),
        (text("<member><Type>forward</Type></member>"), ListenerAction::Other(text("forward"))),
        (
            text("<member><Type>fixed-response</Type></member>"),
            ListenerAction::Other(text("fixed-response")),
        ),
        (String::new(), ListenerAction::Other(String::new())),
    ] {
        let body = format!(
            "<Listeners><member><DefaultActions>{actions}</DefaultActions></member></Listeners>"
        );
        let found = result(call(), &body).await.unwrap();
        assert_eq!(found.items[0].action, expected, "{actions}");
    }
}
