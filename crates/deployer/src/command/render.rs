//! `render`: the manifests, without asking a cluster.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use skyward_config::{Config, Ingress};
use skyward_deployer::release::{IngressHost, Release};
use skyward_deployer::{chart, deploy, render};

use crate::common::Common;
use crate::output::Output;

/// Print the Kubernetes manifests as YAML, or write them as files or as a Helm chart; asks no cluster
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The image [default: image.repository with the first of image.tags]
    #[arg(long, value_name = "REFERENCE")]
    image: Option<String>,
    /// The node's address that a nip.io name is made of
    #[arg(long, value_name = "IPV4")]
    address: Option<Ipv4Addr>,
    /// Write one file for each object into this folder, which is empty or not there
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Write a Helm chart into this folder, which is empty or not there
    #[arg(long, value_name = "FOLDER", conflicts_with = "files")]
    chart: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let release = release(&loaded.config, args)?;
    if let Some(folder) = &args.chart {
        return write(folder, chart::chart(&release)?);
    }
    let manifests = render::manifests(&release)?;
    if let Some(folder) = &args.files {
        let files = render::files(&manifests);
        return write(folder, files.into_iter().map(|(name, text)| (name.into(), text)).collect());
    }
    match common.output {
        Output::Text => print!("{}", render::yaml(&manifests)),
        Output::Json => {
            let objects: Vec<_> = manifests.iter().map(|manifest| &manifest.object).collect();
            println!("{}", serde_json::to_string_pretty(&objects)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn release(config: &Config, args: &Args) -> Result<Release> {
    let ingress_host = match (&config.k3s.host, config.k3s.ingress) {
        (Some(host), _) => IngressHost::Named(host.clone()),
        (None, Ingress::None) => IngressHost::None,
        (None, Ingress::AnyHost) => IngressHost::Any,
        (None, Ingress::NipIo) => match args.address {
            Some(address) => IngressHost::Named(deploy::nip_io(&config.service.name, address)),
            None if args.chart.is_some() => IngressHost::Any,
            None => bail!(
                "rendering the Ingress: its nip.io name is made of a node's address, and no cluster is asked; give --address, or set k3s.host, or k3s.ingress to \"any-host\" or \"none\""
            ),
        },
    };
    let tag = config.image.tags.first().map_or("latest", String::as_str);
    let image = args.image.clone();
    Ok(Release {
        service: config.service.clone(),
        k3s: config.k3s.clone(),
        image: image.unwrap_or_else(|| format!("{}:{tag}", config.image.repository)),
        user: config.image.user,
        ingress_host,
        disk_is_counted: true,
    })
}

/// Writes the files; a folder that holds something is not touched.
fn write(folder: &Path, files: Vec<(PathBuf, String)>) -> Result<ExitCode> {
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
    println!("{shown}");
    Ok(ExitCode::SUCCESS)
}
