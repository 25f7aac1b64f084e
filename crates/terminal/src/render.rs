//! Events as lines for people, and as JSON lines for scripts.
//!
//! [`Console`] is the one place that decides what is shown: which events, in which form, and whether a part of the
//! terminal renews itself. How an event reads is decided by [`crate::page`].

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::event::{Event, Nothing, Progress, SCHEMA, Sink, Verbosity};
use crate::output::{self, Output};
use crate::page::{Clock, Page, Present};
use crate::style::Stream;

/// Without a terminal a step that waits is told of again after so many seconds, so that a log shows life.
const HEARTBEAT_SECONDS: f64 = 30.0;

/// The form in which a command shows its events.
#[derive(Debug, Clone)]
#[cfg_attr(
    feature = "live",
    expect(clippy::struct_excessive_bools, reason = "each is one choice of the command")
)]
pub struct Console {
    output: Output,
    verbosity: Verbosity,
    #[cfg(feature = "live")]
    is_live: bool,
    has_steps: bool,
    shows_plan: bool,
    is_stamped: bool,
    clock: Clock,
}

impl Console {
    /// Shows events in this form.
    pub fn new(output: Output, verbosity: Verbosity) -> Self {
        let clock = Clock::real();
        Self {
            output,
            verbosity,
            #[cfg(feature = "live")]
            is_live: true,
            has_steps: true,
            shows_plan: true,
            is_stamped: false,
            clock,
        }
    }

    /// For a command whose result is a document of its own: notes, warnings, findings and calls as lines on standard error,
    /// whatever the form of the result.
    pub fn notes(verbosity: Verbosity) -> Self {
        Self { has_steps: false, ..Self::new(Output::Text, verbosity) }
    }

    /// Shows lines only, also on a terminal; for what takes no time.
    #[cfg(feature = "live")]
    #[must_use]
    pub fn without_live(self) -> Self {
        Self { is_live: false, ..self }
    }

    /// Counts planned steps for the live status, and writes no line for them: the command shows its plan in a form of its own.
    #[must_use]
    pub fn plan_as_count(self) -> Self {
        Self { shows_plan: false, ..self }
    }

    /// Begins each line with the time since the command began.
    #[must_use]
    pub fn stamped(self) -> Self {
        Self { is_stamped: true, ..self }
    }

    /// Tells time by another clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The sink that shows the events.
    pub fn sink<Own: Present + Serialize + 'static>(self) -> Box<dyn Sink<Own> + Send + Sync> {
        match self.output {
            Output::Json => Box::new(Json { verbosity: self.verbosity }),
            Output::Text => Box::new(Lines::<Own>::new(self)),
        }
    }
}

/// An event as a line of JSON.
pub fn json<Own: Serialize>(event: &Event<Own>) -> String {
    #[derive(Serialize)]
    struct Line<'a, Own> {
        #[serde(flatten)]
        event: &'a Event<Own>,
        schema: u32,
    }
    serde_json::to_string(&Line { event, schema: SCHEMA }).unwrap_or_else(|error| {
        // Only a type whose keys are no strings gets here; a script should learn of it rather than miss a line.
        json(&Event::<Nothing>::warning(format!("an event cannot be written as JSON: {error}")))
    })
}

struct Json {
    verbosity: Verbosity,
}

impl<Own: Serialize> Sink<Own> for Json {
    fn emit(&self, event: Event<Own>) {
        if !matches!(event, Event::Call(_)) || self.verbosity >= Verbosity::Calls {
            output::event_line(&json(&event));
        }
    }
}

struct Lines<Own> {
    console: Console,
    /// Each waiting object's state, and when it was told of.
    told: Mutex<HashMap<String, (String, f64)>>,
    #[cfg(feature = "live")]
    live: Option<crate::live::Live>,
    own: PhantomData<fn(Own)>,
}

impl<Own: Present> Lines<Own> {
    fn new(console: Console) -> Self {
        #[cfg(feature = "live")]
        let live = (console.is_live && console.has_steps && Stream::Err.is_terminal())
            .then(|| crate::live::Live::new(console.clock.clone()));
        Self {
            console,
            told: Mutex::default(),
            #[cfg(feature = "live")]
            live,
            own: PhantomData,
        }
    }

    fn is_shown(&self, event: &Event<Own>) -> bool {
        match event {
            Event::Call(_) => self.console.verbosity >= Verbosity::Calls,
            Event::Note { .. } | Event::Warning { .. } | Event::Finding(_) => true,
            _ => self.console.has_steps,
        }
    }

    /// Returns true for a state that is new, or that was told of long ago.
    fn is_due(&self, progress: &Progress) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.console.clock.seconds();
        let last = told.get(&progress.object);
        let is_due = last
            .is_none_or(|(state, at)| *state != progress.state || now - at >= HEARTBEAT_SECONDS);
        if is_due {
            told.insert(progress.object.clone(), (progress.state.clone(), now));
        }
        is_due
    }
}

impl<Own: Present> Sink<Own> for Lines<Own> {
    fn emit(&self, event: Event<Own>) {
        if !self.is_shown(&event) {
            return;
        }
        if matches!(event, Event::Planned(_)) && !self.console.shows_plan {
            #[cfg(feature = "live")]
            if let Some(live) = &self.live {
                live.take(&event);
            }
            return;
        }
        let stamp = self.console.is_stamped.then(|| self.console.clock.seconds());
        let mut page = Page::new(Stream::Err.columns(), Stream::Err.has_color())
            .detailed(self.console.verbosity >= Verbosity::Details)
            .stamped(stamp);
        #[cfg(feature = "live")]
        if let Some(live) = &self.live {
            if !live.take(&event) {
                page.event(&event);
            }
            live.print(page.text());
            return;
        }
        if let Event::Progress(progress) = &event
            && !self.is_due(progress)
        {
            return;
        }
        page.event(&event);
        output::write_err(page.text());
    }
}
