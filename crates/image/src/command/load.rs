//! `load`: hand an image to the container engines of this machine.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use skyward_config::ConfigArgs;
use skyward_image::load::{Engine, Expected, Loaded, Options, load, preflight};

use crate::command::built;
use crate::output::Output;

/// Load an image into docker, podman, containerd or k3s; prints its name there
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The archive [default: what `build` wrote]
    image: Option<PathBuf>,
    /// docker, podman, containerd, k3s; kubernetes for the one of k3s and containerd that answers; auto for all that are
    /// here and answer (repeatable)
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = into)]
    into: Vec<Into>,
    /// containerd's namespace [default: k8s.io, where Kubernetes looks]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What was asked for by one `--into`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    Engine(Engine),
    /// The first that Kubernetes may run containers with.
    Kubernetes,
    /// All that answer.
    Auto,
}

fn into(text: &str) -> Result<Into, String> {
    match text {
        "auto" => Ok(Into::Auto),
        "kubernetes" => Ok(Into::Kubernetes),
        name => name.parse().map(Into::Engine),
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let archive = match &args.image {
        Some(archive) => archive.clone(),
        None => built::archive(None, &args.config.load()?),
    };
    let expected = Expected::read(&archive)?;
    let options = Options {
        path: std::env::var_os("PATH"),
        namespace: args.namespace.clone(),
        timeout: Duration::from_secs(args.timeout),
        variables: Vec::new(),
    };
    let engines = engines(&args.into, &options)?;
    let mut loaded = Vec::new();
    for engine in engines {
        eprintln!("loading {} into {engine}", archive.display());
        loaded.push(load(engine, &archive, &expected, &options)?);
    }
    show(&loaded, args.output)
}

/// Each engine once, in the order in which they were asked for.
fn engines(asked: &[Into], options: &Options) -> Result<Vec<Engine>> {
    let mut engines = Vec::new();
    for into in asked {
        let more = match into {
            Into::Engine(engine) => vec![*engine],
            Into::Kubernetes => usable(&Engine::KUBERNETES, options)?.into_iter().take(1).collect(),
            Into::Auto => usable(&Engine::ALL, options)?,
        };
        for engine in more {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
    }
    Ok(engines)
}

/// Those of `candidates` that answer.
fn usable(candidates: &[Engine], options: &Options) -> Result<Vec<Engine>> {
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    for engine in candidates {
        match preflight(*engine, options) {
            Ok(_) => found.push(*engine),
            Err(reason) => reasons.push(reason.to_string()),
        }
    }
    if found.is_empty() {
        bail!("there is no container engine to load into:\n  {}", reasons.join("\n  "));
    }
    for reason in reasons {
        eprintln!("skipped: {reason}");
    }
    Ok(found)
}

fn show(loaded: &[Loaded], output: Output) -> Result<ExitCode> {
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(loaded)?),
        Output::Text => {
            // Each name once: `docker run $(… load)` wants one.
            let mut names: Vec<&str> =
                loaded.iter().filter_map(|one| one.names.first()).map(String::as_str).collect();
            names.dedup();
            for name in names {
                println!("{name}");
            }
            for Loaded { engine, names, id, references } in loaded {
                let names = names.iter().chain(references).cloned().collect::<Vec<_>>();
                eprintln!("{engine} has {id} as {}", names.join(", "));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
