//! Asks for the page. kube's client is the HTTP client here, so that nothing else has to be built in.

use std::time::Duration;

use http::Request;
use http::header::HOST;
use kube::client::Body;
use kube::{Client, Config};

use super::endpoint::{IngressEndpoint, is_tls};
use super::wording::{one_line, shorten};
use crate::release::{IngressHost, Release};

/// The time to wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of a GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// This status.
    Status(u16),
    /// The API server will not ask for us; there is no use in trying again.
    Refused(String),
    /// None; why.
    None(String),
}

/// GET / through an entrance, with the release's host name whether or not it resolves here.
pub(super) async fn through(endpoint: &IngressEndpoint, release: &Release) -> Answer {
    let scheme = if is_tls(release) { "https" } else { "http" };
    let Ok(base) = format!("{scheme}://{endpoint}").parse() else {
        return Answer::None("it is no address".to_owned());
    };
    let mut config = Config::new(base);
    config.connect_timeout = Some(PATIENCE);
    // 503 is an answer here, not a server to be asked again.
    config.default_retry = false;
    // The way is what is tried, not the trust: before the Secret is there, controllers serve a certificate of their own.
    config.accept_invalid_certs = true;
    let mut request = Request::get("/");
    if let IngressHost::Named(host) = &release.ingress_host {
        config.tls_server_name = Some(host.clone());
        request = request.header(HOST, endpoint.authority(host));
    }
    let (Ok(client), Ok(request)) = (Client::try_from(config), request.body(Body::empty())) else {
        return Answer::None("no request can be made of it".to_owned());
    };
    match status(&client, request).await {
        Ok((status, _)) => Answer::Status(status),
        Err(why) => Answer::None(why),
    }
}

/// GET / through the API server's service proxy. Kubernetes' own refusals are told from the service's answers by their kind.
pub(super) async fn through_proxy(client: &Client, release: &Release) -> Answer {
    let path = format!(
        "/api/v1/namespaces/{}/services/http:{}:http/proxy/",
        release.namespace(),
        release.name()
    );
    let Ok(request) = Request::get(path).body(Body::empty()) else {
        return Answer::Refused("no request can be made of its name".to_owned());
    };
    let (status, body) = match status(client, request).await {
        Ok(answer) => answer,
        Err(why) => return Answer::None(why),
    };
    let said = serde_json::from_slice::<kube::core::Status>(&body)
        .ok()
        .filter(|said| said.code == status && !said.message.is_empty());
    match said {
        Some(said) if matches!(status, 401 | 403 | 405) => {
            Answer::Refused(shorten(&one_line(&said.message), 200))
        }
        Some(said) => Answer::None(shorten(&one_line(&said.message), 200)),
        None => Answer::Status(status),
    }
}

/// The status of an answer, and as much of its body as one of Kubernetes' own has.
async fn status(client: &Client, request: Request<Body>) -> Result<(u16, Vec<u8>), String> {
    const ENOUGH: usize = 16 * 1024;
    let exchange = async {
        let answer = client.send(request).await.map_err(|error| innermost(&error))?;
        let (head, body) = answer.into_parts();
        let is_status = head.status.as_u16() >= 400;
        let mut read = Vec::new();
        if is_status {
            let limited = http_body_util::Limited::new(body, ENOUGH);
            // A longer body is none of Kubernetes'.
            if let Ok(body) = http_body_util::BodyExt::collect(limited).await {
                read = body.to_bytes().into();
            }
        }
        Ok((head.status.as_u16(), read))
    };
    let late = || Err(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| late())
}

/// The cause at the bottom: the layers above only say that something failed.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    one_line(&last.to_string())
}
