//! A repository of someone else's.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A service on hyper alone, of one port.
pub(crate) const HYPER: &str = r#"
use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match request.uri().path() {
        "/" => (StatusCode::OK, "Hello from hyper"),
        "/healthz" => (StatusCode::OK, "ok"),
        _ => (StatusCode::NOT_FOUND, "no such page"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    Ok(response)
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", PORT_NUMBER)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::task::spawn_local(connection);
    }
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve())
}
"#;

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("0.0.0.0", 0)).unwrap().local_addr().unwrap().port()
}

/// A folder with a space in its name.
pub(crate) struct Scratch {
    _folder: TempDir,
    root: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("my service");
        fs::create_dir(&root).unwrap();
        Self { _folder: folder, root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs the program in the folder, as one who has neither a cluster nor credentials, and no network.
    pub(crate) fn skyward(&self, arguments: &[&str]) -> Output {
        let mut skyward = Command::new(env!("CARGO_BIN_EXE_skyward"));
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("SKYWARD_") || name.starts_with("CARGO_PKG_"))
            {
                skyward.env_remove(name);
            }
        }
        skyward.current_dir(&self.root).args(arguments);
        skyward.env("KUBECONFIG", self.path("no-kubeconfig")).env("CARGO_NET_OFFLINE", "true");
        skyward.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").output().unwrap()
    }

    /// The files that are not cargo's own, by name.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&self.root).unwrap().display().to_string();
                match path.is_dir() {
                    true if !path.ends_with("target") => folders.push(path),
                    true => {}
                    false => drop(files.insert(name, read(&path))),
                }
            }
        }
        files
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
