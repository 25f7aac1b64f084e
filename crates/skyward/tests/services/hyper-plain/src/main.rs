//! One page on one port, on hyper alone. The port is that of the variable PORT.

use std::convert::Infallible;
use std::env;
use std::error::Error;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::ETAG;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use ring::digest::{SHA256, digest};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const EDITION: &str = "The first edition";

// The greeting, which the build script writes.
include!(concat!(env!("OUT_DIR"), "/greeting.rs"));

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match request.uri().path() {
        "/" => {
            let signature = env::var("SIGNATURE").unwrap_or_else(|_| "nobody".to_owned());
            (StatusCode::OK, format!("{GREETING} {EDITION}, signed by {signature}\n"))
        }
        _ => (StatusCode::NOT_FOUND, "no such page\n".to_owned()),
    };
    let digest = digest(&SHA256, body.as_bytes());
    let tag: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    if let Ok(tag) = format!("\"{tag}\"").parse() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

fn prepare() -> Result<(), String> {
    println!("prepared for: {EDITION}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("prepare") {
        return Ok(prepare()?);
    }
    let port: u16 = env::var("PORT").unwrap_or_else(|_| "3000".to_owned()).parse()?;
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    println!("echo on {}", listener.local_addr()?);
    let graceful = GracefulShutdown::new();
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    let _ = watched.await;
                });
            }
            _ = terminate.recv() => break,
        }
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}
