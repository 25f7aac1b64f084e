//! A service of one's own with everything that a real one has: state, path parameters, a JSON body, a streamed answer,
//! server-sent events and a layer of tower's. `cargo run -p skyward-server --example notes -- --port 8000`.
//!
//! The server's limits apply to each of them; `--help` has their flags.
//!
//! | part | limits that apply |
//! |---|---|
//! | every request | `max-connections`, `max-header-bytes`, `header-timeout-ms` and `idle-timeout-ms`, before a handler runs; `request-timeout-ms` until its answer begins (503) |
//! | path parameter | the request's target has 8,192 bytes at most (414) |
//! | JSON body | `max-body-bytes` (413), `body-timeout-ms` and `min-rate-bytes` (408); what axum says of malformed JSON stays as it is (400, 415, 422) |
//! | streamed answer | any length of time while bytes flow: `idle-timeout-ms` between two parts that the handler gives, `write-timeout-ms` and `min-rate-bytes` for the client; past them the connection is reset, and the log says 499 |
//! | server-sent events | the same; without a keep-alive, `Deadline::no_stall` on the route |
//! | slow handler | `Deadline::within` on the route, in place of `request-timeout-ms` |
//! | websocket | `max-upgrades` (503), `upgrade-idle-timeout-ms` without a byte, `write-timeout-ms` apart; a Close frame when the service drains |
//! | layer | within the request's deadline; it does not see what the server itself refuses |
//! | panic | 500 for that request, the others are served |
//! | state | none: what it holds counts against the memory of the process, so it has a limit of its own here |
//! | all, at the end | `drain-cap-ms` cuts what still runs, streams too |

use axum::body::Body;
use axum::extract::{MatchedPath, Path, State};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body::Bytes};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use skyward_server::{App, ClientAddress, Deadline, Problem, Registry, Shutdown};
use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most notes that are kept: a client must not be able to fill the memory.
const MOST_NOTES: usize = 1_000;
/// The time between two events.
const TICK: Duration = Duration::from_millis(50);

/// All notes; a note's number is its place.
type Notes = Arc<Mutex<Vec<Note>>>;

#[derive(Clone, Deserialize, Serialize)]
struct Note {
    text: String,
}

/// The application, with no notes yet.
pub(crate) fn app() -> App {
    let (notes, registry) = (Notes::default(), Registry::new());
    let kept = registry.gauge("notes_kept", "Notes that are kept.", &[]);
    let api = Router::new()
        .route("/notes", post(add).get(export))
        .route("/notes/{number}", get(read))
        .route("/digest", get(digest).layer(Deadline::within(Duration::from_mins(1))))
        .with_state(Arc::clone(&notes));
    let router = Router::new()
        .route("/", get(async || "notes\n"))
        .merge(api)
        .nest("/about", Router::new().route("/me", get(whoami)))
        .route("/ticks", get(ticks))
        .layer(from_fn(stamp));
    App::new(router)
        .metrics(registry)
        .ready({
            let notes = Arc::clone(&notes);
            move || {
                let is_whole = !notes.is_poisoned();
                async move { is_whole.then_some(()).ok_or("a handler has panicked among the notes") }
            }
        })
        .background("count", async move |shutdown| {
            while !shutdown.is_ending() {
                let count = notes.lock().unwrap_or_else(PoisonError::into_inner).len();
                kept.set(i64::try_from(count).unwrap_or(i64::MAX));
                tokio::select! {
                    () = shutdown.ending() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        })
}

/// Takes a JSON body.
async fn add(State(notes): State<Notes>, Json(note): Json<Note>) -> Response {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    if notes.len() == MOST_NOTES {
        return StatusCode::INSUFFICIENT_STORAGE.into_response();
    }
    notes.push(note.clone());
    (StatusCode::CREATED, Json(note)).into_response()
}

/// Takes a path parameter.
async fn read(State(notes): State<Notes>, Path(number): Path<usize>) -> Response {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    match notes.get(number) {
        Some(note) => Json(note.clone()).into_response(),
        // An answer stays as the handler gives it; this one has the form of the server's own errors.
        None => Problem::new(StatusCode::NOT_FOUND, "there is no such note").into_response(),
    }
}

/// Streams all notes, a line each, without holding them in one piece.
async fn export(State(notes): State<Notes>) -> Body {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let lines = notes.into_iter().map(|note| Ok::<_, Infallible>(Bytes::from(note.text + "\n")));
    Body::from_stream(stream::iter(lines))
}

/// Sends events until the client leaves, or the service ends.
async fn ticks(shutdown: Shutdown) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold((0_u64, shutdown), async |(count, shutdown)| {
        tokio::select! {
            // Ended rather than cut: an `EventSource` connects again, to another process.
            () = shutdown.draining() => None,
            () = tokio::time::sleep(TICK) => {
                Some((Ok(Event::default().data(count.to_string())), (count + 1, shutdown)))
            }
        }
    }))
}

/// Takes a while, for which the route has a deadline of its own.
async fn digest(State(notes): State<Notes>) -> String {
    tokio::time::sleep(10 * TICK).await;
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.iter().map(|note| note.text.len()).sum::<usize>().to_string()
}

/// Tells the caller its address.
async fn whoami(ClientAddress(address): ClientAddress, path: MatchedPath) -> String {
    format!("{address} {}\n", path.as_str())
}

/// A layer: marks every answer of the application's.
async fn stamp(request: Request<Body>, next: Next) -> Response {
    const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");
    let mut response = next.run(request).await;
    response.headers_mut().insert(SERVED_BY, HeaderValue::from_static("notes"));
    response
}

fn main() -> ExitCode {
    skyward_server::run!(app())
}
