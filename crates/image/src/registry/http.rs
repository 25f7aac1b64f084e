//! Sends one HTTP request: ureq set up for registries. No retries, redirects or credentials here.

use std::io::Read;
use std::sync::Arc;

use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy, SendBody};

use super::retry::TransientFault;
use super::settings::Timeouts;
use super::url::Url;

/// The body of a request.
pub(super) enum Payload<'a> {
    /// No body and no length: GET and HEAD.
    None,
    /// Bytes that can be sent again.
    Bytes(&'a [u8]),
    /// So many bytes that can be read only once.
    Stream(&'a mut dyn Read, u64),
}

impl Payload<'_> {
    /// The same payload for another try, where it can be had again.
    pub(super) fn again(&self) -> Option<Payload<'_>> {
        match self {
            Self::None => Some(Payload::None),
            Self::Bytes(bytes) => Some(Payload::Bytes(bytes)),
            Self::Stream(..) => None,
        }
    }

    pub(super) fn reborrow(&mut self) -> Payload<'_> {
        match self {
            Self::None => Payload::None,
            Self::Bytes(bytes) => Payload::Bytes(bytes),
            Self::Stream(reader, size) => Payload::Stream(&mut **reader, *size),
        }
    }
}

/// An answer whose body is still to be read.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The address that answered, after redirects.
    pub(super) url: Url,
    body: ureq::Body,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Reads at most `limit` bytes; more is an error.
    pub(super) fn bytes(&mut self, limit: u64) -> Result<Vec<u8>, Failure> {
        self.body.with_config().limit(limit).read_to_vec().map_err(|error| failure(&error))
    }

    /// Reads what is left of a short body, so that the connection can be used again.
    pub(super) fn discard(mut self) {
        // A body that cannot be read costs the connection, nothing else.
        let _ = self.bytes(1 << 16);
    }

    /// The body as a stream without a limit: the caller knows the size.
    pub(super) fn into_reader(self) -> impl Read + Send + 'static {
        self.body.into_with_config().limit(u64::MAX).reader()
    }
}

/// The reason why there was no answer.
pub(super) enum Failure {
    /// It may pass.
    Fault(TransientFault),
    /// It will not pass; with the next step for the user, if there is one.
    Fatal(String, &'static str),
}

/// Two connection pools: loopback is never reached through a proxy.
pub(super) struct Transport {
    direct: Agent,
    proxied: Agent,
}

impl Transport {
    pub(super) fn new(timeouts: &Timeouts) -> Self {
        Self { direct: agent(timeouts, None), proxied: agent(timeouts, Proxy::try_from_env()) }
    }

    pub(super) fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(&str, String)],
        payload: Payload<'_>,
    ) -> Result<Response, Failure> {
        let mut request = Request::builder().method(method).uri(url.to_string());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let agent = if url.is_loopback() { &self.direct } else { &self.proxied };
        let answer = match payload {
            Payload::None => request.body(()).map(|request| agent.run(request)),
            Payload::Bytes(bytes) => request.body(bytes).map(|request| agent.run(request)),
            Payload::Stream(reader, size) => request
                .header("Content-Length", size)
                .body(SendBody::from_reader(reader))
                .map(|request| agent.run(request)),
        };
        let answer = answer
            .map_err(|error| Failure::Fatal(format!("no valid request: {error}"), ""))?
            .map_err(|error| failure(&error))?;
        let (parts, body) = answer.into_parts();
        let status = parts.status.as_u16();
        Ok(Response { status, headers: parts.headers, url: url.clone(), body })
    }
}

fn agent(timeouts: &Timeouts, proxy: Option<Proxy>) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .user_agent(concat!("skyward-image/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(timeouts.connect))
        .timeout_per_read(Some(timeouts.stall.max(timeouts.answer)))
        .timeout_per_write(Some(timeouts.stall))
        .timeout_recv_response(Some(timeouts.answer))
        .max_idle_connections_per_host(16)
        .build()
        .new_agent()
}

/// Sorts an error into what may pass and what will not.
fn failure(error: &ureq::Error) -> Failure {
    let (reason, advice) = describe(error);
    match error {
        ureq::Error::Timeout(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Protocol(_) => Failure::Fault(TransientFault { reason, retry_after: None }),
        // rustls reports certificates and broken handshakes as invalid data.
        ureq::Error::Io(io) if io.kind() != std::io::ErrorKind::InvalidData => {
            Failure::Fault(TransientFault { reason, retry_after: None })
        }
        _ => Failure::Fatal(reason, advice),
    }
}

fn describe(error: &ureq::Error) -> (String, &'static str) {
    let text = match error {
        ureq::Error::Io(io) => io.to_string(),
        ureq::Error::Timeout(which) => format!("no answer in time ({which})"),
        ureq::Error::HostNotFound => "the host name is not found".to_owned(),
        ureq::Error::BodyExceedsLimit(most) => format!("its answer has more than {most} bytes"),
        other => other.to_string(),
    };
    let advice = if text.contains("InvalidContentType") {
        "; it speaks plain HTTP: --plain-http allows that"
    } else if text.contains("UnknownIssuer") || text.contains("certificate") {
        "; where the registry's certificate is signed by your own authority, put that one's \
         certificate into the system's store, or name its file in SSL_CERT_FILE"
    } else {
        ""
    };
    (text, advice)
}
