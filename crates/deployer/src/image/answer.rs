//! What the image's program prints with `--output json`: the parts that are read here.

use serde::Deserialize;

/// Of `build`.
#[derive(Debug, Deserialize)]
pub(super) struct Built {
    /// `repository@sha256:…`, the repository as configured.
    pub(super) reference: String,
}

/// Of `push`.
#[derive(Debug, Deserialize)]
pub(super) struct Pushed {
    /// `registry/repository@sha256:…`, one for each repository.
    pub(super) references: Vec<String>,
    /// What had to be sent; 0 where the registry had everything.
    pub(super) uploaded_bytes: u64,
}

/// Of `load`, for each engine.
#[derive(Debug, Deserialize)]
pub(super) struct InEngine {
    /// `k3s` or `containerd`.
    pub(super) engine: String,
    /// `registry/repository@sha256:…`, as the kubelet asks for it.
    pub(super) references: Vec<String>,
}

/// Of `resolve`.
#[derive(Debug, Deserialize)]
pub(super) struct Resolved {
    /// `registry/repository@sha256:…`.
    pub(super) reference: String,
    /// `sha256:…`.
    pub(super) digest: String,
}
