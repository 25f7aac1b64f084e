//! `inspect`: the layers of an image, what they waste, and whether the rules allow it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::dive::{self, Analysis, Contents, Rules, Status, Verdict, human_bytes};
use crate::event::{Event, Monitor};
use crate::layer::Limits;
use crate::platform::Platform;
use crate::resolve::{Resolved, resolve};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use skyward_config::{ConfigArgs, Origin};
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Output, Stream, Table, output, units};

use crate::command;
use crate::command::registry::RegistryArgs;

/// List an image's layers and wasted files, and check dive's rules
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An archive, an OCI layout folder, or a reference such as docker.io/acme/web:1.0 [default: the image that `build`
    /// wrote]
    image: Option<String>,
    /// The rules, in dive's format [default: image.rules of the configuration, or dive's own defaults where there is
    /// none]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Judge by the true figures instead of dive's
    #[arg(long)]
    exact: bool,
    /// The platform to choose where there are several [default: this machine's]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command. An image that breaks a rule ends it with 1, as in dive.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let monitor = command::lines(verbosity);
    let (name, registry) = (args.image.as_deref(), &args.registry);
    let opened = command::open(name, &args.config, registry, &monitor, verbosity)?;
    let rules = rules(args, &monitor)?;
    let image = resolve(opened.source.as_ref(), args.platform.as_ref())
        .with_context(|| format!("cannot read image {}", opened.name))?;
    let contents = dive::read(opened.source.as_ref(), &image, Limits::default())
        .with_context(|| format!("cannot read image {}", opened.name))?;
    let (parity, exact) = (dive::analyze(&contents), dive::analyze_exactly(&contents));
    if !args.exact {
        note_difference(&parity, &exact, &monitor);
    }
    let analysis = if args.exact { exact } else { parity };
    let verdict = dive::evaluate(&analysis, &rules);
    match args.output {
        Output::Text => {
            output::print(&format!("{}{}", layers(&contents), dive::text(&analysis, &verdict)))?;
        }
        Output::Json => {
            output::document(&report(&opened.name, &image, &contents, &analysis, &verdict))?;
        }
    }
    Ok(if verdict.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says where dive's figures are not the true ones: dive counts the last copy of a file as waste (dive#715), and stops at a
/// whiteout of what was never there.
fn note_difference(parity: &Analysis, exact: &Analysis, monitor: &Monitor) {
    if parity.wasted != exact.wasted {
        let (dive, truth) = (units::bytes(parity.wasted), units::bytes(exact.wasted));
        let text = format!(
            "dive's figures differ from the true ones: {dive} wasted by dive's, {truth} in truth; --exact judges by these"
        );
        monitor.emit(&Event::note(text));
    }
}

fn rules(args: &Args, monitor: &Monitor) -> Result<Rules> {
    let note = |text: String| monitor.emit(&Event::note(text));
    let path = if let Some(path) = &args.rules {
        path.clone()
    } else if let Some(loaded) = command::configuration(&args.config)? {
        let path = loaded.root.join(&loaded.config.image.rules);
        // A file that nobody named need not be there.
        if loaded.origins.of("image.rules") == Origin::Default && !path.exists() {
            note(format!("no {} and no --rules: dive's default rules apply", path.display()));
            return Ok(Rules::default());
        }
        path
    } else {
        note("no skyward.toml and no --rules: dive's default rules apply".to_owned());
        return Ok(Rules::default());
    };
    note(format!("rules: {}", path.display()));
    Ok(dive::read_rules(&path)?)
}

/// The layers, the lowest first, with dive's sizes.
fn layers(contents: &Contents) -> String {
    let mut table = Table::new(["layer", "size", "stored", "command"]);
    table = table.shorten(0).wrap(3).right(1).right(2);
    for layer in &contents.layers {
        let digest = layer.descriptor.digest().to_string();
        let (size, stored) = (human_bytes(layer.size()), human_bytes(layer.descriptor.size()));
        table.row([digest, size, stored, layer.command.replace('\n', "↵")]);
    }
    table.for_stream(Stream::Out)
}

fn report(
    name: &str,
    image: &Resolved,
    contents: &Contents,
    analysis: &Analysis,
    verdict: &Verdict,
) -> Value {
    let layers: Vec<Value> = contents
        .layers
        .iter()
        .map(|layer| {
            json!({
                "digest": layer.descriptor.digest().to_string(),
                "bytes": layer.size(),
                "stored_bytes": layer.descriptor.size(),
                "command": layer.command,
            })
        })
        .collect();
    let files: Vec<Value> = analysis
        .files
        .iter()
        .map(|file| json!({ "path": String::from_utf8_lossy(&file.path), "count": file.count, "bytes": file.size }))
        .collect();
    let rules: Vec<Value> = verdict
        .outcomes
        .iter()
        .map(|outcome| {
            let status = match outcome.status {
                Status::Pass => "pass",
                Status::Fail => "fail",
                Status::Skip => "skip",
            };
            json!({ "rule": outcome.rule.name(), "status": status, "message": outcome.message })
        })
        .collect();
    json!({
        "image": name,
        "digest": image.descriptor.digest().to_string(),
        "platform": Platform::of(&image.config).to_string(),
        "entrypoint": image.config.config().as_ref().and_then(|config| config.entrypoint().clone()),
        "cmd": image.config.config().as_ref().and_then(|config| config.cmd().clone()),
        "efficiency": analysis.efficiency,
        "bytes": analysis.size,
        "stored_bytes": image.manifest.layers().iter().map(oci_spec::image::Descriptor::size).sum::<u64>(),
        "user_bytes": analysis.user_size,
        "wasted_bytes": analysis.wasted,
        // Null where dive divides by zero.
        "user_wasted_ratio": analysis.user_wasted,
        "layers": layers,
        "wasted_files": files,
        "rules": rules,
        "passed": verdict.passed(),
    })
}
