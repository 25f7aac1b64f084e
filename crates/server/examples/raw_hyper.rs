//! The benchmark's yardstick: the same answer from hyper alone, without routes, log, metrics, limits or deadlines.
//!
//! `raw_hyper per-core` deals connections out to one event loop a core, as the service does; `raw_hyper
//! multi-thread` is tokio's default runtime, as in hyper's own examples. The second argument is the port.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::mpsc::unbounded_channel;

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

async fn serve(stream: TcpStream) {
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)).await;
}

fn listen() -> TcpListener {
    let port = std::env::args().nth(2).and_then(|port| port.parse().ok()).unwrap_or(8000);
    let socket = TcpSocket::new_v4().expect("opens");
    socket.set_reuseaddr(true).expect("is set");
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).expect("binds");
    socket.listen(4_096).expect("listens")
}

fn multi_thread() {
    runtime::Builder::new_multi_thread().enable_io().build().expect("starts").block_on(async {
        let listener = listen();
        loop {
            let (stream, _) = listener.accept().await.expect("accepts");
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    });
}

fn per_core() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            let (sender, mut streams) = unbounded_channel::<std::net::TcpStream>();
            let runtime =
                runtime::Builder::new_current_thread().enable_io().build().expect("starts");
            std::thread::spawn(move || {
                runtime.block_on(async {
                    while let Some(stream) = streams.recv().await {
                        tokio::spawn(serve(TcpStream::from_std(stream).expect("registers")));
                    }
                });
            });
            sender
        })
        .collect();
    runtime::Builder::new_current_thread().enable_io().build().expect("starts").block_on(async {
        let listener = listen();
        for worker in workers.iter().cycle() {
            let (stream, _) = listener.accept().await.expect("accepts");
            let _ = stream.set_nodelay(true);
            worker.send(stream.into_std().expect("moves")).expect("is alive");
        }
    });
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("per-core") => per_core(),
        Some("multi-thread") => multi_thread(),
        _ => eprintln!("usage: raw_hyper per-core|multi-thread [PORT]"),
    }
}
