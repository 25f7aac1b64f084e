//! Interprets a connection that could not be made, or broke.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;
use rustls::{AlertDescription, CertificateError};

use super::super::error::Reason;
use super::super::plugin::PluginError;
use super::super::retry::Retryable;
use super::AttemptError;

/// From an error of the transport, by the errors that it stems from.
pub(in super::super) fn of_transport(error: &(dyn Error + 'static)) -> AttemptError {
    let causes = causes(error);
    let find = |reason, retryable| AttemptError {
        reason,
        retryable,
        answer_lost: false,
        silence: true,
        retry_after: None,
    };
    if let Some(error) =
        causes.iter().find_map(|cause| cause.downcast_ref::<kube::client::AuthError>())
    {
        return find(Reason::Credentials(error.to_string()), Retryable::None);
    }
    if let Some(error) = causes.iter().find_map(|cause| cause.downcast_ref::<PluginError>()) {
        return find(Reason::Credentials(error.to_string()), Retryable::None);
    }
    if let Some(error) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        let (reason, retryable) = of_tls(error);
        return find(reason, retryable);
    }
    let innermost = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    let dns = causes.iter().any(|cause| cause.to_string() == "dns error");
    let reason = if dns {
        Reason::Unreachable(format!("its name is not found ({innermost})"))
    } else {
        Reason::Unreachable(innermost)
    };
    // Before there is a connection, nothing can have been carried out.
    let connecting = causes
        .iter()
        .any(|cause| cause.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect));
    AttemptError { answer_lost: !connecting, ..find(reason, Retryable::Long) }
}

/// The error, what caused it, what caused that, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = vec![error];
    let mut last = error;
    loop {
        // An io::Error does not name the error that it wraps as its source, but that error's source.
        let wrapped = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => last.source(),
        };
        match next {
            Some(next) => causes.push(next),
            None => return causes,
        }
        last = next.unwrap_or(last);
    }
}

fn of_tls(error: &rustls::Error) -> (Reason, Retryable) {
    use AlertDescription::{
        AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked,
        CertificateUnknown, UnknownCA,
    };
    let reason = match error {
        rustls::Error::InvalidCertificate(error) => Reason::Untrusted(untrusted(error)),
        rustls::Error::AlertReceived(CertificateExpired) => {
            Reason::CertificateExpired("(so the server says)".to_owned())
        }
        rustls::Error::AlertReceived(
            BadCertificate | CertificateRequired | CertificateRevoked | CertificateUnknown
            | UnknownCA | AccessDenied,
        ) => Reason::Unauthorized,
        // Such as an answer in plain HTTP.
        other => {
            return (Reason::Unreachable(format!("no TLS connection: {other}")), Retryable::Short);
        }
    };
    (reason, Retryable::None)
}

fn untrusted(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "it was not signed by the certificate authority of the kubeconfig".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet by this machine's clock".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name or address than `server` in the kubeconfig".to_owned()
        }
        other => other.to_string(),
    }
}
