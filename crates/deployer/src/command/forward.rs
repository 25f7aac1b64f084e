//! `forward`: the deployed service on this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::event::{Event, Sink};
use crate::forward::{self, Forward};
use anyhow::Result;
use skyward_terminal::{Exit, Output, output};
use tokio::net::TcpListener;

use crate::common::Common;

/// Serve the deployed service on this machine, through the API server, until Ctrl-C
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port to listen on; 0 takes a free one [default: service.port]
    #[arg(long)]
    port: Option<u16>,
    /// The address of this machine to listen on
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST.into())]
    address: IpAddr,
}

/// Runs the command. That it is asked to end is its end in order.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    tokio::select! {
        ended = serve(common, args) => ended.map(|()| Exit::Done),
        () = common.interrupt.notified() => Ok(Exit::Done),
    }
}

async fn serve(common: &Common, args: &Args) -> Result<()> {
    let loaded = common.load()?;
    let shown = common.notes();
    let port = args.port.unwrap_or(loaded.config.service.port);
    let listener = forward::listen(SocketAddr::new(args.address, port)).await?;
    let api = common.connect(&loaded, &shown).await?;
    let (name, namespace) = (&loaded.config.service.name, &loaded.config.k3s.namespace);
    let forward = Forward::open(&api, namespace, name, &*shown).await?;
    announce(common.output, &listener, &*shown)?;
    forward.serve(listener, &*shown).await;
    Ok(())
}

/// Says where the service is to be seen.
fn announce(output: Output, listener: &TcpListener, sink: &Sink<'_>) -> Result<()> {
    let listening = listener.local_addr()?;
    let address = forward::url(listening);
    match output {
        Output::Json => output::line(&serde_json::json!({ "address": address }).to_string())?,
        Output::Text => output::line(&address)?,
    }
    if !listening.ip().is_loopback() {
        let text = format!(
            "anyone who reaches {listening} reaches the service, with your right to forward"
        );
        sink.emit(Event::Note { text });
    }
    Ok(())
}
