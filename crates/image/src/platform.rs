//! The platforms that images are built for and chosen by.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use oci_spec::image::{Arch, ImageConfiguration, Os};

/// An operating system, an architecture and perhaps a variant, as in `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// Go's GOOS.
    pub os: String,
    /// Go's GOARCH.
    pub architecture: String,
    /// Such as `v7`.
    pub variant: Option<String>,
}

impl Platform {
    /// The platform as OCI documents hold it.
    pub fn to_oci(&self) -> oci_spec::image::Platform {
        let mut platform = oci_spec::image::Platform::default();
        platform.set_os(Os::from(self.os.as_str()));
        platform.set_architecture(Arch::from(self.architecture.as_str()));
        platform.set_variant(self.variant.clone());
        platform
    }
}

impl Platform {
    /// The platform of an OCI document.
    pub fn of_oci(platform: &oci_spec::image::Platform) -> Self {
        Self {
            os: platform.os().to_string(),
            architecture: platform.architecture().to_string(),
            variant: platform.variant().clone(),
        }
    }
}

impl Platform {
    /// The platform that `config` was made for.
    pub fn of(config: &ImageConfiguration) -> Self {
        Self {
            os: config.os().to_string(),
            architecture: config.architecture().to_string(),
            variant: config.variant().clone(),
        }
    }

    /// The platform of this machine.
    pub fn of_this_machine() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "loongarch64" => "loong64",
            same => same,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Returns true where an image with `config` is for this platform; a platform without a variant takes any.
    pub fn matches(&self, config: &ImageConfiguration) -> bool {
        let other = Self::of(config);
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl FromStr for Platform {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/');
        let (Some(os), Some(architecture), variant, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            bail!(
                "{text:?} is not a platform: expected os/architecture[/variant], such as linux/amd64"
            );
        };
        if os.is_empty() || architecture.is_empty() || variant == Some("") {
            bail!(
                "{text:?} is not a platform: expected os/architecture[/variant], such as linux/amd64"
            );
        }
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}
