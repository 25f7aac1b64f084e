//! The flags of every command that talks to a registry.

use std::io::Read;
use std::time::Duration;

use crate::event::{Event, Monitor};
use crate::registry::{Credentials, Policy, Settings};
use anyhow::{Context, Result, bail};
use skyward_terminal::Calls;
use skyward_terminal::event::Verbosity;

/// The flags of every command that talks to a registry.
#[derive(clap::Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// Use plain HTTP beyond this machine too; for localhost it is used anyway
    #[arg(long)]
    plain_http: bool,
    /// Log in as this user; the password is read from standard input
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,
    /// Read the password or token from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// Give up after this many seconds, retries included
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    timeout: u64,
}

impl RegistryArgs {
    /// The settings that the flags make.
    pub(crate) fn settings(&self, monitor: Monitor, verbosity: Verbosity) -> Settings {
        let calls = if verbosity >= Verbosity::Calls {
            let monitor = monitor.clone();
            Calls::new(move |call| monitor.emit(&Event::Call(call)))
        } else {
            Calls::silent()
        };
        let policy = Policy {
            deadline: Duration::from_secs(self.timeout),
            // Many runners that fail at one moment must not come back at one moment.
            seed: u64::from(std::process::id()),
            ..Policy::default()
        };
        Settings { policy, plain_http: self.plain_http, calls, monitor, ..Settings::default() }
    }

    /// The credentials given by flags.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>> {
        let Some(username) = &self.username else {
            return Ok(None);
        };
        let mut password = String::new();
        std::io::stdin()
            .take(1 << 16)
            .read_to_string(&mut password)
            .context("cannot read the password from standard input")?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!(
                "there is no password on standard input; pipe it in: `echo $TOKEN | … --password-stdin`"
            );
        }
        Ok(Some(Credentials::basic(username, password)))
    }
}
