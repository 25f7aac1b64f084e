//! The cluster itself: k3s on this machine, or on a handful of machines over ssh.
//!
//! One way through: [`cluster`] is what the configuration asks for, [`inspect`] connects to all machines at once and gathers their
//! [`facts`], [`preflight`] finds what is wrong with them before anything is changed, [`plan`] says what is left to do, and [`install`]
//! does it. All of that is done under the [`lock`] of the machines, and every step checks first and may be repeated, so that the next run completes what a killed one has begun.
//!
//! `preflight`, [`files`], `plan`, [`upgrade::order`] and the merge of [`kubeconfig`] are pure. All others reach machines through
//! [`connection`] alone.

pub mod certificate;
pub mod cluster;
pub mod command;
pub mod connection;
pub mod diagnosis;
pub mod down;
pub mod drain;
pub mod error;
pub mod facts;
pub mod files;
pub mod host;
pub mod image;
pub mod inspect;
pub mod install;
pub mod journal;
pub mod kubeconfig;
pub mod lock;
pub mod network;
pub mod nodes;
pub mod peers;
pub mod plan;
pub mod pods;
pub mod preflight;
pub mod quorum;
pub mod record;
pub mod release;
pub mod remove;
pub mod report;
pub mod restore;
pub mod rotate;
pub mod saved;
pub mod snapshot;
pub mod status;
pub mod token;
pub mod up;
pub mod upgrade;
pub mod version;

pub use cluster::{Cluster, Machine};
pub use error::ClusterError;
pub use report::Reporter;
