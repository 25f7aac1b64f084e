//! The configuration file, and what lies over it.
//!
//! There is one way through. [`ConfigArgs::load`] finds and reads the file (`load`); `resolve` merges what `document`
//! (the file) and `assignment` (variables and flags) make of their text; `validate` holds it against the `shape` that
//! `schema` derives from the types in `model` and the forms in `grammar`; and `rules` checks what concerns several keys.
//! All of it is pure but for reading the one file.

mod assignment;
mod document;
mod grammar;
mod keys;
mod load;
mod model;
mod origin;
mod problem;
mod recovery;
mod reference;
mod resolve;
mod rules;
mod schema;
mod shape;
mod tree;
mod validate;

pub use load::{ConfigArgs, ConfigError, Loaded};
pub use model::{
    Access, Aws, Compression, Config, DatabaseEngine, DatabaseStorage, Delivery, Effect, Image,
    Ingress, Job, K3s, Libc, Machine, Metric, MetricSource, Peer, Port, Protocol, Role, Run,
    ServiceType, Spread, Toleration, Volume, When, Worker,
};
pub use origin::{Effective, Origin, Origins};
pub use problem::{Problem, Problems};
pub use reference::reference;
pub use resolve::{Input, Resolved, resolve};
pub use rules::{NGINX_REDIRECT, free_texts, refused_text};
pub use schema::schema;
