//! `unpack`: an image's files in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::Event;
use crate::layer::Limits;
use crate::platform::Platform;
use crate::resolve::resolve;
use crate::unpack::unpack;
use anyhow::{Context, Result, bail};
use skyward_config::ConfigArgs;
use skyward_terminal::event::Verbosity;
use skyward_terminal::{output, units};

use crate::command;
use crate::command::registry::RegistryArgs;

/// The file that marks a folder as made by this command: the next time it may be replaced.
const MARK: &str = ".unpacked-by-skyward";

/// Unpack an image's files into a folder; prints the folder
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An archive, an OCI layout folder, or a reference in a registry
    image: String,
    /// The folder: new, empty, or made by this command before
    folder: PathBuf,
    /// The platform to choose where there are several [default: this machine's]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let monitor = command::lines(verbosity);
    let (name, registry) = (Some(args.image.as_str()), &args.registry);
    let opened = command::open(name, &args.config, registry, &monitor, verbosity)?;
    let failed = || format!("cannot unpack {} into {}", opened.name, args.folder.display());
    let image = resolve(opened.source.as_ref(), args.platform.as_ref()).with_context(failed)?;
    prepare(&args.folder).with_context(failed)?;
    fs::write(args.folder.join(MARK), image.descriptor.digest().to_string())
        .with_context(failed)?;
    let unpacked = unpack(opened.source.as_ref(), &image, &args.folder, Limits::default())
        .with_context(failed)?;
    if unpacked.skipped > 0 {
        let text = format!("left out {} devices and named pipes", unpacked.skipped);
        monitor.emit(&Event::note(text));
    }
    let outcome = format!("{} entries, {}", unpacked.entries, units::bytes(unpacked.bytes));
    monitor.emit(&Event::done(&opened.name, "unpack", outcome));
    output::line(&args.folder.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the folder, or empties one that this command made.
fn prepare(folder: &Path) -> Result<()> {
    if folder.join(MARK).is_file() {
        fs::remove_dir_all(folder).context("cannot remove what was unpacked before")?;
    }
    fs::create_dir_all(folder).context("cannot make the folder")?;
    if fs::read_dir(folder)?.next().is_some() {
        bail!(
            "the folder holds something that this command did not unpack; choose another or empty it"
        );
    }
    Ok(())
}
