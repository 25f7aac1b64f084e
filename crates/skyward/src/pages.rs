//! Completions and manual pages, made of the command lines themselves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man as Page;
use skyward_terminal::output;

/// Print the completions for a shell
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(clap::Args)]
pub(crate) struct Man {
    /// Write skyward.1, skyward-up.1 and so on into this folder, such as ~/.local/share/man/man1
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Prints completions.
pub(crate) fn completions(mut command: Command, args: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "skyward", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the page of the program, or writes the pages of all commands.
pub(crate) fn man(command: &Command, args: &Man) -> Result<ExitCode> {
    let Some(folder) = &args.folder else {
        output::print(&page(command.clone())?)?;
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("making the folder {}", folder.display()))?;
    let count = write(command, "skyward", folder)?;
    output::say(&format!("{count} pages are in {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and those below it, and returns how many there are.
fn write(command: &Command, name: &str, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{name}.1"));
    // clap keeps names for as long as the program runs, which is not for long here.
    let shown: &'static str = name.to_owned().leak();
    std::fs::write(&path, page(command.clone().name(shown))?)
        .with_context(|| format!("writing {}", path.display()))?;
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        count += write(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(count)
}

fn page(command: Command) -> Result<String> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page).context("making a manual page")?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
