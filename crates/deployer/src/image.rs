//! Builds the image and gets it to the nodes, by the image crate's own program.
//!
//! The nodes get a reference by digest wherever one can be known: a tag may lead elsewhere tomorrow, and a rollback must
//! find the image that served before.

mod answer;
mod program;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use skyward_config::{Config, ConfigArgs, Delivery, Image, Loaded};

use crate::event::{Event, Sink};
use answer::{Built, InEngine, Pushed, Resolved};
use program::Program;

/// So long a registry is asked for a tag's digest. Nodes may reach a registry that this machine does not.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(20);

/// An image that the nodes have or can pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The reference in a pod: `repository@sha256:…`, or with a tag where no digest is known.
    pub reference: String,
    /// The digest, where one is known.
    pub digest: Option<String>,
}

/// Why the image does not get to the nodes.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A flag names an image in a way that no node understands.
    #[error(
        "--image: {text:?} is no image reference: {reason}; expected [registry[:port]/]repository[@sha256:…], such as \
         ghcr.io/acme/web@sha256:…"
    )]
    Reference {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The source of the image's program is not there.
    #[error(
        "cannot build the image: the workspace of Skyward was not found; run this by `cargo xtask deploy-k3s`, or name \
         an image with --image"
    )]
    NoWorkspace,
    /// cargo cannot be started.
    #[error(
        "cannot {step} the image: starting `{command}`: {reason}; install cargo, or name an image with --image"
    )]
    Start {
        /// `compile`, `build`, `push`, `load` or `resolve`.
        step: &'static str,
        /// As one would type it.
        command: String,
        /// The system's words.
        reason: String,
    },
    /// The program has failed.
    #[error("cannot {step} the image: {reason}; {next}")]
    Failed {
        /// `compile`, `build`, `push`, `load` or `resolve`.
        step: &'static str,
        /// Its own words.
        reason: String,
        /// What to do.
        next: &'static str,
    },
    /// The program has succeeded and said something else than it should.
    #[error("cannot {step} the image: `{command}` printed no answer that is understood: {reason}")]
    Answer {
        /// `compile`, `build`, `push`, `load` or `resolve`.
        step: &'static str,
        /// As one would type it.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// An image with its name for the nodes, which may not have it yet.
#[derive(Debug)]
pub struct Candidate {
    program: Program,
    how: Delivery,
    named: Delivered,
}

/// Builds the image (or, with `k3s.delivery = "none"`, asks the registry for it), and sends it nowhere; `flags` are those
/// that `loaded` was read with.
///
/// # Errors
/// Which step failed, why, and what to do.
pub async fn build(
    loaded: &Loaded,
    flags: &ConfigArgs,
    sink: &mut dyn Sink,
) -> Result<Candidate, ImageError> {
    Candidate::build(Program::compile(flags).await?, &loaded.config, sink).await
}

/// The image that a flag names, as it is.
///
/// # Errors
/// It is no image reference.
pub fn given(reference: &str, sink: &mut dyn Sink) -> Result<Delivered, ImageError> {
    check(reference)
        .map_err(|reason| ImageError::Reference { text: reference.to_owned(), reason })?;
    Ok(as_it_is(reference, sink))
}

impl Candidate {
    async fn build(
        program: Program,
        config: &Config,
        sink: &mut dyn Sink,
    ) -> Result<Self, ImageError> {
        let how = settled(config.k3s.delivery, &config.image.repository);
        if how == Delivery::None {
            let named = there_already(&program, &config.image, sink).await;
            return Ok(Self { program, how, named });
        }
        let started = Instant::now();
        let built: Built = program.ask("build", &[]).await?;
        ready("build", format!("built {}", built.reference), started, sink);
        Ok(Self { program, how, named: Delivered::new(normalized(&built.reference)) })
    }

    /// What [`Candidate::deliver`] will call it.
    pub fn named(&self) -> &Delivered {
        &self.named
    }

    /// Whether it gets to the nodes by loading it into each, without a registry.
    pub fn is_loaded(&self) -> bool {
        matches!(self.how, Delivery::Load | Delivery::Auto)
    }

    /// Gets it to the nodes as `k3s.delivery` says.
    ///
    /// # Errors
    /// Which step failed, why, and what to do.
    pub async fn deliver(self, sink: &mut dyn Sink) -> Result<Delivered, ImageError> {
        match self.how {
            Delivery::None => Ok(self.named),
            Delivery::Push => push(&self.program, sink).await,
            Delivery::Load | Delivery::Auto => load(&self.program, sink).await,
        }
    }
}

async fn push(program: &Program, sink: &mut dyn Sink) -> Result<Delivered, ImageError> {
    let started = Instant::now();
    let pushed: Pushed = program.ask("push", &[]).await?;
    let reference = program::first("push", pushed.references)?;
    let state = match pushed.uploaded_bytes {
        0 => "the registry has it already".to_owned(),
        sent => format!("pushed, {sent} bytes sent"),
    };
    ready("image", state, started, sink);
    Ok(Delivered::new(reference))
}

/// Into the one engine of this machine that Kubernetes runs containers with.
async fn load(program: &Program, sink: &mut dyn Sink) -> Result<Delivered, ImageError> {
    let started = Instant::now();
    let engines: Vec<InEngine> = program.ask("load", &["--into", "kubernetes"]).await?;
    let engine = program::first("load", engines)?;
    let reference = program::first("load", engine.references)?;
    ready("image", format!("loaded into {} on this machine", engine.engine), started, sink);
    Ok(Delivered::new(reference))
}

/// The first tag of the configuration, by the digest that it has in the registry now.
async fn there_already(program: &Program, image: &Image, sink: &mut dyn Sink) -> Delivered {
    let tag = image.tags.first().map_or("latest", String::as_str);
    let tagged = format!("{}:{tag}", image.repository);
    if names_registry(&image.repository) {
        let started = Instant::now();
        let timeout = RESOLVE_TIMEOUT.as_secs().to_string();
        match program.ask::<Resolved>("resolve", &[&tagged, "--timeout", &timeout]).await {
            Ok(resolved) => {
                ready("image", format!("{tagged} is {}", resolved.digest), started, sink);
                return Delivered::new(resolved.reference);
            }
            // The nodes may have credentials, or a way, that this machine lacks.
            Err(error) => sink.emit(Event::Note { text: error.to_string() }),
        }
    }
    as_it_is(&tagged, sink)
}

fn ready(on: &str, state: String, started: Instant, sink: &mut dyn Sink) {
    let seconds = started.elapsed().as_secs_f64();
    sink.emit(Event::Ready { on: on.to_owned(), state, seconds });
}

fn as_it_is(reference: &str, sink: &mut dyn Sink) -> Delivered {
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

/// What `auto` means for this repository.
fn settled(how: Delivery, repository: &str) -> Delivery {
    match how {
        Delivery::Auto if names_registry(repository) => Delivery::Push,
        Delivery::Auto => Delivery::Load,
        other => other,
    }
}

/// The reference with the registry and folder that Docker's rule adds to a short one (distribution,
/// `reference/normalize.go`), as the nodes know it.
fn normalized(reference: &str) -> String {
    let on_hub = reference.strip_prefix("docker.io/");
    match on_hub {
        None if names_registry(reference) => reference.to_owned(),
        _ => match on_hub.unwrap_or(reference) {
            path if path.contains('/') => format!("docker.io/{path}"),
            path => format!("docker.io/library/{path}"),
        },
    }
}

/// Whether the repository's first part is a registry's host, by Docker's rule (distribution, `reference/normalize.go`).
fn names_registry(repository: &str) -> bool {
    repository
        .split_once('/')
        .is_some_and(|(host, _)| host == "localhost" || host.contains(['.', ':']))
}

/// The mistakes that would reach the cluster as a pod that can never start; the whole grammar is the registry's.
fn check(reference: &str) -> Result<(), &'static str> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let path = match name.split_once('/') {
        Some((_, path)) if names_registry(name) => path,
        _ => name,
    };
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    if repository.is_empty() {
        return Err("it has no repository");
    }
    if tag == Some("") {
        return Err("it has no tag after the colon");
    }
    if repository.contains(|letter: char| letter.is_ascii_uppercase()) {
        return Err("a repository is lower case");
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-/:[]".contains(letter);
    if !name.chars().all(allowed) {
        return Err("it has a letter that none may have");
    }
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match digest.map(|digest| digest.strip_prefix("sha256:")) {
        Some(None) => Err("the digest does not begin with sha256:"),
        Some(Some(digits)) if !hex(digits) => Err("a digest has 64 hexadecimal digits"),
        _ => Ok(()),
    }
}
