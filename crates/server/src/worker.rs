//! The threads that serve connections: one a core, each with an event loop of its own. A connection stays
//! where it was put.

use crate::accept::Port;
use crate::lifecycle::Phase;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A stream that is between two event loops.
pub type Handover = (std::net::TcpStream, SocketAddr);

/// A worker's thread, and the end through which it gets its connections.
#[derive(Debug)]
pub struct Worker {
    /// Takes connections.
    pub connections: UnboundedSender<Handover>,
    /// Ends when the process is over.
    pub thread: JoinHandle<()>,
}

/// Starts worker number `index`; it serves what it is given for `port`.
///
/// # Errors
/// When the system has no thread or event loop to give.
pub fn start(index: usize, port: Arc<Port>) -> io::Result<Worker> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (connections, queue) = unbounded_channel();
    let thread = thread::Builder::new()
        .name(format!("worker-{index}"))
        // Dropping the runtime drops the connections that are still open.
        .spawn(move || runtime.block_on(serve(port, queue)))?;
    Ok(Worker { connections, thread })
}

async fn serve(port: Arc<Port>, mut queue: UnboundedReceiver<Handover>) {
    let over = port.lifecycle.reached(Phase::Over);
    let accept = async {
        while let Some((stream, peer)) = queue.recv().await {
            if let Ok(stream) = TcpStream::from_std(stream) {
                tokio::spawn(Arc::clone(&port).serve(stream, peer));
            } else {
                port.give_back();
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = over => {}
        () = accept => {}
    }
}
