//! Services of AWS over the SDK's own runtime, without the SDK's crate for them: its credentials, signatures, time limits and
//! connections, with what is sent and answered as the service's protocol has it.

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};

use super::endpoint::Endpoint;

/// A request, which is a POST to `/`.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) content_type: &'static str,
    /// The operation, where the protocol names it in a header: `x-amz-target`.
    pub(super) target: Option<String>,
    pub(super) body: String,
}

/// A service in a region.
#[derive(Debug, Clone)]
pub(super) struct Runtime(Operation<Sent, String, ErrorMetadata>);

impl Runtime {
    /// Connects to a service, by its id in the SDK's configuration and its name in signatures and hosts. `refusal` reads the code
    /// and the message of an error. Makes no call.
    pub(super) async fn new(
        config: &SdkConfig,
        id: &'static str,
        name: &'static str,
        refusal: fn(&[u8]) -> ErrorMetadata,
    ) -> Self {
        let Endpoint { url, signing_region } = Endpoint::of(config, id, name).await;
        let mut operation = Operation::builder()
            .service_name(id)
            .operation_name(id)
            .endpoint_url(&url)
            // The executor tries again, by its own rules and where everyone can see it.
            .no_retry()
            .with_connection_poisoning()
            .interceptor(UserAgentInterceptor::new())
            .timeout_config(
                config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
            )
            .runtime_plugin(signing(config, name, signing_region));
        if let Some(client) = config.http_client() {
            operation = operation.http_client(client);
        }
        if let Some(sleep) = config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        if let Some(time) = config.time_source() {
            operation = operation.time_source(time);
        }
        if let Some(version) = config.behavior_version() {
            operation = operation.behavior_version(version);
        }
        let response = move |answer: &HttpResponse| response(answer, refusal);
        Self(operation.serializer(request).deserializer(response).build())
    }

    /// Sends a request, once, and returns the text of the answer.
    pub(super) async fn send(
        &self,
        sent: Sent,
    ) -> Result<String, SdkError<ErrorMetadata, HttpResponse>> {
        self.0.invoke(sent).await
    }
}

fn request(sent: Sent) -> Result<HttpRequest, BoxError> {
    let length = sent.body.len();
    let mut request = HttpRequest::new(SdkBody::from(sent.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", sent.content_type);
    headers.insert("content-length", length.to_string());
    if let Some(target) = sent.target {
        headers.insert("x-amz-target", target);
    }
    Ok(request)
}

fn response(
    response: &HttpResponse,
    refusal: fn(&[u8]) -> ErrorMetadata,
) -> Result<String, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().as_u16() == 200 {
        let text = String::from_utf8(body.to_vec());
        return text.map_err(|error| OrchestratorError::response(Box::new(error)));
    }
    Err(OrchestratorError::operation(refusal(body)))
}

/// The part of a client that signs.
fn signing(config: &SdkConfig, name: &'static str, region: Option<Region>) -> StaticRuntimePlugin {
    let mut layer = Layer::new(name);
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigningName::from_static(name));
    layer.store_or_unset(region.map(SigningRegion::from));
    layer.store_or_unset(config.app_name().cloned());
    layer.store_put(ApiMetadata::new(name, env!("CARGO_PKG_VERSION")));
    let mut options = SigningOptions::default();
    options.double_uri_encode = true;
    options.normalize_uri_path = true;
    layer.store_put(SigV4OperationSigningConfig {
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new(name)
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )))
        .with_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}
