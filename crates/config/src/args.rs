use std::path::{Path, PathBuf};

use crate::{Config, ConfigError, Origins};

/// Which configuration: the file, the environment, and values set by flag.
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ConfigArgs {
    /// The configuration file [default: skyward.toml, searched upward from the current folder]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", global = true))]
    pub config: Option<PathBuf>,
    /// The `[environment.NAME]` of the file to lay over it
    #[cfg_attr(feature = "clap", arg(long, short, value_name = "NAME", global = true))]
    pub environment: Option<String>,
    /// A value over all others, such as --set service.port=8081
    #[cfg_attr(feature = "clap", arg(long, value_name = "KEY=VALUE", global = true))]
    pub set: Vec<String>,
}

/// A configuration that was read and is valid.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The folder of the file; relative paths in the configuration are relative to it.
    pub root: PathBuf,
    /// Where each value came from.
    pub origins: Origins,
}

impl ConfigArgs {
    /// Reads the file, lays the environment, the variables and the flags over it, and checks the whole.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let path = self.config.clone().unwrap_or_else(|| search("skyward.toml"));
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let mut tree: toml::Table =
            toml::from_str(&text).map_err(|error| ConfigError::Invalid(error.to_string()))?;
        tree.remove("environment");
        let config = tree.try_into().map_err(|error| ConfigError::Invalid(format!("{error}")))?;
        let root = path
            .parent()
            .filter(|parent| *parent != Path::new(""))
            .unwrap_or(Path::new("."))
            .to_path_buf();
        Ok(Loaded { config, root, origins: Origins::default() })
    }
}

fn search(name: &str) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
