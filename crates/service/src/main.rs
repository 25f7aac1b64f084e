//! The service's binary.

use axum::{Router, routing::get};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut host, mut port, mut admin_port) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8000_u16, 9000_u16);
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        let lexopt::Arg::Long(name) = arg else { return Err(arg.unexpected().into()) };
        let name = name.to_owned();
        let value = parser.value()?.into_string().map_err(|_| "not UTF-8")?;
        match name.as_str() {
            "host" => host = value.parse()?,
            "port" => port = value.parse()?,
            "admin-port" => admin_port = value.parse()?,
            _ => {}
        }
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let service = tokio::net::TcpListener::bind(SocketAddr::new(host, port)).await?;
        let admin = tokio::net::TcpListener::bind(SocketAddr::new(host, admin_port)).await?;
        println!(
            "2023-10-27 21:20:29 - [skyward-service] - [INFO]: Webserver listening: http://{}",
            service.local_addr()?
        );
        let ok = || async { "ok\n" };
        let probes = Router::new().route("/livez", get(ok)).route("/readyz", get(ok)).route("/healthz", get(ok));
        let page = Router::new().route("/", get(async || "Hello, World!"));
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move { axum::serve(admin, probes).await });
        axum::serve(service, page).with_graceful_shutdown(async move { _ = terminate.recv().await }).await?;
        Ok(())
    })
}
