//! The service and its peers: how each is started, or why it is not.

use crate::binaries::Binaries;
use crate::process::Running;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program to measure.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    kind: Kind,
}

enum Kind {
    Service(PathBuf),
    RawHyper(PathBuf, &'static str),
    AxumServe(PathBuf),
    Nginx,
    Go(PathBuf),
    Python(PathBuf),
}

/// The names by which the report finds them.
pub(crate) const SERVICE: &str = "skyward-service";
pub(crate) const RAW_HYPER: &str = "raw hyper, per core";
pub(crate) const RAW_HYPER_MULTI: &str = "raw hyper, multi-thread";
pub(crate) const AXUM_SERVE: &str = "axum::serve, log and layers";
pub(crate) const NGINX: &str = "nginx return 200, access log";

/// A peer that is not here, and why.
pub(crate) struct Skipped {
    pub(crate) name: &'static str,
    pub(crate) reason: String,
}

const GO: &str = r#"package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "Hello, World!")
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
"#;

const PYTHON: &str = r#"import http.server, sys

class Hello(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"Hello, World!")

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024

Server(("127.0.0.1", int(sys.argv[1])), Hello).serve_forever()
"#;

/// All programs that can be measured here.
pub(crate) fn find(binaries: &Binaries, folder: &Path) -> Result<(Vec<Program>, Vec<Skipped>)> {
    let mut programs = vec![
        Program { name: SERVICE, kind: Kind::Service(binaries.service.clone()) },
        Program { name: RAW_HYPER, kind: Kind::RawHyper(binaries.raw_hyper.clone(), "per-core") },
        Program {
            name: RAW_HYPER_MULTI,
            kind: Kind::RawHyper(binaries.raw_hyper.clone(), "multi-thread"),
        },
        Program { name: AXUM_SERVE, kind: Kind::AxumServe(binaries.axum_serve.clone()) },
    ];
    let mut skipped = Vec::new();
    let python = folder.join("hello.py");
    fs::write(&python, PYTHON)?;
    let peers = [
        (NGINX, has("nginx", "-v").map(|()| Kind::Nginx)),
        ("Go net/http, no log", build_go(folder).map(Kind::Go)),
        ("Python http.server, log", has("python3", "--version").map(|()| Kind::Python(python))),
    ];
    for (name, kind) in peers {
        match kind {
            Ok(kind) => programs.push(Program { name, kind }),
            Err(error) => skipped.push(Skipped { name, reason: format!("{error:#}") }),
        }
    }
    Ok((programs, skipped))
}

fn has(program: &str, flag: &str) -> Result<()> {
    let output = Command::new(program)
        .arg(flag)
        .output()
        .with_context(|| format!("{program} is not installed"))?;
    if output.status.success() { Ok(()) } else { bail!("{program} {flag} fails") }
}

fn build_go(folder: &Path) -> Result<PathBuf> {
    let (source, program) = (folder.join("hello.go"), folder.join("hello-go"));
    fs::write(&source, GO)?;
    let mut command = Command::new("go");
    command
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .env("GO111MODULE", "off")
        .current_dir(folder);
    let output = command.output().context("go is not installed")?;
    if output.status.success() {
        Ok(program)
    } else {
        bail!("go build: {}", String::from_utf8_lossy(&output.stderr).trim())
    }
}

impl Program {
    /// Starts it on a free port of loopback.
    pub(crate) fn start(&self, folder: &Path) -> Result<Running> {
        let address = free_address()?;
        let log = folder.join(format!("{}.log", self.name.replace([' ', '/', ','], "-")));
        Running::start(self.command(address, folder)?, address, &log).with_context(|| self.name)
    }

    fn command(&self, address: SocketAddr, folder: &Path) -> Result<Command> {
        let port = address.port().to_string();
        Ok(match &self.kind {
            Kind::Service(binary) => {
                let mut command = Command::new(binary);
                command.args([
                    "--host",
                    "127.0.0.1",
                    "--port",
                    &port,
                    "--admin-port",
                    "0",
                    "--drain-grace-ms",
                    "0",
                    "--drain-delay-ms",
                    "0",
                ]);
                command
            }
            Kind::RawHyper(binary, mode) => {
                let mut command = Command::new(binary);
                command.arg(mode).arg(&port);
                command
            }
            Kind::AxumServe(binary) => {
                let mut command = Command::new(binary);
                command.arg(&port);
                command
            }
            Kind::Nginx => {
                let configuration = folder.join("nginx.conf");
                fs::write(&configuration, nginx_configuration(address, folder))?;
                let mut command = Command::new("nginx");
                command.arg("-e").arg(folder.join("nginx-error.log")).arg("-c").arg(configuration);
                command
            }
            Kind::Go(binary) => {
                let mut command = Command::new(binary);
                command.arg(address.to_string());
                command
            }
            Kind::Python(script) => {
                let mut command = Command::new("python3");
                command.arg(script).arg(&port);
                command
            }
        })
    }
}

/// As Debian ships it, with one server that returns the page: as many workers as cores, the access log in the
/// combined form, unbuffered.
fn nginx_configuration(address: SocketAddr, folder: &Path) -> String {
    // What `auto` would be if nginx looked at the cores that it may use.
    let (workers, folder) = (crate::cores::of_server(), folder.display());
    format!(
        "daemon off;\nworker_processes {workers};\npid {folder}/nginx.pid;\nevents {{ worker_connections 2048; }}\nhttp {{\n  \
         access_log {folder}/nginx-access.log combined;\n  keepalive_requests 1000000000;\n  client_body_temp_path {folder}/body;\n  \
         proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  \
         scgi_temp_path {folder}/scgi;\n  server {{\n    listen {address};\n    location / {{ default_type \"text/plain; charset=utf-8\"; \
         return 200 \"Hello, World!\"; }}\n  }}\n}}\n"
    )
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
