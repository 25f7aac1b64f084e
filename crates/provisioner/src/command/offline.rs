//! What looks at the configuration alone: the picture, the cost, the template and the policies. No account is called.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use skyward_config::{Aws, Loaded};
use skyward_provisioner::event::Event;
use skyward_provisioner::run::{self, Context};
use skyward_provisioner::topology::{Place, Topology, desired};
use skyward_provisioner::{cost, draw, export, policy, simulator};

use crate::cli::{Common, user_data};
use crate::output::{Output, json_line};

/// Draw the topology, or the timeline of an apply
#[derive(clap::Args)]
pub(crate) struct Graph {
    /// What to draw
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The topology as a picture.
    #[default]
    Svg,
    /// The topology as Mermaid.
    Mermaid,
    /// When what happens in an apply to a simulated account, as a picture.
    Timeline,
}

/// Estimate what the topology costs a month
#[derive(clap::Args)]
pub(crate) struct Cost {}

/// Write the topology as a CloudFormation template
#[derive(clap::Args)]
pub(crate) struct Export {}

/// Write the IAM policies of the roles that plan, apply and destroy
#[derive(clap::Args)]
pub(crate) struct Policies {
    /// The folder to write them into; without it they are printed
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// The place as far as the configuration says it; the first three zones and AWS's example account where it does not.
fn topology(loaded: &Loaded, script: &str) -> Result<Topology> {
    let aws = &loaded.config.aws;
    let zones = aws.zones.clone().try_into();
    let zones = zones.unwrap_or_else(|_| ["a", "b", "c"].map(|letter| format!("{}{letter}", aws.region)));
    let account = aws.account.clone().unwrap_or_else(|| "123456789012".into());
    desired(aws, &Place { account, zones }, script)
}

/// `graph`.
pub(crate) async fn graph(common: &Common, args: &Graph) -> Result<ExitCode> {
    let loaded = common.load()?;
    let script = user_data(&loaded)?;
    let topology = topology(&loaded, &script)?;
    let text = match args.format {
        Format::Svg => draw::topology_svg(&topology, &draw::Annotations::new()),
        Format::Mermaid => draw::topology_mermaid(&topology),
        Format::Timeline => timeline(common.seed, &loaded.config.aws, &script).await?,
    };
    println!("{}", text.trim_end());
    Ok(ExitCode::SUCCESS)
}

async fn timeline(seed: u64, aws: &Aws, script: &str) -> Result<String> {
    let account = simulator::Account::in_region(seed, &aws.region);
    let client = account.client();
    let ignore = |_: Event| {};
    let mut context = Context::new(&client, aws, script, &ignore);
    context.settings.seed = seed;
    let done = run::apply(&context, &|_| true).await?;
    Ok(draw::timeline_svg(&done.spans))
}

/// `cost`.
pub(crate) fn cost(common: &Common) -> Result<ExitCode> {
    let loaded = common.load()?;
    let cost = cost::monthly(&topology(&loaded, "")?, &loaded.config.aws.region);
    match common.output {
        Output::Json => json_line(&cost),
        Output::Text => print!("{}", cost.text()),
    }
    Ok(ExitCode::SUCCESS)
}

/// `export`.
pub(crate) fn export(common: &Common) -> Result<ExitCode> {
    let loaded = common.load()?;
    let template = export::cloudformation(&topology(&loaded, &user_data(&loaded)?)?);
    match common.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&template)?),
        Output::Text => print!("{}", export::yaml(&template)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// `policies`.
pub(crate) fn policies(common: &Common, args: &Policies) -> Result<ExitCode> {
    let loaded = common.load()?;
    for policy in policy::policies(&loaded.config.aws) {
        let text = serde_json::to_string_pretty(&policy.document)?;
        let Some(folder) = &args.folder else {
            println!("{text}");
            continue;
        };
        let path = folder.join(policy.file);
        std::fs::write(&path, text + "\n").with_context(|| format!("writing {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
