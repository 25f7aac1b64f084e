//! OCI registries: references, credentials, pushing and reading images.
//!
//! Pure: `reference`, `url`, `challenge`, `retry`, `ladder` (what an upload does after each
//! answer), `plan` (what a push consists of). The rest talks to registries and credential files:
//! `http` is one exchange, `client` adds credentials, redirects and retries, `repository` has the
//! endpoints, `upload` brings one blob, `push` all of it.

mod auth_file;
mod challenge;
mod client;
mod credentials;
mod dry_run;
mod error;
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
pub use retry::{Clock, Decision, Fault, Policy, SystemClock, retry_after};
pub use settings::{Limits, Settings};
