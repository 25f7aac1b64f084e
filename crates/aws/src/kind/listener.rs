//! Listeners: the ports of a load balancer.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// The action of a listener on a request; target groups are told by `G`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerAction<G = String> {
    /// The target group.
    Forward(G),
    /// To HTTPS on this port, permanently.
    RedirectToHttps(i32),
    /// Anything else.
    Other(String),
}

impl<G> ListenerAction<G> {
    /// The same action with target groups that are told otherwise.
    ///
    /// # Errors
    /// The group cannot be told so.
    pub fn try_map<H, E>(
        &self,
        tell: impl FnOnce(&G) -> Result<H, E>,
    ) -> Result<ListenerAction<H>, E> {
        Ok(match self {
            Self::Forward(group) => ListenerAction::Forward(tell(group)?),
            Self::RedirectToHttps(port) => ListenerAction::RedirectToHttps(*port),
            Self::Other(other) => ListenerAction::Other(other.clone()),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    pub arn: String,
    pub load_balancer: String,
    pub port: i32,
    pub protocol: String,
    pub certificate: Option<String>,
    pub tls_policy: Option<String>,
    pub action: ListenerAction,
}

operations! {
    CreateListener {
        load_balancer: String,
        port: i32,
        protocol: String,
        certificate: Option<String>,
        tls_policy: Option<String>,
        action: ListenerAction,
        tags: Tags,
    } -> Listener;
    DescribeListeners { load_balancer: String, page: Option<String> } -> Page<Listener>;
    ModifyListener {
        listener: String,
        protocol: String,
        certificate: Option<String>,
        tls_policy: Option<String>,
        action: ListenerAction,
    } -> ();
    DeleteListener { listener: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_elasticloadbalancingv2::types;
    use aws_sdk_elasticloadbalancingv2::types::{
        Action, ActionTypeEnum, Certificate, RedirectActionConfig, RedirectActionStatusCodeEnum,
    };

    use super::*;
    use crate::kind::prelude::*;

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
                    .status_code(RedirectActionStatusCodeEnum::Http301);
                (ActionTypeEnum::Redirect, Action::builder().redirect_config(redirect.build()))
            }
            ListenerAction::Other(what) => {
                return Err(invalid(operation, &format!("it cannot make a listener {what}")));
            }
        };
        Ok(builder.r#type(kind).build())
    }

    /// The port of a redirection to HTTPS that leaves the rest of the address as it is: absent, or AWS's placeholder for it.
    fn redirects_to_https(redirect: &RedirectActionConfig) -> Option<i32> {
        let stays = |part: &Option<String>| {
            part.as_deref().is_none_or(|part| ["#{host}", "/#{path}", "#{query}"].contains(&part))
        };
        let is_plain = redirect.protocol.as_deref() == Some("HTTPS")
            && redirect.status_code == Some(RedirectActionStatusCodeEnum::Http301)
            && [&redirect.host, &redirect.path, &redirect.query].into_iter().all(stays);
        redirect.port.as_deref().filter(|_| is_plain)?.parse().ok()
    }

    fn action(actions: Vec<Action>) -> ListenerAction {
        let kinds: Vec<_> = actions.iter().map(|action| name(action.r#type.as_ref())).collect();
        let other = || ListenerAction::Other(kinds.join(" and "));
        let Ok([action]) = <[Action; 1]>::try_from(actions) else { return other() };
        if let Some(port) = action.redirect_config.as_ref().and_then(redirects_to_https) {
            return ListenerAction::RedirectToHttps(port);
        }
        // One target group is in a field of its own; several, with their weights, are not.
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
        let tls_policy = found.ssl_policy.filter(|_| protocol == Some(types::ProtocolEnum::Https));
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

    requests! { elb
        create_listener(call: CreateListener) {
            load_balancer_arn(call.load_balancer) port(call.port)
            protocol(call.protocol.as_str().into()) set_certificates(certificates(call.certificate))
            set_ssl_policy(call.tls_policy)
            default_actions(to_action(Operation::CreateListener, call.action)?)
            set_tags(Some(elb::to_tags(call.tags)))
        } => |answer| made(Operation::CreateListener, first(answer.listeners), listener)?;
        describe_listeners(call: DescribeListeners) {
            load_balancer_arn(call.load_balancer) page_size(PAGE) set_marker(call.page)
        }
            => |answer| Page { items: each(answer.listeners, listener), next: next(answer.next_marker) };
        modify_listener(call: ModifyListener) {
            listener_arn(call.listener) protocol(call.protocol.as_str().into())
            set_certificates(certificates(call.certificate)) set_ssl_policy(call.tls_policy)
            default_actions(to_action(Operation::ModifyListener, call.action)?)
        };
        delete_listener(call: DeleteListener) { listener_arn(call.listener) };
    }
}
