//! SIGTERM and SIGINT, to be passed on.

use std::collections::VecDeque;

use anyhow::{Context, Result};
use rustix::process::Signal;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;

/// The signals that came and were not passed on yet.
pub(super) struct Signals {
    source: iterator::Signals,
    waiting: VecDeque<(Signal, &'static str)>,
}

impl Signals {
    /// From now on the signals are kept instead of ending this program.
    pub(super) fn catch() -> Result<Self> {
        let source = iterator::Signals::new([SIGTERM, SIGINT]).context("cannot catch signals")?;
        Ok(Self { source, waiting: VecDeque::new() })
    }

    /// Whether one came.
    pub(super) fn came(&mut self) -> bool {
        for signal in self.source.pending() {
            self.waiting.push_back(if signal == SIGINT {
                (Signal::INT, "SIGINT")
            } else {
                (Signal::TERM, "SIGTERM")
            });
        }
        !self.waiting.is_empty()
    }

    /// The next one to pass on, and its name.
    pub(super) fn next(&mut self) -> Option<(Signal, &'static str)> {
        self.came();
        self.waiting.pop_front()
    }
}
