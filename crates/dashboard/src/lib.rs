//! The page of `up --dashboard`: the steps as they are done, the service's requests, the image's layers, and the topology as the
//! simulated account fills up.
//!
//! It is a program of its own, so that `up` compiles no server: it reads the events of `up` from its standard input, one JSON object a
//! line, hands them to each browser that asks, and ends with its input. What it serves is one HTML file, on the loopback address alone, by
//! the server that Skyward has for anyone's service.

mod feed;
mod routes;

use std::ffi::OsString;
use std::io::BufRead as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{CommandFactory, Parser};
use serde_json::json;
use skyward_server::{Server, Settings, Stop};
use skyward_terminal::{Exit, exit, output, program};

use feed::Feed;

/// Shows on a page what `up` does, from the events on standard input
#[derive(Parser)]
#[command(name = "dashboard")]
struct Cli {
    /// The port on the loopback address; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Runs the command line, of which the first word is the program. The first line of standard output has the address, as
/// `{"event":"serving","address":"http://127.0.0.1:…"}`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    exit::main(|_| false, || run(&program::parse(Cli::command(), arguments)?))
}

fn run(cli: &Cli) -> Result<Exit> {
    let feed = Arc::new(Feed::default());
    let settings = Settings {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: cli.port,
        admin_port: 0,
        // The browser is told by the end of its stream; nobody else has to learn that the page goes.
        drain_delay_ms: Some(0),
        drain_cap_ms: Some(1_000),
        ..Settings::default()
    };
    let server = Server::bind(settings, routes::router(&feed))?;
    let address = server.address().context("reading the address of the page")?;
    output::line(
        &json!({ "event": "serving", "address": format!("http://{address}") }).to_string(),
    )?;
    let stop = server.stopper();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            feed.add(line);
        }
        // Fails where the server has ended already.
        let _ = stop.send(Stop::Terminate);
    });
    server.run(Box::new(std::io::sink()))?;
    Ok(Exit::Done)
}
