//! A service of one's own with everything that a real one has: state, path parameters, a JSON body, a streamed answer,
//! server-sent events and a layer of tower's. `cargo run -p skyward-server --example notes -- --port 8000`.
//!
//! The server's limits apply to each of them; `--help` has their flags.
//!
//! | part | limits that apply |
//! |---|---|
//! | every request | `max-connections`, `max-header-bytes`, `header-timeout-ms` and `idle-timeout-ms`, before a handler runs |
//! | path parameter | the request's target has 8,192 bytes at most (414) |
//! | JSON body | `max-body-bytes` (413) and `body-timeout-ms` (408); what axum says of malformed JSON stays as it is (400, 415, 422) |
//! | streamed answer | `request-timeout-ms` to the end of the stream, and `write-timeout-ms` while the client takes nothing: both cut the connection, since the status is sent already |
//! | server-sent events | the same; an `EventSource` connects again by itself. Long streams need a longer `request-timeout-ms` (an hour at most) |
//! | layer | within the request's deadline; it does not see what the server itself refuses |
//! | state | none: what it holds counts against the memory of the process, so it has a limit of its own here |
//! | all, at the end | `drain-cap-ms` cuts what still runs, streams too |

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, body::Bytes};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use skyward_server::App;
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
    let notes = Notes::default();
    App::new()
        .route("/", get(async || "notes\n"))
        .route("/notes", post(add).get(export).with_state(Arc::clone(&notes)))
        .route("/notes/{number}", get(read).with_state(notes))
        .route("/ticks", get(ticks))
        .layer(from_fn(stamp))
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
        // Without a body of its own, the answer gets the server's problem details.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Streams all notes, a line each, without holding them in one piece.
async fn export(State(notes): State<Notes>) -> Body {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let lines = notes.into_iter().map(|note| Ok::<_, Infallible>(Bytes::from(note.text + "\n")));
    Body::from_stream(stream::iter(lines))
}

/// Sends events until the client leaves, or the deadline of the request passes.
async fn ticks() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(0_u64, async |count| {
        tokio::time::sleep(TICK).await;
        Some((Ok(Event::default().data(count.to_string())), count + 1))
    }))
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
