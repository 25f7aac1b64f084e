//! The threads that serve connections: one a core, each with an event loop of its own. A connection stays
//! where it was put.

use crate::connection::Handler;
use crate::lifecycle::Phase;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
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
    let thread = thread::Builder::new()
        .name(format!("worker-{index}"))
        // Dropping the runtime drops the connections that are still open.
        .spawn(move || runtime.block_on(serve(handler, queue)))?;
    Ok(Worker { connections, thread })
}

async fn serve(handler: Arc<Handler>, mut queue: UnboundedReceiver<Handover>) {
    let over = handler.lifecycle.reached(Phase::Over);
    let accept = async {
        while let Some((stream, peer)) = queue.recv().await {
            if let Ok(stream) = TcpStream::from_std(stream) {
                tokio::spawn(Arc::clone(&handler).serve(stream, peer));
            } else {
                handler.release();
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = over => {}
        () = accept => {}
    }
}
