//! Loading: finds the file, the environment, the variables and the flags that there are, and reads the file, with a limit.
//! What they mean is for [`resolve`](crate::resolve()) alone to say.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::file::resolve::{Input, Resolved, resolve};
use crate::file::{assignment, validate};
use crate::{Config, Origin, Origins, Problem, Problems};

const CONFIG: &str = "SKYWARD_CONFIG";
const ENVIRONMENT: &str = "SKYWARD_ENVIRONMENT";

/// The heading of these flags in a command's help. Each names it itself: named once for all, it would also be that of the
/// command's own flags behind them.
#[cfg(feature = "clap")]
const HEADING: &str = "Configuration";

/// A mistake in the call, and so not for the list of what is wrong with the configuration.
#[cfg(feature = "clap")]
fn assigned(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("it has the form KEY=VALUE, such as service.port=8081".to_owned()),
    }
}

/// The choice of a configuration: the file, the environment, and values set by flag.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ConfigArgs {
    /// The configuration file [default: skyward.toml, here or in a folder above] [env: `SKYWARD_CONFIG`]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", global = true, help_heading = HEADING))]
    pub config: Option<PathBuf>,
    /// The [environment.NAME] of the file to lay over it [env: `SKYWARD_ENVIRONMENT`]
    #[cfg_attr(feature = "clap", arg(long, short, value_name = "NAME", global = true, help_heading = HEADING))]
    pub environment: Option<String>,
    /// Set one key over all others, such as service.port=8081 (repeatable)
    #[cfg_attr(feature = "clap", arg(long, value_name = "KEY=VALUE", global = true, help_heading = HEADING, value_parser = assigned))]
    pub set: Vec<String>,
}

/// A configuration that was read and is valid.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The folder of the file, from the root of the file system; relative paths in the
    /// configuration are relative to it.
    pub root: PathBuf,
    /// The file, as it is shown to people.
    pub file: PathBuf,
    /// The environment that lies over it.
    pub environment: Option<String>,
    /// The environments that the file has.
    pub environments: Vec<String>,
    /// The origin of each value.
    pub origins: Origins,
    /// Notes on what is not an error but probably not what was meant, a sentence each.
    pub notes: Vec<String>,
}

impl ConfigArgs {
    /// Reads the file, lays the environment, the process's variables and the flags over it, and
    /// checks the whole.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let folder = std::env::current_dir().map_err(|error| ConfigError::Unreadable {
            path: ".".into(),
            reason: format!("the current folder: {error}"),
        })?;
        self.load_from(&folder, std::env::vars_os())
    }

    /// As [`ConfigArgs::load`], from another folder (from the root of the file system) and other
    /// variables.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load_from(
        &self,
        folder: &Path,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Loaded, ConfigError> {
        let variables = ours(variables)?;
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
        };
        let by_variable = variable(CONFIG).map(|path| (Path::new(path), CONFIG));
        let named = self.config.as_deref().map(|path| (path, "--config")).or(by_variable);
        let by_variable =
            variable(ENVIRONMENT).map(|name| (name, Origin::Variable(ENVIRONMENT.into())));
        let environment = self
            .environment
            .as_deref()
            .map(|name| (name, Origin::Flag("--environment")))
            .or(by_variable);

        let found = find(named, folder)?;
        let bytes = read(&found)?;
        let Resolved { config, origins, environments, notes: empty } = resolve(&Input {
            file: &found.shown.to_string_lossy(),
            bytes: &bytes,
            environment: environment.as_ref().map(|(name, origin)| (*name, origin)),
            variables: &variables,
            flags: &self.set,
        })
        .map_err(ConfigError::Invalid)?;
        let root = found.path.parent().unwrap_or(folder).to_path_buf();
        let environment = environment.map(|(name, _)| name.to_owned());
        let mut notes: Vec<_> =
            variables.iter().filter_map(|(name, _)| assignment::misspelt(name)).collect();
        notes.extend(empty);
        notes.extend(config.service.unasked().map(|lost| format!("service.health: {lost}")));
        Ok(Loaded { config, root, file: found.shown, environment, environments, origins, notes })
    }
}

/// The variables that begin with `SKYWARD_`, as text.
fn ours(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let (mut ours, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with("SKYWARD_") {
            continue;
        }
        match value.into_string() {
            Ok(value) => ours.push((name, value)),
            Err(value) => problems.push(Problem {
                key: "value".into(),
                message: format!(
                    "{} is not UTF-8; set it to text in UTF-8",
                    validate::quoted(&value.to_string_lossy())
                ),
                origin: Origin::Variable(name),
            }),
        }
    }
    ours.sort();
    if problems.is_empty() { Ok(ours) } else { Err(ConfigError::Invalid(Problems::new(problems))) }
}

/// The name of the file, searched upward from the current folder.
const NAME: &str = "skyward.toml";

/// Bytes of a file at most: far above any configuration, and far below what would be slow to read.
const LIMIT: u64 = 1024 * 1024;

/// A file that was found.
struct Found {
    /// As people are shown it, from the current folder.
    shown: PathBuf,
    /// From the root of the file system.
    path: PathBuf,
    /// The thing to check when it is not there: the flag or variable that named it, or a link that
    /// was found and leads nowhere.
    named_by: &'static str,
}

/// The file that was named (and by what), or the first `skyward.toml` in the folder and those above
/// it.
fn find(named: Option<(&Path, &'static str)>, folder: &Path) -> Result<Found, ConfigError> {
    if let Some((named, named_by)) = named {
        return Ok(Found { shown: named.into(), path: folder.join(named), named_by });
    }
    let mut shown = PathBuf::new();
    for parent in folder.ancestors() {
        let path = parent.join(NAME);
        // A link that leads nowhere is there too: passing it over would read a file that nobody
        // meant.
        if path.symlink_metadata().is_ok() {
            return Ok(Found { shown: shown.join(NAME), path, named_by: "the link" });
        }
        shown.push("..");
    }
    Err(ConfigError::NotFound(folder.ancestors().map(Path::to_path_buf).collect()))
}

/// All of the file, if it is not larger than [`LIMIT`].
fn read(found: &Found) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: found.shown.clone(), reason };
    let failed = |error: std::io::Error| unreadable(reason(&error, found));
    let file = File::open(&found.path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable(format!(
            "it is a directory; --config names a file, such as {}",
            found.shown.join(NAME).display()
        )));
    }
    if metadata.len() > LIMIT {
        return Err(unreadable(too_large(&format!("{} bytes", metadata.len()))));
    }
    let mut bytes = Vec::new();
    // The size of a pipe or a device is not known before it is read.
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(unreadable(too_large("more")));
    }
    Ok(bytes)
}

fn too_large(size: &str) -> String {
    format!(
        "it is too large; the limit is {LIMIT} bytes (1 MiB), and it has {size}. Is it the right file?"
    )
}

fn reason(error: &std::io::Error, found: &Found) -> String {
    let named_by = found.named_by;
    match error.kind() {
        ErrorKind::NotFound => {
            format!("it is not there; check {named_by}, or create the file (an empty one is valid)")
        }
        ErrorKind::NotADirectory => format!("a part of the path is not a folder; check {named_by}"),
        ErrorKind::PermissionDenied => match found.path.metadata() {
            Ok(metadata) => {
                format!("permission denied{}; allow this user to read it", rights(&metadata))
            }
            Err(_) => "permission denied on a folder above it; allow this user to enter it".into(),
        },
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn rights(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        " (mode {:04o}, owner {}, group {})",
        metadata.mode() & 0o7777,
        metadata.uid(),
        metadata.gid()
    )
}

#[cfg(not(unix))]
fn rights(_: &Metadata) -> String {
    String::new()
}

/// A reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No file is there. Where it was looked for.
    #[error("there is no skyward.toml; looked in {}. Create one (an empty file is valid), or name one with --config FILE", list(.0))]
    NotFound(Vec<PathBuf>),
    /// The file that was named cannot be read.
    #[error("cannot read the configuration file {}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason, and what to do.
        reason: String,
    },
    /// The file, the variables or the flags are not valid: one line for each problem, and their
    /// number.
    #[error("{0}")]
    Invalid(Problems),
}

impl ConfigError {
    /// Returns true where the message is a list of whole lines, each beginning with the place that it is about.
    pub fn is_listing(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}
