//! Ctrl-C and SIGTERM for programs that run on tokio.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C or SIGTERM, and returns its name for messages.
///
/// Where the system lets nothing listen for signals, it waits for ever: the signal then ends the program by itself.
pub async fn received() -> &'static str {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
    }
}
