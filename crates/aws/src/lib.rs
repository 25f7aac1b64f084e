//! AWS as plain values: one struct for each operation, under AWS's own name, and one for each kind of answer.
//!
//! Each kind of resource is one file in `kind`: its values, its operations, and behind the feature `sdk` how the AWS SDK carries them
//! out; beside it is how the [`simulated`] account does. Both accounts are an [`Api`]: whatever counts, delays, breaks or reports
//! calls is an `Api` in front of another. They say nothing that AWS's own API does not say.

mod api;
mod error;
mod kind;
mod page;
mod partition;
mod random;
#[cfg(feature = "sdk")]
pub mod sdk;
pub mod simulated;
mod world;

pub use api::{Api, CallFuture, all, send};
pub use error::{ApiError, Cause, Class, OperationName, Service};
pub use kind::DbClusterChanges;
pub use kind::operations::*;
pub use kind::{Backend, Call, Operation, Paged, Request, Response, dispatch};
pub use page::{Page, STACK_TAG, Select};
pub use partition::Partition;
pub use random::Random;

/// The values that operations take and answer.
pub mod model {
    pub use crate::kind::*;
}
