use super::Sdk;
#[allow(clippy::wildcard_imports, reason = "every operation there is")]
use crate::*;

/// Every operation has a method of its own name in the file of its service. One that is missing does not compile.
macro_rules! backend {
    ($($operation:ident $method:ident;)*) => {
        impl Backend for Sdk {
            $(
                async fn $method(&self, call: $operation) -> Result<<$operation as Call>::Output, ApiError> {
                    Sdk::$method(self, call).await
                }
            )*
        }
    };
}

crate::operations::each_operation!(backend);
