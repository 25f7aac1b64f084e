//! OCI registries: references, credentials, pushing and reading images.
//!
//! Registries differ more than their specification admits, and connections to them break; so everything that decides is
//! pure and tested by tables: `reference`, `url`, `challenge`, `retry`, `ladder` (the next step of an upload after each
//! answer) and `plan` (the parts of a push in their order). The rest talks to registries and reads credential files:
//! `http` sends one request, `client` adds credentials, redirects and retries, `repository` has the endpoints, `upload`
//! brings one blob, `push` all of them and then the tags.

mod auth_file;
mod challenge;
mod client;
mod credentials;
mod dry_run;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod ladder;
mod plan;
mod push;
mod reference;
mod referrers;
mod remote;
mod repository;
mod retry;
mod settings;
mod token;
mod upload;
mod url;

pub use credentials::{Credentials, CredentialsError, Environment, Secret, find, find_in};
pub use dry_run::{Action, Intent};
pub use error::RegistryError;
pub use push::{Push, PushError, Pushed};
pub use reference::{DOCKER_HUB, Reference, ReferenceError};
pub use remote::{RemoteImage, resolve};
pub use retry::{Clock, Decision, Policy, SystemClock, TransientFault, retry_after};
pub use settings::{Settings, Timeouts};
