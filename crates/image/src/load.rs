//! Loads an archive into the container engines of this machine, by their own programs: loading is theirs.
//!
//! `archive` reads what the engine must have afterwards, `engine` knows each engine's commands and words.

mod archive;
mod engine;
mod pin;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::event::{Cancelled, Event, Monitor, timed};
use crate::process::{self, Finished};
use crate::registry::Reference;

pub use archive::Expected;
pub use engine::{Engine, identified};
pub use pin::Pins;

/// The time for an engine to answer a question: one that takes longer does not work.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time for an engine to load an archive, unless the caller says otherwise.
const LOAD_TIMEOUT: Duration = Duration::from_mins(5);
/// The lines of an engine's words that are quoted: the last ones hold the reason, those before it are progress.
const QUOTED: usize = 3;

/// The step that an engine takes.
const LOAD: &str = "load the archive";

/// The way in which engines are found and called.
#[derive(Debug, Clone)]
pub struct Options {
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// containerd's namespace; `k8s.io` where none is given.
    pub namespace: Option<String>,
    /// The time that loading may take.
    pub timeout: Duration,
    /// Variables that the programs get besides those of this process.
    pub variables: Vec<(OsString, OsString)>,
    /// The release that the image is pinned for, where Kubernetes runs containers with the engine.
    pub pins: Option<Pins>,
    /// Receives the events, and ends the programs.
    pub monitor: Monitor,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: std::env::var_os("PATH"),
            namespace: None,
            timeout: LOAD_TIMEOUT,
            variables: Vec::new(),
            pins: None,
            monitor: Monitor::default(),
        }
    }
}

/// The engines to load into, as one flag names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// This one.
    Engine(Engine),
    /// The first that answers of those that Kubernetes runs containers with.
    Kubernetes,
    /// All that answer.
    Auto,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "kubernetes" => Ok(Self::Kubernetes),
            name => name.parse().map(Self::Engine),
        }
    }
}

/// An image that an engine holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Loaded {
    /// `docker`, `podman`, `containerd` or `k3s`.
    pub engine: String,
    /// Its names there, all of them verified.
    pub names: Vec<String>,
    /// The digest by which the engine knows it.
    pub id: String,
    /// `docker.io/library/web@sha256:…`, one for each repository, where Kubernetes runs containers with the engine: a pod
    /// that names its image by it starts without a pull. (containerd finds an image by the names it was given, and by no
    /// other, even where it has the digest.)
    pub references: Vec<String>,
}

/// The reason why an engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Its program is not there.
    #[error("{engine}: there is no `{program}` in PATH")]
    Absent {
        /// The engine.
        engine: Engine,
        /// Its program.
        program: &'static str,
    },
    /// Its program is there, and fails.
    #[error("{engine} does not answer: {reason}; {advice}")]
    Silent {
        /// The engine.
        engine: Engine,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
}

/// The reason why an image is not in an engine.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// None of the engines that would do can be used.
    #[error("there is no container engine to load into: {}", reasons.join("; "))]
    NoEngine {
        /// One reason for each engine.
        reasons: Vec<String>,
    },
    /// The caller asked the work to stop.
    #[error(transparent)]
    Interrupted(#[from] Cancelled),
    /// The engine refused the archive.
    #[error("{engine} cannot load {}: {reason}; {advice}", archive.display())]
    Refused {
        /// The engine.
        engine: Engine,
        /// The archive that it was to load.
        archive: PathBuf,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
    /// The engine has the image, and does not take the name by which pods ask for it.
    #[error("{engine} cannot name the image {reference}: {reason}; {advice}")]
    Unnamed {
        /// The engine.
        engine: Engine,
        /// The name by digest.
        reference: String,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
    /// The engine has the image, and may remove it again.
    #[error(
        "{engine} cannot pin the image {references}, which the kubelet's garbage collection may remove: {reason}; {advice}"
    )]
    Unpinned {
        /// The engine.
        engine: Engine,
        /// The names by digest.
        references: String,
        /// Its own words.
        reason: String,
        /// The next step.
        advice: String,
    },
    /// The engine took the archive, and does not have the image.
    #[error("{engine} loaded {}, and yet has another image or none as {name}: {reason}", archive.display())]
    Missing {
        /// The engine.
        engine: Engine,
        /// The archive that it loaded.
        archive: PathBuf,
        /// The name that was asked for.
        name: String,
        /// Its words about that name.
        reason: String,
    },
}

/// Loads the archive into the engines that `destinations` name, each once and in that order.
pub fn load_into(
    archive: &Path,
    destinations: &[Destination],
    options: &Options,
) -> anyhow::Result<Vec<Loaded>> {
    let expected = Expected::read(archive)?;
    let mut engines: Vec<Engine> = Vec::new();
    for destination in destinations {
        let more = match destination {
            Destination::Engine(engine) => vec![*engine],
            Destination::Kubernetes => {
                usable(&Engine::KUBERNETES, options)?.into_iter().take(1).collect()
            }
            Destination::Auto => usable(&Engine::ALL, options)?,
        };
        for engine in more {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
    }
    let mut loaded = Vec::new();
    for engine in engines {
        let (name, started) = (engine.to_string(), Instant::now());
        options.monitor.emit(&Event::started(&name, LOAD));
        let one = load(engine, archive, &expected, options)?;
        let names: Vec<&str> =
            one.names.iter().chain(&one.references).map(String::as_str).collect();
        let outcome = format!("has {} as {}", one.id, names.join(", "));
        options.monitor.emit(&timed(&name, LOAD, &outcome, started.elapsed().as_secs_f64()));
        loaded.push(one);
    }
    Ok(loaded)
}

/// Those of `candidates` that answer.
fn usable(candidates: &[Engine], options: &Options) -> Result<Vec<Engine>, LoadError> {
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    for engine in candidates {
        options.monitor.check()?;
        match preflight(*engine, options) {
            Ok(_) => found.push(*engine),
            Err(reason) => reasons.push(reason.to_string()),
        }
    }
    if found.is_empty() {
        return Err(LoadError::NoEngine { reasons });
    }
    for reason in reasons {
        options.monitor.emit(&Event::note(format!("skipped: {reason}")));
    }
    Ok(found)
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
    options.monitor.check()?;
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
        let reference = by_digest(name, &id).map_err(|error| LoadError::Unnamed {
            engine,
            reference: format!("{name}@{id}"),
            reason: format!("{error:#}"),
            advice: "build the image with another repository".to_owned(),
        })?;
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
    if let Some(pins) = &options.pins {
        pin(engine, &program, pins, &references, options)?;
    }
    Ok(Loaded { engine: engine.to_string(), names: expected.names.clone(), id, references })
}

/// Unpins all that a release had in the engines of this machine that Kubernetes runs containers with.
pub fn unpin(pins: Pins, options: &Options) -> anyhow::Result<()> {
    let pins = pins.keeping(Vec::new());
    for engine in usable(&Engine::KUBERNETES, options)?.into_iter().take(1) {
        pin(engine, &preflight(engine, options)?, &pins, &[], options)?;
    }
    Ok(())
}

fn pin(
    engine: Engine,
    program: &Path,
    pins: &Pins,
    references: &[String],
    options: &Options,
) -> Result<(), LoadError> {
    let namespace = options.namespace.as_deref();
    let failed = |reason: String| LoadError::Unpinned {
        engine,
        references: references.join(", "),
        advice: engine.advice(&reason),
        reason,
    };
    let Some(list) = engine.list(namespace) else { return Ok(()) };
    let listing = call(program, &list, PROBE_TIMEOUT, options).map_err(failed)?;
    for change in pins.changes(&listing, references) {
        let label = engine.label(&change, namespace);
        call(program, &label, PROBE_TIMEOUT, options).map_err(failed)?;
    }
    Ok(())
}

/// The image's name with the digest instead of the tag.
fn by_digest(name: &str, id: &str) -> anyhow::Result<String> {
    let reference: Reference = name.parse()?;
    Ok(reference.with_digest(id.parse().context("the engine's id is not a digest")?).to_string())
}

/// Returns the program's standard output, or its own words where it fails.
fn call(
    program: &Path,
    arguments: &[String],
    timeout: Duration,
    options: &Options,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).envs(options.variables.iter().cloned());
    let finished = process::run(&mut command, b"", timeout, &options.monitor);
    let finished = finished.map_err(|error| error.to_string())?;
    let Finished { status, stdout, stderr } = finished;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if status.success() {
        return Ok(text(&stdout));
    }
    let said = if stderr.is_empty() { text(&stdout) } else { text(&stderr) };
    let last: Vec<&str> = said.lines().rev().take(QUOTED).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(if last.is_empty() { status.to_string() } else { last.join(" / ") })
}
