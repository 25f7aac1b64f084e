//! Reading the settings: variables first, flags over them.

use super::Settings;
use super::table::{SETTINGS, Setting};
use crate::About;
use std::ffi::OsString;
use std::fmt::Write as _;

/// What every variable of the service's starts with.
pub const PREFIX: &str = "SKYWARD_SERVICE__";

/// Keys of the section `[service]` in `skyward.toml` that are for building and deploying the service, not for
/// itself: their variables may well be set where it runs.
const NOT_OURS: [&str; 4] = ["PACKAGE", "BINARY", "ARGS", "ENV"];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To serve; with what is to be warned of first.
    Serve(Box<Settings>, Vec<String>),
    /// To print this and end.
    Print(String),
}

/// A command line or an environment that cannot be understood: one line that names the flag or the variable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Reads `arguments` (without the program's name) and `variables`.
///
/// # Errors
/// At the first thing that is wrong.
pub fn read(
    about: &About,
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Request, UsageError> {
    let mut settings = Settings { name: about.name.into(), ..Settings::default() };
    let warnings = read_variables(variables, &mut settings)?;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| UsageError(error.to_string()))? {
        let setting = match argument {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => {
                return Ok(Request::Print(help(about)));
            }
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => {
                return Ok(Request::Print(format!("{} {}\n", about.name, about.version)));
            }
            lexopt::Arg::Long(key) => SETTINGS.iter().find(|setting| setting.key == key),
            _ => None,
        };
        let Some(setting) = setting else {
            return Err(UsageError(format!("{}; --help lists the flags", argument.unexpected())));
        };
        let value = parser.value().map_err(|_| {
            UsageError(format!("--{} needs a value: {}", setting.key, setting.value))
        })?;
        let value = value
            .into_string()
            .map_err(|_| UsageError(format!("--{}: the value is no UTF-8", setting.key)))?;
        (setting.apply)(&mut settings, &value)
            .map_err(|reason| UsageError(format!("--{}: {reason}", setting.key)))?;
    }
    check(&settings)?;
    Ok(Request::Serve(Box::new(settings), warnings))
}

fn read_variables(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    settings: &mut Settings,
) -> Result<Vec<String>, UsageError> {
    let mut warnings = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        match SETTINGS.iter().find(|setting| setting.variable() == name) {
            Some(Setting { apply, .. }) => {
                let value = value
                    .to_str()
                    .ok_or_else(|| UsageError(format!("{name}: the value is no UTF-8")))?;
                apply(settings, value).map_err(|reason| UsageError(format!("{name}: {reason}")))?;
            }
            None if NOT_OURS.iter().any(|other| key.split("__").next() == Some(other)) => {}
            None => warnings.push(format!(
                "{name} is no setting of this service; it has no effect (--help lists them)"
            )),
        }
    }
    warnings.sort_unstable();
    Ok(warnings)
}

fn check(settings: &Settings) -> Result<(), UsageError> {
    if settings.port != 0 && settings.port == settings.admin_port {
        return Err(UsageError(format!(
            "--port and --admin-port are both {}; they must differ",
            settings.port
        )));
    }
    if settings.drain_cap < settings.drain_delay {
        return Err(UsageError(
            "--drain-cap-ms is shorter than --drain-delay-ms, and counts from the same signal"
                .into(),
        ));
    }
    Ok(())
}

/// The text of `--help`.
pub fn help(about: &About) -> String {
    let About { name, description, .. } = about;
    let mut text = format!(
        "{description}\n\nUsage: {name} [--FLAG VALUE]…\n\nFlags (each also as a variable, which a flag wins \
         over: --admin-port is SKYWARD_SERVICE__ADMIN_PORT):\n",
    );
    for Setting { key, value, help, .. } in &SETTINGS {
        let flag = format!("--{key} {value}");
        let _ = writeln!(text, "  {flag:<28} {help}");
    }
    text.push_str(
        "  -h, --help                   print this\n  -V, --version                print the version\n\nStandard output: the start-up line and the access log, \
         in UTC. Standard error: errors.\nExit codes: 0 drained after SIGTERM or SIGINT, 1 failed, 2 wrong usage, 130 or 143 ended at once by a second\n\
         SIGINT or SIGTERM.\n",
    );
    text
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
