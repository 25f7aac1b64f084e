//! Ctrl-C and SIGTERM for programs that run on tokio.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a program to end, heard from the moment at which this is made.
///
/// It is made before the work begins: a signal that comes before anything listens would end the program by itself, or be lost
/// where something else in the program has a handler for it.
#[derive(Debug)]
pub struct Signals(Option<[Signal; 2]>);

impl Signals {
    /// Begins to listen. It is called within a runtime.
    ///
    /// Where the system lets nothing listen for signals, none is ever heard: the signal then ends the program by itself.
    #[must_use]
    pub fn listen() -> Self {
        let both = signal(SignalKind::interrupt()).and_then(|interrupt| {
            signal(SignalKind::terminate()).map(|terminate| [interrupt, terminate])
        });
        Self(both.ok())
    }

    /// Waits for the next Ctrl-C or SIGTERM, and returns its name for messages. No signal is lost between two calls.
    pub async fn next(&mut self) -> &'static str {
        let Some([interrupt, terminate]) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = terminate.recv() => "SIGTERM",
        }
    }
}
