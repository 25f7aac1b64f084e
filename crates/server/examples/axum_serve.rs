//! The benchmark's peer: the same route under `axum::serve`, with layers for a part of what the server does by itself: an
//! access log, numbers for each route, a deadline, a limit of the body, and panics that are one answer.
//!
//! Deadlines of the connection, the strict reading of heads, the drain and the bound on connections have no layer. The
//! argument is the port.

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use std::collections::HashMap;
use std::io::{BufWriter, Stdout, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// Bytes of the log that are written at once.
const BUFFER: usize = 32 * 1024;
/// The time for an answer, and the largest body, as the server has them.
const DEADLINE: Duration = Duration::from_secs(30);
const LARGEST_BODY: usize = 1024 * 1024;

/// The requests of a method, a route and a status, and the seconds that they took.
type Numbers = HashMap<(Method, String, StatusCode), (u64, f64)>;

struct Observer {
    log: Mutex<BufWriter<Stdout>>,
    numbers: Mutex<Numbers>,
}

async fn observe(
    State(observer): State<Arc<Observer>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let (method, uri, version) =
        (request.method().clone(), request.uri().clone(), request.version());
    let response = next.run(request).await;
    let (status, seconds) = (response.status(), start.elapsed().as_secs_f64());
    let route = path.map_or_else(String::new, |path| path.as_str().to_owned());
    let key = (method.clone(), route, status);
    let mut numbers = observer.numbers.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, sum) = numbers.entry(key).or_default();
    *count += 1;
    *sum += seconds;
    drop(numbers);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut log = observer.log.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = writeln!(
        log,
        "{} [{now}] \"{method} {uri} {version:?}\" {} {seconds:.6}",
        peer.ip(),
        status.as_u16()
    );
    response
}

async fn serve() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8000);
    let observer = Arc::new(Observer {
        log: Mutex::new(BufWriter::with_capacity(BUFFER, std::io::stdout())),
        numbers: Mutex::default(),
    });
    let router = Router::new()
        .route("/", get(async || "Hello, World!"))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, DEADLINE))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(observer, observe));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("binds");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.expect("serves");
}

fn main() {
    runtime::Builder::new_multi_thread().enable_all().build().expect("starts").block_on(serve());
}
