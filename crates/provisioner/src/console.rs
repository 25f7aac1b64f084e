//! The sinks of the binary: the terminal's, with the clock of a simulation, and the calls that `-v` shows.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::event::{Event, Own, Sink};
use signal_hook::consts::{SIGINT, SIGTERM};
use skyward_aws::{Api, CallFuture, Request};
use skyward_terminal::event::Call;
use skyward_terminal::{Clock, Console, Output};
use tokio::time::Instant;

use crate::args::Common;

/// The longest that one event of a simulation is waited for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The pause between looks for a signal while the program waits for a paced simulation.
const LOOK: Duration = Duration::from_millis(50);

/// Shows the events of a command that changes something.
pub(crate) fn sink(common: &Common) -> Rc<dyn Sink> {
    let console = Console::new(common.output, common.verbose.verbosity()).stamped().plan_as_count();
    if !common.simulate {
        return registered(common, Screen { inner: console.sink(), simulation: None });
    }
    // A simulation is over in a moment: only where it is paced is there something to see of it.
    let console = if common.pace.is_some() { console } else { console.without_live() };
    let now = Arc::new(AtomicU64::new(0));
    let shown = Arc::clone(&now);
    let clock = Clock::new(move || f64::from_bits(shown.load(Ordering::Relaxed)));
    let simulation = Simulation { pace: common.pace.map(Pace::new), begun: Instant::now(), now };
    let inner = console.clock(clock).sink();
    registered(common, Screen { inner, simulation: Some(simulation) })
}

/// Shows the notes of a command whose result is a document of its own.
pub(crate) fn notes(common: &Common) -> Rc<dyn Sink> {
    let console = Console::notes(common.verbose.verbosity());
    registered(common, Screen { inner: console.sink(), simulation: None })
}

fn registered(common: &Common, screen: Screen) -> Rc<dyn Sink> {
    let sink: Rc<dyn Sink> = Rc::new(screen);
    *common.sink.borrow_mut() = Some(Rc::clone(&sink));
    sink
}

/// The terminal, which in a simulation shows simulated times.
struct Screen {
    inner: Box<dyn skyward_terminal::Sink<Own> + Send + Sync>,
    simulation: Option<Simulation>,
}

/// The time of a simulation. It jumps from one event to the next; where it is paced, the program waits in between.
struct Simulation {
    pace: Option<Pace>,
    begun: Instant,
    /// The simulated seconds since the begin, as the bits of a number: the live view asks from another thread.
    now: Arc<AtomicU64>,
}

impl skyward_terminal::Sink<Own> for Screen {
    fn emit(&self, event: Event) {
        if let Some(simulation) = &self.simulation {
            simulation.advance();
        }
        self.inner.emit(event);
    }
}

impl Simulation {
    fn advance(&self) {
        let now = self.begun.elapsed().as_secs_f64();
        let last = f64::from_bits(self.now.swap(now.to_bits(), Ordering::Relaxed));
        if let Some(pace) = &self.pace {
            pace.wait((now - last).max(0.0));
        }
    }
}

/// The speed of a simulation that is watched.
struct Pace {
    /// The simulated seconds in one of the reader's.
    seconds: f64,
    /// A signal has come: nothing is waited for any more. The runtime hears of it only once the program waits no longer.
    is_asked: Arc<AtomicBool>,
}

impl Pace {
    fn new(seconds: f64) -> Self {
        let is_asked = Arc::default();
        for signal in [SIGINT, SIGTERM] {
            // Where the system lets nothing listen, the signal ends the program by itself.
            let _ = signal_hook::flag::register(signal, Arc::clone(&is_asked));
        }
        Self { seconds, is_asked }
    }

    /// Waits for as long as these simulated seconds take.
    fn wait(&self, simulated: f64) {
        let mut left = Duration::from_secs_f64(simulated / self.seconds).min(LONGEST_WAIT);
        while !left.is_zero() && !self.is_asked.load(Ordering::Relaxed) {
            let step = left.min(LOOK);
            std::thread::sleep(step);
            left -= step;
        }
    }
}

/// An account whose calls are shown, each with its time.
pub(crate) struct Shown<'a> {
    pub(crate) api: &'a dyn Api,
    pub(crate) sink: &'a dyn Sink,
}

impl Api for Shown<'_> {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(async move {
            let (operation, begun) = (request.operation(), Instant::now());
            let answer = self.api.call(request).await;
            let outcome =
                answer.as_ref().err().map_or_else(|| "ok".into(), |error| error.code.clone());
            self.sink.emit(Event::Call(Call {
                peer: operation.service().prefix().to_owned(),
                operation: operation.name().to_owned(),
                seconds: begun.elapsed().as_secs_f64(),
                outcome,
                ..Call::default()
            }));
            answer
        })
    }
}

/// The form of results.
pub(crate) fn is_json(common: &Common) -> bool {
    common.output == Output::Json
}
