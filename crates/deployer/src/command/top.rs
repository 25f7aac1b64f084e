//! `top`: the CPU and memory that the pods use.

use anyhow::{Result, bail};
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, Table, output};

use crate::common::{Common, PodArgs, Session};
use crate::operate::{self, Usage};

/// Show the CPU and memory that the pods use, as the cluster's metrics server tells
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pods: PodArgs,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let Session { loaded, api, .. } = common.open(common.notes()).await?;
    let selection = args.pods.selection(&loaded);
    let Some(used) = operate::usage(&api, &selection).await? else {
        bail!(
            "reading what the pods use: the cluster serves no metrics.k8s.io. Next step: install a metrics server; k3s brings one"
        );
    };
    match common.output {
        Output::Json => output::document(&used)?,
        Output::Text if used.is_empty() => {
            output::say(&format!(
                "Nothing is measured yet: {}, or they started a moment ago.",
                selection.none()
            ));
        }
        Output::Text => output::print(&table(&used).for_stream(Stream::Out))?,
    }
    Ok(Exit::Done)
}

fn table(used: &[Usage]) -> Table {
    let header = ["pod", "container", "cpu", "of its limit", "memory", "of its limit"];
    let mut table = Table::new(header).right(2).right(3).right(4).right(5).shorten(0);
    for Usage { pod, container, cpu_m, cpu_limit_m, memory, memory_limit } in used {
        table.row([
            pod.clone(),
            container.clone(),
            format!("{cpu_m}m"),
            share(*cpu_m, *cpu_limit_m),
            format!("{}Mi", memory.div_ceil(1 << 20)),
            share(*memory, *memory_limit),
        ]);
    }
    table
}

fn share(used: u64, limit: Option<u64>) -> String {
    let percent = |limit: u64| format!("{} %", u128::from(used) * 100 / u128::from(limit));
    limit.filter(|limit| *limit > 0).map(percent).unwrap_or_default()
}
