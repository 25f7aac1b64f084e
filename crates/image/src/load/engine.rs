//! The engines: their programs, arguments and words. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Docker, by `docker`.
    Docker,
    /// Podman, by `podman`.
    Podman,
    /// containerd, by `ctr`.
    Containerd,
    /// The containerd within k3s, by `k3s ctr`.
    K3s,
}

impl Engine {
    /// All of them, in the order in which `auto` tries them.
    pub const ALL: [Self; 4] = [Self::Docker, Self::Podman, Self::K3s, Self::Containerd];

    /// Those that Kubernetes runs containers with, k3s's own before another.
    pub const KUBERNETES: [Self; 2] = [Self::K3s, Self::Containerd];

    /// The program that is looked for in `PATH`.
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "ctr",
            Self::K3s => "k3s",
        }
    }

    /// Arguments that succeed where the engine can be used.
    pub fn probe(self) -> Vec<String> {
        match self {
            Self::Docker => words(&["version", "--format", "{{.Server.Version}}"]),
            Self::Podman => words(&["info", "--format", "{{.Version.Version}}"]),
            Self::Containerd | Self::K3s => self.ctr(None, &["version"]),
        }
    }

    /// Arguments that load the archive.
    pub fn load(self, archive: &str, namespace: Option<&str>) -> Vec<String> {
        match self {
            Self::Docker | Self::Podman => words(&["load", "--quiet", "--input", archive]),
            Self::Containerd | Self::K3s => self.ctr(namespace, &["images", "import", archive]),
        }
    }

    /// Arguments that print the digest by which the engine knows the image.
    pub fn identify(self, name: &str, namespace: Option<&str>) -> Vec<String> {
        match self {
            Self::Docker | Self::Podman => {
                words(&["image", "inspect", "--format", "{{.Id}}", name])
            }
            Self::Containerd | Self::K3s => {
                self.ctr(namespace, &["images", "list", &format!("name=={name}")])
            }
        }
    }

    /// Arguments that give the image a second name, where the engine knows images by their names alone.
    pub fn tag(self, name: &str, also: &str, namespace: Option<&str>) -> Option<Vec<String>> {
        match self {
            Self::Docker | Self::Podman => None,
            Self::Containerd | Self::K3s => {
                Some(self.ctr(namespace, &["images", "tag", "--force", name, also]))
            }
        }
    }

    /// Arguments that print all images with their labels, where the engine has labels of images.
    pub fn list(self, namespace: Option<&str>) -> Option<Vec<String>> {
        match self {
            Self::Docker | Self::Podman => None,
            Self::Containerd | Self::K3s => Some(self.ctr(namespace, &["images", "list"])),
        }
    }

    /// Arguments that set labels: those of an image's name, then of the labels.
    pub fn label(self, change: &[String], namespace: Option<&str>) -> Vec<String> {
        let words: Vec<_> =
            ["images", "label"].into_iter().chain(change.iter().map(String::as_str)).collect();
        self.ctr(namespace, &words)
    }

    /// `ctr`'s arguments, or `k3s ctr`'s. Kubernetes sees the images of `k8s.io` alone.
    fn ctr(self, namespace: Option<&str>, arguments: &[&str]) -> Vec<String> {
        let subcommand: &[&str] = if self == Self::K3s { &["ctr"] } else { &[] };
        let namespace = ["--namespace", namespace.unwrap_or("k8s.io")];
        words(&[subcommand, &namespace, arguments].concat())
    }

    /// The next step after `probe` or `load` said `stderr`.
    pub fn advice(self, stderr: &str) -> String {
        let stderr = stderr.to_lowercase();
        let denied = stderr.contains("permission denied");
        match self {
            Self::Docker if denied => "your user may not use Docker's socket: run it by sudo, or add the user to the group docker".to_owned(),
            Self::Docker => "start Docker (`systemctl start docker`), or name its address in DOCKER_HOST".to_owned(),
            Self::Podman => "see what `podman info` says".to_owned(),
            Self::Containerd if denied => "containerd's socket is root's: run it by sudo".to_owned(),
            Self::Containerd => "start containerd (`systemctl start containerd`), or name its socket in CONTAINERD_ADDRESS".to_owned(),
            Self::K3s if denied => "k3s's socket is root's: run it by sudo".to_owned(),
            Self::K3s => "start k3s (`systemctl start k3s`) on this machine: images are loaded node by node".to_owned(),
        }
    }
}

/// Returns the digest of `expected` that the output of `identify` names. Docker and podman print one id, podman
/// without its algorithm; `ctr` prints a table.
pub fn identified(output: &str, expected: &BTreeSet<String>) -> Option<String> {
    output.split_whitespace().find_map(|word| {
        let full = if word.contains(':') { word.to_owned() } else { format!("sha256:{word}") };
        expected.contains(&full).then_some(full)
    })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
        })
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|engine| engine.to_string() == name).ok_or_else(|| {
            "expected docker, podman, containerd, k3s, kubernetes or auto".to_owned()
        })
    }
}
