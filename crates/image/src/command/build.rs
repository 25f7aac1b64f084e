//! `build`: compile and pack.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result};
use skyward_config::ConfigArgs;
use skyward_image::pack::{self, Binary, Spec};
use skyward_image::platform::Platform;
use skyward_image::{time, write};

use crate::cli::Output;

/// Compile the service and pack it into an image
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Pack this binary instead of compiling one, such as linux/arm64=target/web
    #[arg(long, value_name = "PLATFORM=PATH")]
    binary: Vec<Given>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// A binary given on the command line.
#[derive(Clone, Debug)]
struct Given {
    platform: Platform,
    path: PathBuf,
}

impl FromStr for Given {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (platform, path) = text
            .split_once('=')
            .context("expected PLATFORM=PATH, such as linux/arm64=target/web")?;
        Ok(Self { platform: platform.parse()?, path: path.into() })
    }
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let loaded = args.config.load()?;
    let (service, image) = (&loaded.config.service, &loaded.config.image);
    let spec = Spec {
        name: service.name.clone(),
        user: image.user,
        ports: vec![service.port, service.admin_port],
        env: service.env.clone(),
        args: service.args.clone(),
        labels: image.labels.clone(),
        compression: image.compression,
        epoch: time::source_date_epoch()?,
    };
    let binaries = args.binary.iter().map(|given| {
        let bytes = std::fs::read(&given.path)
            .with_context(|| format!("cannot read binary {}", given.path.display()))?;
        Ok(Binary { platform: given.platform.clone(), bytes })
    });
    let packed = pack::pack(&spec, &binaries.collect::<Result<Vec<_>>>()?)?;
    let folder = loaded.root.join(&image.output);
    let written = write::image(&packed, &folder, &service.name, &image.repository, &image.tags)?;
    eprintln!("wrote {} and {}", written.archive.display(), written.layout.display());
    println!("{}@{}", image.repository, packed.descriptor.digest());
    let _ = args.output;
    Ok(ExitCode::SUCCESS)
}
