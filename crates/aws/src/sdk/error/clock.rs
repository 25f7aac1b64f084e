//! Signatures that are not valid because this machine's clock is off: AWS answers with the codes of several other things.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use jiff::{SignedDuration, Timestamp};

use crate::error::{ApiError, Cause, Class};

/// The difference that AWS takes, less what a slow answer may make of it ("Elements of an AWS API request signature": five minutes).
const TAKEN: SignedDuration = SignedDuration::from_mins(4);

/// The same error; one about credentials with the difference of the clocks, by the date of the answer, where that is the cause.
pub(super) fn checked(error: ApiError, date: Option<&str>) -> ApiError {
    let Some(difference) = date.and_then(|date| since(date, Timestamp::now())) else {
        return error;
    };
    with(error, difference)
}

/// The time from the date of an answer (RFC 9110, section 6.6.1) until now.
fn since(date: &str, now: Timestamp) -> Option<SignedDuration> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    let date = Timestamp::from_second(date.secs()).ok()?;
    Some(now.duration_since(date))
}

fn with(mut error: ApiError, difference: SignedDuration) -> ApiError {
    // S3 answers 403 to a HEAD request, whatever the reason.
    let may_be = matches!(error.class(), Class::Credentials | Class::Denied);
    if may_be && difference.abs() > TAKEN {
        let side = if difference.is_positive() { "ahead of" } else { "behind" };
        let minutes = difference.abs().as_mins();
        let said = &error.message;
        error.message = format!("{said} (this machine's clock is {minutes} min {side} AWS's)");
        error.cause = Some(Cause::Clock);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Operation;

    #[test]
    fn a_clock_that_is_off_is_the_cause_of_what_it_can_be() {
        let now: Timestamp = "2026-11-29T12:20:00Z".parse().expect("a time");
        for (date, code, said) in [
            ("Sun, 29 Nov 2026 12:00:00 GMT", "SignatureDoesNotMatch", Some("20 min ahead of")),
            ("Sun, 29 Nov 2026 13:00:00 GMT", "RequestTimeTooSkewed", Some("40 min behind")),
            ("Sun, 29 Nov 2026 13:00:00 GMT", "AccessDenied", Some("40 min behind")),
            ("Sun, 29 Nov 2026 12:18:00 GMT", "SignatureDoesNotMatch", None),
            ("Sun, 29 Nov 2026 12:00:00 GMT", "DependencyViolation", None),
        ] {
            let error = ApiError::new(Operation::GetCallerIdentity, code, "no");
            let error = with(error, since(date, now).expect("a date"));
            assert_eq!(error.cause, said.map(|_| Cause::Clock), "{date} {code}");
            assert!(error.message.contains(said.unwrap_or("no")), "{error}");
        }
        assert_eq!(since("yesterday", now), None);
    }
}
