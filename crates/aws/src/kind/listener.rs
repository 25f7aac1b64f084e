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
    use super::*;
    use crate::kind::prelude::*;

    /// The most that a page of this list may hold.
    const PAGE: i32 = 400;

    fn to_actions(
        operation: Operation,
        action: ListenerAction,
    ) -> Result<Vec<Parameter>, ApiError> {
        let action = match action {
            ListenerAction::Forward(group) => {
                structure! { "Type": "forward", "TargetGroupArn": group }
            }
            ListenerAction::RedirectToHttps(port) => structure! {
                "Type": "redirect", "RedirectConfig.Protocol": "HTTPS",
                "RedirectConfig.Port": port, "RedirectConfig.StatusCode": "HTTP_301",
            },
            ListenerAction::Other(what) => {
                return Err(invalid(operation, &format!("it cannot make a listener {what}")));
            }
        };
        Ok(vec![action])
    }

    /// The port of a redirection to HTTPS that leaves the rest of the address as it is: absent, or AWS's placeholder for it.
    fn redirects_to_https(redirect: Element<'_>) -> Option<i32> {
        let stays = |part: Option<String>| {
            part.is_none_or(|part| ["#{host}", "/#{path}", "#{query}"].contains(&part.as_str()))
        };
        let is_plain = redirect.text("Protocol") == "HTTPS"
            && redirect.text("StatusCode") == "HTTP_301"
            && ["Host", "Path", "Query"].into_iter().all(|part| stays(redirect.option(part)));
        redirect.option("Port").filter(|_| is_plain)?.parse().ok()
    }

    fn action(actions: &[Element<'_>]) -> ListenerAction {
        let kinds: Vec<_> = actions.iter().map(|action| action.text("Type")).collect();
        let other = || ListenerAction::Other(kinds.join(" and "));
        let &[action] = actions else { return other() };
        if let Some(port) = redirects_to_https(action.child("RedirectConfig")) {
            return ListenerAction::RedirectToHttps(port);
        }
        // One target group is in a field of its own; several, with their weights, are not.
        match action.option("TargetGroupArn") {
            Some(group) if kinds == ["forward"] => ListenerAction::Forward(group),
            _ => other(),
        }
    }

    fn listener(found: Element<'_>) -> Listener {
        let mut certificates = found.items("Certificates");
        let protocol = found.text("Protocol");
        Listener {
            arn: found.text("ListenerArn"),
            load_balancer: found.text("LoadBalancerArn"),
            port: found.parsed("Port").unwrap_or_default(),
            certificate: certificates.find_map(|found| found.option("CertificateArn")),
            // A policy says something only where there is TLS.
            tls_policy: found.option("SslPolicy").filter(|_| protocol == "HTTPS"),
            protocol,
            action: action(&found.items("DefaultActions").collect::<Vec<_>>()),
        }
    }

    fn certificates(arn: Option<String>) -> Option<Vec<Parameter>> {
        arn.map(|arn| vec![structure! { "CertificateArn": arn }])
    }

    query! { elb
        create_listener(call: CreateListener) {
            "LoadBalancerArn": call.load_balancer, "Port": call.port,
            "Protocol": call.protocol, "Certificates": certificates(call.certificate),
            "SslPolicy": call.tls_policy,
            "DefaultActions": to_actions(Operation::CreateListener, call.action)?,
            "Tags": pairs(call.tags),
        } => |answer| answer.child("Listeners").made("member", listener)?;
        describe_listeners(call: DescribeListeners) {
            "LoadBalancerArn": call.load_balancer, "PageSize": PAGE, "Marker": call.page,
        } => |answer| Page {
            items: answer.each("Listeners", listener),
            next: next(answer.option("NextMarker")),
        };
        modify_listener(call: ModifyListener) {
            "ListenerArn": call.listener, "Protocol": call.protocol,
            "Certificates": certificates(call.certificate), "SslPolicy": call.tls_policy,
            "DefaultActions": to_actions(Operation::ModifyListener, call.action)?,
        };
        delete_listener(call: DeleteListener) { "ListenerArn": call.listener };
    }
}
