//! Steady requests, some over connections that stay, some over new ones.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{block_on, runtime};

/// The begin of a failure before any of an answer has come.
const ASKING: &str = "asking: ";
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(20);

/// The meaning, to a client, of a connection that the server closes while nothing is asked on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A failed request, where the next one is under way then: a server that drains in order answers it.
    Fails,
    /// As browsers and proxies do (RFC 9112, section 9.3.1): the request is sent again on a new connection, once.
    IsResent,
}

/// Clients that ask until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    clients: Vec<JoinHandle<()>>,
}

/// The answers and failures that the clients have seen.
#[derive(Debug, Default)]
pub struct Counts {
    pub answered: AtomicUsize,
    pub connections: AtomicUsize,
    /// Requests that were sent again, because the server had closed the connection.
    pub resent: AtomicUsize,
    /// When, and what.
    pub failures: Mutex<Vec<(Timestamp, String)>>,
}

impl Load {
    /// So many clients of each kind.
    pub fn start(address: SocketAddr, clients: usize, closing: Closing) -> Self {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let kinds = [true, false].into_iter().cycle().take(2 * clients);
        let clients = kinds.map(|keep| {
            let (stop, counts) = (Arc::clone(&stop), Arc::clone(&counts));
            runtime().spawn(client(address, keep, closing, stop, counts))
        });
        let clients = clients.collect();
        Self { stop, counts, clients }
    }

    /// Ends them after their last answer.
    pub fn stop(self) -> Arc<Counts> {
        self.stop.store(true, Ordering::SeqCst);
        block_on(async {
            for client in self.clients {
                client.await.expect("a client does not panic");
            }
        });
        self.counts
    }
}

async fn client(
    address: SocketAddr,
    keep: bool,
    closing: Closing,
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
) {
    let mut connection = None;
    while !stop.load(Ordering::SeqCst) {
        let kept = connection.take();
        let may_resend = closing == Closing::IsResent && kept.is_some();
        let mut answer = ask(address, kept, &counts).await;
        if may_resend && matches!(&answer, Err(failure) if failure.starts_with(ASKING)) {
            counts.resent.fetch_add(1, Ordering::SeqCst);
            answer = ask(address, None, &counts).await;
        }
        match answer {
            Ok(used) => {
                counts.answered.fetch_add(1, Ordering::SeqCst);
                connection = used.filter(|_| keep);
            }
            Err(failure) => counts.failures.lock().unwrap().push((Timestamp::now(), failure)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One request. Returns the connection where the server has not said that it closes it: a request on a connection that the
/// server closes without a word is a failed one.
async fn ask(
    address: SocketAddr,
    connection: Option<SendRequest<Empty<Bytes>>>,
    counts: &Counts,
) -> Result<Option<SendRequest<Empty<Bytes>>>, String> {
    let mut sender = if let Some(sender) = connection {
        sender
    } else {
        counts.connections.fetch_add(1, Ordering::SeqCst);
        let stream =
            TcpStream::connect(address).await.map_err(|error| format!("connecting: {error}"))?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        sender
    };
    let request = Request::get("/").header("host", "web").body(Empty::new()).expect("a request");
    let response =
        sender.send_request(request).await.map_err(|error| format!("{ASKING}{error:?}"))?;
    let (status, closes) =
        (response.status(), response.headers().get("connection").is_some_and(|it| it == "close"));
    let body = response.into_body().collect().await.map_err(|error| format!("reading: {error}"))?;
    if status != 200 || !body.to_bytes().starts_with(b"Hello, World!") {
        return Err(format!("answered with {status}"));
    }
    Ok((!closes).then_some(sender))
}
