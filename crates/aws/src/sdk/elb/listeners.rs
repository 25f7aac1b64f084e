use aws_sdk_elasticloadbalancingv2::types;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, ProtocolEnum, RedirectActionConfig,
    RedirectActionStatusCodeEnum,
};

use super::to_tags;
use crate::model::{Listener, ListenerAction};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, text};
use crate::sdk::error::{Answer, invalid};
use crate::{
    ApiError, CreateListener, DeleteListener, DescribeListeners, ModifyListener, Operation, Page,
};

/// The most that a page of this list may hold.
const PAGE: i32 = 400;

fn to_action(operation: Operation, action: ListenerAction) -> Result<Action, ApiError> {
    let (kind, builder) = match action {
        ListenerAction::Forward(group) => {
            (ActionTypeEnum::Forward, Action::builder().target_group_arn(group))
        }
        ListenerAction::RedirectToHttps(port) => {
            let redirect = RedirectActionConfig::builder()
                .protocol("HTTPS")
                .port(port.to_string())
                .status_code(RedirectActionStatusCodeEnum::Http301)
                .build();
            (ActionTypeEnum::Redirect, Action::builder().redirect_config(redirect))
        }
        ListenerAction::Other(what) => {
            return Err(invalid(operation, &format!("it cannot make a listener {what}")));
        }
    };
    Ok(builder.r#type(kind).build())
}

/// Whether a part of the request's address stays as it is: absent, or the placeholder that AWS answers instead.
fn stays(part: Option<&String>) -> bool {
    part.is_none_or(|part| ["#{host}", "/#{path}", "#{query}"].contains(&part.as_str()))
}

fn redirects_to_https(redirect: &RedirectActionConfig) -> Option<i32> {
    let is_plain = redirect.protocol.as_deref() == Some("HTTPS")
        && redirect.status_code == Some(RedirectActionStatusCodeEnum::Http301)
        && [&redirect.host, &redirect.path, &redirect.query]
            .iter()
            .all(|part| stays(part.as_ref()));
    let port = redirect.port.as_deref().filter(|_| is_plain)?;
    port.parse().ok()
}

fn action(actions: Vec<Action>) -> ListenerAction {
    let kinds: Vec<_> = actions.iter().map(|action| name(action.r#type.as_ref())).collect();
    let other = || ListenerAction::Other(kinds.join(" and "));
    let Ok([action]) = <[Action; 1]>::try_from(actions) else { return other() };
    if let Some(port) = action.redirect_config.as_ref().and_then(redirects_to_https) {
        return ListenerAction::RedirectToHttps(port);
    }
    // One target group stands in a field of its own; several, with their weights, do not.
    match action.target_group_arn {
        Some(group) if action.r#type == Some(ActionTypeEnum::Forward) => {
            ListenerAction::Forward(group)
        }
        _ => other(),
    }
}

fn listener(found: types::Listener) -> Listener {
    let mut certificates = found.certificates.unwrap_or_default().into_iter();
    let protocol = found.protocol;
    // A policy says something only where there is TLS.
    let tls_policy = found.ssl_policy.filter(|_| protocol == Some(ProtocolEnum::Https));
    Listener {
        protocol: name(protocol.as_ref()),
        arn: text(found.listener_arn),
        load_balancer: text(found.load_balancer_arn),
        port: found.port.unwrap_or_default(),
        certificate: certificates.find_map(|certificate| certificate.certificate_arn),
        tls_policy,
        action: action(found.default_actions.unwrap_or_default()),
    }
}

fn certificates(arn: Option<String>) -> Option<Vec<Certificate>> {
    arn.map(|arn| vec![Certificate::builder().certificate_arn(arn).build()])
}

impl Sdk {
    pub(in crate::sdk) async fn create_listener(
        &self,
        call: CreateListener,
    ) -> Result<Listener, ApiError> {
        let operation = Operation::CreateListener;
        let request = self.elb.create_listener().load_balancer_arn(call.load_balancer);
        let request = request
            .port(call.port)
            .protocol(ProtocolEnum::from(call.protocol.as_str()))
            .set_certificates(certificates(call.certificate))
            .set_ssl_policy(call.tls_policy)
            .default_actions(to_action(operation, call.action)?)
            .set_tags(Some(to_tags(call.tags)));
        let made = request.send().await.answer(operation)?.listeners;
        let none = || types::Listener::builder().build();
        Ok(listener(made.unwrap_or_default().into_iter().next().unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_listeners(
        &self,
        call: DescribeListeners,
    ) -> Result<Page<Listener>, ApiError> {
        let request = self.elb.describe_listeners().load_balancer_arn(call.load_balancer);
        let request = request.page_size(PAGE).set_marker(call.page);
        let answer = request.send().await.answer(Operation::DescribeListeners)?;
        Ok(Page { items: each(answer.listeners, listener), next: next(answer.next_marker) })
    }

    pub(in crate::sdk) async fn modify_listener(
        &self,
        call: ModifyListener,
    ) -> Result<(), ApiError> {
        let operation = Operation::ModifyListener;
        let request = self.elb.modify_listener().listener_arn(call.listener);
        let request = request
            .protocol(ProtocolEnum::from(call.protocol.as_str()))
            .set_certificates(certificates(call.certificate))
            .set_ssl_policy(call.tls_policy)
            .default_actions(to_action(operation, call.action)?);
        request.send().await.answer(operation).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_listener(
        &self,
        call: DeleteListener,
    ) -> Result<(), ApiError> {
        let request = self.elb.delete_listener().listener_arn(call.listener);
        request.send().await.answer(Operation::DeleteListener).map(|_| ())
    }
}
