//! `graph`: pictures.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::document::{simulated_apply, topology};
use crate::draw::{Annotations, Mark, timeline_svg, topology_mermaid, topology_svg};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde_json::Value;
use skyward_config::Aws;
use skyward_terminal::output;

use crate::args::Common;
use crate::workload::Workload;

/// Draw the topology, or the timeline of an apply with its critical path
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The form of the picture
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Draw the timeline of a simulated apply
    #[arg(long, conflicts_with_all = ["format", "plan"])]
    timeline: bool,
    /// Mark what a plan does: the file, or `-`, that `plan --output json` wrote
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

/// The form of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An image
    #[default]
    Svg,
    /// A flowchart as text, which GitHub draws
    Mermaid,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let aws = &loaded.config.aws;
    let picture = if args.timeline {
        timeline(common, aws)?
    } else {
        let topology = topology(aws, &Workload::load(&loaded)?)?;
        let annotations = args.plan.as_deref().map(marks).transpose()?;
        match args.format {
            Format::Svg => topology_svg(&topology, &annotations.unwrap_or_default()),
            Format::Mermaid if annotations.is_some() => {
                bail!("graph: only --format svg shows a plan")
            }
            Format::Mermaid => topology_mermaid(&topology),
        }
    };
    output::print(&picture)?;
    Ok(ExitCode::SUCCESS)
}

fn timeline(common: &Common, aws: &Aws) -> Result<String> {
    output::say(&format!(
        "simulated, no account is called: the times are simulated ones (seed {})",
        common.seed
    ));
    Ok(timeline_svg(&simulated_apply(aws, common.seed)?))
}

/// The sign of each resource of a plan.
fn marks(path: &Path) -> Result<Annotations> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("reading the plan {}", path.display()))?;
    let not_a_plan = || format!("{} is not what `plan --output json` writes", path.display());
    let plan: Value = serde_json::from_str(&text).with_context(not_a_plan)?;
    let changes = plan["changes"].as_array().with_context(not_a_plan)?;
    let mark = |change: &Value| {
        let id = change["id"].as_str().with_context(not_a_plan)?;
        let mark = match change["action"].as_str().with_context(not_a_plan)? {
            "create" => Mark::Create,
            "update" => Mark::Update,
            "replace" => Mark::Replace,
            "delete" => Mark::Delete,
            _ => Mark::InSync,
        };
        Ok((id.into(), mark))
    };
    changes.iter().map(mark).collect()
}
