//! EC2's operations over the SDK's own runtime.
//!
//! The SDK's crate for EC2 has some 770 operations in 88 MB of source, of which a good fifty are called here; compiling it took
//! most of the time, and 7.8 GB of memory. So the form that is sent and the XML that is answered are written and read here, by the
//! names of the [EC2 query protocol](https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html). A test holds every request
//! against what the SDK's crate sends.

mod element;
mod parameter;

pub(crate) use element::{Element, all_successful};
pub(crate) use parameter::{Filters, Parameter, structure, tag_list, tagged};

use aws_config::SdkConfig;

use super::error::Answer;
use super::runtime::{Runtime, Sent};
use crate::error::{ApiError, OperationName};

/// Carries out operations of EC2 by one request each: `method(call: Operation) { "Parameter": value, … } => |answer| value;`, where
/// what is answered may be left out, and the parameters may be a [`Parameter`] in parentheses.
///
/// `pages` is a list that comes in pages, by these filters.
macro_rules! ec2_requests {
    () => {};
    (pages $method:ident($type:ty) by $filters:expr => |$answer:ident| $value:expr; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let operation = <$type as Call>::OPERATION;
                let filters = $filters;
                let Some(selected) = filters.of(operation, call.select)? else {
                    return Ok(Page::only(Vec::new()));
                };
                let parameters = structure! {
                    "Filter": selected, "MaxResults": filters.page, "NextToken": call.page,
                };
                let page = |$answer: Element<'_>| {
                    let next = next($answer.option("nextToken"));
                    Ok(Page { items: $value, next })
                };
                self.ec2.call(operation, parameters, page).await
            }
        }
        ec2_requests! { $($rest)* }
    };
    ($method:ident($call:ident: $type:ty) { $($parameters:tt)* } $($rest:tt)*) => {
        ec2_requests! { $method($call: $type) (structure! { $($parameters)* }) $($rest)* }
    };
    ($method:ident($call:ident: $type:ty) ($parameters:expr); $($rest:tt)*) => {
        ec2_requests! { $method($call: $type) ($parameters) => |_answer| (); $($rest)* }
    };
    ($method:ident($call:ident: $type:ty) ($parameters:expr) => |$answer:ident| $value:expr; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let (operation, parameters) = (<$type as Call>::OPERATION, $parameters);
                self.ec2.call(operation, parameters, |$answer: Element<'_>| Ok($value)).await
            }
        }
        ec2_requests! { $($rest)* }
    };
}

pub(crate) use ec2_requests;

/// The version of EC2's interface, which every request names.
const VERSION: &str = "2016-11-15";

/// A client of EC2.
#[derive(Debug, Clone)]
pub(crate) struct Client(Runtime);

impl Client {
    /// Connects to the region of this configuration. Makes no call.
    pub(crate) async fn new(config: &SdkConfig) -> Self {
        Self(Runtime::new(config, "EC2", "ec2", element::refusal).await)
    }

    /// Calls an operation, once, and reads its answer.
    ///
    /// # Errors
    /// Those of [`Answer::answer`], and [`ApiError::NO_ANSWER`] where the operation was carried out and its answer cannot be read.
    pub(crate) async fn call<T>(
        &self,
        operation: impl Into<OperationName>,
        parameters: Parameter,
        read: impl FnOnce(Element<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let operation = operation.into();
        let sent = Sent {
            content_type: "application/x-www-form-urlencoded",
            target: None,
            body: parameters.form(operation.name, VERSION),
        };
        let answer = self.0.send(sent).await.answer(operation)?;
        element::read(operation, &answer, read)
    }
}
