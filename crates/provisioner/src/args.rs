//! The arguments that every command takes, and what they lead to.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::event::{Event, Sink};
use crate::interrupt::Interrupt;
use anyhow::Result;
use clap::Args;
use skyward_config::{ConfigArgs, ConfigError, Loaded};
use skyward_terminal::{Output, Verbose, output};

/// The arguments that every command takes.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    config: ConfigArgs,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) verbose: Verbose,
    /// Simulate AWS in this process: needs no account, costs nothing and takes no time
    #[arg(long, global = true)]
    pub(crate) simulate: bool,
    /// The simulated account: the same number gives the same times and accidents
    #[arg(long, value_name = "N", global = true, default_value_t = 1, requires = "simulate", value_parser = seed)]
    pub(crate) seed: u64,
    /// Keep the simulated account in this file: each command continues where the last one ended
    #[arg(long, value_name = "FILE", global = true, requires = "simulate")]
    pub(crate) state: Option<PathBuf>,
    /// Watch the simulation: show so many of its seconds in one
    #[arg(long, value_name = "N", global = true, requires = "simulate", value_parser = pace)]
    pub(crate) pace: Option<f64>,
    /// Raised when the command is to end.
    #[arg(skip)]
    pub(crate) interrupt: Interrupt,
    /// Shows the events of the command that runs.
    #[arg(skip)]
    pub(crate) sink: RefCell<Option<Rc<dyn Sink>>>,
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

fn pace(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(pace) if (0.1..=100_000.0).contains(&pace) => Ok(pace),
        _ => Err("a pace is a number from 0.1 to 100000".into()),
    }
}

impl Common {
    /// Says something beside the command that runs: through its sink, which knows what of the terminal is redrawn.
    pub(crate) fn say(&self, text: String) {
        match &*self.sink.borrow() {
            Some(sink) => sink.emit(Event::note(text)),
            None => output::say(&text),
        }
    }

    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        self.config.load()
    }
}
