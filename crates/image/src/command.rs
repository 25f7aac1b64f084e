//! One file for each subcommand, and the image that a command line names.

pub(crate) mod build;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod push;
pub(crate) mod registry;
pub(crate) mod resolve;
pub(crate) mod run;
pub(crate) mod unpack;

use std::path::{Path, PathBuf};

use crate::event::{ImageEvent, Monitor};
use crate::registry::RemoteImage;
use crate::settings;
use crate::source::Source;
use crate::store::Store;
use anyhow::{Context, Result, bail};
use skyward_config::{ConfigArgs, Loaded};
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Console, Output, program};

use registry::RegistryArgs;

/// Shows events as `console` says.
pub(crate) fn monitor(console: Console) -> Monitor {
    let sink = console.sink::<ImageEvent>();
    Monitor::new(move |event| sink.emit(event.clone()))
}

/// Shows events as lines on standard error, for commands whose result is a document. Nothing is redrawn: cargo draws a
/// progress bar of its own there.
pub(crate) fn lines(verbosity: Verbosity) -> Monitor {
    monitor(Console::new(Output::Text, verbosity).without_live())
}

/// An image opened for reading.
pub(crate) struct Opened {
    /// As it was named.
    pub(crate) name: String,
    /// Its blobs.
    pub(crate) source: Box<dyn Source>,
}

/// The archive that `build` writes under this configuration, which is there.
pub(crate) fn built(loaded: &Loaded) -> Result<PathBuf> {
    let path = settings::archive(loaded);
    if !path.exists() {
        let build = program::command("image build");
        bail!("there is no image {}; `{build}` builds it", path.display());
    }
    Ok(path)
}

/// Opens the image that `name` names: a path, or else a reference in a registry. Without a name: what `build` wrote.
pub(crate) fn open(
    name: Option<&str>,
    config: &ConfigArgs,
    registry: &RegistryArgs,
    monitor: &Monitor,
    verbosity: Verbosity,
) -> Result<Opened> {
    let Some(name) = name else {
        let path = built(&config.load()?)?;
        let source = Box::new(Store::open(&path)?);
        return Ok(Opened { name: path.display().to_string(), source });
    };
    let path = Path::new(name);
    let source: Box<dyn Source> = if is_path(path) {
        Box::new(Store::open(path)?)
    } else {
        let reference =
            name.parse().with_context(|| format!("{name:?} is neither a file nor a reference"))?;
        Box::new(RemoteImage::open(
            &reference,
            registry.credentials()?,
            registry.settings(monitor.clone(), verbosity),
        )?)
    };
    Ok(Opened { name: name.to_owned(), source })
}

/// Returns true where `path` is there, or can be nothing but a path.
fn is_path(path: &Path) -> bool {
    path.exists()
        || path.is_absolute()
        || path.starts_with(".")
        || path.starts_with("..")
        || path.extension().is_some_and(|extension| extension == "tar")
}

/// The configuration, where there is one or one is asked for.
pub(crate) fn configuration(config: &ConfigArgs) -> Result<Option<Loaded>> {
    let asked = config.config.is_some() || config.environment.is_some() || !config.set.is_empty();
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    if !asked && !here.ancestors().any(|folder| folder.join("skyward.toml").exists()) {
        return Ok(None);
    }
    Ok(Some(config.load()?))
}
