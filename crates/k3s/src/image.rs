//! `image load`: an image into all nodes. It is streamed from here and kept in the image store of each node alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde::Deserialize;
use skyward_image::load::Pins;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError, LONG, SHORT};
use super::inspect::{self, Away, Inspection, Reached};
use super::report::{Reporter, problem};

/// The largest `index.json` that is read.
const LARGEST_INDEX: u64 = 1 << 22;

/// An archive of images, with the names that it gives them.
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
    /// `docker.io/library/web@sha256:…`, as a pod asks for it. containerd finds an image by the names that it was given alone.
    fn by_digest(&self) -> String {
        let repository = match self.name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => repository,
            _ => &self.name,
        };
        format!("{repository}@{}", self.digest)
    }
}

/// The part of the `index.json` of an OCI layout that is read.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl ImageArchive {
    /// Reads an archive (an OCI layout in a tar, as `cargo xtask image build`, `docker save` and `skopeo` write it).
    ///
    /// # Errors
    /// It cannot be read, or it names no image.
    pub fn read(path: &Path) -> Result<Self, ClusterError> {
        let wrong =
            |reason: String| ClusterError::Archive { path: path.display().to_string(), reason };
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

    /// The references by digest, as pods ask for the images.
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
            entry.by_ref().take(LARGEST_INDEX).read_to_end(&mut bytes)?;
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// The full name, as containerd's importer finds it (containerd, `images/annotations.go`).
fn named(descriptor: &Descriptor) -> Option<Named> {
    let of = |key: &str| descriptor.annotations.get(key);
    let name = of("io.containerd.image.name")
        .or_else(|| of("org.opencontainers.image.ref.name").filter(|name| name.contains(':')))?;
    Some(Named { name: name.clone(), digest: descriptor.digest.clone() })
}

/// Lists the images of a node: a table of name, type and digest.
const LIST: &str = "/usr/local/bin/k3s ctr --namespace k8s.io images list";
/// Imports the archive on standard input.
const IMPORT: &str = "/usr/local/bin/k3s ctr --namespace k8s.io images import -";
/// Gives images further names; `$@` are pairs of a name and a further one.
const TAG: &str = r#"set -e
while [ $# -gt 0 ]; do /usr/local/bin/k3s ctr --namespace k8s.io images tag --force "$1" "$2" >/dev/null; shift 2; done
"#;

/// Sets labels of an image; `$@` are its name and the labels.
const LABEL: &str = "/usr/local/bin/k3s ctr --namespace k8s.io images label \"$@\" >/dev/null";

/// The outcome of a delivery into the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOutcome {
    /// The number of nodes that the image was sent to.
    pub sent: usize,
    /// The number of nodes that have it.
    pub nodes: usize,
    /// The machines that do not answer, which do not have it.
    pub away: Vec<String>,
}

/// Loads the archive into every node that answers and lacks one of its images. On each its images are pinned: else the kubelet's garbage
/// collection removes them when the disk fills, and no registry has them.
///
/// # Errors
/// Findings, before anything is sent; or the machines that failed.
pub async fn load(
    cluster: &Cluster,
    archive: &ImageArchive,
    pins: &Pins,
    keys: HostKeys,
    report: &Reporter,
) -> Result<LoadOutcome, ClusterError> {
    let deliver = async |host: &Host| deliver(host, archive, pins, report).await;
    let (sent, away) =
        on_all(("loading the image", "cluster image load"), cluster, keys, report, deliver).await?;
    let nodes = sent.len();
    Ok(LoadOutcome { sent: sent.into_iter().filter(|sent| *sent).count(), nodes, away })
}

/// Unpins all that a release had on the nodes that answer.
///
/// # Errors
/// Findings, before anything is sent; or the machines that failed.
pub async fn unpin(
    cluster: &Cluster,
    pins: &Pins,
    keys: HostKeys,
    report: &Reporter,
) -> Result<(), ClusterError> {
    let unpin = async |host: &Host| pin(host, &[], pins).await;
    on_all(("unpinning images", "remove"), cluster, keys, report, unpin).await.map(drop)
}

/// Takes a step on all nodes that answer at once; returns what it gave, and the machines that do not answer.
async fn on_all<T>(
    (operation, command): (&'static str, &str),
    cluster: &Cluster,
    keys: HostKeys,
    report: &Reporter,
    step: impl AsyncFn(&Host) -> Result<T, HostError>,
) -> Result<(Vec<T>, Vec<String>), ClusterError> {
    let reached = Reached::locked(cluster, keys, command, report).await?;
    let inspection = reached.inspect().await;
    let mut findings: Vec<Finding> = inspection.away.iter().map(Away::finding).collect();
    if inspection.facts.iter().any(Facts::is_member) {
        // A node that comes back later gets the image with the next delivery.
        for (finding, away) in findings.iter_mut().zip(&inspection.away) {
            if away.is_silent() {
                let next = "bring it back and run the command again: its pods cannot start there without the image";
                finding.severity = Severity::Warning;
                finding.next = Some(next.to_owned());
            }
        }
    }
    for (machine, facts) in inspection.cluster.machines.iter().zip(&inspection.facts) {
        if !facts.is_member() {
            let next = "run `cluster up`, which makes it one";
            findings.push(problem(machine.label(), "it is not a node yet", next));
        }
    }
    let Inspection { hosts, away, .. } = inspection.require(findings, report).await?;
    let ended = join_all(hosts.iter().map(|host| step(host))).await;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for ended in ended {
        match ended {
            Ok(one) => done.push(one),
            Err(error) => {
                report.failed(&error);
                failed.push(error.machine);
            }
        }
    }
    let machines = hosts.len();
    inspect::close(hosts).await;
    if failed.is_empty() {
        return Ok((done, away.iter().map(|away| away.machine.label()).collect()));
    }
    Err(ClusterError::Machines {
        operation,
        machines,
        failed,
        next: "solve what is reported above, then run the command again: nodes that have the image are skipped",
    })
}

/// Sends the archive to a node that lacks one of its images, and returns true where it had to be sent.
async fn deliver(
    host: &Host,
    archive: &ImageArchive,
    pins: &Pins,
    report: &Reporter,
) -> Result<bool, HostError> {
    let operation = "loading the image";
    if lacking(host, archive).await?.is_empty() {
        pin(host, &archive.references(), pins).await?;
        return Ok(false);
    }
    let input = Input::File(archive.path.clone());
    host.run(operation, IMPORT, &[], input, LONG).await?;
    let pairs: Vec<[String; 2]> =
        archive.images.iter().map(|image| [image.name.clone(), image.by_digest()]).collect();
    let words: Vec<&str> = pairs.iter().flatten().map(String::as_str).collect();
    host.run(operation, TAG, &words, Input::None, SHORT).await?;
    if let Some(name) = lacking(host, archive).await?.first() {
        let reason = format!("k3s accepted the archive, but does not have {name}");
        return Err(host.refused(operation, reason));
    }
    pin(host, &archive.references(), pins).await?;
    report.done(&host.label(), format!("load {}", archive.references().join(", ")));
    Ok(true)
}

/// Pins images of a node, and unpins those that the release does not keep.
async fn pin(host: &Host, references: &[String], pins: &Pins) -> Result<(), HostError> {
    let listed = host.text("listing its images", LIST, &[]).await?;
    for change in pins.changes(&listed, references) {
        let words: Vec<&str> = change.iter().map(String::as_str).collect();
        host.run("pinning the image", LABEL, &words, Input::None, SHORT).await?;
    }
    Ok(())
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
