//! An image into all nodes: streamed from here, kept nowhere but in each node's own store.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde::Deserialize;

use super::ClusterError;
use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::event::Finding;
use super::event::{MachineState, Reporter};
use super::facts::Facts;
use super::host::{Host, HostError, LONG, SHORT};
use super::inspect::{self, inspect};

/// An archive and the names that it gives its images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageArchive {
    path: PathBuf,
    images: BTreeSet<Named>,
}

/// An image by its names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    /// `docker.io/library/web:latest`.
    name: String,
    /// `sha256:…`.
    digest: String,
}

impl Named {
    /// `docker.io/library/web@sha256:…`, as a pod asks for it. containerd finds an image by the names it was given alone.
    fn by_digest(&self) -> String {
        let repository = match self.name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => repository,
            _ => &self.name,
        };
        format!("{repository}@{}", self.digest)
    }
}

/// The part of an OCI layout's `index.json` that is read.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

impl ImageArchive {
    /// Reads an archive (an OCI layout in a tar, as `cargo xtask image build`, `docker save` and `skopeo` write it).
    ///
    /// # Errors
    /// It cannot be read, or names no image.
    pub fn read(path: &Path) -> Result<Self, ClusterError> {
        let wrong = |reason: String| {
            ClusterError::Unfit(format!(
                "reading the image {}: {reason}. Next step: name an archive as `cargo xtask image build` writes it",
                path.display()
            ))
        };
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let index = index(file).map_err(|error| wrong(error.to_string()))?;
        let index: Index =
            serde_json::from_slice(&index.ok_or_else(|| wrong("it has no index.json".into()))?)
                .map_err(|error| wrong(format!("index.json: {error}")))?;
        let images: BTreeSet<Named> =
            index.manifests.into_iter().filter_map(|descriptor| named(&descriptor)).collect();
        if images.is_empty() {
            return Err(wrong("it gives its image no name".into()));
        }
        Ok(Self { path: path.to_owned(), images })
    }

    /// The names by digest, as pods ask for the images.
    pub fn references(&self) -> Vec<String> {
        let references: BTreeSet<String> = self.images.iter().map(Named::by_digest).collect();
        references.into_iter().collect()
    }
}

fn index(file: File) -> std::io::Result<Option<Vec<u8>>> {
    for entry in tar::Archive::new(file).entries()? {
        let mut entry = entry?;
        let path = entry.path()?;
        if path.strip_prefix(".").unwrap_or(&path) == Path::new("index.json") {
            let mut bytes = Vec::new();
            entry.by_ref().take(1 << 22).read_to_end(&mut bytes)?;
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// The full name as containerd's importer finds it (containerd, `images/annotations.go`).
fn named(descriptor: &Descriptor) -> Option<Named> {
    let of = |key: &str| descriptor.annotations.get(key);
    let name = of("io.containerd.image.name")
        .or_else(|| of("org.opencontainers.image.ref.name").filter(|name| name.contains(':')))?;
    Some(Named { name: name.clone(), digest: descriptor.digest.clone() })
}

/// What a node has: a table of name, type, digest.
const LIST: &str = "exec /usr/local/bin/k3s ctr --namespace k8s.io images list";
/// Reads the archive on standard input.
const IMPORT: &str = "exec /usr/local/bin/k3s ctr --namespace k8s.io images import -";
/// Pairs of name and further name.
const TAG: &str = r#"set -e
while [ $# -gt 0 ]; do /usr/local/bin/k3s ctr --namespace k8s.io images tag --force "$1" "$2" >/dev/null; shift 2; done
"#;

/// Loads the archive into every node that lacks one of its images. Returns how many did.
///
/// # Errors
/// Findings, before anything is sent; or the machines that did not get it.
pub async fn load(
    cluster: &Cluster,
    archive: &ImageArchive,
    keys: HostKeys,
    report: &Reporter,
) -> Result<usize, ClusterError> {
    let inspection = inspect(cluster, keys).await;
    let mut findings = inspection.unreachable();
    let strangers =
        cluster.machines.iter().zip(inspection.facts()).filter_map(|(machine, facts)| {
            facts.is_some_and(|facts| !facts.is_member()).then(|| {
                Finding::new(machine.label(), "it is no node yet; `cluster up` makes it one")
            })
        });
    findings.extend(strangers);
    report.findings(&findings);
    if !findings.is_empty() {
        inspection.close().await;
        return Err(ClusterError::Findings { findings });
    }
    let hosts: Vec<(Host, Facts)> = inspection.machines.into_iter().flatten().collect();
    let done = join_all(hosts.iter().map(|(host, _)| deliver(host, archive, report))).await;
    let (mut sent, mut failed) = (0, Vec::new());
    for ended in done {
        match ended {
            Ok(was_sent) => sent += usize::from(was_sent),
            Err(error) => {
                report.failed(&error);
                failed.push(error.machine);
            }
        }
    }
    let machines = hosts.len();
    inspect::close(hosts.into_iter().map(|(host, _)| host)).await;
    if failed.is_empty() {
        return Ok(sent);
    }
    Err(ClusterError::Machines {
        of: "loading the image",
        machines,
        failed,
        next: "correct what is said above, then run this again: nodes that have it are passed over",
    })
}

/// Whether it had to be sent.
async fn deliver(
    host: &Host,
    archive: &ImageArchive,
    report: &Reporter,
) -> Result<bool, HostError> {
    let doing = "loading the image";
    if lacking(host, archive).await?.is_empty() {
        return Ok(false);
    }
    let input = Input::File(archive.path.clone());
    host.run(doing, IMPORT, &[], input, LONG).await?;
    let pairs: Vec<[String; 2]> =
        archive.images.iter().map(|image| [image.name.clone(), image.by_digest()]).collect();
    let words: Vec<&str> = pairs.iter().flatten().map(String::as_str).collect();
    host.run(doing, TAG, &words, Input::None, SHORT).await?;
    let lacking = lacking(host, archive).await?;
    if let Some(name) = lacking.first() {
        return Err(host.refused(doing, format!("k3s took the archive, and does not have {name}")));
    }
    report.machine(
        &host.label(),
        MachineState::Done,
        format!("has {}", archive.references().join(", ")),
    );
    Ok(true)
}

/// The names that a node lacks, or has another image under.
async fn lacking(host: &Host, archive: &ImageArchive) -> Result<Vec<String>, HostError> {
    let listed = host.text("listing its images", LIST, &[]).await?;
    let has = |name: &str, digest: &str| {
        listed.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.first() == Some(&name) && words.contains(&digest)
        })
    };
    let names = archive.images.iter().flat_map(|image| {
        [(image.name.clone(), &image.digest), (image.by_digest(), &image.digest)]
    });
    Ok(names.filter(|(name, digest)| !has(name, digest)).map(|(name, _)| name).collect())
}
