//! Where both ask: moto behind the relay that counts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::wire::Wire;

/// A moto on a free port of this machine.
pub(crate) struct Server {
    child: Child,
    wire: Wire,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new("moto_server")
            .args(["--host", "127.0.0.1", "--port", "0"])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("a pipe")?).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("http://").map(|(_, address)| address.trim().to_owned())
        });
        // It logs every request, and would wait for ever on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let address = address.context("it ended before it listened")?;
        Ok(Self { child, wire: Wire::to(&address) })
    }

    pub(crate) fn calls(&self) -> u64 {
        self.wire.calls()
    }

    /// The environment in which a program asks this server for everything, as words of `env`.
    pub(crate) fn environment(&self) -> Vec<String> {
        vec![
            format!("AWS_ENDPOINT_URL={}", self.wire.url),
            "AWS_ACCESS_KEY_ID=nobody".into(),
            "AWS_SECRET_ACCESS_KEY=nothing".into(),
            "AWS_EC2_METADATA_DISABLED=true".into(),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
