//! `render`: the manifests, without asking a cluster.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::event::Event;
use crate::manifest::Kind;
use crate::release::{IngressHost, Release};
use crate::{chart, deploy, image, inputs, render, rights};
use anyhow::{Context, Result, bail};
use skyward_config::{Ingress, Loaded};
use skyward_terminal::{Exit, Output, output};

use crate::common::Common;

/// Print the Kubernetes manifests as YAML, or write them as files or as a Helm chart; asks no cluster
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The image [default: image.repository with the first of image.tags]
    #[arg(long, value_name = "REFERENCE")]
    image: Option<String>,
    /// The node's address that a nip.io name is made of
    #[arg(long, value_name = "IPV4", value_parser = node_address)]
    address: Option<Ipv4Addr>,
    /// Write one file for each object into this folder, which is empty or not there
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Write a Helm chart into this folder, which is empty or not there
    #[arg(long, value_name = "FOLDER", conflicts_with = "files")]
    chart: Option<PathBuf>,
    /// Print the Role that a deployer of this configuration needs in its namespace, and nothing else
    #[arg(long, conflicts_with_all = ["files", "chart"])]
    rights: bool,
}

/// An address that a node can have, and clients can reach. IANA's registry of special-purpose addresses (RFC 6890) has those that mean
/// this network (0.0.0.0/8), a link (169.254.0.0/16), and, from 224.0.0.0 on, a group or nothing yet.
fn node_address(text: &str) -> Result<Ipv4Addr, String> {
    let address: Ipv4Addr = text.parse().map_err(|_| "it is not an IPv4 address".to_owned())?;
    if matches!(address.octets()[0], 0 | 224..) || address.is_link_local() {
        return Err(
            "no node has this address; give the one that clients reach the node by".to_owned()
        );
    }
    Ok(address)
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<Exit> {
    let loaded = common.load()?;
    let release = release(&loaded, args)?;
    if args.rights {
        let role = rights::role(&release);
        match common.output {
            Output::Text => output::print(&render::document_of(&role))?,
            Output::Json => output::document(&role)?,
        }
        return Ok(Exit::Done);
    }
    if let Some(folder) = &args.chart {
        return write(folder, chart::chart(&release)?);
    }
    let mut manifests = render::manifests(&release)?;
    if !release.makes_namespace() {
        manifests.retain(|manifest| manifest.id.kind != Kind::Namespace);
        common.notes().emit(Event::note(format!(
            "namespace {} is made by Kubernetes itself; its object is left out",
            release.namespace()
        )));
    }
    if let Some(folder) = &args.files {
        let files = render::files(&manifests);
        return write(folder, files.into_iter().map(|(name, text)| (name.into(), text)).collect());
    }
    match common.output {
        Output::Text => output::print(&render::yaml(&manifests))?,
        Output::Json => {
            let objects: Vec<_> = manifests.iter().map(|manifest| &manifest.object).collect();
            output::document(&objects)?;
        }
    }
    Ok(Exit::Done)
}

fn release(loaded: &Loaded, args: &Args) -> Result<Release> {
    let k3s = &loaded.config.k3s;
    let mut release = Release::of(&loaded.config);
    if k3s.host.is_none() && k3s.ingress == Ingress::NipIo {
        if let Some(address) = args.address {
            release.ingress_host = IngressHost::Named(deploy::nip_io(release.name(), address));
        } else if args.rights {
            release.ingress_host = IngressHost::Any;
        } else if args.chart.is_none() {
            bail!(
                "rendering the Ingress: its nip.io name is made of a node's address, and no cluster is asked; give --address, or set k3s.host, or k3s.ingress to \"any-host\" or \"none\""
            );
        }
    }
    if let Some(image) = &args.image {
        image::check(image)?;
        release.image.clone_from(image);
    }
    release.inputs = inputs::read(loaded)?;
    Ok(release)
}

/// Writes the files; a folder that holds something is not touched.
fn write(folder: &Path, files: Vec<(PathBuf, String)>) -> Result<Exit> {
    let shown = folder.display();
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("writing into {shown}: it is not empty; name another folder, or empty it");
    }
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    output::line(&shown.to_string())?;
    Ok(Exit::Done)
}
