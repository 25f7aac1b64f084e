//! Operations of the services that speak AWS's
//! [JSON protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html), over the SDK's own runtime: few of them are called,
//! and the SDK's crate for any one of them takes longer to compile than that of RDS.

use aws_config::SdkConfig;
use aws_smithy_types::error::ErrorMetadata;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Answer;
use super::runtime::{Runtime, Sent};
use crate::error::{ApiError, OperationName};

/// The interface of a service, as its model has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interface {
    /// The service's id in the SDK's configuration.
    id: &'static str,
    /// Its name in signatures and hosts.
    name: &'static str,
    /// The word before an operation's name in the header that names it.
    target: &'static str,
}

pub(super) const LOGS: Interface = interface("CloudWatch Logs", "logs", "Logs_20140328");
pub(super) const QUOTAS: Interface =
    interface("Service Quotas", "servicequotas", "ServiceQuotasV20190624");
pub(super) const SSM: Interface = interface("SSM", "ssm", "AmazonSSM");

const fn interface(id: &'static str, name: &'static str, target: &'static str) -> Interface {
    Interface { id, name, target }
}

/// A client of a service.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    runtime: Runtime,
    interface: Interface,
}

impl Client {
    /// Connects to the region of this configuration. Makes no call.
    pub(super) async fn new(config: &SdkConfig, interface: Interface) -> Self {
        let Interface { id, name, .. } = interface;
        Self { runtime: Runtime::new(config, id, name, refusal).await, interface }
    }

    /// Calls an operation that has no result, once.
    ///
    /// # Errors
    /// Those of [`Answer::answer`].
    pub(crate) async fn perform(
        &self,
        operation: impl Into<OperationName>,
        body: Value,
    ) -> Result<(), ApiError> {
        self.send(operation.into(), &body).await.map(|_| ())
    }

    /// Calls an operation, once, and reads its result.
    ///
    /// # Errors
    /// Those of [`Answer::answer`], and [`ApiError::NO_ANSWER`] where the answer cannot be read.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        operation: impl Into<OperationName>,
        body: Value,
    ) -> Result<T, ApiError> {
        let operation = operation.into();
        let answer = self.send(operation, &body).await?;
        serde_json::from_str(&answer).map_err(|error| {
            let why = format!("the answer cannot be read: {error}");
            ApiError::new(operation, ApiError::NO_ANSWER, why)
        })
    }

    async fn send(&self, operation: OperationName, body: &Value) -> Result<String, ApiError> {
        let sent = Sent {
            content_type: "application/x-amz-json-1.1",
            target: Some(format!("{}.{operation}", self.interface.target)),
            body: body.to_string(),
        };
        self.runtime.send(sent).await.answer(operation)
    }
}

/// The code and message of an error; empty where the answer is none of AWS's. The code may have a namespace before it and an address
/// behind it.
fn refusal(body: &[u8]) -> ErrorMetadata {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer[name].as_str();
    let code = text("__type").unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let mut error = ErrorMetadata::builder().code(code.split(':').next().unwrap_or_default());
    if let Some(message) = text("message").or_else(|| text("Message")) {
        error = error.message(message);
    }
    error.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code_alone() {
        for (body, code, message) in [
            (
                r#"{"__type":"ParameterNotFound","message":"none"}"#,
                "ParameterNotFound",
                Some("none"),
            ),
            (r#"{"__type":"com.amazonaws.ssm#ParameterNotFound"}"#, "ParameterNotFound", None),
            (r#"{"__type":"a#Denied:http://x/","Message":"no"}"#, "Denied", Some("no")),
            ("<html>", "", None),
        ] {
            let error = refusal(body.as_bytes());
            assert_eq!((error.code(), error.message()), (Some(code), message), "{body}");
        }
    }
}
