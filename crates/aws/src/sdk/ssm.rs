//! The one operation of Systems Manager that is called, over the SDK's own runtime, by the
//! [JSON protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html): the SDK's crate takes longer to compile than that
//! of RDS.

use aws_config::SdkConfig;
use aws_smithy_types::error::ErrorMetadata;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Answer;
use super::runtime::{Runtime, Sent};
use crate::error::{ApiError, OperationName};

/// A client of Systems Manager.
#[derive(Debug, Clone)]
pub(crate) struct Client(Runtime);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl Client {
    /// Connects to the region of this configuration. Makes no call.
    pub(crate) async fn new(config: &SdkConfig) -> Self {
        Self(Runtime::new(config, "SSM", "ssm", refusal).await)
    }

    /// Returns the value of a parameter.
    ///
    /// # Errors
    /// Those of [`Answer::answer`], and [`ApiError::NO_ANSWER`] where the answer cannot be read.
    pub(crate) async fn parameter(
        &self,
        operation: impl Into<OperationName>,
        name: &str,
    ) -> Result<String, ApiError> {
        let operation = operation.into();
        let sent = Sent {
            content_type: "application/x-amz-json-1.1",
            target: Some(format!("AmazonSSM.{operation}")),
            body: json!({ "Name": name }).to_string(),
        };
        let answer = self.0.send(sent).await.answer(operation)?;
        let found: Result<Found, _> = serde_json::from_str(&answer);
        found.map(|found| found.parameter.value).map_err(|error| {
            let why = format!("the answer cannot be read: {error}");
            ApiError::new(operation, ApiError::NO_ANSWER, why)
        })
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
