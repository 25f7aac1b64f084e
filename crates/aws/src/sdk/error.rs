//! The errors of the SDK in our terms.

mod clock;
mod profiles;

use std::error::Error;
use std::fmt::Write;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use crate::error::{ApiError, OperationName};

/// The outcome of a call.
pub(crate) trait Answer<T> {
    /// The answer in our terms.
    ///
    /// # Errors
    /// The service's code and message; [`ApiError::NO_ANSWER`] where it is not known whether the call took effect, and
    /// [`ApiError::NO_CREDENTIALS`] where it was not made for want of them.
    fn answer(self, operation: impl Into<OperationName>) -> Result<T, ApiError>;
}

impl<T, E> Answer<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn answer(self, operation: impl Into<OperationName>) -> Result<T, ApiError> {
        self.map_err(|error| explained(operation, &error))
    }
}

/// A search by name that found nothing is an empty answer.
pub(crate) trait OrNone<T> {
    /// None where the error has one of these codes.
    fn or_none(self, codes: &[&str]) -> Result<Option<T>, ApiError>;
}

impl<T> OrNone<T> for Result<T, ApiError> {
    fn or_none(self, codes: &[&str]) -> Result<Option<T>, ApiError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if codes.contains(&error.code.as_str()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// An argument that cannot be sent, found before the call was made.
pub(crate) fn invalid(
    operation: impl Into<OperationName>,
    error: &dyn std::fmt::Display,
) -> ApiError {
    ApiError::new(operation, "InvalidParameterValue", error.to_string())
}

fn explained<E>(operation: impl Into<OperationName>, error: &SdkError<E, HttpResponse>) -> ApiError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let (status, meta) = (answer.raw().status().as_u16(), answer.err().meta());
            if status < 300 {
                // It was carried out, and its answer cannot be read.
                return ApiError::new(operation, ApiError::NO_ANSWER, chain(error));
            }
            let code = meta.code().filter(|code| !code.is_empty()).unwrap_or(by_status(status));
            let message = meta.message().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            let error = ApiError::new(operation, code, message);
            clock::checked(error, answer.raw().headers().get("date"))
        }
        _ if let Some(error) = credentials_error(error) => {
            ApiError::new(operation, ApiError::NO_CREDENTIALS, no_credentials(error))
        }
        SdkError::ConstructionFailure(_) => invalid(operation, &chain(error)),
        _ => ApiError::new(operation, ApiError::NO_ANSWER, chain(error)),
    }
}

/// The places where credentials were looked for, and the error there, unless it is that there are none.
fn no_credentials(error: &CredentialsError) -> String {
    if let Some(absent) = profiles::absent() {
        return absent;
    }
    let profile = std::env::var("AWS_PROFILE").map(|name| format!("the profile {name} of "));
    let places = format!(
        "no usable credentials in the environment, {}~/.aws/config or the metadata of an instance",
        profile.unwrap_or_default()
    );
    match error {
        CredentialsError::CredentialsNotLoaded(_) => places,
        error => format!("{places}: {}", chain(error)),
    }
}

/// The code for a status, where the answer has none: that of a HEAD request has no body, and that of a proxy is not the service's.
fn by_status(status: u16) -> &'static str {
    match status {
        301 | 307 => "PermanentRedirect",
        401 | 403 => "AccessDenied",
        404 => "NotFound",
        409 => "OperationAborted",
        429 => "TooManyRequestsException",
        503 => "ServiceUnavailable",
        500.. => "InternalError",
        _ => "BadRequest",
    }
}

/// The error with all that caused it, innermost last.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in causes(error).skip(1) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            let _ = write!(text, ": {cause}");
        }
    }
    text
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    causes(error).find_map(<dyn Error>::downcast_ref)
}
