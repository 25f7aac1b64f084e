//! `policies`: what IAM must allow.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use skyward_provisioner::policy::{SIZE_LIMIT, policies, trust_policies};

use crate::args::Common;
use crate::output::{Output, print};

/// Print the IAM policies of the roles that plan, apply and destroy
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which; without one, they are listed
    #[arg(value_name = "FILE")]
    file: Option<String>,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let policies = policies(&loaded.config.aws);
    let trusts = trust_policies();
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
                let mut text = String::new();
                for policy in &policies {
                    let of: Vec<_> = policy
                        .of
                        .iter()
                        .map(|command| format!("{command:?}").to_lowercase())
                        .collect();
                    let (file, size) = (policy.file, policy.size());
                    writeln!(
                        text,
                        "{file:<28}{size:>5} of {SIZE_LIMIT} characters  {}",
                        of.join(", ")
                    )?;
                }
                for (file, _) in &trusts {
                    writeln!(text, "{file:<28}who may take the role")?;
                }
                text
            }
        },
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
