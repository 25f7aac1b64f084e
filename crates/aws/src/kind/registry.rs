//! The macros of the list of kinds: one for the operations of a kind, and one that derives all that must know every operation.

/// The operations of a kind: each with its arguments and what it answers.
macro_rules! operations {
    () => {};
    ($operation:ident { $($field:ident: $type:ty),* $(,)? } -> Page<$item:ty>; $($rest:tt)*) => {
        operations! { @one $operation { $($field: $type),* } -> Page<$item> }
        impl crate::kind::Paged for $operation {
            type Item = $item;

            fn at(mut self, page: String) -> Self {
                self.page = Some(page);
                self
            }
        }
        operations! { $($rest)* }
    };
    ($operation:ident { $($field:ident: $type:ty),* $(,)? } -> $output:ty; $($rest:tt)*) => {
        operations! { @one $operation { $($field: $type),* } -> $output }
        operations! { $($rest)* }
    };
    (@one $operation:ident { $($field:ident: $type:ty),* } -> $output:ty) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        pub struct $operation { $(pub $field: $type),* }

        impl crate::kind::Call for $operation {
            const OPERATION: crate::kind::Operation = crate::kind::Operation::$operation;
            type Output = $output;

            fn into_request(self) -> crate::kind::Request {
                crate::kind::Request::$operation(self)
            }

            fn output(response: crate::kind::Response) -> Option<$output> {
                match response {
                    crate::kind::Response::$operation(output) => Some(output),
                    _ => None,
                }
            }
        }
    };
}

/// Derives all that must know every operation from the list of them.
macro_rules! registry {
    ($($module:ident [$($record:ty),*] { $($service:ident: $($operation:ident $method:ident),*;)* })*) => {
        /// The operations alone, without the values that they take and answer.
        pub mod operations {
            $(pub use super::$module::{$($($operation),*),*};)*
        }

        $(pub use $module::*;)*

        /// An operation's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation { $($($($operation),*),*),* }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($($(Self::$operation),*),*),*];

            /// The name, such as `CreateVpc`.
            pub fn name(self) -> &'static str {
                match self { $($($(Self::$operation => stringify!($operation)),*),*),* }
            }

            /// The service that it belongs to.
            pub fn service(self) -> Service {
                match self { $($($(Self::$operation => Service::$service),*),*),* }
            }
        }

        /// Any operation with its arguments.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "operation")]
        pub enum Request { $($($($operation($operation)),*),*),* }

        impl Request {
            /// The operation.
            pub fn operation(&self) -> Operation {
                match self { $($($(Self::$operation(_) => Operation::$operation),*),*),* }
            }
        }

        /// Any operation's answer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Response { $($($($operation(<$operation as Call>::Output)),*),*),* }

        /// Everything that can carry out each operation.
        pub trait Backend {
            $($($(fn $method(
                &self,
                call: $operation,
            ) -> impl Future<Output = Result<<$operation as Call>::Output, ApiError>>;)*)*)*
        }

        /// Carries out the operation that a request names.
        ///
        /// # Errors
        /// The backend answers with one.
        pub async fn dispatch<B: Backend>(backend: &B, request: Request) -> Result<Response, ApiError> {
            match request {
                $($($(Request::$operation(call) => Box::pin(backend.$method(call)).await.map(Response::$operation)),*),*),*
            }
        }

        // Each operation is a method of its own name in the file of its kind. One that is missing does not compile.
        #[cfg(feature = "sdk")]
        impl Backend for crate::sdk::Sdk {
            $($($(async fn $method(
                &self,
                call: $operation,
            ) -> Result<<$operation as Call>::Output, ApiError> {
                crate::sdk::Sdk::$method(self, call).await
            })*)*)*
        }

        // As is each in the simulated half of its kind.
        impl Backend for RefCell<World> {
            $($($(async fn $method(
                &self,
                call: $operation,
            ) -> Result<<$operation as Call>::Output, ApiError> {
                let answer = self.borrow_mut().$method(call);
                answer.map_err(|refusal| {
                    ApiError::new(Operation::$operation, &refusal.code, refusal.message)
                })
            })*)*)*
        }

        /// The simulated halves of the kinds, each under the name of its kind.
        #[allow(unused_imports, reason = "not every one is named by another")]
        pub(crate) mod simulated {
            $(pub(crate) use super::$module::simulated as $module;)*
            pub(crate) use super::target_group::simulated::health as target_health;

            /// The names that each of them uses.
            pub(crate) mod prelude {
                pub(crate) use crate::kind::*;
                pub(crate) use crate::world::prelude::*;
            }
        }

        /// The kinds of records that a simulated account can hold.
        pub(crate) const RECORDS: &[Registered] = &[$($(Registered::of::<$record>(),)*)*];
    };
}
