//! Notes in SQLite, on axum. `notes migrate` brings the database up to date; without DATABASE it is in memory.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, serve};
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Database = Arc<Mutex<Connection>>;

fn open() -> rusqlite::Result<Connection> {
    let connection = match env::var("DATABASE") {
        Ok(path) => Connection::open(path)?,
        Err(_) => Connection::open_in_memory()?,
    };
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Runs the files of the folder whose number is higher than the database's, each in a transaction.
fn migrate(connection: &mut Connection) -> Result<(), Box<dyn Error>> {
    let folder = env::var("MIGRATIONS").unwrap_or_else(|_| "migrations".to_owned());
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number: u32 = name.split('_').next().unwrap_or_default().parse()?;
        if number <= version(connection)? {
            continue;
        }
        let transaction = connection.transaction()?;
        transaction
            .execute_batch(&std::fs::read_to_string(&file)?)
            .map_err(|error| format!("migration {name}: {error}"))?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        println!("migrated by {name}");
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))
}

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
    if env::args().nth(1).as_deref() == Some("migrate") {
        return migrate(&mut connection);
    }
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
