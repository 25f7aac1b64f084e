//! `build`: compile and pack.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use crate::build::{self, Built, BuiltPlatform, Options};
use crate::platform::Platform;
use crate::time;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use skyward_config::{ConfigArgs, Loaded};
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Output, output};

use crate::command;

/// Compile the service and pack it into an image
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Pack this binary instead of compiling one, such as linux/arm64=target/web, with those of image.binaries beside it; may be repeated
    #[arg(long, value_name = "PLATFORM=PATH")]
    binary: Vec<Given>,
    /// The commit for the image's label; by default the image has none
    #[arg(long, value_name = "COMMIT")]
    revision: Option<String>,
    /// The form of standard output: the digest reference alone, or an object with paths, sizes and times
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
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
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let loaded = args.config.load()?;
    let options = Options {
        given: args
            .binary
            .iter()
            .map(|given| (given.platform.clone(), given.path.clone()))
            .collect(),
        revision: args.revision.clone(),
        epoch: time::source_date_epoch()?,
        ..Options::default()
    };
    let built = build::build(&loaded, &options, &command::lines(verbosity))?;
    let repository = &loaded.config.image.repository;
    match args.output {
        Output::Text => output::line(&format!("{repository}@{}", built.descriptor.digest()))?,
        Output::Json => output::line(&report(&loaded, &built).to_string())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The stable form of `--output json`; the README documents it.
fn report(loaded: &Loaded, built: &Built) -> Value {
    let image = &loaded.config.image;
    json!({
        "reference": format!("{}@{}", image.repository, built.descriptor.digest()),
        "digest": built.descriptor.digest().to_string(),
        "tags": image.tags.iter().map(|tag| format!("{}:{tag}", image.repository)).collect::<Vec<_>>(),
        "archive": built.written.archive,
        "layout": built.written.layout,
        "uncompressed_bytes": built.platforms.iter().map(|platform| platform.packed.uncompressed).sum::<u64>(),
        "compressed_bytes": built.platforms.iter().map(|platform| platform.packed.layer.size()).sum::<u64>(),
        "platforms": built.platforms.iter().map(platform).collect::<Vec<_>>(),
        "seconds": { "compile": built.compile.as_secs_f64(), "pack": built.pack.as_secs_f64() },
    })
}

fn platform(built: &BuiltPlatform) -> Value {
    let sbom = built.sbom.as_ref().map(|(descriptor, crates)| json!({ "digest": descriptor.digest().to_string(), "crates": crates }));
    json!({
        "platform": built.platform.to_string(),
        "target": built.triple,
        "binary": built.binaries.first(),
        "binaries": built.binaries,
        "digest": built.packed.manifest.digest().to_string(),
        "uncompressed_bytes": built.packed.uncompressed,
        "compressed_bytes": built.packed.layer.size(),
        "sbom": sbom,
    })
}
