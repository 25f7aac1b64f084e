//! Operations of the services that speak AWS's query protocols, over the SDK's own runtime.
//!
//! The SDK's crate for EC2 has some 770 operations in 88 MB of source, of which a good fifty are called here, and those for the
//! other services are no better in proportion; compiling them took most of the time, and 7.8 GB of memory. So the form that is sent
//! and the XML that is answered are written and read here, by the names of the
//! [query protocol](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html) and
//! [EC2's](https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html). Tests hold every request against what the SDK's crates
//! send.

mod element;
mod parameter;

pub(crate) use element::Element;
#[cfg(test)]
pub(super) use element::read;
pub(crate) use parameter::{Parameter, pairs, structure};

use aws_config::SdkConfig;

use super::error::Answer;
use super::runtime::{Runtime, Sent};
use crate::error::{ApiError, OperationName};

/// Carries out operations of a client by one request each: `method(call: Operation) { "Parameter": value, … } => |answer| value;`,
/// where what is answered may be left out, and the parameters may be a [`Parameter`] in parentheses.
///
/// `find` is a search by name: its answer is empty where the service answers the code after `or`. `pages` is a list of EC2 that
/// comes in pages, by these filters.
macro_rules! query {
    ($client:ident) => {};
    ($client:ident pages $method:ident($type:ty) by $filters:expr => |$answer:ident| $value:expr; $($rest:tt)*) => {
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
                self.$client.call(operation, parameters, page).await
            }
        }
        query! { $client $($rest)* }
    };
    ($client:ident find $method:ident($call:ident: $type:ty) { $($parameters:tt)* } or $missing:literal
        => |$answer:ident| $value:expr; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let (operation, parameters) = (<$type as Call>::OPERATION, structure! { $($parameters)* });
                let read = |$answer: Element<'_>| Ok($value);
                let found = self.$client.call(operation, parameters, read).await;
                Ok(found.or_none(&[$missing])?.unwrap_or_default())
            }
        }
        query! { $client $($rest)* }
    };
    ($client:ident $method:ident($call:ident: $type:ty) { $($parameters:tt)* } $($rest:tt)*) => {
        query! { $client $method($call: $type) (structure! { $($parameters)* }) $($rest)* }
    };
    ($client:ident $method:ident($call:ident: $type:ty) ($parameters:expr); $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                self.$client.perform(<$type as Call>::OPERATION, $parameters).await
            }
        }
        query! { $client $($rest)* }
    };
    ($client:ident $method:ident($call:ident: $type:ty) ($parameters:expr) => |$answer:ident| $value:expr; $($rest:tt)*) => {
        impl Sdk {
            pub(crate) async fn $method(
                &self,
                $call: $type,
            ) -> Result<<$type as Call>::Output, ApiError> {
                let (operation, parameters) = (<$type as Call>::OPERATION, $parameters);
                self.$client.call(operation, parameters, |$answer: Element<'_>| Ok($value)).await
            }
        }
        query! { $client $($rest)* }
    };
}

pub(crate) use query;

/// The protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// EC2's own, which numbers the items of a list directly, and has no element around a result.
    Ec2,
    /// That of the others.
    Query,
}

/// The interface of a service, as the SDK's model has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interface {
    /// The service's id in the SDK's configuration.
    id: &'static str,
    /// Its name in signatures and hosts.
    name: &'static str,
    /// The version, which every request names.
    version: &'static str,
    protocol: Protocol,
}

pub(super) const AUTO_SCALING: Interface =
    interface("Auto Scaling", "autoscaling", "2011-01-01", Protocol::Query);
pub(super) const EC2: Interface = interface("EC2", "ec2", "2016-11-15", Protocol::Ec2);
pub(super) const ELB: Interface =
    interface("Elastic Load Balancing v2", "elasticloadbalancing", "2015-12-01", Protocol::Query);
pub(super) const IAM: Interface = interface("IAM", "iam", "2010-05-08", Protocol::Query);

const fn interface(
    id: &'static str,
    name: &'static str,
    version: &'static str,
    protocol: Protocol,
) -> Interface {
    Interface { id, name, version, protocol }
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
        Self { runtime: Runtime::new(config, id, name, element::refusal).await, interface }
    }

    /// Calls an operation that has no result, once.
    ///
    /// # Errors
    /// Those of [`Answer::answer`], and [`ApiError::NO_ANSWER`] where the operation was carried out and its answer cannot be read.
    pub(crate) async fn perform(
        &self,
        operation: impl Into<OperationName>,
        parameters: Parameter,
    ) -> Result<(), ApiError> {
        self.send(operation.into(), parameters, |_answer| Ok(())).await
    }

    /// Calls an operation, once, and reads its result.
    ///
    /// # Errors
    /// Those of [`Client::perform`].
    pub(crate) async fn call<T>(
        &self,
        operation: impl Into<OperationName>,
        parameters: Parameter,
        read: impl FnOnce(Element<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let operation = operation.into();
        let result = |answer: Element<'_>| match self.interface.protocol {
            Protocol::Ec2 => read(answer),
            Protocol::Query => answer.made(&format!("{}Result", operation.action), read)?,
        };
        self.send(operation, parameters, result).await
    }

    async fn send<T>(
        &self,
        operation: OperationName,
        parameters: Parameter,
        read: impl FnOnce(Element<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Interface { version, protocol, .. } = self.interface;
        let sent = Sent {
            content_type: "application/x-www-form-urlencoded",
            target: None,
            body: parameters.form(operation.action, version, protocol),
        };
        let answer = self.runtime.send(sent).await.answer(operation)?;
        element::read(operation, &answer, read)
    }
}
