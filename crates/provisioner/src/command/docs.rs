//! `docs`: the generated files of `infra`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::document::files;
use anyhow::{Context as _, Result};
use skyward_terminal::output;

use crate::args::Common;
use crate::workload::Workload;

/// Print the documentation of the topology, or write all generated files
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the documentation, its pictures, the IAM policies and the trust policies into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let files = files(&loaded.config.aws, &Workload::load(&loaded)?)?;
    let Some(folder) = &args.write else {
        let readme = files.iter().find(|file| file.name == "README.md");
        output::print(&readme.context("the documentation is one of the files")?.text)?;
        return Ok(ExitCode::SUCCESS);
    };
    for file in files {
        let path = folder.join(file.name);
        // The one of a file's own; the one that was named must be there.
        let own = path.parent().filter(|parent| folder.is_dir() && !parent.is_dir());
        own.map_or(Ok(()), std::fs::create_dir)
            .and_then(|()| std::fs::write(&path, file.text))
            .with_context(|| {
                format!("writing {}. Next step: name a folder that is there", path.display())
            })?;
        output::say(&format!("{}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
