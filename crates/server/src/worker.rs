//! The threads that serve connections: one a core, each with an event loop of its own. A connection stays
//! where it was put.

use crate::connection::Handler;
use crate::lifecycle::{Essential, Phase};
use crate::metrics;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A stream that is between two event loops.
pub(crate) type Handover = (std::net::TcpStream, SocketAddr);

/// A worker's thread, and the end through which it gets its connections.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Takes connections.
    pub(crate) connections: UnboundedSender<Handover>,
    /// Ends when the process is over.
    pub(crate) thread: JoinHandle<()>,
}

/// Starts worker number `index`; it serves what it is given for `handler`.
///
/// # Errors
/// When the system has no thread or event loop to give.
pub(crate) fn start(index: usize, handler: Arc<Handler>) -> io::Result<Worker> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (connections, queue) = unbounded_channel();
    let thread = thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
        let _essential = Essential;
        metrics::enter_worker(index);
        runtime.block_on(serve(handler, queue));
        // Drops the connections that are still open; blocking work that is under way is left behind.
        runtime.shutdown_background();
    })?;
    Ok(Worker { connections, thread })
}

/// Waits for the threads of `workers` to end, for a moment at most: one may be held up by a handler that computes.
pub(crate) fn join(workers: Vec<Worker>, patience: Duration) {
    let end = Instant::now() + patience;
    for worker in workers {
        while !worker.thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        if worker.thread.is_finished() {
            let _ = worker.thread.join();
        }
    }
}

async fn serve(handler: Arc<Handler>, mut queue: UnboundedReceiver<Handover>) {
    let over = handler.lifecycle.reached(Phase::Over);
    let accept = async {
        while let Some((stream, peer)) = queue.recv().await {
            if let Ok(stream) = TcpStream::from_std(stream) {
                tokio::spawn(Arc::clone(&handler).serve(stream, peer));
            } else {
                handler.release(peer.ip());
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = over => {}
        () = accept => {}
    }
}
