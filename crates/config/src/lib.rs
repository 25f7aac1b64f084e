//! Skyward's configuration, in two parts.
//!
//! [`service`] declares the settings of a service. It needs no dependency, and is all that a service itself is
//! compiled with.
//!
//! `file`, a feature, is the configuration of everything else: one file, `skyward.toml`, its environments, `SKYWARD_…`
//! variables and flags, merged into typed values that know where they came from.

#[cfg(feature = "cli")]
pub mod cli;
pub mod service;

#[cfg(feature = "file")]
mod file;

#[cfg(feature = "file")]
pub use file::*;
pub use service::{
    Ask, Cidr, Conflict, Form, Health, HealthPaths, HealthWord, LogFormat, ProbePort, Probes,
    SETTINGS, Service, Setting, Settings, Threads, Unit,
};
