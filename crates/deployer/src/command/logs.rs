//! `logs`: what the pods write.

use anyhow::{Result, bail};
use jiff::Timestamp;
use skyward_terminal::style::{Stream, distinct};
use skyward_terminal::{Exit, Output, output, text};

use crate::common::{Common, PodArgs, Session};
use crate::operate::{self, LogLine, LogOptions, Numbered};

/// Show what the pods write, each pod in a colour of its own
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pods: PodArgs,
    /// Go on showing, also of pods that come, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Show what the containers wrote before they were last started again
    #[arg(long, short, conflicts_with = "follow")]
    previous: bool,
    /// Show what was written since: a time, or how long ago, such as 90s, 10m, 2h or 1d
    #[arg(long, value_name = "WHEN", value_parser = |text: &str| operate::since(text, Timestamp::now()))]
    since: Option<Timestamp>,
    /// Show the last so many lines of each pod
    #[arg(long, value_name = "LINES")]
    tail: Option<u32>,
    /// Show when each line was written
    #[arg(long)]
    timestamps: bool,
}

/// Runs the command. That it is asked to end is its end in order.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    tokio::select! {
        ended = show(common, args) => ended.map(|()| Exit::Done),
        () = common.interrupt.notified() => Ok(Exit::Done),
    }
}

async fn show(common: &Common, args: &Args) -> Result<()> {
    let Session { loaded, shown, api } = common.open(common.notes()).await?;
    let options = LogOptions {
        selection: args.pods.selection(&loaded),
        previous: args.previous,
        since: args.since,
        tail: args.tail,
    };
    let found = operate::targets(&api, &options.selection).await?;
    if found.is_empty() && !args.follow {
        bail!("reading logs: {}. Next step: see `status`", options.selection.none());
    }
    let waits = found.iter().all(|target| target.waits.is_some());
    if let Some((target, why)) = found.first().and_then(|it| Some((it, it.waits.as_ref()?)))
        && waits
        && !args.follow
    {
        bail!(
            "reading logs: no container has started; pod {}: {why}. Next step: see `events`",
            target.pod
        );
    }
    if args.previous && !found.iter().any(|target| target.restarted) {
        bail!(
            "reading logs: no container was started again, so there is no earlier log. Next step: run this without --previous"
        );
    }
    let mut printer = Printer {
        output: common.output,
        has_color: Stream::Out.has_color(),
        timestamps: args.timestamps,
        numbered: Numbered::default(),
    };
    let print = |line: &LogLine| -> Result<()> { printer.print(line) };
    if args.follow {
        operate::follow(&api, &options, print, &*shown).await
    } else {
        operate::read(&api, &options, print, &*shown).await
    }
}

/// Writes lines to standard output.
struct Printer {
    output: Output,
    has_color: bool,
    timestamps: bool,
    numbered: Numbered,
}

impl Printer {
    fn print(&mut self, line: &LogLine) -> Result<()> {
        if self.output == Output::Json {
            output::line(&serde_json::to_string(line)?)?;
            return Ok(());
        }
        let pod = text::one_line(&line.pod);
        let prefix = distinct(&pod, self.numbered.of(&line.pod), self.has_color);
        let time = line.time.filter(|_| self.timestamps);
        let time = time.map(|time| format!("{time} ")).unwrap_or_default();
        output::line(&format!("{prefix} {time}{}", text::harmless(&line.text)))?;
        Ok(())
    }
}
