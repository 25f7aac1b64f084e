//! `apply`: carry the plan out.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use crate::event::{Event, Outputs, Own, Sink};
use crate::interrupt::Interrupt;
use crate::plan::Plan;
use crate::run;
use anyhow::{Context as _, Result, bail};
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::output;

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::workload::Workload;

/// Carry out the plan, once it is agreed to
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Delete a database or a bucket and create it again where that is the only way: its data is lost
    #[arg(long)]
    replace: bool,
    /// Draw the time that each step took into this file, as SVG
    #[arg(long, value_name = "FILE")]
    timeline: Option<std::path::PathBuf>,
    /// Do not ask the load balancer for its page at the end
    #[arg(long)]
    no_page: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::load(&loaded)?);
    let sink = console::sink(common);
    let account = Account::open(common, aws).await?;
    account.announce(common, &*sink, "an account that is empty at first");
    let api = Shown { api: &*account.api, sink: &*sink };
    let mut context = context(common, &api, aws, &workload, &*sink);
    context.settings.may_replace = args.replace;
    let is_given = args.yes || common.simulate;
    let refusal = RefCell::new(None);
    let agrees = |plan: &Plan| match ask(plan, is_given) {
        Ok(()) => true,
        Err(error) => {
            *refusal.borrow_mut() = Some(error);
            false
        }
    };
    let done = run::apply(&context, &agrees).await;
    let done = done.map_err(|error| refusal.take().unwrap_or_else(|| error.into()))?;
    if let Some(path) = args.timeline.as_ref().filter(|_| done.has_changed) {
        std::fs::write(path, crate::draw::timeline_svg(&done.spans))
            .with_context(|| format!("writing the timeline to {}", path.display()))?;
    }
    if !args.no_page {
        show_page(&account, &done.outputs, &*sink, &common.interrupt).await?;
    }
    if account.simulated.is_some() {
        let quiet = |_: Event| {};
        context.sink = &quiet;
        let left = run::drift(&context).await?;
        let text = format!("a plan right after: {} changes", left.changes.len());
        sink.emit(Event::note(text));
    }
    if let Some(page) = done.outputs.page.as_ref().filter(|_| !console::is_json(common)) {
        output::line(page)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(plan: &Plan, is_given: bool) -> Result<()> {
    let Plan { stack, region, .. } = plan;
    let operation = format!("apply the plan to the stack {stack}");
    let question =
        format!("Apply this to the stack {stack} in {region}? It costs money from then on.");
    consent::ask(&operation, &question, Answer::Yes, is_given)
}

/// Asks the load balancer for its page, as a browser would.
async fn show_page(
    account: &Account,
    outputs: &Outputs,
    sink: &dyn Sink,
    interrupt: &Interrupt,
) -> Result<()> {
    let Some(url) = outputs.page.clone() else { return Ok(()) };
    if let Some(simulated) = &account.simulated {
        let name = url.trim_start_matches("https://").trim_start_matches("http://");
        let text = simulated.page(name.trim_end_matches('/'));
        let text = text.map_or_else(|| "nothing".to_owned(), |page| words(&page));
        sink.emit(Event::Own(Own::Page { url, text }));
        return Ok(());
    }
    if url.starts_with("https://") {
        let text =
            "not asked: its certificate is for your own name, which is to lead there".to_owned();
        sink.emit(Event::Own(Own::Page { url, text }));
        return Ok(());
    }
    let page = wait_for_page(&url, interrupt).await?;
    sink.emit(Event::Own(Own::Page { url, text: words(&page) }));
    Ok(())
}

/// Waits for the page, unless the command is to end.
async fn wait_for_page(url: &str, interrupt: &Interrupt) -> Result<String> {
    tokio::select! {
        biased;
        () = interrupt.raised() => bail!(
            "interrupted while asking {url} for its page: the stack is made. Next step: open it in a browser"
        ),
        page = ask_page(url.to_owned()) => page,
    }
}

/// Asks until there is a page: the load balancer's name takes a while to be known everywhere.
async fn ask_page(url: String) -> Result<String> {
    let mut last = String::new();
    for _ in 0..30 {
        let asked = url.clone();
        // Beside this thread, which hears of signals meanwhile.
        match tokio::task::spawn_blocking(move || fetch(&asked)).await? {
            Ok(page) => return Ok(page),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    bail!(
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

    /// Nobody answers there: without the request to end, it would be asked for two minutes.
    #[tokio::test]
    async fn the_wait_for_a_page_hears_the_request_to_end() {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (url, interrupt) = (format!("http://{address}/"), Interrupt::default());
        let (shown, ()) = tokio::join!(wait_for_page(&url, &interrupt), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            interrupt.raise();
        });
        let said = shown.unwrap_err().to_string();
        assert!(said.contains("the stack is made. Next step: open it"), "{said}");
    }

    #[test]
    fn a_page_is_its_words() {
        assert_eq!(words("<html><body><h1>It works!</h1></body></html>\n"), "It works!");
        assert_eq!(words("plain"), "plain");
    }
}
