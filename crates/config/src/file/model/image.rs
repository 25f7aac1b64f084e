//! `[image]`: the OCI image, as types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

/// `[image]`: the service's OCI image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Image {
    /// The repository that the image is pushed to and named after: `[host[:port]/]path`, without tag or
    /// digest. Without it: the service's name, which names no registry.
    #[schemars(schema_with = "grammar::repository", extend("default" = null))]
    pub repository: String,
    /// The tags it gets.
    #[schemars(schema_with = "grammar::tags")]
    pub tags: Vec<String>,
    /// The platforms it is built for, `os/arch[/variant]`. Several make an image index.
    #[schemars(schema_with = "grammar::platforms")]
    pub platforms: Vec<String>,
    /// The C library that the binary is linked with, statically. Each gives another digest, so the default is the same on every
    /// machine, whatever is installed.
    pub libc: Libc,
    /// The user and group id that the service runs as in the image, never one that a person or a
    /// daemon on the host has.
    #[schemars(schema_with = "grammar::user")]
    pub user: u32,
    /// The program that the image starts, by its path in the image, and the arguments that always come
    /// first. Without it: the service's binary. The arguments of `service.args` follow.
    #[schemars(schema_with = "grammar::arguments")]
    pub entrypoint: Vec<String>,
    /// Further binaries of the service's package, each of them in the image as `/BINARY`.
    #[schemars(schema_with = "grammar::binaries")]
    pub binaries: Vec<String>,
    /// The compression of the layer.
    pub compression: Compression,
    /// Further labels, name to value, beside those of `org.opencontainers.image` that are filled
    /// in.
    #[schemars(schema_with = "grammar::labels")]
    pub labels: BTreeMap<String, String>,
    /// Files and folders beside the binary: path here, relative to the folder of the configuration
    /// file, to path in the image. A folder comes with all that is in it. Nobody may write to them
    /// there.
    #[schemars(schema_with = "grammar::image_files")]
    pub files: BTreeMap<String, String>,
    /// Adds the authorities that Mozilla trusts, as `/etc/ssl/certs/ca-certificates.crt`, for a service
    /// that calls others by HTTPS and does not bring them.
    pub certificates: bool,
    /// Adds the time zones of IANA, in `/usr/share/zoneinfo`.
    pub time_zones: bool,
    /// The file with the dive rules that the image must pass, relative to the folder of the
    /// configuration file.
    #[schemars(schema_with = "grammar::path")]
    pub rules: PathBuf,
    /// The folder that the image is written to, relative to the folder of the configuration file.
    #[schemars(schema_with = "grammar::path")]
    pub output: PathBuf,
    /// Attaches a bill of materials of the compiled crates as a referrer.
    pub sbom: bool,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            repository: "skyward-service".into(),
            tags: vec!["latest".into()],
            platforms: vec!["linux/amd64".into()],
            libc: Libc::default(),
            user: 65532,
            entrypoint: Vec::new(),
            binaries: Vec::new(),
            compression: Compression::default(),
            labels: BTreeMap::new(),
            files: BTreeMap::new(),
            certificates: false,
            time_zones: false,
            rules: "deploy/.dive-ci".into(),
            output: "target/oci".into(),
            sbom: true,
        }
    }
}

/// A C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// glibc, that of rustup's own target on most machines; Debian's package of the C compiler brings its static library.
    #[default]
    Gnu,
    /// musl, which is smaller, and slower where much is allocated; `rustup target add` brings it whole, with a linker for other machines.
    Musl,
}

impl Libc {
    /// The word in the configuration, which is that of rustc's targets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gnu => "gnu",
            Self::Musl => "musl",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Gnu => Self::Musl,
            Self::Musl => Self::Gnu,
        }
    }
}

/// The compression of the image's layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Read by every client.
    #[default]
    Gzip,
    /// Smaller and faster; needs containerd 1.5, Docker 23 or podman.
    Zstd,
}

impl Compression {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
