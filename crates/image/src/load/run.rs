//! Calls the engines' programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Finished};

use super::archive::Expected;
use super::engine::{Engine, identified};

/// An engine that does not answer a question at once does not work.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// How engines are found and called.
#[derive(Debug, Clone)]
pub struct Options {
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// containerd's namespace; `k8s.io` where none is given.
    pub namespace: Option<String>,
    /// How long loading may take.
    pub timeout: Duration,
    /// Variables that the programs get besides those of this process.
    pub variables: Vec<(OsString, OsString)>,
}

/// An image that an engine holds now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Loaded {
    /// `docker`, `podman`, `containerd` or `k3s`.
    pub engine: String,
    /// Its names there, all of them verified.
    pub names: Vec<String>,
    /// The digest by which the engine knows it.
    pub id: String,
    /// `docker.io/library/web@sha256:…`, one for each repository, where Kubernetes runs containers with the engine: a pod
    /// that names its image so starts without a pull. (containerd finds an image by the names it was given, and by no
    /// other, even where it has the digest.)
    pub references: Vec<String>,
}

/// Why an engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Its program is not there.
    #[error("{engine}: there is no `{program}` in PATH")]
    Absent {
        /// Which engine.
        engine: Engine,
        /// Its program.
        program: &'static str,
    },
    /// Its program is there, and says no.
    #[error("{engine} does not answer: {reason}; {advice}")]
    Silent {
        /// Which engine.
        engine: Engine,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
}

/// Why an image is not in an engine.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The engine refused the archive.
    #[error("{engine} cannot load {}: {reason}; {advice}", archive.display())]
    Refused {
        /// Which engine.
        engine: Engine,
        /// What it was to load.
        archive: PathBuf,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
    /// The engine has the image, and does not take the name by which pods ask for it.
    #[error("{engine} cannot name the image {reference}: {reason}; {advice}")]
    Unnamed {
        /// Which engine.
        engine: Engine,
        /// The name by digest.
        reference: String,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
    /// The engine took the archive, and does not have the image.
    #[error("{engine} loaded {}, and yet has another image or none as {name}: {reason}", archive.display())]
    Missing {
        /// Which engine.
        engine: Engine,
        /// What it loaded.
        archive: PathBuf,
        /// What was asked for.
        name: String,
        /// What it says of that name.
        reason: String,
    },
}

/// Finds the engine's program and asks whether the engine can be used.
pub fn preflight(engine: Engine, options: &Options) -> Result<PathBuf, Unusable> {
    let program = engine.program();
    let found = process::locate(program, options.path.as_deref())
        .ok_or(Unusable::Absent { engine, program })?;
    call(&found, &engine.probe(), PROBE_TIMEOUT, options)
        .map(|_| found)
        .map_err(|reason| Unusable::Silent { engine, advice: engine.advice(&reason), reason })
}

/// Loads the archive, then asks the engine for each of its names.
pub fn load(
    engine: Engine,
    archive: &Path,
    expected: &Expected,
    options: &Options,
) -> Result<Loaded, LoadError> {
    let program = preflight(engine, options)?;
    let namespace = options.namespace.as_deref();
    let file = archive.display().to_string();
    call(&program, &engine.load(&file, namespace), options.timeout, options).map_err(|reason| {
        let advice = engine.advice(&reason);
        LoadError::Refused { engine, archive: archive.to_owned(), reason, advice }
    })?;
    let known = |name: &str| {
        let missing = |reason: String| LoadError::Missing {
            engine,
            archive: archive.to_owned(),
            name: name.to_owned(),
            reason,
        };
        let identify = engine.identify(name, namespace);
        let output = call(&program, &identify, PROBE_TIMEOUT, options).map_err(missing)?;
        identified(&output, &expected.digests).ok_or_else(|| missing(output.trim().to_owned()))
    };
    let (mut id, mut references) = (String::new(), Vec::new());
    for name in &expected.names {
        id = known(name)?;
        let reference = format!("{}@{id}", repository(name));
        let Some(tag) = engine.tag(name, &reference, namespace) else { continue };
        if references.contains(&reference) {
            continue;
        }
        call(&program, &tag, PROBE_TIMEOUT, options).map_err(|reason| LoadError::Unnamed {
            engine,
            reference: reference.clone(),
            advice: engine.advice(&reason),
            reason,
        })?;
        known(&reference)?;
        references.push(reference);
    }
    Ok(Loaded { engine: engine.to_string(), names: expected.names.clone(), id, references })
}

/// The full name of an image without its tag.
fn repository(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// The program's standard output, or its own words of why not.
fn call(
    program: &Path,
    arguments: &[String],
    timeout: Duration,
    options: &Options,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(options.variables.iter().cloned());
    let finished = process::run(&mut command, b"", timeout).map_err(|error| error.to_string())?;
    let Finished { status, stdout, stderr } = finished;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if status.success() {
        return Ok(text(&stdout));
    }
    // The last lines hold the reason, those before it are progress.
    let said = if stderr.is_empty() { text(&stdout) } else { text(&stderr) };
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(if last.is_empty() { status.to_string() } else { last.join(" / ") })
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn a_port_is_no_tag() {
        for (name, expected) in [
            ("docker.io/library/web:1.2", "docker.io/library/web"),
            ("localhost:5000/web:1", "localhost:5000/web"),
            ("localhost:5000/web", "localhost:5000/web"),
        ] {
            assert_eq!(repository(name), expected);
        }
    }
}
