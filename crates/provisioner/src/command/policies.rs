//! `policies`: what IAM must allow.

use std::process::ExitCode;

use crate::policy::{SIZE_LIMIT, policies, trust_policies};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use skyward_aws::Partition;
use skyward_terminal::{Output, Stream, Table, output};

use crate::args::Common;

/// Print the IAM policies of the roles that plan, apply and destroy
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The policy; without one, all are listed
    #[arg(value_name = "FILE")]
    file: Option<String>,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let policies = policies(&loaded.config.aws);
    let trusts = trust_policies(Partition::of(&loaded.config.aws.region));
    let text = match &args.file {
        Some(name) => {
            let policy = policies.iter().map(|policy| (policy.file, &policy.document));
            let mut all = policy.chain(trusts.iter().map(|(file, document)| (*file, document)));
            let Some((_, document)) = all.find(|(file, _)| file == name) else {
                bail!("there is no policy {name}. Next step: `policies` lists them")
            };
            format!("{document:#}\n")
        }
        None => match common.output {
            Output::Json => {
                let all =
                    policies.into_iter().map(|policy| (policy.file, policy.document)).chain(trusts);
                let all: serde_json::Map<String, Value> =
                    all.map(|(file, document)| (file.to_owned(), document)).collect();
                format!("{:#}\n", json!(all))
            }
            Output::Text => {
                let mut table = Table::new(["", "", ""]).right(1).wrap(2);
                for policy in &policies {
                    let of: Vec<_> =
                        policy.of.iter().map(|one| format!("{one:?}").to_lowercase()).collect();
                    let size = format!("{} of {SIZE_LIMIT}", policy.size());
                    table.row([policy.file, &size, &of.join(", ")]);
                }
                for (file, _) in &trusts {
                    table.row([file, "", "who may take the role"]);
                }
                table.for_stream(Stream::Out)
            }
        },
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
