//! `apply`: carry the plan out.

use std::io::{BufRead, IsTerminal, stdin};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use skyward_provisioner::event::{Event, Outputs, Sink};
use skyward_provisioner::plan::Plan;
use skyward_provisioner::run::{self, RunError};

use crate::account::Account;
use crate::args::{Common, user_data};
use crate::command::context;
use crate::output::Output;

/// Carry out the plan, once it is agreed to
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Also delete and make anew a database or a bucket where that is the only way: its data is lost
    #[arg(long)]
    replace: bool,
    /// Draw when what happened into this file, as SVG
    #[arg(long, value_name = "FILE")]
    timeline: Option<std::path::PathBuf>,
    /// Do not ask the load balancer for its page at the end
    #[arg(long)]
    no_page: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, script) = (&loaded.config.aws, user_data(&loaded)?);
    let sink = common.output.sink(common.simulate, common.pace);
    let account = Account::open(common, aws).await?;
    account.announce(common, &*sink, "an account that is empty at first");
    let mut context = context(common, &account, aws, &script, &*sink);
    context.settings.may_replace = args.replace;
    let is_asked = !args.yes && !common.simulate;
    let done = run::apply(&context, &|plan| !is_asked || agrees(plan)).await;
    let done = match done {
        Err(RunError::Declined) if is_asked && !stdin().is_terminal() => {
            anyhow::bail!("apply: there is no one to ask; give --yes. Nothing was changed")
        }
        done => done?,
    };
    if let Some(path) = args.timeline.as_ref().filter(|_| done.has_changed) {
        std::fs::write(path, skyward_provisioner::draw::timeline_svg(&done.spans))
            .with_context(|| format!("writing the timeline to {}", path.display()))?;
    }
    if !args.no_page {
        show_page(&account, &done.outputs, &*sink).await?;
    }
    if account.simulated.is_some() {
        let left = run::drift(&context).await?;
        let text = format!("a plan right after: {} changes", left.changes.len());
        sink.emit(Event::Note { text });
    }
    if let (Output::Text, Some(page)) = (common.output, &done.outputs.page) {
        println!("{page}");
    }
    Ok(ExitCode::SUCCESS)
}

fn agrees(plan: &Plan) -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    eprint!(
        "Apply this to the stack {} in {}? It costs money from then on. Type yes to go on: ",
        plan.stack, plan.region
    );
    let mut line = String::new();
    stdin().lock().read_line(&mut line).is_ok() && line.trim() == "yes"
}

/// Asks the load balancer for its page, as a browser would.
async fn show_page(account: &Account, outputs: &Outputs, sink: &dyn Sink) -> Result<()> {
    let Some(url) = outputs.page.clone() else { return Ok(()) };
    if let Some(simulated) = &account.simulated {
        let name = url.trim_start_matches("https://").trim_start_matches("http://");
        let text = simulated.page(name.trim_end_matches('/'));
        let text = text.map_or_else(|| "nothing".to_owned(), |page| words(&page));
        sink.emit(Event::Page { url, text });
        return Ok(());
    }
    if url.starts_with("https://") {
        let text =
            "not asked: its certificate is for your own name, which is to lead there".to_owned();
        sink.emit(Event::Page { url, text });
        return Ok(());
    }
    // The load balancer's name takes a while to be known everywhere.
    let mut last = String::new();
    for _ in 0..30 {
        match fetch(&url) {
            Ok(page) => {
                sink.emit(Event::Page { url, text: words(&page) });
                return Ok(());
            }
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    anyhow::bail!(
        "asking {url} for its page: {last}. Next step: open it in a browser; `status` shows the instances"
    )
}

fn fetch(url: &str) -> Result<String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5)));
    let agent: ureq::Agent = config.build().into();
    Ok(agent.get(url).call()?.body_mut().read_to_string()?)
}

/// A page without its markup, on one line.
fn words(page: &str) -> String {
    let mut text = String::new();
    let mut is_markup = false;
    for letter in page.chars() {
        match letter {
            '<' => is_markup = true,
            '>' => (is_markup, text) = (false, text + " "),
            letter if !is_markup => text.push(letter),
            _ => {}
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_words() {
        assert_eq!(words("<html><body><h1>It works!</h1></body></html>\n"), "It works!");
        assert_eq!(words("plain"), "plain");
    }
}
