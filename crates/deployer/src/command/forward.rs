//! `forward`: the deployed service on this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::event::{Event, Sink};
use skyward_deployer::forward::{self, Forward};
use tokio::net::TcpListener;

use crate::command::connect;
use crate::common::Common;
use crate::output::Output;

/// Serve the deployed service on this machine, by way of the API server, until Ctrl-C
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
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    tokio::select! {
        ended = serve(common, args) => ended.map(|()| ExitCode::SUCCESS),
        () = common.interrupt.notified() => Ok(ExitCode::SUCCESS),
    }
}

async fn serve(common: &Common, args: &Args) -> Result<()> {
    let loaded = common.load()?;
    let mut sink = Output::notices();
    let port = args.port.unwrap_or(loaded.config.service.port);
    let listener = forward::listen(SocketAddr::new(args.address, port)).await?;
    let api = connect(common, &loaded, sink.as_mut()).await?;
    let (name, namespace) = (&loaded.config.service.name, &loaded.config.k3s.namespace);
    let forward = Forward::open(&api, namespace, name, sink.as_mut()).await?;
    announce(common.output, &listener, sink.as_mut())?;
    forward.serve(listener, sink.as_mut()).await;
    Ok(())
}

/// Says where the service is to be seen.
fn announce(output: Output, listener: &TcpListener, sink: &mut dyn Sink) -> Result<()> {
    let listening = listener.local_addr()?;
    let address = forward::url(listening);
    match output {
        Output::Json => println!("{}", serde_json::json!({ "address": address })),
        Output::Text => println!("{address}"),
    }
    if !listening.ip().is_loopback() {
        let text = format!(
            "whoever reaches {listening} reaches the service, with your rights on the cluster to forward"
        );
        sink.emit(Event::Note { text });
    }
    Ok(())
}
