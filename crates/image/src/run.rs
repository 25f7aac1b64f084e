//! Runs an image's entry point from a folder, as the image's configuration says, and asks it whether it serves.

mod check;
mod process;
mod question;
mod sockets;
mod user;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use oci_spec::image::ImageConfiguration;

use crate::unpack::Rooted;

pub use check::{CheckTimeouts, Endpoints, checks};
pub use process::{Ended, Entered, Process, Scratch, enter};
pub use sockets::listening;

/// The changes that the command line makes.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Arguments after the entry point, instead of the image's own.
    pub args: Vec<String>,
    /// Variables over those of the image.
    pub env: BTreeMap<String, String>,
    /// `USER[:GROUP]` instead of the image's own.
    pub user: Option<String>,
}

/// A command and its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program's path within the image.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// All of its variables.
    pub env: BTreeMap<String, String>,
    /// The working folder within the image.
    pub folder: String,
    /// User and group id.
    pub user: (u32, u32),
}

/// The separation of the process from this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// The image's folder is its root, and it runs as the image's user, without a way to more rights. Only root may do that, and only
    /// for a user that is not: a chroot does not hold root.
    Chroot,
    /// It runs from the image's folder as the current user, and sees this machine's files.
    None,
}

/// The value that engines set where the image says nothing (moby, `oci/defaults.go`).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Invocation {
    /// As engines do: the entry point, then the given arguments or else the image's own; no shell. Names of users are looked up in the
    /// image's files, which are in `root`.
    pub fn new(image: &ImageConfiguration, root: &Rooted, overrides: &Overrides) -> Result<Self> {
        let config = image.config().clone().unwrap_or_default();
        let mut command = config.entrypoint().clone().unwrap_or_default();
        if overrides.args.is_empty() {
            command.extend(config.cmd().clone().unwrap_or_default());
        } else {
            command.extend(overrides.args.clone());
        }
        if command.is_empty() {
            bail!("the image has neither an entry point nor a command");
        }
        let program = command.remove(0);
        if !program.starts_with('/') {
            bail!("the image's program {program:?} is not an absolute path");
        }
        let mut env = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        for variable in config.env().iter().flatten() {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            env.insert(name.to_owned(), value.to_owned());
        }
        env.extend(overrides.env.clone());
        let folder = config
            .working_dir()
            .clone()
            .filter(|folder| !folder.is_empty())
            .unwrap_or_else(|| "/".to_owned());
        let named = overrides.user.as_deref().or(config.user().as_deref()).unwrap_or_default();
        Ok(Self { program, args: command, env, folder, user: user::find(named, root)? })
    }
}

impl Invocation {
    /// Refuses what would run as root of this machine.
    pub fn check(&self, isolation: Isolation) -> Result<()> {
        if isolation == Isolation::Chroot && self.user.0 == 0 {
            bail!(
                "the image's user is root, whom a chroot does not hold: the program could change this machine. Next step: \
                 give the image a user (USER, or `image.user`), or name one with --user, such as --user 65532"
            );
        }
        Ok(())
    }

    /// For people.
    pub fn describe(&self, isolation: Isolation) -> String {
        let (user, group) = self.user;
        match isolation {
            Isolation::Chroot => format!("chroot, user {user}:{group}"),
            Isolation::None => "none, current user".to_owned(),
        }
    }
}
