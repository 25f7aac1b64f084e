//! Notes in SQLite, on axum. The binary `migrate` brings the database up to date; without DATABASE it is in memory.

use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, serve};
use notes::{migrate, open, version};
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Database = Arc<Mutex<Connection>>;

fn describe(connection: &Connection) -> rusqlite::Result<String> {
    let notes: u32 = connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?;
    let signature = env::var("SIGNATURE").unwrap_or_else(|_| "nobody".to_owned());
    Ok(format!("Hello, World! {notes} notes, schema {}, signed by {signature}\n", version(connection)?))
}

fn answer<T>(result: rusqlite::Result<T>) -> Result<T, (StatusCode, String)> {
    result.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")))
}

async fn page(State(database): State<Database>) -> Result<String, (StatusCode, String)> {
    answer(describe(&database.lock().unwrap()))
}

async fn add(State(database): State<Database>, text: String) -> Result<StatusCode, (StatusCode, String)> {
    answer(database.lock().unwrap().execute("INSERT INTO notes (text) VALUES (?1)", [text]))?;
    Ok(StatusCode::CREATED)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut connection = open()?;
    if env::var("DATABASE").is_err() {
        migrate(&mut connection)?;
    }
    let database = Arc::new(Mutex::new(connection));
    let router = Router::new()
        .route("/", get(page))
        .route("/health", get(page))
        .route("/notes", post(add))
        .with_state(database);
    let listener = TcpListener::bind("0.0.0.0:3000").await?;
    println!("notes on {}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    serve(listener, router)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await?;
    Ok(())
}
