//! The program under test, and what disturbs it; the real Kubernetes that it talks to is that of the testkit.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
#![allow(missing_docs, unreachable_pub, reason = "these modules are seen by tests alone")]

pub mod deployer;
pub mod sweep;

pub use skyward_testkit::kubernetes::*;
