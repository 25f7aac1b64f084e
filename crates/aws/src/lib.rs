//! The operations of AWS that the provisioner can call, as plain values: one struct per operation, under AWS's own name.
//!
//! A real account (the module `sdk`) and the simulated one of `skyward-simulator` are both an [`Api`]: whatever counts, delays,
//! breaks or records calls stands between as another. There is nothing in them that AWS's own API does not say.

mod call;
mod error;
mod filter;
pub mod model;
mod operations;
#[cfg(feature = "sdk")]
pub mod sdk;
mod service;

pub use call::{Api, Call, CallFuture, Paged, all, send};
pub use error::{ApiError, Class};
pub use filter::{Page, STACK_TAG, Select};
pub use operations::*;
pub use service::Service;
