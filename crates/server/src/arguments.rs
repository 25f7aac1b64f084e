//! The command line and the environment: variables first, flags over them, each setting as
//! [`skyward_config`](skyward_config::SETTINGS) declares it. The service reads no file: its image holds nothing but the
//! binary.

mod flags;

pub use flags::{Flag, Values};
use skyward_config::service::{BUILD_KEYS, PREFIX};
use skyward_config::{Form, SETTINGS, Setting, Settings};
use std::ffi::OsString;
use std::fmt::Write as _;

/// A service as its `--help`, its `--version` and its metrics name it; [`run!`](crate::run!) takes it from the
/// service's `Cargo.toml`.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The program's name, and that of its lines where no other is set.
    pub name: &'static str,
    /// The version.
    pub version: &'static str,
    /// One sentence on what it does, without a full stop.
    pub description: &'static str,
}

/// The request of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Serve with these settings, after these warnings; the program's own flags have these values.
    Serve(Box<Settings>, Vec<String>, Values),
    /// Print a text and end.
    Print(String),
}

/// A command line or an environment that cannot be understood: one line that names the flag or the variable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Reads `arguments` (without the program's name) and `variables`.
///
/// # Errors
/// At the first thing that is wrong.
pub(crate) fn read(
    about: &About,
    own: &[Flag],
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Request, UsageError> {
    let mut settings = Settings { name: about.name.into(), ..Settings::default() };
    let mut values = Values::defaults(own);
    let warnings = read_variables(variables, own, &mut settings, &mut values)?;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| UsageError(error.to_string()))? {
        let setting = match argument {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => {
                return Ok(Request::Print(help(about, own)));
            }
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => {
                return Ok(Request::Print(format!("{} {}\n", about.name, about.version)));
            }
            lexopt::Arg::Long(flag) => match own.iter().find(|known| known.name == flag) {
                Some(known) => {
                    let value = parser.value().map_err(|_| {
                        UsageError(format!("--{} needs a value: {}", known.name, known.placeholder))
                    })?;
                    values.set(known, &format!("--{}", known.name), value)?;
                    continue;
                }
                None => SETTINGS.iter().find(|setting| setting.flag() == flag),
            },
            _ => None,
        };
        let Some(setting) = setting else {
            return Err(UsageError(format!("{}; --help lists the flags", argument.unexpected())));
        };
        let flag = format!("--{}", setting.flag());
        let value = parser.value().map_err(|_| {
            UsageError(format!("{flag} needs a value: {}", setting.form.placeholder()))
        })?;
        set(setting, &flag, value, &mut settings)?;
    }
    values.check(own)?;
    match settings.conflicts().first() {
        None => Ok(Request::Serve(Box::new(settings), warnings, values)),
        Some(conflict) => {
            let [first, second] = conflict.keys.map(|key| key.replace('_', "-"));
            Err(UsageError(format!("--{first} and --{second}: {}", conflict.reason)))
        }
    }
}

fn read_variables(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    own: &[Flag],
    settings: &mut Settings,
    values: &mut Values,
) -> Result<Vec<String>, UsageError> {
    let mut warnings = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        if let Some(flag) = own.iter().find(|flag| flag.variable() == name) {
            values.set(flag, &name, value)?;
            continue;
        }
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        match SETTINGS.iter().find(|setting| setting.variable() == name) {
            Some(setting) => set(setting, &name, value, settings)?,
            // Their variables may well be set where the service runs.
            None if is_build_key(key) => {}
            None => warnings.push(format!(
                "{name} is not a setting of this service and has no effect; --help lists the settings"
            )),
        }
    }
    warnings.sort_unstable();
    Ok(warnings)
}

/// Tells whether the rest of a variable's name is a key of `[service]` that is not a setting, or below one.
fn is_build_key(key: &str) -> bool {
    let first = key.split("__").next().unwrap_or_default();
    BUILD_KEYS.iter().any(|other| first.eq_ignore_ascii_case(other))
}

/// Sets a value that `source`, a flag or a variable, gives.
fn set(
    setting: &Setting,
    source: &str,
    value: OsString,
    settings: &mut Settings,
) -> Result<(), UsageError> {
    let value =
        value.into_string().map_err(|_| UsageError(format!("{source}: the value is not UTF-8")))?;
    setting.set(settings, &value).map_err(|reason| UsageError(format!("{source}: {reason}")))
}

/// Columns of the help, and those of the flags in it.
const WIDTH: usize = 80;
const FLAG_WIDTH: usize = 27;

/// The text of `--help`.
pub(crate) fn help(about: &About, own: &[Flag]) -> String {
    let About { name, description, .. } = about;
    let mut text = format!("{description}\n\nUsage: {name} [--FLAG VALUE]…\n");
    if !own.is_empty() {
        text.push_str("\nFlags of this program:\n");
    }
    for flag in own {
        let shown = format!("--{} {}", flag.name, flag.placeholder);
        entry(&mut text, &shown, &flag.meaning());
    }
    let _ = write!(
        text,
        "\nFlags (each is also a variable, which the flag wins over: --admin-port is\n\
         SKYWARD_SERVICE__ADMIN_PORT):\n"
    );
    for setting in SETTINGS {
        let flag = format!("--{} {}", setting.flag(), setting.form.placeholder());
        let default = if setting.key == "name" { (*name).into() } else { (setting.default)() };
        let default = if default.is_empty() { setting.form.empty().into() } else { default };
        let mut meaning = setting.help.trim_end_matches('.').to_owned();
        if let Form::Word(words) = setting.form {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            meaning = format!("{meaning}: {}", words.join(", "));
        }
        entry(&mut text, &flag, &format!("{meaning} [{default}]"));
    }
    entry(&mut text, "-h, --help", "Print this help");
    entry(&mut text, "-V, --version", "Print the version");
    text.push_str(
        "\nThe start-up line and the access log go to standard output, in UTC; errors go to\nstandard error.\n\n\
         Exit codes: 0 drained after SIGTERM or SIGINT, 1 failed, 2 wrong usage,\n130 or 143 ended at once by a second SIGINT or SIGTERM.\n",
    );
    text
}

/// Appends a flag and its meaning, whose lines are broken between words.
fn entry(text: &mut String, flag: &str, meaning: &str) {
    text.push_str("  ");
    text.push_str(flag);
    let mut column = 2 + flag.chars().count();
    let mut is_first = true;
    for word in meaning.split(' ') {
        let length = word.chars().count();
        if is_first && column <= FLAG_WIDTH {
            text.extend(std::iter::repeat_n(' ', FLAG_WIDTH + 1 - column));
            column = FLAG_WIDTH + 1;
        } else if is_first || column + 1 + length > WIDTH {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', FLAG_WIDTH + 1));
            column = FLAG_WIDTH + 1;
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
        is_first = false;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
