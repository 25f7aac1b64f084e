//! The rules over routes, listeners and peers.

use super::Report;
use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::{Ingress, K3s};

/// The annotation by which ingress-nginx redirects.
pub const NGINX_REDIRECT: &str = "nginx.ingress.kubernetes.io/ssl-redirect";

pub(super) fn check(k3s: &K3s, report: &mut Report<'_>) {
    if k3s.ingress == Ingress::None && k3s.gateway.is_none() && !k3s.hosts.is_empty() {
        report(&["k3s.hosts", "k3s.ingress"], &|_| {
            "k3s.ingress is \"none\", and k3s.hosts is for an Ingress; one of them goes".into()
        });
    }
    if let Some(host) = k3s.host.as_ref().filter(|host| k3s.hosts.contains(host)) {
        report(&["k3s.hosts", "k3s.host"], &|_| {
            format!("{} is in k3s.host already; k3s.hosts has the further ones", quoted(host))
        });
    }
    for (key, given) in [
        ("k3s.tls_secret", k3s.tls_secret.is_some()),
        ("k3s.ingress_class", k3s.ingress_class.is_some()),
        ("k3s.ingress_annotations", !k3s.ingress_annotations.is_empty()),
    ] {
        if given && k3s.gateway.is_some() {
            report(&[key, "k3s.gateway"], &|_| {
                format!(
                    "{key} is for an Ingress, and with k3s.gateway there is an HTTPRoute instead; one of them goes"
                )
            });
        }
    }
    redirect(k3s, report);
    peers(k3s, report);
}

/// A redirect to where nothing answers is an outage, and one on the listener that it leads to a loop.
fn redirect(k3s: &K3s, report: &mut Report<'_>) {
    if k3s.gateway.is_none() && !k3s.gateway_listeners.is_empty() {
        report(&["k3s.gateway_listeners", "k3s.gateway"], &|_| {
            "there is no k3s.gateway whose listeners these would be; one of the keys is missing, or goes".into()
        });
    }
    if !k3s.https_redirect {
        return;
    }
    if k3s.gateway.is_some() {
        if ["http", "https"].iter().any(|it| !k3s.gateway_listeners.contains_key(*it)) {
            report(&["k3s.https_redirect", "k3s.gateway_listeners"], &|_| {
                "the Gateway has one listener to redirect from and one to lead to; name both, such as k3s.gateway_listeners = { http = \"web\", https = \"websecure\" }".into()
            });
        }
        return;
    }
    if k3s.ingress == Ingress::None {
        report(&["k3s.https_redirect", "k3s.ingress"], &|_| {
            "k3s.ingress is \"none\", and a redirect is for an Ingress; one of them goes".into()
        });
    } else if k3s.tls_secret.is_none() {
        report(&["k3s.https_redirect", "k3s.tls_secret"], &|_| {
            "without a certificate nothing answers by HTTPS; set k3s.tls_secret, or leave the redirect out".into()
        });
    }
    let class = k3s.ingress_class.as_deref().unwrap_or("traefik");
    if class.starts_with("nginx") {
        let key = child("k3s.ingress_annotations", NGINX_REDIRECT);
        if k3s.ingress_annotations.contains_key(NGINX_REDIRECT) {
            report(&[&key, "k3s.https_redirect"], &|_| {
                "that is the annotation which k3s.https_redirect sets; one of them goes".into()
            });
        }
    } else if !class.contains("traefik") {
        report(&["k3s.https_redirect", "k3s.ingress_class"], &|_| {
            format!(
                "the redirect is made for Traefik and for nginx; tell the controller of {} by its own annotation in k3s.ingress_annotations instead",
                quoted(class)
            )
        });
    }
}

fn peers(k3s: &K3s, report: &mut Report<'_>) {
    if !k3s.network_policies {
        for (key, given) in [
            ("k3s.allow_from", !k3s.allow_from.is_empty()),
            ("k3s.allow_to", !k3s.allow_to.is_empty()),
            ("k3s.egress", !k3s.egress.is_empty()),
        ] {
            if given {
                report(&[key, "k3s.network_policies"], &|_| {
                    format!(
                        "k3s.network_policies is false, so that {key} means nothing; one of them goes"
                    )
                });
            }
        }
    }
    for (key, peers) in [("k3s.allow_from", &k3s.allow_from), ("k3s.allow_to", &k3s.allow_to)] {
        if peers.iter().any(|peer| {
            peer.network.is_some() && (peer.namespace.is_some() || !peer.labels.is_empty())
        }) {
            report(&[key], &|_| {
                "a peer is a network, or pods by namespace and labels, and not both".into()
            });
        }
    }
}
