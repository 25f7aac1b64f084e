//! An API server behind a bad network: every request is counted, and any of them can be made to fail.

mod fault;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::ConfigExt;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

pub use fault::Fault;

use super::control_plane::{self, ControlPlane};
use super::{block_on, runtime};

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Counted from 1.
    pub number: usize,
    pub method: Method,
    pub path: String,
    pub query: String,
    /// True where the request before it asked the same: a client that waits looks again and again.
    pub looks_again: bool,
}

impl Seen {
    /// Returns true for a dry run.
    pub fn is_dry_run(&self) -> bool {
        self.query.split('&').any(|pair| pair.starts_with("dryRun="))
    }

    /// Returns true for a watch, whose answer does not end.
    pub fn is_watch(&self) -> bool {
        self.query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"))
    }

    /// Returns true where it asks the API server to change something.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET && !self.is_dry_run()
    }
}

type Script = Box<dyn Fn(&Seen) -> Option<Fault> + Send + Sync>;

/// A proxy before a control plane, to which clients speak http without TLS. It ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    kubeconfig: PathBuf,
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    upstream: Client<
        hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>,
        Full<Bytes>,
    >,
    server: String,
    seen: Mutex<Vec<Seen>>,
    script: Mutex<Script>,
    struck: Mutex<Vec<Seen>>,
    client: Mutex<Option<u32>>,
}

impl Proxy {
    /// One that lets everything through.
    pub fn start(control_plane: &ControlPlane) -> Self {
        let config = block_on(control_plane.config());
        let connector = config.rustls_https_connector().expect("a connector");
        let state = Arc::new(State {
            upstream: Client::builder(TokioExecutor::new()).build(connector),
            server: control_plane.server().to_owned(),
            seen: Mutex::default(),
            script: Mutex::new(Box::new(|_| None)),
            struck: Mutex::default(),
            client: Mutex::default(),
        });
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address");
        let cluster = format!("{{server: 'http://{address}'}}");
        let kubeconfig = control_plane.supervisor.write(
            &format!("proxy-{}.kubeconfig", address.port()),
            control_plane::kubeconfig(&cluster, "nobody", "{}"),
        );
        let task = runtime().spawn(accept(listener, Arc::clone(&state))).abort_handle();
        Self { address, kubeconfig, state, task }
    }

    /// The kubeconfig that leads through here.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the script choose a fault for each request from now on, and restarts the counts.
    pub fn script(&self, script: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static) {
        *self.state.client.lock().unwrap() = None;
        *self.state.script.lock().unwrap() = Box::new(script);
        self.state.seen.lock().unwrap().clear();
        self.state.struck.lock().unwrap().clear();
    }

    /// Has a fault happen to one request from now on: the one of this number, from 1, of those that are chosen.
    pub fn at(&self, number: usize, chosen: fn(&Seen) -> bool, fault: Fault) {
        let count = AtomicUsize::new(0);
        self.script(move |seen| {
            let is_it = chosen(seen) && count.fetch_add(1, Ordering::SeqCst) + 1 == number;
            is_it.then_some(fault)
        });
    }

    /// Lets everything through from now on, and restarts the counts.
    pub fn clear(&self) {
        self.script(|_| None);
    }

    /// The process that the faults kill.
    pub fn victim(&self, pid: u32) {
        *self.state.client.lock().unwrap() = Some(pid);
    }

    /// The requests since the script was set.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The number of requests that a fault has happened to since the script was set.
    pub fn hits(&self) -> usize {
        self.struck().len()
    }

    /// The requests that a fault has happened to since the script was set.
    pub fn struck(&self) -> Vec<Seen> {
        self.state.struck.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    stream.set_nodelay(true).expect("a socket's option");
    let service = service_fn(|request| state.serve(request));
    // A connection that breaks is what this is for.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The connection ends here, without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed")]
struct Closed;

impl State {
    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let seen = self.note(&request);
        let fault = (self.script.lock().unwrap())(&seen);
        let Some(fault) = fault else { return self.forward(request).await };
        self.struck.lock().unwrap().push(seen.clone());
        match fault {
            Fault::KillBefore => self.kill().await,
            Fault::KillAfter => {
                self.forward_whole(request, &seen).await?;
                self.kill().await;
            }
            Fault::Lose => self.forward_whole(request, &seen).await?,
            Fault::Close => {}
            Fault::Answer(status) => return Ok(answer(status)),
            Fault::Silence(time) => tokio::time::sleep(time).await,
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                return self.forward(request).await;
            }
            Fault::EndWatch { after } => {
                let response = self.forward(request).await?;
                return Ok(response.map(|body| fault::Lines::new(body, after).boxed_unsync()));
            }
        }
        Err(Closed)
    }

    fn note(&self, request: &Request<Incoming>) -> Seen {
        let mut all = self.seen.lock().unwrap();
        let mut seen = Seen {
            number: all.len() + 1,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            looks_again: false,
        };
        let before = all.last().map(|last: &Seen| (&last.method, &last.path, &last.query));
        seen.looks_again =
            !seen.is_write() && before == Some((&seen.method, &seen.path, &seen.query));
        all.push(seen.clone());
        seen
    }

    /// To the API server, and its answer as it comes.
    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
        head.uri = Uri::try_from(format!("{}{}", self.server, head.uri)).map_err(|_| Closed)?;
        head.headers.remove(HOST);
        head.headers.remove(TRANSFER_ENCODING);
        let request = Request::from_parts(head, Full::new(body));
        let mut response = self.upstream.request(request).await.map_err(|_| Closed)?;
        response.headers_mut().remove(TRANSFER_ENCODING);
        Ok(response.map(BodyExt::boxed_unsync))
    }

    /// To the API server, and its answer to nobody.
    async fn forward_whole(&self, request: Request<Incoming>, seen: &Seen) -> Result<(), Closed> {
        let response = self.forward(request).await?;
        if !seen.is_watch() {
            let _ = response.into_body().collect().await;
        }
        Ok(())
    }

    /// Ends the client at once.
    async fn kill(&self) {
        // It may be faster with its first request than the test with its pid.
        let pid = loop {
            if let Some(pid) = *self.client.lock().unwrap() {
                break pid;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
        // It may have ended by itself while its request was under way.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// The answer of an API server that cannot do it just now.
fn answer(status: u16) -> Response<Body> {
    let reason = match status {
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    let body = format!(
        r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"injected","reason":"{reason}","code":{status}}}"#
    );
    let mut response =
        Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == 429 {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
