//! Versions of k3s, and the architectures that it is built for.

use std::fmt;

/// A release, such as `v1.36.3+k3s1`. Ordered by age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    numbers: [u32; 4],
}

impl Version {
    /// Reads `vX.Y.Z+k3sN`, also of release candidates (`-rcN`).
    pub fn parse(text: &str) -> Option<Self> {
        let (core, build) = text.strip_prefix('v')?.split_once("+k3s")?;
        let core = core.split('-').next()?;
        let mut parts = core.split('.').map(|part| part.parse().ok());
        let numbers = [parts.next()??, parts.next()??, parts.next()??, build.parse().ok()?];
        parts.next().is_none().then(|| Self { text: text.to_owned(), numbers })
    }

    /// Major and minor.
    pub fn minor(&self) -> (u32, u32) {
        (self.numbers[0], self.numbers[1])
    }

    /// Returns true where it is older.
    pub fn is_before(&self, other: &Self) -> bool {
        self.numbers < other.numbers
    }

    /// The version as k3s writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An architecture that k3s is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arch {
    /// `x86_64`.
    Amd64,
    /// `aarch64`.
    Arm64,
    /// 32-bit ARM with hardware floating point.
    Arm,
}

impl Arch {
    /// Reads the name that the kernel has for it.
    pub fn of_machine(machine: &str) -> Option<Self> {
        match machine {
            "x86_64" | "amd64" => Some(Self::Amd64),
            "aarch64" | "arm64" => Some(Self::Arm64),
            "armv7l" | "armv8l" => Some(Self::Arm),
            _ => None,
        }
    }

    /// The name in a release's checksums and images.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Arm => "arm",
        }
    }

    /// The binary's name in the release.
    pub fn binary(self) -> &'static str {
        match self {
            Self::Amd64 => "k3s",
            Self::Arm64 => "k3s-arm64",
            Self::Arm => "k3s-armhf",
        }
    }
}
