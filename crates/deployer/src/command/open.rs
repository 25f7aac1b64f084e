//! `open`: the service in a browser.

use anyhow::{Result, bail};
use serde_json::Value;
use skyward_terminal::{Exit, Output, browser, output, program, text};

use crate::common::Common;
use crate::history::{self, Revision};
use crate::manifest::Kind;

/// Open the service's address in a browser, and print it
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the address alone
    #[arg(long)]
    print: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.notes()).await?;
    let (name, namespace) = session.release();
    let revisions = session.revisions().await?;
    let Some(address) = history::serving(&revisions).and_then(address) else {
        let forward = program::command("deploy-k3s forward");
        bail!(
            "opening {name}: no revision of it in namespace {namespace} has an Ingress with a host name. Next step: `{forward}` serves it on this machine"
        );
    };
    match common.output {
        Output::Json => output::line(&serde_json::json!({ "address": address }).to_string())?,
        Output::Text => output::line(&text::one_line(&address))?,
    }
    if !args.print {
        let yourself = "Next step: open the address above yourself; --print does not try";
        if let Err(error) = browser::open(&address) {
            bail!("{error:#}. {yourself}");
        }
    }
    Ok(Exit::Done)
}

/// The address of the revision's Ingress.
fn address(revision: &Revision) -> Option<String> {
    let ingress = revision.manifests.iter().find(|it| it.id.kind == Kind::Ingress)?;
    let host = ingress.object.pointer("/spec/rules/0/host").and_then(Value::as_str)?;
    let scheme = if ingress.object["spec"]["tls"].is_array() { "https" } else { "http" };
    Some(format!("{scheme}://{host}/"))
}
