use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::resolve::{Input, Resolved, resolve};
use crate::{Config, ConfigError, Origin, Origins, Problem, Problems, file, setting, validate};

const CONFIG: &str = "SKYWARD_CONFIG";
const ENVIRONMENT: &str = "SKYWARD_ENVIRONMENT";

/// Which configuration: the file, the environment, and values set by flag.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args), command(next_help_heading = "Configuration"))]
pub struct ConfigArgs {
    /// The configuration file [default: skyward.toml here or in a folder above] [variable:
    /// `SKYWARD_CONFIG`]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", global = true))]
    pub config: Option<PathBuf>,
    /// The [environment.NAME] of the file to lay over it [variable: `SKYWARD_ENVIRONMENT`]
    #[cfg_attr(feature = "clap", arg(long, short, value_name = "NAME", global = true))]
    pub environment: Option<String>,
    /// A value over all others, such as service.port=8081; may be repeated
    #[cfg_attr(feature = "clap", arg(long, value_name = "KEY=VALUE", global = true))]
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
    /// Where each value came from.
    pub origins: Origins,
    /// What is no error but probably not what was meant, a sentence each.
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

        let found = file::find(named, folder)?;
        let bytes = file::read(&found)?;
        let Resolved { config, origins, environments } = resolve(&Input {
            file: &found.shown.to_string_lossy(),
            bytes: &bytes,
            environment: environment.as_ref().map(|(name, origin)| (*name, origin)),
            variables: &variables,
            flags: &self.set,
        })
        .map_err(ConfigError::Invalid)?;
        let root = found.path.parent().unwrap_or(folder).to_path_buf();
        let environment = environment.map(|(name, _)| name.to_owned());
        let notes = variables.iter().filter_map(|(name, _)| setting::misspelt(name)).collect();
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
