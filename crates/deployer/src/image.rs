//! Builds the image and gets it to the nodes, through the library of `crates/image`.
//!
//! That library blocks, so it runs on a thread of its own while this one hears its events, Ctrl-C and the lock. A delivery
//! that is dropped asks it to stop, which ends the compiler too.
//!
//! The nodes get a reference by digest wherever one can be known: a tag may lead elsewhere tomorrow, and a rollback must
//! find the image that served before.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use skyward_config::{Delivery, Loaded};
use skyward_image::event::{Event as Step, Monitor};
use skyward_image::load::{self, Destination, Pins};
use skyward_image::registry::{self, Push, Reference};
use skyward_image::store::Store;
use skyward_image::{build, settings, time};
use skyward_terminal::{Calls, units};
use tokio::sync::mpsc;

use crate::event::{self, DeployEvent, Event, Sink};

/// The time that a registry has to name a tag's digest. Nodes may reach a registry that this machine does not.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(20);

/// An image that the nodes have or can pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The reference in a pod: `repository@sha256:…`, or with a tag where no digest is known.
    pub reference: String,
    /// The digest, where one is known.
    pub digest: Option<String>,
}

/// The reasons why the image does not get to the nodes.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A flag names an image in a way that no node understands.
    #[error("--image: {0}")]
    Reference(String),
    /// A step failed.
    #[error("cannot {step} the image: {reason}; {next}")]
    Failed {
        /// `build`, `push`, `load` or `resolve`.
        step: &'static str,
        /// The reason, on one line.
        reason: String,
        /// The next step.
        next: &'static str,
    },
}

/// The tools of the surroundings, as a parameter for tests.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The settings of the build beside the configuration.
    pub build: build::Options,
    /// The value of `PATH`, in which engines are found.
    pub path: Option<OsString>,
}

/// An image with its name for the nodes, which may not have it yet.
#[derive(Debug)]
pub struct Candidate {
    loaded: Loaded,
    tools: Tools,
    how: Delivery,
    named: Delivered,
    kept: Vec<String>,
}

/// Builds the image (or, with `k3s.delivery = "none"`, asks the registry for it), and sends it nowhere.
///
/// # Errors
/// A step failed.
pub async fn build(loaded: &Loaded, sink: &Sink<'_>) -> Result<Candidate, ImageError> {
    Candidate::build(loaded, Tools::of_this_machine()?, sink).await
}

/// The image that a flag names, as it is.
///
/// # Errors
/// It is not an image reference.
pub fn given(reference: &str, sink: &Sink<'_>) -> Result<Delivered, ImageError> {
    check(reference)?;
    Ok(as_it_is(reference, sink))
}

impl Tools {
    /// The programs of this machine, and the date that its environment gives to files.
    ///
    /// # Errors
    /// `SOURCE_DATE_EPOCH` is not a number.
    pub fn of_this_machine() -> Result<Self, ImageError> {
        let epoch = time::source_date_epoch().map_err(|error| failed("build", &error))?;
        let build = build::Options { epoch, ..build::Options::default() };
        Ok(Self { build, path: std::env::var_os("PATH") })
    }
}

impl Candidate {
    /// As [`build()`], with tools of the caller's own.
    ///
    /// # Errors
    /// As [`build()`].
    pub async fn build(loaded: &Loaded, tools: Tools, sink: &Sink<'_>) -> Result<Self, ImageError> {
        let image = &loaded.config.image;
        let how = settled(loaded.config.k3s.delivery, &image.repository);
        let named = if how == Delivery::None {
            there_already(loaded, sink).await
        } else {
            let started = Instant::now();
            let (configured, options) = (loaded.clone(), tools.build.clone());
            let digest = run("build", sink, move |monitor| {
                let built = build::build(&configured, &options, monitor)?;
                Ok(built.descriptor.digest().to_string())
            })
            .await?;
            let outcome = format!("built {}@{digest}", image.repository);
            sink.emit(event::done("image", "build", outcome, started.elapsed()));
            Delivered::new(format!("{}@{digest}", full_name(&image.repository)))
        };
        Ok(Self { loaded: loaded.clone(), tools, how, named, kept: Vec::new() })
    }

    /// The name that [`Candidate::deliver`] will return.
    pub fn named(&self) -> &Delivered {
        &self.named
    }

    /// Keeps these images on the nodes that it is loaded into: a rollback finds them there, and no registry has them.
    #[must_use]
    pub fn beside(self, kept: Vec<String>) -> Self {
        Self { kept, ..self }
    }

    /// The pins of the images that are loaded into nodes.
    pub fn pins(&self) -> Pins {
        pins(&self.loaded).keeping(self.kept.clone())
    }

    /// The archive that was built.
    pub fn archive(&self) -> PathBuf {
        settings::archive(&self.loaded)
    }

    /// Returns true where it is loaded into each node, without a registry.
    pub fn is_loaded(&self) -> bool {
        matches!(self.how, Delivery::Load | Delivery::Auto)
    }

    /// Gets it to the nodes as `k3s.delivery` says.
    ///
    /// # Errors
    /// A step failed.
    pub async fn deliver(self, sink: &Sink<'_>) -> Result<Delivered, ImageError> {
        match self.how {
            Delivery::None => Ok(self.named),
            Delivery::Push => self.push(sink).await,
            Delivery::Load | Delivery::Auto => self.load(sink).await,
        }
    }

    async fn push(self, sink: &Sink<'_>) -> Result<Delivered, ImageError> {
        let started = Instant::now();
        let pushed = run("push", sink, move |monitor| {
            let source = Store::open(&settings::archive(&self.loaded))?;
            let references = settings::references(&self.loaded.config)?;
            Ok(Push::new(&source, references, registry_settings(monitor)).run()?)
        })
        .await?;
        let state = match pushed.uploaded_bytes {
            0 => "the registry has it already".to_owned(),
            sent => format!("pushed, {} sent", units::bytes(sent)),
        };
        sink.emit(event::done("image", "deliver", state, started.elapsed()));
        Ok(Delivered::new(first("push", pushed.references)?))
    }

    /// Into the one engine of this machine that Kubernetes runs containers with.
    async fn load(self, sink: &Sink<'_>) -> Result<Delivered, ImageError> {
        let started = Instant::now();
        let pins = Some(self.pins());
        let engines = run("load", sink, move |monitor| {
            let options = load::Options {
                pins,
                path: self.tools.path.clone(),
                monitor: monitor.clone(),
                ..load::Options::default()
            };
            load::load_into(&settings::archive(&self.loaded), &[Destination::Kubernetes], &options)
        })
        .await?;
        let engine = first("load", engines)?;
        let reference = first("load", engine.references)?;
        let outcome = format!("loaded into {} on this machine", engine.engine);
        sink.emit(event::done("image", "deliver", outcome, started.elapsed()));
        Ok(Delivered::new(reference))
    }
}

/// Pins for the configured release.
pub fn pins(loaded: &Loaded) -> Pins {
    Pins::of_release(&loaded.config.k3s.namespace, &loaded.config.service.name)
}

/// The first tag of the configuration, by the digest that it has in the registry now.
async fn there_already(loaded: &Loaded, sink: &Sink<'_>) -> Delivered {
    let image = &loaded.config.image;
    let tag = image.tags.first().map_or("latest", String::as_str);
    let tagged = format!("{}:{tag}", image.repository);
    if Reference::names_registry(&image.repository) {
        let (started, asked) = (Instant::now(), tagged.clone());
        let resolved = run("resolve", sink, move |monitor| {
            let policy =
                registry::Policy { deadline: RESOLVE_TIMEOUT, ..registry::Policy::default() };
            let settings = registry::Settings { policy, ..registry_settings(monitor) };
            Ok(registry::resolve(&asked.parse()?, None, settings)?)
        });
        match resolved.await {
            Ok(resolved) => {
                let delivered = Delivered::new(resolved.to_string());
                let digest = delivered.digest.as_deref().unwrap_or_default();
                let outcome = format!("{tagged} is {digest}");
                sink.emit(event::done("image", "resolve", outcome, started.elapsed()));
                return delivered;
            }
            // The nodes may have credentials, or a route, that this machine lacks.
            Err(error) => sink.emit(Event::Note { text: error.to_string() }),
        }
    }
    as_it_is(&tagged, sink)
}

/// Runs blocking work on a thread for it and passes its events on. When this future is dropped, the work is asked to stop.
async fn run<T: Send + 'static>(
    step: &'static str,
    sink: &Sink<'_>,
    work: impl FnOnce(&Monitor) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ImageError> {
    let (sender, mut steps) = mpsc::unbounded_channel();
    // Nobody listens any more where the future was dropped.
    let monitor = Monitor::new(move |step| drop(sender.send(step.clone())));
    let _cancel = monitor.cancel_on_drop();
    let mut working = {
        let monitor = monitor.clone();
        tokio::task::spawn_blocking(move || work(&monitor))
    };
    let done = loop {
        tokio::select! {
            biased;
            Some(step) = steps.recv() => sink.emit(handed_on(step)),
            done = &mut working => break done,
        }
    };
    while let Ok(step) = steps.try_recv() {
        sink.emit(handed_on(step));
    }
    done.context("its thread ended early")
        .and_then(|done| done)
        .map_err(|error| failed(step, &error))
}

/// A registry whose calls are told like all else; the console decides whether they are shown.
fn registry_settings(monitor: &Monitor) -> registry::Settings {
    let teller = monitor.clone();
    let calls = Calls::new(move |call| teller.emit(&Step::Call(call)));
    registry::Settings { monitor: monitor.clone(), calls, ..registry::Settings::default() }
}

/// An event of the library as one of ours.
fn handed_on(step: Step) -> Event {
    step.map(|own| DeployEvent::Build(own).into())
}

fn failed(step: &'static str, error: &anyhow::Error) -> ImageError {
    let lines = format!("{error:#}");
    let reason = lines.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    ImageError::Failed { step, reason, next: next(step) }
}

/// The first of a list that is never empty.
fn first<T>(step: &'static str, list: Vec<T>) -> Result<T, ImageError> {
    list.into_iter().next().ok_or_else(|| failed(step, &anyhow!("it has no name there")))
}

/// The next step where `step` has failed.
fn next(step: &str) -> &'static str {
    match step {
        "load" => {
            "set image.repository to a registry that the nodes pull from, or k3s.delivery to \"none\" if they have it"
        }
        "push" => {
            "see that image.repository is a place that you may push to, or name an image with --image"
        }
        "resolve" => "the nodes get the tag",
        _ => "correct that, or name an image with --image",
    }
}

fn as_it_is(reference: &str, sink: &Sink<'_>) -> Delivered {
    let delivered = Delivered::new(reference.to_owned());
    if delivered.digest.is_none() {
        let text = format!(
            "{reference} has no digest: a node runs what the tag leads to when it pulls, and a rollback may find another \
             image there; REPOSITORY@sha256:… is one image for good"
        );
        sink.emit(Event::Note { text });
    }
    delivered
}

impl Delivered {
    fn new(reference: String) -> Self {
        let digest = reference.split_once('@').map(|(_, digest)| digest.to_owned());
        Self { reference, digest }
    }
}

/// The delivery that `auto` means for this repository.
pub fn settled(how: Delivery, repository: &str) -> Delivery {
    match how {
        Delivery::Auto if Reference::names_registry(repository) => Delivery::Push,
        Delivery::Auto => Delivery::Load,
        other => other,
    }
}

/// The repository as the nodes know it, with the registry and folder that Docker's rule adds to a short name.
fn full_name(repository: &str) -> String {
    repository
        .parse()
        .map_or_else(|_| repository.to_owned(), |reference: Reference| reference.name())
}

/// Checks an image reference that a flag gives.
///
/// # Errors
/// A mistake that would reach the cluster as a pod that can never start.
pub(crate) fn check(text: &str) -> Result<(), ImageError> {
    let reference: Reference = text
        .parse()
        .map_err(|error: registry::ReferenceError| ImageError::Reference(error.to_string()))?;
    let registry = reference.registry();
    // Docker's rule takes `Acme/web` for a registry called Acme; whoever types it means a repository.
    if registry.contains(char::is_uppercase) && !registry.contains(['.', ':']) {
        return Err(ImageError::Reference(format!(
            "`{text}` is not an image reference: a repository is lower case; expected \
             [registry[:port]/]repository[:tag][@sha256:…], such as ghcr.io/acme/web:1.2"
        )));
    }
    Ok(())
}
