//! The connections to AWS: TLS by ring, through the proxies that the environment names, trusting the system's authorities and those
//! of `AWS_CA_BUNDLE`; what cannot be reached is named in the error.

use std::fmt::Write as _;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The variable that names further authorities, as AWS's own command line reads it.
const BUNDLE: &str = "AWS_CA_BUNDLE";
/// The variables that name a proxy for HTTPS, in the order in which they are read.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A client by the environment's settings.
///
/// # Errors
/// `AWS_CA_BUNDLE` names a file without certificates.
pub(super) fn client() -> Result<SharedHttpClient, String> {
    let trusted = TlsContext::builder().with_trust_store(trust_store()?).build();
    let trusted = trusted.map_err(|error| error.to_string())?;
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .tls_context(trusted.clone())
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    });
    Ok(SharedHttpClient::new(Named(client)))
}

fn trust_store() -> Result<TrustStore, String> {
    // Without any, the client would end the program in a debug build instead of failing a connection.
    let has_native = !rustls_native_certs::load_native_certs().certs.is_empty();
    let store = TrustStore::empty().with_native_roots(has_native);
    let Some(path) = std::env::var_os(BUNDLE).filter(|path| !path.is_empty()) else {
        return Ok(store);
    };
    let unusable = |why: String| format!("{BUNDLE} is {}: {why}", path.display());
    let pem = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    for certificate in certificates {
        let usable = RootCertStore::empty().add(certificate);
        usable.map_err(|error| unusable(error.to_string()))?;
    }
    Ok(store.with_pem_certificate(pem))
}

/// A client whose errors name what was to be reached.
#[derive(Debug)]
struct Named<T>(T);

impl HttpClient for Named<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Named(self.0.http_connector(settings, components)))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Named<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = host(request.uri());
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { answer.await.map_err(|error| named(&host, &error)) })
    }
}

/// The scheme and the host of an address.
fn host(uri: &str) -> String {
    uri.splitn(4, '/')
        .take(3)
        .collect::<Vec<_>>()
        .join("/")
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The same error with what was to be reached, and over which proxy.
fn named(host: &str, error: &ConnectorError) -> ConnectorError {
    let (is_timeout, is_io) = (error.is_timeout(), error.is_io());
    let mut text = format!("reaching {host}");
    let proxy = PROXIES.iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    if let Some((name, proxy)) = proxy.filter(|(_, proxy)| !proxy.is_empty()) {
        // Without the name and password in it.
        let _ = write!(text, " ({name} is {})", proxy.rsplit('@').next().unwrap_or_default());
    }
    let why = super::error::chain(error);
    let _ = write!(text, ": {why}");
    if why.contains("invalid peer certificate") {
        let _ =
            write!(text, "; {BUNDLE} may name a file with the certificate of your own authority");
    }
    match (is_timeout, is_io) {
        (true, _) => ConnectorError::timeout(text.into()),
        (_, true) => ConnectorError::io(text.into()),
        _ => ConnectorError::other(text.into(), None),
    }
}
